"""The gate's constant rules, rendered as nftables text.

It decides which packets a grant lets through, where names are asked and what the others are answered; which device or
address is in which set is said by set elements alone (`grants`, `addresses`), so this text never changes while a family
lives with it, and no rule is there for one device. It is idempotent (`add` and `flush chain`, never a replaced table):
loading it again keeps elements and running flows, as a router's own firewall needs at each of its reloads. It is inert
until the sets of interfaces have an element.

Both directions close. Outbound is matched by source MAC in the inet forward hook and answered, so that apps stop at
once. Inbound has no such hook on a bridged LAN: packets that the router forwards are tagged there with two bits of
the packet mark and dropped in the bridge's output hook by destination MAC, TCP one second later, because a client
whose return path is cut at the same moment never sees its reset (measured; docs/adr/0002, docs/adr/0010).
"""

from stairgate.agent import gate
from stairgate.agent.gate import PROBE_ADDRESS, SETS, GateSettings, SetName
from stairgate.agent.limits import ADDRESS_SECONDS, BLOCKED_SECONDS, SET_SWEEP_SECONDS, TRIED_SECONDS
from stairgate.agent.neighbour_rules import TUNNEL_PROTOCOLS, between_rules, neighbour_rules
from stairgate.agent.router_rules import HUB, TCP_UDP, redirect_rules, router_rules

Rules = dict[tuple[str, str], list[str]]

# IKE, OpenVPN, L2TP, Teredo, ZeroTier, Tailscale, WireGuard; SSH, SOCKS, OpenVPN, PPTP, HTTP proxies.
TUNNEL_UDP = "udp dport { 500, 1194, 1701, 3544, 4500, 9993, 41641, 51820 }"
TUNNEL_TCP = "tcp dport { 22, 1080, 1194, 1723, 3128 }"
# DNS over TLS and QUIC, and where resolvers are known to answer plain DNS beside 53.
RESOLVER_PORTS = "{ 853, 5053, 5353 }"

EPDG = ((gate.EPDG4, "ip"), (gate.EPDG6, "ip6"))


def _bits(mark: int) -> str:
    return f"0x{mark:08x}"


def _kept(four: SetName, six: SetName, seconds: int, first: str, then: str) -> list[str]:
    """Outbound, for each family: a pair that the set holds stays there for so long from now."""
    rules = []
    for name, family in ((four, "ip"), (six, "ip6")):
        pair = f"ether saddr . {family} daddr"
        rules.append(f"{pair} @{name.name} {first}update @{name.name} {{ {pair} timeout {seconds}s }} {then}")
    return rules


