"""The parsers of `stairgate.agent`: what the kernel, DHCP servers, its own disk and the person at the console say."""

import argparse
import json
import socket
import ssl
import struct
from hashlib import sha256
from pathlib import Path

from stairgate.agent import (
    certificates,
    clock_trust,
    conntrack,
    leases,
    neighbours,
    netlink,
    off,
    pair,
    set_elements,
    sync,
)
from stairgate.agent.choices import read_choices
from stairgate.agent.clock_trust import Record
from stairgate.agent.discovery import Discovery, Sighting, clean_hostname
from stairgate.agent.dns import channel, probes
from stairgate.agent.dns import message as dns_message
from stairgate.agent.dns.message import BadMessage
from stairgate.agent.dns.table import Table
from stairgate.agent.filter_channel import read_said, read_serving
from stairgate.agent.paired_folder import earlier_settings
from stairgate.agent.settings import SettingsRefused, read_settings
from stairgate.agent.state import State
from stairgate.agent.sync import Identity
from stairgate.agent.trust import HeldTrust
from stairgate.agent.uci import read_uci
from stairgate.agent.use_state import Kept, UseState, Waiting, read_kept, write_kept
from stairgate.core.messages import Events, Usage, encode_events, encode_usage
from stairgate.core.refused import Refused
from tests.portable import trust_vectors
from tests.unit.hostile import dns_corpus
from tests.unit.hostile.core_parsers import KEY, POLICY, SIGNED, TIME
from tests.unit.hostile.dns_corpus import QUERY, QUESTION
from tests.unit.hostile.parser import Parser, in_file, of_bytes, of_text, text

IDENTITY = Identity("h1", "r1", "000", {KEY.key_id: KEY.point})
MAC = bytes.fromhex("02005e100001")
DNSMASQ = b"1766000000 02:00:5e:10:00:01 192.168.77.9 mias-tablet 01:02:00:5e:10:00:01\n1766000001 x y z w\n"
LEASE = {"mac": MAC.hex(), "hostname": "mias-tablet", "address": "192.168.77.9"}
UBUS = json.dumps({"device": {"br-lan": {"leases": [LEASE, LEASE]}, "wan": {"leases": []}}}).encode()
UCI = b"config agent\n\tlist lan_interfaces 'br-lan'\n\toption hello_minutes \"5\" # often\nconfig hub 'h'\n"
TOML = b'[agent]\nlan_interfaces = ["br-lan"]\nhello_minutes = 5\n[hub]\nhttps = true\n'
RECORD = Record("boot", "hub", 1.7e9, 1.7e9, 1.8e9, 5, ("d1", "d2"))
BITMAP = ("p1", "total", 20454, bytes(179) + b"\x80")
KEPT = write_kept(Kept((BITMAP, ("p1", "games", 20454, b"\xff" * 180)), "boot", (Waiting("p1", "total", 7),)))
HASHED = (POLICY, trust_vectors.ANNOUNCED, clock_trust.write_record(RECORD), KEPT)
CONSTANTS, KEPT_TRUST, CLOCK, MINUTES = (sha256(content).hexdigest().encode() + b"\n" + content for content in HASHED)


def flow_message() -> bytes:
    """A conntrack message as the kernel sends it."""
    counters = netlink.nested(conntrack.CTA_COUNTERS_ORIG, netlink.attribute(2, struct.pack("!Q", 99)))
    mark = netlink.attribute(conntrack.CTA_MARK, struct.pack("!I", 5 << 16))
    return netlink.netfilter_header(2) + mark + counters


def neighbour_message() -> bytes:
    """A neighbour message as the kernel sends it."""
    header = struct.pack("=BxxxiHBB", socket.AF_INET, 3, 0x02, 0, 0)
    return header + netlink.attribute(1, bytes((192, 168, 77, 9))) + netlink.attribute(2, MAC)


def element_message() -> bytes:
    """A message with an element of a set, as nf_tables sends it."""
    key = netlink.nested(set_elements.ELEM_KEY, netlink.attribute(set_elements.DATA_VALUE, MAC))
    ends = netlink.attribute(set_elements.ELEM_EXPIRATION, struct.pack("!Q", 5000))
    return netlink.netfilter_header(7) + netlink.nested(set_elements.LIST_ELEMENTS, netlink.nested(1, key, ends))


