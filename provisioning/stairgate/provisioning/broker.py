"""Mosquitto's configuration for one home, as text.

It decides who may connect (holders of a certificate of the home's authority, nobody else), as whom (the
certificate's CN is user name and client id) and which topics that opens (wire.md: an agent's own branch).
Writing the text and running the broker are left to others. Needs Mosquitto 2.0.11 or newer.

Mosquitto filters deliveries by its list, not subscriptions: a subscription to `#` is granted and stays
silent. A forbidden publish is acknowledged and dropped (MQTT 3.1.1 has no other answer).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stairgate.core import limits

PID_FILE = "mosquitto.pid"
# The largest messages and their topic; MQTT's own header takes at most 16 bytes more.
PACKET_BYTES = max(limits.ROUTER_POLICY_BYTES, limits.HELLO_BYTES) + limits.TOPIC_CHARACTERS + 16
# A home has tens of agents. Silent connections are dropped after 90 s; until then they must not use up all
# places.
CONNECTIONS = 256
QUEUED_MESSAGES = 1000
QUEUED_BYTES = 4 * 1024 * 1024
INFLIGHT_MESSAGES = 20
# TLS 1.2 with an elliptic-curve certificate; TLS 1.3 brings its own list.
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
)


class BrokerSettings(NamedTuple):
    """What differs between homes.

    directory: absolute path that holds `ca.crt`, `crl.pem`, `broker.crt`, `broker.key` and `acl`. bind: IP addresses to
    listen on, empty for all of this machine. user: the account to run as when started by root, who must be
    able to read the directory; None leaves Mosquitto's own default.
    """

    directory: Path
    port: int
    bind: Sequence[str]
    user: str | None


def render_mosquitto_conf(settings: BrokerSettings) -> str:
    """The text of `mosquitto.conf`. Raises ValueError when such a file cannot hold the directory's path."""
    path = str(settings.directory)
    # Mosquitto reads a path relative to wherever it was started, and takes the rest of the line as it stands.
    if not settings.directory.is_absolute() or not path.isprintable() or path != path.strip():
        raise ValueError(f"expected an absolute path without control characters or space at its ends, got {path!r}")
    lines = [
        "# Made by `stairgate home`; `stairgate home render` writes it anew after the directory was moved.",
        "per_listener_settings false",
        "allow_anonymous false",
        f"acl_file {path}/acl",
        "# How `stairgate` finds the running broker when the lists have changed.",
        f"pid_file {path}/{PID_FILE}",
    ]
    if settings.user is not None:
        lines.append(f"user {settings.user}")
    lines += [
        "",
        "# The broker keeps nothing of a family's life: no retained messages, no file, no log of clients.",
        "# The hub's session lives in memory; after a restart of the broker every agent says hello again.",
        "persistence false",
        "retain_available false",
        "sys_interval 0",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
        "connection_messages false",
        "",
        f"max_packet_size {PACKET_BYTES}",
        f"max_queued_messages {QUEUED_MESSAGES}",
        f"max_queued_bytes {QUEUED_BYTES}",
        f"max_inflight_messages {INFLIGHT_MESSAGES}",
        "queue_qos0_messages false",
        "allow_zero_length_clientid false",
        "# A pause is one small message that must not wait for another.",
        "set_tcp_nodelay true",
    ]
    for address in settings.bind or ("",):
        lines += [
            "",
            f"listener {settings.port} {address}".rstrip(),
            f"max_connections {CONNECTIONS}",
            "max_qos 1",
            f"cafile {path}/ca.crt",
            f"certfile {path}/broker.crt",
            f"keyfile {path}/broker.key",
            f"crlfile {path}/crl.pem",
            "tls_version tlsv1.2",
            f"ciphers {':'.join(CIPHERS)}",
            "require_certificate true",
            "use_identity_as_username true",
            "use_username_as_clientid true",
        ]
    return "\n".join(lines) + "\n"


def render_acl(home: str, hub: str, shard: str, agents: Sequence[str]) -> str:
    """The text of the access list: to each agent its own branch, to the hub the other end of every branch.

    Agents are named one by one: whoever is not may connect with a certificate that nobody has revoked, and then neither
    speaks nor hears, also over a connection that he has already. What no line grants is refused, `$SYS` included.
    """
    root = f"sg/v1/{shard}/{home}"
    lines = [
        f"user {hub}",
        f"topic read {root}/+/up/#",
        f"topic write {root}/+/down/#",
    ]
    for agent in agents:
        lines += [
            "",
            f"user {agent}",
            f"topic write {root}/{agent}/up/#",
            f"topic read {root}/{agent}/down/#",
        ]
    return "\n".join(lines) + "\n"
