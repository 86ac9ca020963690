"""Making the running Mosquitto obey lists that have changed, and seeing that it does.

It decides how the running broker is found (its pid file, checked against what the kernel says of that process) and how
a revoked agent's live connection is ended. What the lists say is `registry`'s part.

Mosquitto 2.0.11 reads access and revocation lists anew on SIGHUP. New connections are then judged by them, and so is
each message of an old connection; but the connection itself goes on. So `take_over` connects under the agent's own
name, whereupon the broker ends the older connection (MQTT 3.1.1, 3.1.4-2), and shows that the way is closed behind it.
"""

import os
import signal
import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from stairgate.provisioning import private_files
from stairgate.provisioning.authority import certificate_pem, key_pem, new_key, public_point, read_certificate
from stairgate.provisioning.broker import PID_FILE
from stairgate.provisioning.registry import Registry
from stairgate.provisioning.revocation import read_revocation_list
from stairgate.provisioning.settings import Home, read_home

# Mosquitto looks for signals once in 0.1 s; a router under load takes longer.
DEADLINE_SECONDS = 20.0
_PAUSE_SECONDS = 0.1
_CONNECT_SECONDS = 5.0
# Long enough for a clock that is a little off; both are on the revocation list when `take_over` has ended.
_LIFETIME = timedelta(hours=1)
_PROC = Path("/proc")
_CONNACK = b"\x20\x02\x00\x00"

#: What can be wrong.
OTHER_USER = "the broker (process {process}) runs as another user; tell it as that user or as root: kill -HUP {process}"
NOT_OUR_LIST = "{file}: expected a list of this home's authority; write it anew with: stairgate home render {home}"
NO_NUMBER = "{file}: expected the number of a process, got {got}; restart the broker"
NOT_RUNNING = "no broker runs with {file} on this machine; its lists are read at its next start"
REFUSES_TO_END = "the broker refused to end the connection of {agent} ({reason}); restart it"
REFUSES_NOBODY = "the broker does not refuse certificates that are revoked ({reason}); restart it"


class BrokerNotReached(Exception):
    """The running broker could not be made to read its lists, or does not obey them; the sentence says what to do.

    What was changed on the disk holds from the broker's next start on. text: the sentence with its fields in braces, by
    which a page can say it in another language; fields: what stands in them.
    """

    def __init__(self, text: str, **fields: object) -> None:
        super().__init__(text.format(**fields))
        self.text = text
        self.fields = fields


class _Attempt(NamedTuple):
    accepted: bool
    reason: str


def reload(directory: Path) -> int:
    """Let the running broker of the home in `directory` read its lists and certificates again; its process id.

    Returns at once; the broker does it a moment later. Raises BrokerNotReached.
    """
    directory = Path(os.path.abspath(directory))
    configuration = directory / "broker" / "mosquitto.conf"
    process = _running(directory / "broker" / PID_FILE, configuration)
    _check_list(directory / "broker")
    _wait_until_it_takes_signals(process, configuration)
    try:
        os.kill(process, signal.SIGHUP)
    except PermissionError:
        raise BrokerNotReached(OTHER_USER, process=process) from None
    except ProcessLookupError:
        raise _not_running(configuration) from None
    return process


def take_over(directory: Path, identifier: str, clock: Callable[[], float] = time.time) -> None:
    """End the live connection of an agent whose certificates are revoked, and prove that it stays out.

    It takes a second or two. Raises BrokerNotReached, OSError, ValueError.
    """
    home = read_home(Path(os.path.abspath(directory)))
    registry = Registry(home.directory)
    # Where no broker runs, nothing is issued in vain: a caller may ask again and again.
    reload(home.directory)
    with tempfile.TemporaryDirectory(prefix="stairgate.") as folder:
        # First a certificate that is refused from the beginning: once the broker refuses it, the list that names it
        # is in force, and with it the agent's own certificates are refused. Until then, connecting does no harm.
        probe, _ = _identity(registry, identifier, Path(folder) / "probe", True, clock())
        reload(home.directory)
        _wait_until_refused(home, identifier, probe)
        # Then one that is accepted: from now on nobody else can come back under this name.
        pusher, serial = _identity(registry, identifier, Path(folder) / "pusher", False, clock())
        try:
            attempt = _connect(home, identifier, pusher)
        finally:
            registry.refuse(identifier, serial, clock())
            reload(home.directory)
        if not attempt.accepted:
            raise BrokerNotReached(REFUSES_TO_END, agent=identifier, reason=attempt.reason)
        _wait_until_refused(home, identifier, pusher)


def _check_list(broker: Path) -> None:
    """Refuse to hand over a damaged list: Mosquitto 2.0.11 would go on with none and let in whom it names."""
    try:
        authority = read_certificate(private_files.read(broker / "ca.crt"))
        read_revocation_list(authority, private_files.read(broker / "crl.pem"))
    except (OSError, ValueError):
        raise BrokerNotReached(NOT_OUR_LIST, file=broker / "crl.pem", home=broker.parent) from None