def _outbound(settings: GateSettings) -> Rules:
    """From the home to the internet, by the device's MAC."""
    listed, numbers = _bits(settings.listed_mark()), _bits(settings.number_mask())
    return {
        # What is answered by the gate in any case, and so costs what passes nothing.
        ("inet", "tried"): [
            "ct state established,related return",
            f"ether saddr . ip daddr @{gate.RESOLVED4.name} return",
            f"ether saddr . ip6 daddr @{gate.RESOLVED6.name} return",
            *[
                f"update @{name.name} {{ ether saddr . {family} daddr timeout {TRIED_SECONDS}s counter }}"
                for name, family in ((gate.TRIED4, "ip"), (gate.TRIED6, "ip6"))
            ],
        ],
        ("inet", "closed"): [
            f"ether saddr @{gate.DECLARED.name} jump tried",
            "meta l4proto tcp reject with tcp reset",
            "reject with icmpx admin-prohibited",
        ],
        ("inet", "number"): [
            f"ether saddr @{name.name} ct mark set ct mark | {_bits(1 << (settings.number_shift + bit))}"
            for bit, name in enumerate(gate.NUMBER)
        ],
        ("inet", "tunnels"): [f"{what} goto closed" for what in (TUNNEL_UDP, TUNNEL_TCP, TUNNEL_PROTOCOLS)],
        # A flow that passed once goes on, though its address has left the list since; one from before the limit does
        # not: it has no mark. A packet without a flow must not slip through, nor be answered by a reset of a real flow.
        ("inet", "listed"): [
            "ct state invalid drop",
            *_kept(gate.LIMITED4, gate.LIMITED6, ADDRESS_SECONDS, f"ct mark set ct mark | {listed} ", "return"),
            f"ct mark & {listed} == {listed} return",
            "goto closed",
        ],
        **{
            ("inet", chain): [f"ether saddr @{name.name} return", "goto closed"]
            for chain, name in zip(gate.CALL_CHAINS, gate.CALLERS, strict=True)
        },
        # Calls are asked about at every packet, before what runs goes on: they end when their app is blocked.
        ("inet", "resolved"): [
            *_kept(gate.RESOLVED4, gate.RESOLVED6, ADDRESS_SECONDS, "", "return"),
            f"meta l4proto {{ tcp, udp }} ip daddr vmap @{gate.CALLS4.name}",
            f"meta l4proto {{ tcp, udp }} ip6 daddr vmap @{gate.CALLS6.name}",
            "ct direction original ct state established,related return",
            "ct state invalid drop",
            "goto closed",
        ],
        ("inet", "outbound"): [
            f"ether saddr @{gate.EXEMPT.name} return",
            # A hub behind this router, on another network of the home's.
            *[f"{family} daddr @{name.name} tcp dport @{gate.PAGE_PORTS.name} return" for name, family in HUB],
            # Wi-Fi and emergency calls, without a number: their flows are never forgotten.
            *[f"{family} daddr @{name.name} udp dport {{ 500, 4500 }} return" for name, family in EPDG],
            *[f"{family} daddr @{name.name} meta l4proto esp return" for name, family in EPDG],
            *_kept(gate.BLOCKED4, gate.BLOCKED6, BLOCKED_SECONDS, "", "goto closed"),
            f"ether saddr != @{gate.GRANTED.name} goto closed",
            # QUIC: apps fall back to TCP, which can be reset and whose names can be filtered.
            "udp dport 443 goto closed",
            # Begun before the redirect stood.
            f"iifname @{gate.FILTERED.name} {TCP_UDP} 53 goto closed",
            f"{TCP_UDP} {RESOLVER_PORTS} goto closed",
            f"ip daddr @{gate.DOH4.name} goto closed",
            f"ip6 daddr @{gate.DOH6.name} goto closed",
            f"ip daddr {PROBE_ADDRESS} goto closed",
            f"ether saddr @{gate.NO_TUNNELS.name} jump tunnels",
            f"ether saddr @{gate.LIMITED.name} ether saddr != @{gate.STILL_OPEN.name} jump listed",
            f"ether saddr @{gate.RESOLVED_ONLY.name} jump resolved",
            f"ct mark & {numbers} == 0 ether saddr @{gate.NUMBERED.name} jump number",
        ],
    }


