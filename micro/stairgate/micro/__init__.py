"""The agent inside a toy: gates before its sensors, an account of its data, and what a parent decided, kept by the toy.

Runs on MicroPython and, for tests, on CPython. Read in this order: `examples/bear` (what a maker writes), `agent` (what
holds it together), `gates`, `ledger`, `platform` (what a board must offer). What is decided lives in `stairgate.core`.
"""

import gc

if hasattr(gc, "threshold"):
    # Without it MicroPython lets the heap fill up before it collects, and then finds no 4 KB in one piece.
    gc.threshold(16384)
