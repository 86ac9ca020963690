"""The network of the bypass lab: the home of `network`, more machines in it, and an internet of many places.

It decides addresses, links and the programs at the far ends; the product's programs are `bypass_home`'s.
"""

import datetime
import ipaddress
import json
import shutil
import socket
import struct
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab import bypass_places as places
from tests.lab import network
from tests.lab.home import HUB_PORT, LabHome, is_listening
from tests.lab.network import Device
from tests.lab.processes import DEADLINE_SECONDS, Program, python_module, wait_until

# Who tries: the unmanaged one, the filtered, the one that reaches only what was resolved, the isolated, the assistive.
TRYING = (network.TABLET, network.PHONE, network.CONSOLE, network.LAPTOP, places.AID)
ROLES = {"internet": "internet", "router": "router", places.NEIGHBOUR.name: "neighbour", places.PRINTER.name: "printer"}
AUTHORITY = "far.pem"
# Whose address one of the devices takes.
THIEF, STOLEN_V4 = network.PHONE, places.NEIGHBOUR.v4


def static_of(device: Device) -> str:
    """An IPv4 address that the device gives itself."""
    return f"192.168.77.{200 + TRYING.index(device)}"


def build() -> None:
    """`network.build`, and what this lab has beside it. Raises CalledProcessError."""
    network.build()
    for device in (places.NEIGHBOUR, places.PRINTER, places.AID):
        network.add_device(device)
    for place in places.PLACES:
        for address in (f"{place.v4}/32", f"{place.v6}/128"):
            network.ip("-n", "internet", "address", "replace", address, "dev", "lo")
    for device in TRYING:
        network.ip("-n", device.name, "address", "add", f"{static_of(device)}/24", "dev", "eth0")
    # What a device sends from no particular address must not come from one that the lab has given for rows.
    for device in TRYING:
        network.ip("-n", device.name, "route", "replace", "default", "via", network.ROUTER_V4, "src", device.v4)
        # One place is reached over a neighbour that forwards, by those who may use it.
        via = {f"{places.ROUNDABOUT.v4}/32": places.NEIGHBOUR.v4, f"{places.ROUNDABOUT.v6}/128": places.NEIGHBOUR.v6[0]}
        for there, gateway in via.items():
            network.ip("-n", device.name, "route", "replace", there, "via", gateway)
    network.set_sysctls(places.NEIGHBOUR.name, {"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1"})
    redirects = {"ipv4/conf/all/send_redirects": "0", "ipv4/conf/eth0/send_redirects": "0"}
    network.set_sysctls(places.NEIGHBOUR.name, redirects)
    # A router answers the link-local address that its hardware address gives.
    network.ip("-n", "router", "address", "replace", "fe80::ff:fe00:7701/64", "dev", "br-lan", "nodad")


def make_certificate(folder: Path) -> None:
    """A certificate for every name and address of this internet, which devices of the lab believe."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the lab's internet")])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(text) for text in places.NAMES]
    for place in places.PLACES:
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in place_addresses(place)]
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / AUTHORITY).write_bytes(made.public_bytes(pem))
    (folder / "far.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


def place_addresses(place: places.Place) -> tuple[str, str]:
    """Both addresses of a place."""
    return place.v4, place.v6


def announce(namespace: str, mac: str, address: str) -> None:
    """Tell everybody in the home that an IPv4 address is this device's (RFC 5227, 3)."""
    hardware, protocol = bytes.fromhex(mac.replace(":", "")), socket.inet_aton(address)
    request = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, hardware, protocol, bytes(6), protocol)
    with network.inside(namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", 0))
        raw.send(b"\xff" * 6 + hardware + b"\x08\x06" + request)


class BypassLab(LabHome):
    """A home whose internet has many places, whose hub says what no form says yet, and whose devices try things."""

    def start_resolvers(self) -> None:
        """The internet's name server, and the router's dnsmasq, which answers on its other side too."""
        dnsmasq = shutil.which("dnsmasq") or "/usr/sbin/dnsmasq"
        # In debug mode (--no-daemon) one held TCP connection would keep everybody else waiting.
        alone = [dnsmasq, "--keep-in-foreground", "--log-facility=-", "--pid-file=", "--user=", "--group="]
        alone += ["--conf-file=/dev/null", "--no-hosts", "--no-resolv", "--cache-size=0"]
        self._start("dns", [*alone, *places.resolver_words()], "internet")
        router = [
            "--bind-interfaces",
            "--no-ping",
            f"--server={network.DNS_V4}",
            "--interface=br-lan",
            f"--listen-address={places.WAN_V4}",
            "--dhcp-range=192.168.77.100,192.168.77.190,1h",
            f"--dhcp-leasefile={self.folder / 'leases'}",
        ]
        self._start("resolver", [*alone, *router], "router")
        for namespace, address in (("internet", places.RESOLVER.v6), ("router", network.ROUTER_V6)):
            wait_until("a resolver", lambda n=namespace, a=address: is_listening(n, a, 53))  # type: ignore[misc]

    def start_hub(self, host_socket: socket.socket | None = None, seconds: float = DEADLINE_SECONDS) -> None:
        """The hub, with the flags that `bypass_hub` adds."""
        flags = self.folder / "flags.json"
        flags.write_text(json.dumps({network.LAPTOP.mac: ["isolated"], places.AID.mac: ["assistive"]}))
        folders = [str(self.home.directory / "hub"), str(self.data), str(self.folder / "clock"), str(flags)]
        self._start("hub", python_module("tests.lab.bypass_hub", *folders), "home")
        wait_until("the hub", lambda: is_listening("home", network.HOME.v4, HUB_PORT), seconds)

    def start_far_ends(self) -> None:
        """What serves in the internet, on the router and on machines of the home."""
        make_certificate(self.folder)
        for namespace, role in ROLES.items():
            words = python_module("tests.lab.bypass_internet", role, str(self.folder))
            self._start(f"far-{role}", words, namespace, speaks=True)
        for role in ROLES.values():
            self.program(f"far-{role}").wait_for("ready")

    def start_devices(self) -> dict[str, Program]:
        """What tries on each device."""
        for device in TRYING:
            words = [device.name, device.mac, str(self.folder / AUTHORITY), device.v6[-1], static_of(device)]
            words += [STOLEN_V4] if device is THIEF else []
            self._start(f"device-{device.name}", python_module("tests.lab.bypass_device", *words), device.name, True)
        programs = {device.name: self.program(f"device-{device.name}") for device in TRYING}
        for program in programs.values():
            program.wait_for("ready")
        return programs
