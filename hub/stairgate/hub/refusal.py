"""An act that makes no sense now, told in a sentence to whoever tried it; a module of its own, for whoever decides it.

It decides nothing. Pages show the sentence beside how things stand.
"""


class NotPossible(Exception):
    """The act makes no sense now; the sentence is for a person."""


class Overtaken(NotPossible):
    """Somebody changed this first; pages say who."""
