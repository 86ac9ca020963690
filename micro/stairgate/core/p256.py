"""Verification of ECDSA signatures on the curve P-256, in pure Python, because router and toy have no library
for it.

It decides whether a signature over a SHA-256 digest belongs to a public point, and nothing about whose point
that is. Verification handles public values only, so it need not be constant-time; signing is `p256_sign`'s part. A
device makes its own key with `public_point`, once, at pairing. FIPS 186-5, 6.4.2 and SEC 1, 4.1.4; the arithmetic in
Jacobian coordinates is that of RFC 6090 and of Bernstein and Lange's `dbl-2001-b`, the sum of multiples that of
Möller's interleaving (SAC 2001).

Nearly all of the time goes into multiplying modulo P, so what counts is the number of doublings and additions.
Eight multiples each of the base point and of the last key are kept (6 KB in all on 64-bit MicroPython): the next
signature of the same key then takes half of the doublings. They depend on the point alone, so keeping them
changes no answer.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator  # noqa: F401

    Point = tuple[int, int, int]  # X, Y, Z with x = X/Z² and y = Y/Z³; Z = 0 is the point at infinity
    Multiples = tuple[list[Point], list[Point]]  # 1, 3, 5, 7 times a point, and 2^HALF times each of these

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)
INFINITY = (1, 1, 0)
BITS_EACH_STEP = 4  # at most 0.4 ms for any step on a PC (measured), about 15 ms on an ESP32 (estimated)
WINDOW = 4  # bits of a scalar that one addition takes care of
TOP = 1 << (WINDOW - 1)  # the smallest digit that stands for a negative one
HALF = 129  # a scalar's 257 digits are cut in two here

_kept: "dict[Point, Multiples]" = {}  # of G and of one key


def double(point: "Point") -> "Point":
    """Twice the point."""
    x, y, z = point
    delta = z * z % P
    gamma2 = 2 * y * y % P
    beta4 = 2 * x * gamma2 % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 2 * beta4) % P
    return (x3, (alpha * (beta4 - x3) - 2 * gamma2 * gamma2) % P, 2 * y * z % P)


def add(one: "Point", other: "Point") -> "Point":
    """The sum of two points, whichever they are: equal, opposite or at infinity. Fastest when the other's Z is 1."""
    x1, y1, z1 = one
    x2, y2, z2 = other
    if z1 == 0:
        return other
    if z2 == 0:
        return one
    z1z1 = z1 * z1 % P
    u2 = x2 * z1z1
    s2 = y2 * (z1 * z1z1 % P)
    if z2 != 1:
        z2z2 = z2 * z2 % P
        x1 = x1 * z2z2 % P
        y1 = y1 * z2 * z2z2 % P
        z1 = z1 * z2 % P
    h = (u2 - x1) % P
    r = (s2 - y1) % P
    if h == 0:
        return double(one) if r == 0 else INFINITY
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return (x3, (r * (v - x3) - y1 * hhh) % P, h * z1 % P)


def inverse(number: int, modulus: int) -> int:
    """The inverse modulo a prime by Euclid; MicroPython's pow() takes an exponent of -1 and silently answers 0."""
    above, below = modulus, number
    factor, next_factor = 0, 1
    while below:
        quotient = above // below
        above, below = below, above - quotient * below
        factor, next_factor = next_factor, factor - quotient * next_factor
    return factor % modulus


def with_z_one(points: "list[Point]") -> "list[Point]":
    """The same points, none of them infinity, with Z = 1. One inversion does for all (Montgomery's trick)."""
    products = [1]
    for _, _, z in points:
        products.append(products[-1] * z % P)
    rest = inverse(products.pop(), P)
    result = []
    for x, y, z in reversed(points):
        inverse_z = rest * products.pop() % P
        rest = rest * z % P
        square = inverse_z * inverse_z % P
        result.append((x * square % P, y * square * inverse_z % P, 1))
    result.reverse()
    return result


def multiples_steps(point: "Point") -> "Generator[None, None, Multiples]":
    """The multiples of a point with Z = 1, yielding while it works."""
    if point in _kept:
        return _kept[point]
    parts = []
    start = point
    for _ in range(2):
        points = [start]
        twice = double(start)
        while len(points) < TOP // 2:
            points.append(add(points[-1], twice))
        yield
        parts.append(with_z_one(points))
        yield
        if len(parts) == 1:
            for bit in range(HALF):
                start = double(start)
                if bit % BITS_EACH_STEP == 0:
                    yield
    for key in list(_kept):
        if key != G:
            _kept.pop(key, None)
    _kept[point] = (parts[0], parts[1])
    return _kept[point]


