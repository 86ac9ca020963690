"""What is made of a maker's declaration for programs: the label as JSON, and the MUD file (RFC 8520).

Pure functions of the declaration; both say only what it says. The MUD file lets a network that knows no Stairgate hold
the toy to its declared destinations.
"""

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from stairgate.core.declaration import Declaration, Destination


def label(declaration: Declaration, document: str) -> dict[str, Any]:
    """The machine-readable label. document: the signed declaration, so that nobody has to believe this copy."""
    toy = declaration.toy
    return {
        "format": "stairgate-label 1",
        "declaration": {"id": declaration.id, "version": declaration.version, "issued": declaration.issued},
        "toy": toy._asdict() if toy else {},
        "works_offline": True,
        "passwords": "none",
        "gates": [{"name": gate, "default": "closed"} for gate in declaration.gates if gate not in ("play", "speaker")],
        "sensors": [sensor._asdict() for sensor in declaration.sensors],
        "rows": [{**row._asdict(), "flags": list(row.flags)} for row in declaration.rows],
        "prose": [ixit._asdict() for ixit in declaration.ixits],
        "ai": [ai._asdict() for ai in declaration.ais],
        "destinations": [destination._asdict() for destination in declaration.destinations],
        "erasing": [gesture._asdict() for gesture in declaration.gestures if gesture.use == "erase"],
        "provisions": [provision._asdict() for provision in declaration.provisions],
        "words": [words._asdict() for words in declaration.words],
        "signed": document,
    }


def mud(declaration: Declaration, url: str) -> dict[str, Any]:
    """The MUD file. url: where this very file is."""
    toy = declaration.toy
    name = f"mud-{declaration.id}"
    lists = [(f"{name}-{family}{way}", family, way) for family in ("v4", "v6") for way in ("fr", "to")]
    return {
        "ietf-mud:mud": {
            "mud-version": 1,
            "mud-url": url,
            "last-update": datetime.fromtimestamp(declaration.issued, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00"),
            "cache-validity": 48,
            "is-supported": True,
            **(
                {
                    "systeminfo": f"{toy.model} by {toy.maker}"[:60],
                    "mfg-name": toy.maker,
                    "model-name": toy.model,
                    "firmware-rev": toy.firmware,
                }
                if toy
                else {}
            ),
            "from-device-policy": _policy([each for each, _, way in lists if way == "fr"]),
            "to-device-policy": _policy([each for each, _, way in lists if way == "to"]),
        },
        "ietf-access-control-list:acls": {
            "acl": [
                {
                    "name": each,
                    "type": f"ip{family}-acl-type",
                    "aces": {"ace": _aces(declaration.destinations, family, way)},
                }
                for each, family, way in lists
            ]
        },
    }


def _policy(names: list[str]) -> dict[str, Any]:
    return {"access-lists": {"access-list": [{"name": name} for name in names]}}


def _aces(destinations: tuple[Destination, ...], family: str, way: str) -> list[dict[str, Any]]:
    aces = [
        {
            "name": f"hub-{way}dev",
            "matches": {"ietf-mud:mud": {"my-controller": [None]}},
            "actions": {"forwarding": "accept"},
        }
    ]
    for number, destination in enumerate(destinations):
        matches = _matches(destination, family, way)
        if matches:
            name = f"cl{number}-{way}dev"
            aces.append({"name": name, "matches": matches, "actions": {"forwarding": "accept"}})
    return aces


def _matches(destination: Destination, family: str, way: str) -> dict[str, Any]:
    end = "dst" if way == "fr" else "src"
    side = "destination" if way == "fr" else "source"
    is_tcp = destination.transport == "tls"
    layer: dict[str, Any] = {"protocol": 6 if is_tcp else 17}
    try:
        address = ip_address(destination.host)
    except ValueError:
        layer[f"ietf-acldns:{end}-dnsname"] = destination.host
    else:
        if f"v{address.version}" != family:
            return {}
        layer[f"{side}-ip{family}-network"] = f"{address}/{address.max_prefixlen}"
    port: dict[str, Any] = {f"{side}-port": {"operator": "eq", "port": destination.port}}
    if is_tcp:
        port["ietf-mud:direction-initiated"] = "from-device"
    return {f"ip{family}": layer, "tcp" if is_tcp else "udp": port}
