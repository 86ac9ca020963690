"""Signatures that hold, and every known way in which one does not."""

from binascii import unhexlify

from stairgate.core import p256
from stairgate.core.p256 import (
    HALF,
    INFINITY,
    G,
    N,
    P,
    add,
    digits,
    double,
    inverse,
    multiples_steps,
    public_point,
    read_point,
    verify,
    verify_steps,
    with_z_one,
)
from tests.portable.vectors import P256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeVar  # noqa: TID251

    T = TypeVar("T")

CASES = P256


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
    """Bit by bit, the simplest way there is."""
    total = INFINITY
    for bit in range(257, -1, -1):
        total = double(total)
        if (number >> bit) & 1:
            total = add(total, point)
    return total


def end_of(steps: "Generator[None, None, T]") -> "T":
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def test_adding_a_point_to_itself_doubles_it() -> None:
    assert same(add(G, G), double(G))
    assert same(add(double(G), double(G)), double(double(G)))


def test_adding_is_associative_across_doublings() -> None:
    assert same(add(double(add(double(G), G)), G), add(double(double(G)), add(double(G), G)))


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
    assert times(N, G)[2] == 0


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


def test_inverses() -> None:
    for modulus in (N, P):
        for number in (1, 2, 3, modulus // 2, modulus // 3, modulus - 2, modulus - 1):
            assert inverse(number, modulus) * number % modulus == 1


def test_points_with_z_one_are_the_same_points() -> None:
    points = [double(G), times(3, G), G, times(N - 2, G)]
    for one, other in zip(points, with_z_one(points)):
        assert same(one, other)
        assert other[2] == 1


def test_multiples_of_a_point() -> None:
    for point in (G, with_z_one([times(11, G)])[0]):
        halves = end_of(multiples_steps(point))
        for half, start in zip(halves, (point, times(2**HALF, point))):
            assert len(half) == 4
            for index in range(4):
                assert same(half[index], times(2 * index + 1, start))
                assert half[index][2] == 1


def test_digits_add_up() -> None:
    for scalar in (0, 1, 2, 15, 16, 17, 31, 32, 2**HALF - 1, 2**HALF, N // 3, N - 1, N, 2**256 - 2**250, 2**256 - 1):
        signed = [digit - 16 if digit > 8 else digit for digit in digits(scalar)]
        assert len(signed) == 2 * HALF
        assert sum([signed[index] << index for index in range(len(signed))]) == scalar
        assert all([digit == 0 or digit % 2 == 1 for digit in signed])
        assert all([signed[index : index + 4].count(0) >= 3 for index in range(len(signed) - 3)])


def test_sums_that_meet_an_equal_or_opposite_point() -> None:
    # u2 Q = u1 G or -u1 G: after the addition of G's multiple, that of Q is the same point, or its opposite.
    for u1, u2 in ((1, 1), (7, 1), (1, 7), (3, 5), (15, 15), (9, 3), (2, 1), (N - 1, 1), (N - 3, 5)):
        for shift in (0, 1, HALF - 1, HALF, HALF + 1):
            scalar = (u1 << shift) % N
            other = (u2 << shift) % N
            secret = scalar * inverse(other, N) % N
            r = with_z_one([times(2 * scalar % N, G)])[0][0] % N
            s = r * inverse(other, N) % N
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
            digest = (scalar * s % N).to_bytes(32, "big")
            x, y, _ = with_z_one([times(secret, G)])[0]
            key = b"\x04" + x.to_bytes(32, "big")
            assert verify(key + y.to_bytes(32, "big"), signature, digest)
            assert not verify(key + (P - y).to_bytes(32, "big"), signature, digest)


def test_one_key_is_kept_and_changes_no_answer() -> None:
    valid = [[unhexlify(text) for text in case[1:4]] for case in P256 if case[4]]
    first = valid[0]
    second = [case for case in valid if case[0] != first[0]][0]
    for order in ((first, first, second), (second, second, first), (first, second, first)):
        p256._kept.clear()
        for case in order:
            other = second if case is first else first
            assert verify(case[0], case[1], case[2])
            assert not verify(other[0], case[1], case[2])
            assert not verify(case[0], other[1], case[2])
            assert len(p256._kept) == 2
            assert G in p256._kept


def test_two_verifications_at_the_same_time() -> None:
    p256._kept.clear()
    running = []
    for point, signature, digest, valid in [case[1:] for case in P256[:6]]:
        running.append((verify_steps(unhexlify(point), unhexlify(signature), unhexlify(digest)), valid))
    answers = 0
    while running:
        for steps, valid in list(running):
            try:
                next(steps)
            except StopIteration as end:
                assert end.value is valid
                answers += 1
                running.remove((steps, valid))
    assert answers == 6
    assert len(p256._kept) == 2


def test_the_public_point_of_small_and_large_keys() -> None:
    base = b"\x04" + G[0].to_bytes(32, "big") + G[1].to_bytes(32, "big")
    minus = b"\x04" + G[0].to_bytes(32, "big") + (P - G[1]).to_bytes(32, "big")
    # RFC 6979, A.2.5.
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    point = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
    assert public_point(1) == base
    assert public_point(N - 1) == minus
    assert public_point(secret) == b"\x04" + unhexlify(point)


def test_a_number_that_is_no_private_key_has_no_point() -> None:
    for number in (0, -1, N, N + 1):
        try:
            public_point(number)
        except ValueError:
            continue
        raise AssertionError(number)
