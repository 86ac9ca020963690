"""Which addresses belong to the internet at all: what is private, a group, a loopback or a test range does not.

It decides over bytes, for whoever records or refuses addresses. Documentation ranges count as the internet's.
"""

# 0/8, 10/8, 100.64/10, 127/8, 169.254/16, 172.16/12, 192.168/16, 198.18/15, 224/3 (RFC 6890), first and last.
RESERVED4 = (
    (0x00000000, 0x00FFFFFF),
    (0x0A000000, 0x0AFFFFFF),
    (0x64400000, 0x647FFFFF),
    (0x7F000000, 0x7FFFFFFF),
    (0xA9FE0000, 0xA9FEFFFF),
    (0xAC100000, 0xAC1FFFFF),
    (0xC0A80000, 0xC0A8FFFF),
    (0xC6120000, 0xC613FFFF),
    (0xE0000000, 0xFFFFFFFF),
)
# First bytes of which some addresses are reserved: most others are known at once.
_DOUBTFUL = frozenset(byte for first, last in RESERVED4 for byte in range(first >> 24, (last >> 24) + 1))
# 64:ff9b::/96: an IPv4 address behind a translator (RFC 6052).
NAT64 = bytes.fromhex("0064ff9b0000000000000000")


def is_routed(address: bytes) -> bool:
    """True for an address, 4 or 16 bytes, that the internet routes."""
    if len(address) == 16:
        # 2000::/3
        return address[0] >> 5 == 1 or (address.startswith(NAT64) and is_routed(address[12:]))
    if len(address) != 4:
        return False
    if address[0] not in _DOUBTFUL:
        return True
    number = int.from_bytes(address, "big")
    return not any(first <= number <= last for first, last in RESERVED4)
