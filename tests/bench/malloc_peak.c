/* Counts the bytes that a program holds of malloc, for figures of `make footprint`. Loaded with LD_PRELOAD.

   The program says when: getenv("MALLOC_MARK") begins to count, getenv("MALLOC_PEAK") gives the most that was held
   since, getenv("MALLOC_HELD") what is held now, both in decimal digits, beyond what was held at the mark. What an
   allocation is rounded up to counts: a board's allocator rounds as well. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

static long held, base, peak;

static void *counted(void *block) {
    held += (long)malloc_usable_size(block);
    if (held > peak)
        peak = held;
    return block;
}

/* glibc's own names: dlsym would itself allocate. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) { return counted(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }

void *realloc(void *block, size_t size) {
    held -= (long)malloc_usable_size(block);
    return counted(__libc_realloc(block, size));
}

void free(void *block) {
    held -= (long)malloc_usable_size(block);
    __libc_free(block);
}

char *getenv(const char *name) {
    static char *(*next)(const char *);
    static char digits[24];
    if (strncmp(name, "MALLOC_", 7) == 0) {
        if (strcmp(name, "MALLOC_MARK") == 0)
            base = peak = held;
        if (strcmp(name, "MALLOC_MARK") == 0 || strcmp(name, "MALLOC_PEAK") == 0 || strcmp(name, "MALLOC_HELD") == 0) {
            snprintf(digits, sizeof digits, "%ld", (name[7] == 'H' ? held : peak) - base);
            return digits;
        }
    }
    if (!next)
        next = (char *(*)(const char *))dlsym(RTLD_NEXT, "getenv");
    return next(name);
}