def count_message() -> bytes:
    """Likewise, with an element that counts."""
    key = netlink.nested(set_elements.ELEM_KEY, netlink.attribute(set_elements.DATA_VALUE, MAC))
    packets = netlink.attribute(set_elements.COUNTER_PACKETS, struct.pack("!Q", 3))
    counter = netlink.attribute(1, b"counter\0") + netlink.nested(set_elements.EXPRESSION_DATA, packets)
    element = netlink.nested(1, key, netlink.nested(set_elements.ELEM_EXPRESSION, counter))
    return netlink.netfilter_header(7) + netlink.nested(set_elements.LIST_ELEMENTS, element)


def discovered(sightings: list[Sighting]) -> list[object]:
    """What discovery makes of sightings can always be told the hub."""
    discovery = Discovery()
    discovery.note(sightings)
    rows = discovery.everything()
    for row in rows:
        encode_events(Events("m1", 5, "r1", (row,)))
        assert clean_hostname(row.hostname) == row.hostname
    return [*rows]


def words(data: bytes) -> object:
    """A code as typed, or the text of a QR code; what comes of it can be shown and used."""
    secret, address = pair.read_words(text(data), None)
    assert len(secret) == 10
    return str(address)


def of_state(load: str, name: str) -> Parser:
    """A method of the agent's state, and its file."""
    good = {"load_constants": CONSTANTS, "load_trust": KEPT_TRUST, "load_clock": CLOCK}[load]
    return Parser(in_file(lambda file: getattr(State(str(file.parent)), load)(), name), good)


def policy_on_disk(file: Path) -> object:
    """The two generations of a policy; both are verified by whoever loads them."""
    state = State(str(file.parent))
    return state.load_policy(), state.load_previous()


def clock_on_disk(file: Path) -> object:
    """The record of the time, as the agent's start takes it."""
    kept = State(str(file.parent)).load_clock()
    return kept and clock_trust.read_record(kept)


def minutes_on_disk(file: Path) -> object:
    """The book as the agent's start takes it; whatever comes of it can be told the hub."""
    state = UseState(State(str(file.parent)), None, "boot")
    state.open()
    for row in state.book.rows(0):
        encode_usage(Usage("m1", 5, "r1", (), (row,)))
    return state.book.rows(0), state.waiting


def mapped_pack(file: Path) -> object:
    """A pack as the filter maps it: gone through, then asked."""
    table = Table(str(file))
    try:
        for _ in table.checking():
            pass
        return table.tags_of("www.ads.example")
    finally:
        table.close()