def digits(scalar: int) -> bytes:
    """The scalar as a sum of digits times powers of two, lowest first: the width-4 non-adjacent form.

    A digit is 0 or odd, and 16 less than it says when it is above 8. Of four neighbours one at most is not 0.
    """
    result = bytearray(2 * HALF)
    position = 0
    while scalar:
        if scalar & 1:
            digit = scalar & (2 * TOP - 1)
            result[position] = digit
            scalar = (scalar >> WINDOW) + digit // TOP
            position += WINDOW
        else:
            scalar >>= 1
            position += 1
    return bytes(result)


def read_point(data: bytes) -> "Point | None":
    """The point of an uncompressed encoding (65 bytes, SEC 1, 2.3.4), or None if it is none on the curve."""
    if len(data) != 65 or data[0] != 4:
        return None
    x = int.from_bytes(data[1:33], "big")
    y = int.from_bytes(data[33:], "big")
    if x >= P or y >= P or (y * y - x * x * x + 3 * x - B) % P != 0:
        return None
    return (x, y, 1)


def verify_steps(point65: bytes, signature64: bytes, digest32: bytes) -> "Generator[None, None, bool]":
    """As `verify`, but yields while it works, so that a toy can close a gate meanwhile."""
    if len(signature64) != 64 or len(digest32) != 32:
        return False
    q = read_point(point65)
    r = int.from_bytes(signature64[:32], "big")
    s = int.from_bytes(signature64[32:], "big")
    if q is None or not (0 < r < N and 0 < s < N):
        return False
    of_g = yield from multiples_steps(G)
    of_q = yield from multiples_steps(q)
    inverse_s = inverse(s, N)
    u1 = digits(int.from_bytes(digest32, "big") * inverse_s % N)
    u2 = digits(r * inverse_s % N)
    yield
    parts = ((of_g[0], u1[:HALF]), (of_g[1], u1[HALF:]), (of_q[0], u2[:HALF]), (of_q[1], u2[HALF:]))
    total = INFINITY
    for position in range(HALF - 1, -1, -1):
        total = double(total)
        for multiples, part in parts:
            digit = part[position]
            if digit > TOP:
                x, y, _ = multiples[TOP - 1 - digit // 2]
                total = add(total, (x, P - y, 1))
            elif digit:
                total = add(total, multiples[digit // 2])
        if position % BITS_EACH_STEP == 0:
            yield
    x, _, z = total
    if z == 0:
        return False
    # x = X/Z² mod P must equal r modulo N: compared without dividing, for both values of x that can give r.
    zz = z * z % P
    return (r * zz - x) % P == 0 or (r + N < P and ((r + N) * zz - x) % P == 0)


def verify(point65: bytes, signature64: bytes, digest32: bytes) -> bool:
    """True when the signature (r and s, 32 bytes each, big-endian) over the SHA-256 digest is the point's.

    `point65` is the uncompressed public point. False for anything malformed; never raises for bytes.
    """
    steps = verify_steps(point65, signature64, digest32)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return bool(end.value)


def public_point(scalar: int) -> bytes:
    """The public point (65 bytes, uncompressed) of a private key, 1 to N - 1. Raises ValueError for another number.

    This runs once in a key's life, and nobody outside can start it or time it.
    """
    steps = ladder_steps(scalar)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            x, y = end.value
            return b"\x04" + int(x).to_bytes(32, "big") + int(y).to_bytes(32, "big")


def ladder_steps(scalar: int) -> "Generator[None, None, tuple[int, int]]":
    """The x and y of a secret multiple of the base point, yielding while it works. Raises ValueError as `public_point`.

    For each bit one addition and one doubling, whatever the bit; big integers are still not constant-time.
    """
    if not 0 < scalar < N:
        raise ValueError("a private key from 1 to the order of the curve less 1")
    low, high = INFINITY, G
    for bit in range(255, -1, -1):
        total = add(low, high)
        if scalar >> bit & 1:
            low, high = total, double(high)
        else:
            low, high = double(low), total
        if bit % BITS_EACH_STEP == 0:
            yield
    x, y, _ = with_z_one([low])[0]
    return x, y
