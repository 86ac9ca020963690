"""The gate's rules between devices of the home: a neighbour is no way round the filter, and who is isolated is alone.

It decides what a managed device may not ask of another one. Everything else between them is open: printing, casting,
games, the files of a family's own machines. Frames that a switch chip or a radio passes on by itself are never seen.
"""

from stairgate.agent import gate

# A neighbour's resolver, VPN and proxy. Printing (515, 631, 9100), casting (7000, 8008, 8009, 8443, 1900, 5353) and the
# home's own services use none of these.
NEIGHBOUR_UDP = "udp dport { 53, 500, 853, 1194, 1701, 4500, 5053, 51820 }"
NEIGHBOUR_TCP = "tcp dport { 53, 853, 1080, 1194, 1723, 3128, 5053, 8118, 9050, 9150 }"
# Tunnels inside IP (IANA protocol numbers): IPv4, IPv6, GRE, ESP, AH, EtherIP, L2TP.
TUNNEL_PROTOCOLS = "meta l4proto { 4, 41, 47, 50, 51, 97, 115 }"
# Where a bridged frame goes in IPv4. Anywhere else means that a neighbour is used as the way out.
HOME_V4 = "{ 10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3 }"

WAYS_ROUND = (NEIGHBOUR_UDP, NEIGHBOUR_TCP, TUNNEL_PROTOCOLS)


def between_rules() -> list[str]:
    """The chain for what the router forwards between two networks of the home, from devices that are not exempt."""
    return [
        f"ip daddr @{gate.HUB_V4.name} return",
        f"ip6 daddr @{gate.HUB_V6.name} return",
        f"ether saddr @{gate.ISOLATED.name} goto closed",
        *[f"iifname @{gate.FILTERED.name} {what} goto closed" for what in WAYS_ROUND],
    ]


def neighbour_rules() -> dict[tuple[str, str], list[str]]:
    """The chains for frames from one port of a bridge to another."""
    return {
        # The router itself is not reached through this hook: what is dropped here, broadcasts too, reaches it all the
        # same. The hub's machine may be a neighbour, and has to be found.
        ("bridge", "alone"): [
            f"ether saddr @{gate.BRIDGE_HUB.name} accept",
            f"ether daddr @{gate.BRIDGE_HUB.name} accept",
            "ether daddr ff:ff:ff:ff:ff:ff meta protocol arp accept",
            "ip6 daddr ff02::1:ff00:0/104 icmpv6 type nd-neighbor-solicit accept",
            "drop",
        ],
        ("bridge", "neighbours"): [
            # An exempt machine is not gated itself; a login there would be a way out. To others it would be none.
            f"ether daddr @{gate.BRIDGE_EXEMPT.name} tcp dport 22 drop",
            *[f"{what} drop" for what in WAYS_ROUND],
            f"ip daddr != {HOME_V4} drop",
        ],
        ("bridge", "forward"): [
            f"meta protocol @{gate.BRIDGE_OFF.name} return",
            f"ether saddr @{gate.BRIDGE_ISOLATED.name} jump alone",
            f"ether daddr @{gate.BRIDGE_ISOLATED.name} jump alone",
            f"meta protocol @{gate.BRIDGE_GUARDED.name} ether saddr != @{gate.BRIDGE_EXEMPT.name} jump neighbours",
        ],
    }
