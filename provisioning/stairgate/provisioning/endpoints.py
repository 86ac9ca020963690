"""Where clients find the home's servers: addresses, names and a port, checked before they are certified.

It decides which addresses and names a certificate may promise. Which of them a server listens on is the
broker's setting; whether they are this machine's is not checked, because a home may be prepared elsewhere.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

from stairgate.provisioning.faults import Fault

ADDRESSES_MAX = 16
NAMES_MAX = 16
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Endpoints(NamedTuple):
    """Checked: canonical IP addresses and lower-case DNS names, each once, and the broker's TCP port."""

    addresses: tuple[str, ...]
    names: tuple[str, ...]
    port: int

    def hosts(self) -> tuple[str, ...]:
        """What clients try, in order: addresses first, because they need no resolver."""
        return self.addresses + self.names


def find_endpoint_faults(addresses: Sequence[str], names: Sequence[str], port: int) -> list[Fault]:
    """Everything that is wrong with the addresses, names and port of a home's servers."""
    faults = []
    if not addresses and not names:
        faults.append(Fault("address", "at least one address or name that clients connect to", "none"))
    if len(addresses) > ADDRESSES_MAX:
        faults.append(Fault("address", f"at most {ADDRESSES_MAX} addresses", f"{len(addresses)}"))
    if len(names) > NAMES_MAX:
        faults.append(Fault("name", f"at most {NAMES_MAX} names", f"{len(names)}"))
    faults += find_address_faults("address", addresses)
    faults += [
        Fault("name", "a DNS name of letters, digits and hyphens, such as hub.lan", repr(name))
        for name in names
        if not _is_name(name.lower())
    ]
    if not 1 <= port <= 65535:
        faults.append(Fault("port", "a number from 1 to 65535", f"{port}"))
    return faults


def find_address_faults(where: str, addresses: Sequence[str]) -> list[Fault]:
    """The addresses that no client could connect to by writing them into its settings."""
    expected = "an IPv4 or IPv6 address of one machine, without zone or prefix length"
    return [Fault(where, expected, repr(address)) for address in addresses if not _is_address(address)]


def canonical_addresses(addresses: Sequence[str]) -> tuple[str, ...]:
    """The addresses as clients will compare them, in the given order, each once. Raises ValueError."""
    return tuple(dict.fromkeys(str(ipaddress.ip_address(address)) for address in addresses))


def check_endpoints(addresses: Sequence[str], names: Sequence[str], port: int) -> Endpoints:
    """The endpoints in canonical form. Call it only with values in which no fault was found."""
    return Endpoints(canonical_addresses(addresses), tuple(dict.fromkeys(name.lower() for name in names)), port)


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.is_unspecified or address.is_multicast or text == "255.255.255.255":
        return False
    # A link-local IPv6 address means something only with an interface, which no certificate can name.
    return not (isinstance(address, ipaddress.IPv6Address) and (address.is_link_local or address.scope_id))


def _is_name(text: str) -> bool:
    labels = text.split(".")
    # A last label of digits alone would be read as an address.
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
