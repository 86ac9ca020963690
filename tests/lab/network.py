"""The home and its internet as network namespaces, built inside the sandbox.

    internet ── wan ┬ router ┬ br-lan ┬ home     hub :8080, Mosquitto :8883
      DNS, web      │  NAT   │        ├ phone    Mia's
                    │ dnsmasq│        ├ console  Mia's
                    │  gate  │        ├ laptop   Ben's
                    │        │        └ tablet   a parent's, exempt

It decides addresses and links; what runs in the namespaces is left to `processes` and those who call it. Only
documentation addresses and the lab's own 192.168.77.0/24 are used, and nothing is added to the host.
"""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CLONE_NEWNET = 0x40000000

ROUTER_V4, ROUTER_V6 = "192.168.77.1", "2001:db8:77::1"
WEB_V4, WEB_V6 = "203.0.113.10", "2001:db8:10::10"
DNS_V4 = "203.0.113.53"
METRICS_V4 = "203.0.113.66"  # whom no maker declared

# A stateful firewall with NAT such as the router's own: the gate must stand beside it, never inside it.
ROUTER_FIREWALL = """
table inet fw {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "br-lan" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta nfproto ipv4 oifname "wan" masquerade
  }
}
"""


class Device(NamedTuple):
    """One machine on the LAN."""

    name: str
    mac: str
    v4: str
    v6: tuple[str, ...]


def _device(name: str, number: int) -> Device:
    v6 = tuple(f"2001:db8:77::{part}:{number}" for part in ("a", "b", "c"))
    return Device(name, f"02:00:00:00:77:{number:02x}", f"192.168.77.{number}", v6)


HOME = _device("home", 2)
PHONE = _device("phone", 10)
CONSOLE = _device("console", 11)
LAPTOP = _device("laptop", 12)
TABLET = _device("tablet", 13)
STRANGER = _device("stranger", 14)
NOTEBOOK = _device("notebook", 15)
BEAR = _device("bear", 16)
DEVICES = (HOME, PHONE, CONSOLE, LAPTOP, TABLET)


def ip(*words: str) -> None:
    """Run ip(8). Raises CalledProcessError."""
    subprocess.run(["ip", *words], check=True)


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Run the block with this thread in a namespace: sockets made there stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"entering namespace {namespace}")
        try:
            yield
        finally:
            if libc.setns(home, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "leaving namespace")
    finally:
        os.close(there)
        os.close(home)


def enter_words(namespace: str) -> list[str]:
    """The command prefix that runs a program in a namespace."""
    return ["nsenter", f"--net=/run/netns/{namespace}", "--"]


def nft(namespace: str, text: str) -> None:
    """Load a ruleset text in a namespace. Raises CalledProcessError."""
    subprocess.run([*enter_words(namespace), "nft", "-f", "-"], input=text.encode(), check=True)


def nft_list(namespace: str, what: str) -> str:
    """What nft(8) lists in a namespace: `table inet stairgate`, `ruleset`. Raises CalledProcessError."""
    words = [*enter_words(namespace), "nft", "list", *what.split()]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def set_sysctls(namespace: str, settings: dict[str, str]) -> None:
    """Set kernel parameters of a namespace, by path below /proc/sys/net."""
    with inside(namespace):
        for name, value in settings.items():
            path = Path("/proc/sys/net", name)
            if path.exists():
                path.write_text(value, encoding="ascii")


def _namespace(name: str) -> None:
    ip("netns", "add", name)
    # Duplicate address detection would hold every address back for a second.
    set_sysctls(name, {"ipv6/conf/all/accept_dad": "0", "ipv6/conf/default/accept_dad": "0"})
    ip("-n", name, "link", "set", "lo", "up")


def _address(namespace: str, interface: str, *addresses: str) -> None:
    for address in addresses:
        flags = ["nodad"] if ":" in address else []
        ip("-n", namespace, "address", "add", address, "dev", interface, *flags)


def add_device(device: Device) -> None:
    """Plug one more machine into the LAN."""
    _namespace(device.name)
    port = f"lan-{device.name}"
    ip("link", "add", port, "netns", "router", "type", "veth", "peer", "name", "eth0", "netns", device.name)
    ip("-n", "router", "link", "set", port, "master", "br-lan", "up")
    ip("-n", device.name, "link", "set", "eth0", "address", device.mac, "up")
    _address(device.name, "eth0", f"{device.v4}/24", *(f"{address}/64" for address in device.v6))
    ip("-n", device.name, "route", "add", "default", "via", ROUTER_V4)
    ip("-n", device.name, "-6", "route", "add", "default", "via", ROUTER_V6)


def bring_lan_up() -> None:
    """The LAN of a router that has booted: the bridge is up, and has its addresses (IPv6 lost them with the link)."""
    ip("-n", "router", "link", "set", "br-lan", "up")
    for address in (f"{ROUTER_V4}/24", f"{ROUTER_V6}/64"):
        flags = ["nodad"] if ":" in address else []
        ip("-n", "router", "address", "replace", address, "dev", "br-lan", *flags)


def remove_device(device: Device) -> None:
    """Unplug it again."""
    ip("netns", "delete", device.name)


def build() -> None:
    """Make all namespaces, links, addresses, routes and the router's own firewall. Raises CalledProcessError."""
    _namespace("internet")
    _namespace("router")
    set_sysctls(
        "router",
        {
            "ipv4/ip_forward": "1",
            "ipv6/conf/all/forwarding": "1",
            # A kernel with br_netfilter built in would show bridged packets to the inet hooks; routers have it off.
            "bridge/bridge-nf-call-iptables": "0",
            "bridge/bridge-nf-call-ip6tables": "0",
            "bridge/bridge-nf-call-arptables": "0",
        },
    )
    set_sysctls("internet", {"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1"})
    ip("link", "add", "wan", "netns", "router", "type", "veth", "peer", "name", "home0", "netns", "internet")
    ip("-n", "router", "link", "add", "br-lan", "type", "bridge", "mcast_snooping", "0")
    ip("-n", "router", "link", "set", "br-lan", "address", "02:00:00:00:77:01")
    for namespace, link in (("router", "wan"), ("internet", "home0"), ("router", "br-lan")):
        ip("-n", namespace, "link", "set", link, "up")
    _address("router", "wan", "198.51.100.2/24", "2001:db8:ffff::2/64")
    _address("router", "br-lan", f"{ROUTER_V4}/24", f"{ROUTER_V6}/64")
    _address("internet", "home0", "198.51.100.1/24", "2001:db8:ffff::1/64")
    _address("internet", "lo", f"{WEB_V4}/32", f"{DNS_V4}/32", f"{METRICS_V4}/32", f"{WEB_V6}/128")
    ip("-n", "router", "route", "add", "default", "via", "198.51.100.1")
    ip("-n", "router", "-6", "route", "add", "default", "via", "2001:db8:ffff::1")
    ip("-n", "internet", "-6", "route", "add", "2001:db8:77::/64", "via", "2001:db8:ffff::2")
    nft("router", ROUTER_FIREWALL)
    for device in DEVICES:
        add_device(device)


def destroy() -> None:
    """Remove the namespaces; their links go with them."""
    for name in sorted(os.listdir("/run/netns")):
        ip("netns", "delete", name)
