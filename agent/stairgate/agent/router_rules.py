"""The gate's rules for what is sent to the router: names, time and probes led to it, and what of it is open to devices.

It decides which of the router's services a managed device reaches. Its administration is none of them.
"""

from stairgate.agent import gate
from stairgate.agent.gate import DNS_PORT, PROBE_ADDRESS, PROBE_PORT

TCP_UDP = "meta l4proto { tcp, udp } th dport"
HUB = ((gate.HUB_V4, "ip"), (gate.HUB_V6, "ip6"))


def redirect_rules() -> dict[tuple[str, str], list[str]]:
    """The chains that lead names, time and probes of managed devices to the router itself."""
    return {
        ("inet", "to_router"): [
            f"{TCP_UDP} 53 redirect to :{DNS_PORT}",
            "udp dport 123 redirect to :123",
            f"ip daddr {PROBE_ADDRESS} tcp dport 80 redirect to :{PROBE_PORT}",
        ],
        ("inet", "prerouting"): [
            f"iifname @{gate.OFF.name} return",
            f"iifname @{gate.FILTERED_ALL.name} {TCP_UDP} 53 redirect to :{DNS_PORT}",
            f"iifname @{gate.FILTERED.name} ether saddr != @{gate.EXEMPT.name} jump to_router",
        ],
    }


def router_rules() -> dict[tuple[str, str], list[str]]:
    """The chains for what arrives at the router itself."""
    return {
        ("inet", "router_services"): [
            # Begun before the redirect stood.
            f"iifname @{gate.FILTERED.name} {TCP_UDP} 53 goto closed",
            "ct state established,related accept",
            # RFC 4890: without these IPv6 is dead within seconds (measured: 8 s).
            "icmpv6 type { 1, 2, 3, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 143 } accept",
            "icmp type { echo-request, echo-reply, destination-unreachable, time-exceeded, parameter-problem } accept",
            "meta l4proto igmp accept",
            f"udp dport {{ 53, 67, 123, 547, 5353, {DNS_PORT} }} accept",
            f"tcp dport {{ 53, {DNS_PORT}, {PROBE_PORT} }} accept",
            # Only when the router is the hub: the hub's port may be the router's own administration elsewhere.
            *[f"{family} daddr @{name.name} tcp dport @{gate.PAGE_PORTS.name} accept" for name, family in HUB],
            "goto closed",
        ],
        ("inet", "input"): [
            f"iifname @{gate.OFF.name} return",
            f"iifname @{gate.LAN.name} ether saddr != @{gate.EXEMPT.name} jump router_services",
        ],
    }
