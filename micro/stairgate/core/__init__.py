"""The portable core: what is decided, and in which words it is said. Runs unchanged on CPython 3.11+ and
MicroPython.

No I/O: values and a time go in, a value or `Refused` comes out. Read in this order: `records` (what a policy
says), `policy` (reading, checking, writing it), `decide` (what it means now; with `zone` and `week`),
`envelope` and `p256` (who said it), `messages` (what agent and hub tell each other), `limits` (every bound).
"""