def _inbound(settings: GateSettings) -> Rules:
    """From the internet to the home: tagged where flows are known, dropped where the device is."""
    forwarded, begun, listed = (
        _bits(mark) for mark in (settings.forwarded_mark, settings.begun_mark(), settings.listed_mark())
    )
    both = _bits(settings.forwarded_mark | settings.begun_mark())
    from_outside, answer = f"iifname != @{gate.LAN.name}", "ct state established"
    return {
        # Both bits: an answer in a flow to a listed address; the second alone: any other answer.
        ("inet", "inbound"): [
            f"ct mark & {listed} == {listed} meta mark set meta mark | {both} return",
            f"ct direction reply meta mark set meta mark | {begun} return",
            f"meta mark set meta mark | {forwarded}",
        ],
        ("inet", "forward"): [
            # Before the mark: what is switched off is not dropped on the way in either.
            f"iifname @{gate.OFF.name} return",
            f"oifname @{gate.OFF.name} return",
            f"oifname @{gate.OFF_TCP.name} meta l4proto tcp return",
            f"iifname @{gate.LAN.name} oifname != @{gate.LAN.name} jump outbound",
            f"iifname @{gate.LAN.name} oifname @{gate.LAN.name} ether saddr != @{gate.EXEMPT.name} jump between",
            *[
                f"{from_outside} {family} saddr @{name.name} tcp sport @{gate.PAGE_PORTS.name} {answer} return"
                for name, family in HUB
            ],
            # Here, where datagrams are whole: on the bridge a fragment has no port.
            *[
                f"{from_outside} {family} saddr @{name.name} {what} {answer} return"
                for name, family in EPDG
                for what in ("udp sport { 500, 4500 }", "meta l4proto esp")
            ],
            f"{from_outside} oifname @{gate.LAN.name} jump inbound",
        ],
        ("bridge", "output"): [
            f"meta mark & {both} == 0 accept",
            f"ether daddr @{gate.BRIDGE_EXEMPT.name} accept",
            # By address: a closed device can announce a group's MAC for its own address (ARP, neighbour advertisement).
            "ip daddr 224.0.0.0/4 accept",
            "ip6 daddr ff00::/8 accept",
            # TCP ends by the reset that its next packet outbound is answered with: its way back stays for that.
            f"meta l4proto != tcp ether daddr . ip saddr @{gate.BRIDGE_BLOCKED4.name} drop",
            f"meta l4proto != tcp ether daddr . ip6 saddr @{gate.BRIDGE_BLOCKED6.name} drop",
            f"meta l4proto != tcp meta mark & {both} != {both} ether daddr @{gate.BRIDGE_LIMITED.name} "
            f"ether daddr != @{gate.BRIDGE_STILL_OPEN.name} drop",
            f"meta mark & {both} == {forwarded} ether daddr @{gate.BRIDGE_RESOLVED_ONLY.name} drop",
            f"ether daddr @{gate.BRIDGE_GRANTED.name} accept",
            f"meta l4proto tcp ether daddr @{gate.BRIDGE_GRANTED_TCP.name} accept",
            "drop",
        ],
    }


def gate_chains(settings: GateSettings) -> Rules:
    """Every chain with its rules, in an order in which each jump goes to a chain that is there."""
    return {
        **redirect_rules(),
        **_outbound(settings),
        ("inet", "between"): between_rules(),
        **router_rules(),
        **_inbound(settings),
        **neighbour_rules(),
    }


def _hooks(settings: GateSettings) -> dict[tuple[str, str], str]:
    forward = settings.forward_priority
    return {
        ("inet", "prerouting"): f"type nat hook prerouting priority {settings.redirect_priority}; policy accept;",
        ("inet", "forward"): f"type filter hook forward priority {forward}; policy accept;",
        ("inet", "input"): f"type filter hook input priority {forward}; policy accept;",
        ("bridge", "output"): "type filter hook output priority 0; policy accept;",
        ("bridge", "forward"): "type filter hook forward priority 0; policy accept;",
    }


def _set_text(name: SetName, table: str) -> str:
    declared = SETS[name]
    flags = [flag for flag in (declared.flags, "timeout" if declared.timed else "") if flag]
    parts = [f"type {declared.type}"]
    parts += [f"flags {','.join(flags)}"] if flags else []
    # The default timeout closes an element that somebody adds without one.
    parts += ["timeout 1s"] if declared.timed else []
    # Expired elements count until they are swept.
    parts += [f"gc-interval {SET_SWEEP_SECONDS}s"] if "dynamic" in flags else []
    return f"add {declared.kind} {name.family} {table} {name.name} {{ {'; '.join(parts)}; size {declared.size}; }}"


def render_gate(settings: GateSettings) -> str:
    """The text for `nft -f -` that makes or refreshes both tables, without any element of a family."""
    table, hooks, chains = settings.table, _hooks(settings), gate_chains(settings)
    lines = [f"add table inet {table}", f"add table bridge {table}"]
    lines += [_set_text(name, table) for name in SETS]
    for family, chain in chains:
        hook = hooks.get((family, chain))
        lines.append(f"add chain {family} {table} {chain}" + (f" {{ {hook} }}" if hook else ""))
        lines.append(f"flush chain {family} {table} {chain}")
    for (family, chain), texts in chains.items():
        lines += [f"add rule {family} {table} {chain} {text}" for text in texts]
    return "\n".join(lines) + "\n"


def render_removal(settings: GateSettings) -> str:
    """The text for `nft -f -` that removes both tables, whether they are there or not."""
    tables = [f"{family} {settings.table}" for family in ("inet", "bridge")]
    return "".join(f"add table {table}\ndelete table {table}\n" for table in tables)
