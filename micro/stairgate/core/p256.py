"""Verification of ECDSA signatures on the curve P-256, in pure Python, because router and toy have no library
for it.

It decides whether a signature over a SHA-256 digest belongs to a public point, and nothing about whose point
that is. It handles public values only, so it need not be constant-time; there is no signing here. FIPS 186-5,
6.4.2 and SEC 1, 4.1.4; the arithmetic in Jacobian coordinates is that of RFC 6090 and of Bernstein and
Lange's `dbl-2001-b`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator  # noqa: F401

    Point = tuple[int, int, int]  # X, Y, Z with x = X/Z² and y = Y/Z³; Z = 0 is the point at infinity

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)
BITS_EACH_STEP = 8  # 32 steps: at most 0.6 ms each on a PC (measured), about 30 ms on an ESP32 (estimated)


def double(point: "Point") -> "Point":
    """Twice the point."""
    x, y, z = point
    if z == 0 or y == 0:
        return (1, 1, 0)
    delta = z * z % P
    gamma = y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return (x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, 2 * y * z % P)


def add(one: "Point", other: "Point") -> "Point":
    """The sum of two points, whichever they are: equal, opposite or at infinity."""
    x1, y1, z1 = one
    x2, y2, z2 = other
    if z1 == 0:
        return other
    if z2 == 0:
        return one
    z1z1 = z1 * z1 % P
    z2z2 = z2 * z2 % P
    u1 = x1 * z2z2 % P
    h = (x2 * z1z1 - u1) % P
    s1 = y1 * z2 * z2z2 % P
    r = (y2 * z1 * z1z1 - s1) % P
    if h == 0:
        return double(one) if r == 0 else (1, 1, 0)
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return (x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P)


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
    # Fermat's little theorem: MicroPython's pow() takes a negative exponent and silently answers 0.
    inverse = pow(s, N - 2, N)
    yield
    u1 = int.from_bytes(digest32, "big") * inverse % N
    u2 = r * inverse % N
    both = add(G, q)
    total = (1, 1, 0)
    for bit in range(255, -1, -1):
        total = double(total)
        in_u1 = (u1 >> bit) & 1
        in_u2 = (u2 >> bit) & 1
        if in_u1 and in_u2:
            total = add(total, both)
        elif in_u1:
            total = add(total, G)
        elif in_u2:
            total = add(total, q)
        if bit % BITS_EACH_STEP == 0:
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
