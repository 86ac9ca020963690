"""The parsers of `stairgate.provisioning`: the files of a home, its printed page, and the preview's arguments."""

import argparse
import json
from pathlib import Path

from cryptography import x509

from stairgate.core.refused import Refused
from stairgate.provisioning import broker_control, preview
from stairgate.provisioning.agent_records import read_register
from stairgate.provisioning.authority import Authority, read_key
from stairgate.provisioning.endpoints import find_address_faults, find_endpoint_faults
from stairgate.provisioning.recovery_kit import key_rows, read_kit
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.request_checks import find_label_faults
from stairgate.provisioning.revocation import read_revocation_list
from stairgate.provisioning.settings import read_home
from stairgate.provisioning.signing import SigningKey
from stairgate.provisioning.trust_chain import TrustChain
from stairgate.provisioning.web_authority import WebAuthority
from tests.unit.hostile.core_parsers import KEY, SIGNED
from tests.unit.hostile.parser import Parser, in_file, of_bytes, of_text, pem

KIT = "\n".join(key_rows("h1", KEY.secret())).encode()
HELD = json.dumps({"rrouter": 3, "rother": 1}).encode()


def revoked(file: Path) -> frozenset[int]:
    """The broker's list, by the authority that made it."""
    authority = x509.load_pem_x509_certificate((file.parent / "ca.crt").read_bytes())
    return read_revocation_list(authority, file.read_bytes())


def revoked_der(data: bytes, home: Path) -> frozenset[int]:
    """The same from the bytes inside, which a damaged text does not reach."""
    authority = x509.load_pem_x509_certificate((home / "broker" / "ca.crt").read_bytes())
    return read_revocation_list(authority, pem("X509 CRL", data))


def certificate_der(data: bytes, home: Path) -> object:
    """An authority's certificate whose inside is damaged."""
    return in_file(lambda file: Authority.load("h1", file.parent), "authority/ca.crt")(pem("CERTIFICATE", data), home)


def web_der(data: bytes, home: Path) -> object:
    """The same of the authority of the pages."""
    return in_file(lambda file: WebAuthority(file.parent), "web/ca.crt")(pem("CERTIFICATE", data), home)


def key_der(data: bytes, home: Path) -> object:
    """A key whose inside is damaged."""
    return read_key(pem("PRIVATE KEY", data))


def signal_broker(file: Path) -> str:
    """No broker runs: whatever the file names, it is not told anything."""
    try:
        return f"told {broker_control.reload(file.parent.parent)}"
    except broker_control.BrokerNotReached as fault:
        return str(fault)


HOME = {
    "home: settings": Parser(in_file(lambda file: read_home(file.parent), "home.toml"), "home.toml", (ValueError,)),
    "home: register": Parser(of_bytes(read_register), "agents/agents.json", (ValueError,)),
    "home: register on the disk": Parser(
        in_file(lambda file: Registry(file.parent.parent).read(), "agents/agents.json"),
        "agents/agents.json",
        (ValueError,),
        100,
    ),
    "home: private key": Parser(of_bytes(read_key), "signing/policy.key", (ValueError,)),
    "home: signing key": Parser(
        in_file(SigningKey.load, "signing/policy.key"), "signing/policy.key", (ValueError,), 100
    ),
    "home: authority's certificate": Parser(
        in_file(lambda file: Authority.load("h1", file.parent), "authority/ca.crt"), "authority/ca.crt", (ValueError,)
    ),
    "home: authority's key": Parser(
        in_file(lambda file: Authority.load("h1", file.parent), "authority/ca.key"),
        "authority/ca.key",
        (ValueError,),
        100,
    ),
    "home: authority of the pages": Parser(
        in_file(lambda file: WebAuthority(file.parent), "web/ca.crt"), "web/ca.crt", (ValueError,)
    ),
    "home: authority of the pages, in DER": Parser(web_der, "DER of web/ca.crt", (ValueError,)),
    "home: revocation list": Parser(in_file(revoked, "broker/crl.pem"), "broker/crl.pem", (ValueError,)),
    "home: revocation list in DER": Parser(revoked_der, "DER of broker/crl.pem", (ValueError,)),
    "home: authority's certificate in DER": Parser(certificate_der, "DER of authority/ca.crt", (ValueError,)),
    "home: private key in DER": Parser(key_der, "DER of signing/policy.key", (ValueError,)),
    "home: trust documents": Parser(
        in_file(lambda file: TrustChain(file.parent.parent.parent).latest(), "signing/trust/1"),
        "signing/trust/1",
        (ValueError,),
    ),
    "home: which trust is held": Parser(
        in_file(lambda file: TrustChain(file.parent.parent).held(), "signing/trust-held.json"), HELD
    ),
    "home: recovery kit": Parser(of_text(lambda page: read_kit("h1", page)), KIT, (ValueError,)),
    "home: broker's process": Parser(
        in_file(signal_broker, "broker/mosquitto.pid"),
        b"1234567\n",
    ),
    "home: labels": Parser(of_text(lambda label: find_label_faults([label])), b"Router"),
    "home: addresses": Parser(of_text(lambda address: find_address_faults("address", [address])), b"192.168.77.2"),
    "home: names": Parser(of_text(lambda name: find_endpoint_faults(["192.168.77.2"], [name], 8883)), b"hub.lan"),
    "preview: document": Parser(of_bytes(lambda data: preview.open_document(data, KEY.point)), SIGNED, (Refused,)),
    "preview: minutes": Parser(of_text(preview.used_minutes), b"total=30,video=10", (argparse.ArgumentTypeError,)),
    "preview: moment": Parser(of_text(preview.local_moment), b"2026-03-29T02:30", (argparse.ArgumentTypeError,)),
    "preview: point": Parser(of_text(preview.public_point), KEY.point.hex().encode(), (argparse.ArgumentTypeError,)),
}
