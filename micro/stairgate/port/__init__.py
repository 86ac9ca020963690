"""The few things that differ between interpreters: the atomic file, the clock and random bytes.

Everything that decides lives in `stairgate.core` and takes these as arguments.
"""