def _running(pid_file: Path, configuration: Path) -> int:
    """The process that the pid file names, if it is a Mosquitto that was started with our settings."""
    try:
        text = private_files.read(pid_file).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return _found(configuration)
    if not text.isdigit() or len(text) > 10 or int(text) < 2:
        raise BrokerNotReached(NO_NUMBER, file=pid_file, got=repr(text[:20]))
    if not _is_ours(_PROC / text, configuration):
        # The number was given to another program since: it must not get our signal.
        return _found(configuration)
    return int(text)


def _wait_until_it_takes_signals(process: int, configuration: Path) -> None:
    """A broker that is starting answers before it has a handler for SIGHUP: until then the signal would end it."""
    deadline = time.monotonic() + _CONNECT_SECONDS
    while not _takes_hangups(process, configuration):
        if time.monotonic() > deadline:
            raise _not_running(configuration)
        time.sleep(_PAUSE_SECONDS / 10)


def _takes_hangups(process: int, configuration: Path) -> bool:
    """Whether it catches SIGHUP, by the kernel's word (proc(5), SigCgt)."""
    try:
        status = (_PROC / str(process) / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        raise _not_running(configuration) from None
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (signal.SIGHUP - 1) & 1)


def _found(configuration: Path) -> int:
    """The broker whose pid file is lost: a second one that was started by mistake takes it along when it ends."""
    for place in _PROC.iterdir():
        if place.name.isdigit() and _is_ours(place, configuration):
            return int(place.name)
    raise _not_running(configuration)


def _is_ours(place: Path, configuration: Path) -> bool:
    """True for the /proc directory of a Mosquitto that was started with our settings."""
    try:
        arguments = (place / "cmdline").read_bytes().split(b"\0")
        name = (place / "comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return name == "mosquitto" and _names(place, arguments, configuration)


def _names(place: Path, arguments: list[bytes], configuration: Path) -> bool:
    wanted = os.path.realpath(configuration)
    try:
        folder = os.readlink(place / "cwd")
    except OSError:
        folder = "/"  # another user's process: only an absolute path can be compared
    return any(os.path.realpath(os.path.join(folder, os.fsdecode(word))) == wanted for word in arguments[1:] if word)


def _not_running(configuration: Path) -> BrokerNotReached:
    return BrokerNotReached(NOT_RUNNING, file=configuration)


def _identity(registry: Registry, identifier: str, path: Path, revoked: bool, now: float) -> tuple[Path, int]:
    """Key and certificate with an agent's name (path without suffix), and the serial number."""
    key = new_key()
    der, serial = registry.issue_for_take_over(identifier, public_point(key.public_key()), _LIFETIME, revoked, now)
    private_files.write_new(path.with_suffix(".key"), key_pem(key))
    private_files.write_new(path.with_suffix(".crt"), certificate_pem(x509.load_der_x509_certificate(der)))
    return path, serial


def _wait_until_refused(home: Home, identifier: str, identity: Path) -> None:
    """Return when the broker refuses this certificate *because it is revoked*; raise when it does not in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        attempt = _connect(home, identifier, identity)
        if "REVOKED" in attempt.reason.upper():
            return
        if time.monotonic() > deadline:
            raise BrokerNotReached(REFUSES_NOBODY, reason=attempt.reason)
        time.sleep(_PAUSE_SECONDS)


def _connect(home: Home, identifier: str, identity: Path) -> _Attempt:
    """One connection as this agent, ended at once."""
    context = ssl.create_default_context(cafile=home.directory / "broker" / "ca.crt")
    context.load_cert_chain(identity.with_suffix(".crt"), identity.with_suffix(".key"))
    # In TLS 1.3 a client may learn no more than that the connection ended; in 1.2 it is told why.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    reason = "no address of the broker answers"
    for host in home.endpoints.hosts():
        try:
            plain = socket.create_connection((host, home.endpoints.port), timeout=_CONNECT_SECONDS)
        except OSError as error:
            reason = str(error)
            continue
        with plain:
            try:
                with context.wrap_socket(plain, server_hostname=host) as secure:
                    secure.sendall(_connect_packet(identifier))
                    answer = secure.recv(len(_CONNACK))
                    with suppress(OSError):
                        secure.sendall(b"\xe0\x00")  # DISCONNECT
            except ssl.SSLError as error:
                return _Attempt(False, error.reason or str(error))
            except OSError as error:
                return _Attempt(False, str(error) or type(error).__name__)
        return _Attempt(answer == _CONNACK, f"answered {answer.hex()}")
    return _Attempt(False, reason)


def _connect_packet(identifier: str) -> bytes:
    """MQTT 3.1.1, 3.1: CONNECT with a clean session, so that nothing waits for the one that is gone."""
    name = identifier.encode()
    rest = b"\x00\x04MQTT\x04\x02\x00\x0a" + len(name).to_bytes(2, "big") + name
    return b"\x10" + bytes([len(rest)]) + rest