AGENT = {
    "dns: query": Parser(of_bytes(dns_message.read_query), QUERY, (BadMessage,), 2000),
    "dns: reply": Parser(
        of_bytes(lambda data: dns_message.read_reply(data, QUESTION)), dns_corpus.REPLY, (BadMessage,), 2000
    ),
    "dns: frame of the channel": Parser(
        of_bytes(channel.read_frame),
        b'{"v":1,"levels":{"d1":"open"},"pack":"","spent":{"p1":["games"]}}\n' + POLICY,
        (Refused,),
    ),
    "dns: pack": Parser(in_file(mapped_pack, "packs/names.pack"), dns_corpus.pack(), (Refused,), 60),
    "dns: connectivity check": Parser(of_bytes(probes.respond), b"GET /generate_204 HTTP/1.1\r\nHost: a"),
    "agent: policy": Parser(of_bytes(lambda data: sync.open_policy(data, IDENTITY)), SIGNED, (Refused,)),
    "agent: constants": Parser(of_bytes(lambda data: sync.open_constants(data, IDENTITY)), POLICY, (Refused,)),
    "agent: time": Parser(
        of_bytes(lambda data: sync.accept_time(data, IDENTITY, "aa" * 8)), KEY.sign("time", TIME), (Refused,)
    ),
    "agent: revision": Parser(of_bytes(sync.claimed_revision), SIGNED),
    "agent: settings": Parser(
        in_file(lambda file: read_settings(file.parent), "agents/router/agent.toml"),
        "agents/router/agent.toml",
        (SettingsRefused,),
    ),
    "agent: choices": Parser(in_file(lambda file: read_choices(file.parent), "chosen/stairgate.toml"), TOML),
    "agent: choices on OpenWrt": Parser(
        in_file(lambda file: read_choices(file.parent / "none", file), "chosen/uci"), UCI
    ),
    "agent: UCI": Parser(of_text(read_uci), UCI),
    "agent: folder of an earlier pairing": Parser(
        in_file(lambda file: earlier_settings(file.parent), "paired/agent.toml"),
        "agents/router/agent.toml",
    ),
    "agent: code": Parser(
        of_bytes(words), b"stairgate:pair?hub=192.168.77.2:8080&code=000G40R40M30E209", (pair.NotPaired,)
    ),
    "agent: hub's address": Parser(of_text(pair.read_address), b"[fd00::2]:8080", (pair.NotPaired,)),
    "agent: how long off": Parser(of_text(off.seconds_of), b"24h", (argparse.ArgumentTypeError,)),
    "agent: saved policies": Parser(in_file(policy_on_disk, "state/policy"), SIGNED, (ValueError,)),
    "agent: saved constants": of_state("load_constants", "state/constants"),
    "agent: saved trust": of_state("load_trust", "state/trust"),
    "agent: saved trust, in use": Parser(
        in_file(lambda file: HeldTrust(IDENTITY, State(str(file.parent))).identity_of_saved(), "state/trust"),
        KEPT_TRUST,
    ),
    "agent: saved time": Parser(in_file(clock_on_disk, "state/clock"), CLOCK),
    "agent: saved time, its record": Parser(of_bytes(clock_trust.read_record), clock_trust.write_record(RECORD)),
    "agent: saved accounting": Parser(
        in_file(lambda file: State(str(file.parent)).load_accounting(), "state/accounting"), b"0a" * 18
    ),
    "agent: saved numbers": Parser(
        in_file(lambda file: State(str(file.parent)).load_numbers(), "state/numbers.json"), b'{"d1": 1, "d2": 2}'
    ),
    "agent: certificate file": Parser(
        in_file(certificates.read_certificate_file, "agents/router/agent.crt"), "agents/router/agent.crt"
    ),
    "agent: certificate's dates": Parser(
        of_bytes(lambda data: certificates.validity(ssl.PEM_cert_to_DER_cert(data.decode("ascii")))),
        "agents/router/agent.crt",
        (ValueError,),
    ),
    "agent: certificate's dates in DER": Parser(
        of_bytes(certificates.validity), "DER of agents/router/agent.crt", (ValueError,)
    ),
    "agent: dnsmasq's leases": Parser(of_bytes(lambda data: discovered(leases.read_dnsmasq(data))), DNSMASQ),
    "agent: odhcpd's leases": Parser(of_bytes(lambda data: discovered(leases.read_odhcpd(data, ["br-lan"]))), UBUS),
    "agent: netlink messages": Parser(
        of_bytes(lambda data: list(netlink.messages(data))), netlink.message(5, 0, 1, b"body")
    ),
    "agent: netlink attributes": Parser(of_bytes(lambda data: list(netlink.attributes(data))), flow_message()),
    "agent: conntrack": Parser(of_bytes(lambda data: conntrack.decode_flow(data, 16, 0x3FF0000)), flow_message()),
    "agent: neighbour": Parser(
        of_bytes(lambda data: neighbours.decode_neighbour(data, frozenset({3}))), neighbour_message()
    ),
    "agent: what the filter says": Parser(
        of_bytes(read_serving), b'{"v":1,"state":"serving","revision":7,"pack":""}', (ValueError,)
    ),
    "agent: what the filter says of addresses": Parser(
        of_bytes(read_said),
        b'{"v":1,"state":"timed","rows":[["cb007105",["games","video"]],["cb007106",[]]]}',
        (ValueError,),
    ),
    "agent: what the filter says of names asked": Parser(
        of_bytes(read_said),
        b'{"v":1,"state":"asked","rows":[["dt","spy.example","refused",3],["dt","","refused",9]]}',
        (ValueError,),
    ),
    "agent: saved minutes": Parser(in_file(minutes_on_disk, "state/use"), MINUTES),
    "agent: saved minutes, their content": Parser(of_bytes(read_kept), KEPT),
    "agent: elements of a set": Parser(
        of_bytes(lambda data: list(set_elements._decode_elements(data))), element_message()
    ),
    "agent: counts of a set": Parser(of_bytes(lambda data: list(set_elements._decode_counts(data))), count_message()),
}
