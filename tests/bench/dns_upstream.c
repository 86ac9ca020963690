/* The upstream of the DNS comparison: authoritative for every name, the same for every resolver under test.
 *
 * upstream ADDRESS PORT COUNTER: answers A and AAAA from documentation ranges, everything else with NODATA, over UDP.
 * COUNTER is a file of eight bytes in which it counts its answers, in the machine's byte order. It takes 64 datagrams
 * with one system call, so that a core is left for the generator; the order of sections is RFC 1035's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, SIZE = 1232, HEADER = 12, TYPE_A = 1, TYPE_AAAA = 28, ROOM = 64 };

static const unsigned char SOA[] = {0, 0, 6, 0, 1, 0, 0, 1, 44, 0, 22, 0, 0, 0, 0, 0, 1, 0, 0, 14,
                                    16, 0, 0, 14, 16, 0, 0, 14, 16, 0, 0, 1, 44};
static const unsigned char OPT[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};
static const unsigned char OWNER[] = {0xc0, 12};
static const unsigned char TTL_300[] = {0, 0, 1, 44};

/* End of the question in a message of `size` bytes, 0 when it is not one question; `hash` mixes its letters. */
static int question_end(const unsigned char *message, int size, uint32_t *hash) {
    int place = HEADER;
    *hash = 2166136261u;
    if (size < HEADER + 5 || message[2] & 0x80 || message[4] || message[5] != 1)
        return 0;
    while (place < size && message[place]) {
        int label = message[place];
        if (label > 63 || place + label + 1 >= size)
            return 0;
        for (int letter = 0; letter <= label; letter++)
            *hash = (*hash ^ (message[place + letter] | 0x20)) * 16777619u;
        place += label + 1;
    }
    return place + 5 <= size ? place + 5 : 0;
}

static unsigned char *put(unsigned char *to, const void *from, size_t size) {
    memcpy(to, from, size);
    return to + size;
}

/* Turns the query into its answer where it lies; the new size, 0 when there is nothing to say. */
static int answer(unsigned char *message, int size) {
    uint32_t hash;
    int end = question_end(message, size, &hash);
    if (!end || end + ROOM > SIZE)
        return 0;
    int type = message[end - 4] << 8 | message[end - 3];
    int has_opt = message[11] != 0;
    unsigned char *to = message + end;
    message[2] = 0x84 | (message[2] & 0x01);
    message[3] = 0x80;
    memset(message + 6, 0, 6);
    if (type == TYPE_A || type == TYPE_AAAA) {
        /* Few enough for one device's share of the address sets: what is measured is names, not addresses. */
        unsigned char host = (unsigned char)(1 + hash % 254);
        unsigned char address4[] = {198, 51, 100, host};
        unsigned char address6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = host};
        unsigned char length[] = {0, type == TYPE_A ? sizeof address4 : sizeof address6};
        message[7] = 1;
        to = put(to, OWNER, sizeof OWNER);
        to = put(to, message + end - 4, 4);
        to = put(to, TTL_300, sizeof TTL_300);
        to = put(to, length, sizeof length);
        to = put(to, type == TYPE_A ? address4 : address6, length[1]);
    } else {
        message[9] = 1;
        to = put(to, SOA, sizeof SOA);
    }
    if (has_opt) {
        message[11] = 1;
        to = put(to, OPT, sizeof OPT);
    }
    return (int)(to - message);
}

int main(int count, char **words) {
    if (count != 4) {
        fprintf(stderr, "usage: upstream ADDRESS PORT COUNTER\n");
        return 2;
    }
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[2]))};
    int counter_file = open(words[3], O_RDWR);
    int listener = socket(AF_INET, SOCK_DGRAM, 0);
    int room = 8 << 20;
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (counter_file < 0 || inet_pton(AF_INET, words[1], &here.sin_addr) != 1 ||
        bind(listener, (struct sockaddr *)&here, sizeof here)) {
        perror("upstream");
        return 1;
    }
    volatile uint64_t *answered = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, counter_file, 0);
    if (answered == MAP_FAILED) {
        perror("upstream");
        return 1;
    }
    static unsigned char messages[BATCH][SIZE];
    static struct sockaddr_in peers[BATCH];
    static struct iovec parts[BATCH];
    static struct mmsghdr arrived[BATCH], ready[BATCH];
    for (;;) {
        for (int place = 0; place < BATCH; place++) {
            parts[place] = (struct iovec){messages[place], SIZE};
            arrived[place].msg_hdr = (struct msghdr){
                .msg_name = &peers[place], .msg_namelen = sizeof peers[place], .msg_iov = &parts[place], .msg_iovlen = 1};
        }
        int taken = recvmmsg(listener, arrived, BATCH, MSG_WAITFORONE, NULL);
        int answers = 0;
        for (int place = 0; place < taken; place++) {
            int size = answer(messages[place], (int)arrived[place].msg_len);
            if (size) {
                parts[place].iov_len = (size_t)size;
                ready[answers++].msg_hdr = arrived[place].msg_hdr;
            }
        }
        for (int sent = 0; sent < answers;) {
            int now = sendmmsg(listener, ready + sent, (unsigned)(answers - sent), 0);
            sent += now > 0 ? now : 1;
        }
        *answered += (uint64_t)answers;
    }
}
