"""Ids of records: random ones, of the shape that the wire format asks for.

It decides only how one is made; what has which id is everybody's own.
"""

import secrets


def new_id(prefix: str) -> str:
    """A random id of the wire format's shape."""
    return prefix + secrets.token_hex(8)
