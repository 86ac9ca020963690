"""Signatures that hold, and every known way in which one does not."""

from binascii import unhexlify

from stairgate.core.p256 import G, N, P, add, double, read_point, verify, verify_steps
from tests.portable.vectors import P256

CASES = P256
INFINITY = (1, 1, 0)


def check(point: str, signature: str, digest: str, valid: bool) -> None:
    assert verify(unhexlify(point), unhexlify(signature), unhexlify(digest)) is valid


def same(one: "tuple[int, int, int]", other: "tuple[int, int, int]") -> bool:
    """Equal as points, whatever their Z."""
    if one[2] == 0 or other[2] == 0:
        return one[2] == other[2]
    zz1 = one[2] * one[2]
    zz2 = other[2] * other[2]
    return (one[0] * zz2 - other[0] * zz1) % P == 0 and (one[1] * zz2 * other[2] - other[1] * zz1 * one[2]) % P == 0


def times(number: int, point: "tuple[int, int, int]") -> "tuple[int, int, int]":
    total = INFINITY
    for _ in range(number):
        total = add(total, point)
    return total


def test_adding_a_point_to_itself_doubles_it() -> None:
    assert same(add(G, G), double(G))
    assert same(add(double(G), double(G)), double(double(G)))


def test_adding_is_associative_across_doublings() -> None:
    assert same(times(7, G), add(double(double(G)), add(double(G), G)))


def test_opposite_points_make_infinity() -> None:
    opposite = (G[0], P - G[1], 1)
    assert add(G, opposite)[2] == 0
    assert add(double(G), double(opposite))[2] == 0


def test_infinity_changes_nothing() -> None:
    assert add(INFINITY, G) == G
    assert add(G, INFINITY) == G
    assert double(INFINITY)[2] == 0
    assert add(INFINITY, INFINITY)[2] == 0


def test_the_order_of_the_group_is_n() -> None:
    total = INFINITY
    for bit in range(255, -1, -1):
        total = double(total)
        if (N >> bit) & 1:
            total = add(total, G)
    assert total[2] == 0


def test_the_base_point_is_read() -> None:
    assert read_point(b"\x04" + G[0].to_bytes(32, "big") + G[1].to_bytes(32, "big")) == G


def test_verification_yields_often_and_returns_the_answer() -> None:
    _, point, signature, digest, _ = P256[0]
    steps = verify_steps(unhexlify(point), unhexlify(signature), unhexlify(digest))
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            assert end.value is True
            break
        count += 1
    assert count >= 32
