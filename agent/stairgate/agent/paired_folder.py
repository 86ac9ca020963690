"""The folder that pairing leaves: settings, key and certificates, whole or not at all.

It decides what of an earlier pairing is kept (the state, for the same agent of the same home; what was set for this
machine) and how the new folder takes the place of the old one. What the hub answered was proven before.
"""

import contextlib
import json
import os
import shutil
import ssl
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stairgate.agent.certificates import check_belongs
from stairgate.agent.choices import FILE_NAME, read_choices
from stairgate.agent.limits import SETTINGS_BYTES
from stairgate.agent.settings import SettingsRefused, is_interface, read_settings
from stairgate.core.pairing import PairAnswer
from stairgate.port.atomic import read_bounded, write_atomic

BUILDING, BEFORE = ".stairgate-pairing-", ".stairgate-before-"
FOLDER_BYTES = 16384  # more than all files of a new folder have together
# What may stand in a folder that was never paired: what a person chose, and what `stairgate off` notes.
BEFORE_PAIRING = {FILE_NAME, "state"}
LAN_INTERFACES = ("br-lan",)
# Of the state folder: what is true of this machine, whoever it is paired with.
OF_THIS_MACHINE = ("accounting",)
# The answer names the newest keys; what an earlier pairing was told of them is over.
NEVER_KEPT = ("trust", "trust.previous")


class NotWritten(Exception):
    """The folder is as it was; the text says why."""


def render_settings(answer: PairAnswer, lan_interfaces: Sequence[str]) -> str:
    """`agent.toml`, as `stairgate home` writes it for an agent whose key it makes."""
    lines = [
        _line("home", answer.home),
        _line("shard", answer.shard),
        _line("agent", answer.agent),
        _line("broker", list(answer.broker)),
        _line("port", answer.broker_port),
        _line("ca", "ca.crt"),
        _line("certificate", "agent.crt"),
        _line("key", "agent.key"),
        _line("lan_interfaces", list(lan_interfaces)),
        _line("trust", answer.trust),
        _line("root", answer.root.hex()),
        "",
        "[keys]",
        *(_line(json.dumps(key.key_id), key.point.hex()) for key in answer.keys),
    ]
    return "\n".join(lines) + "\n"


def _line(key: str, value: str | int | list[str]) -> str:
    # A JSON string is also a TOML one, but for a bare DEL and for escapes outside the BMP, which are not made here.
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


def earlier_settings(folder: Path) -> dict[str, Any]:
    """What `agent.toml` of an earlier pairing says, {} without one. Raises NotWritten for a folder that is not ours."""
    try:
        text = read_bounded(str(folder / "agent.toml"), SETTINGS_BYTES).decode()
        return tomllib.loads(text)
    except FileNotFoundError:
        if folder.is_dir() and {file.name for file in folder.iterdir()} <= BEFORE_PAIRING:
            return {}
        if not folder.exists() and not folder.is_symlink():
            return {}
        raise NotWritten(f"{folder}: expected a new or empty folder, or one made by pairing") from None
    except (ValueError, RecursionError):  # damaged: what pairing is the remedy for
        return {}
    except OSError as error:
        raise NotWritten(f"{folder}: {error}") from error


def check_folder(folder: Path) -> None:
    """Whether the folder could be written: a code is worth one try. Raises NotWritten; leaves nothing behind."""
    earlier_settings(folder)
    try:
        faults = read_choices(folder).faults
    except OSError as error:
        raise NotWritten(f"{folder / FILE_NAME}: {error}") from error
    if faults:
        raise NotWritten(f"{folder / FILE_NAME}: {'; '.join(faults)}")
    parent = Path(os.path.abspath(folder)).parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=BUILDING, dir=parent) as trial:
            write_atomic(os.path.join(trial, "trial"), bytes(FOLDER_BYTES))
    except OSError as error:
        raise NotWritten(f"{folder}: {error.strerror or error}") from error


def write_folder(folder: Path, answer: PairAnswer, key_pem: bytes, lan_interfaces: Sequence[str] = ()) -> None:
    """Put the folder in its place, whole. lan_interfaces: () keeps those of before. Raises NotWritten."""
    folder = Path(os.path.abspath(folder))
    before = earlier_settings(folder)
    interfaces = list(lan_interfaces) or _interfaces(before.get("lan_interfaces")) or list(LAN_INTERFACES)
    building = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=BUILDING, dir=folder.parent))
        if (folder / FILE_NAME).is_file():
            write_atomic(str(building / FILE_NAME), read_bounded(str(folder / FILE_NAME), SETTINGS_BYTES), 0o644)
        _fill(building, answer, key_pem, render_settings(answer, interfaces))
        same_agent = (before.get("home"), before.get("agent")) == (answer.home, answer.agent)
        _keep_state(folder / "state", building / "state", same_agent)
        _replace(folder, building)
    except ssl.SSLError as error:
        raise NotWritten(f"the hub's certificates do not belong to this router's key: {error.reason}") from error
    except SettingsRefused as refused:
        raise NotWritten(f"the hub's answer is not usable: {'; '.join(refused.faults)}") from refused
    except OSError as error:
        raise NotWritten(f"{folder}: {error.strerror or error}") from error
    finally:
        if building is not None:
            shutil.rmtree(building, ignore_errors=True)


def _interfaces(value: object) -> list[str]:
    return list(value) if isinstance(value, list) and all(is_interface(item) for item in value) else []


def _fill(folder: Path, answer: PairAnswer, key_pem: bytes, settings: str) -> None:
    certificates = {"agent.crt": answer.certificate, "ca.crt": answer.ca}
    contents = {name: ssl.DER_cert_to_PEM_cert(der).encode("ascii") for name, der in certificates.items()}
    for name, content in {**contents, "agent.key": key_pem, "agent.toml": settings.encode()}.items():
        write_atomic(str(folder / name), content)
    check_belongs(folder / "agent.crt", folder / "agent.key")
    ssl.create_default_context(cafile=str(folder / "ca.crt"))
    read_settings(folder)


def _keep_state(before: Path, after: Path, same_agent: bool) -> None:
    if not before.is_dir():
        return
    names = {file.name for file in before.iterdir() if file.suffix != ".new" and file.is_file()} - set(NEVER_KEPT)
    kept = sorted(names if same_agent else names & set(OF_THIS_MACHINE))
    if kept:
        after.mkdir(mode=0o700)
    for name in kept:
        # The agent may be running: what it is just writing has another name a moment later, or none.
        with contextlib.suppress(FileNotFoundError):
            write_atomic(str(after / name), (before / name).read_bytes())


def _replace(folder: Path, building: Path) -> None:
    """A folder that is missing or empty is replaced in one step; a full one in two, and is back if the second fails."""
    if not folder.is_dir() or not any(folder.iterdir()):
        os.rename(building, folder)
    else:
        aside = Path(tempfile.mkdtemp(prefix=BEFORE, dir=folder.parent))
        try:
            os.rename(folder, aside)
        except OSError:
            os.rmdir(aside)
            raise
        try:
            os.rename(building, folder)
        except OSError:
            os.rename(aside, folder)
            raise
        shutil.rmtree(aside, ignore_errors=True)
    # It is in its place, whether or not this disk can promise to remember it.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
