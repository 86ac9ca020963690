"""The service files that bring Stairgate back after a power cut: what they start exists, and they agree on paths.

Whether systemd likes them is for `systemd-analyze verify`, where there is one; here it is what they say.
"""

import configparser
import shlex
from pathlib import Path

import pytest

from stairgate.cli import COMMANDS
from tests.unit.house.test_structure import ROOT

SERVICES = sorted((ROOT / "docs" / "services").glob("*.service"))


def read(path: Path) -> configparser.ConfigParser:
    """A service file's sections."""
    content = configparser.ConfigParser(interpolation=None)
    content.optionxform = str  # type: ignore[assignment, method-assign]
    content.read(path, encoding="ascii")
    return content


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_what_it_starts_exists_and_starts_again(path: Path) -> None:
    service = read(path)["Service"]
    program, *words = shlex.split(service["ExecStart"])

    assert service["Restart"] == "always"
    assert read(path)["Install"]["WantedBy"] == "multi-user.target"
    if program.endswith("/stairgate"):
        assert words[0] in {command.name for command in COMMANDS}
    else:
        assert (program, words[0]) == ("/usr/sbin/mosquitto", "-c")


def test_the_programs_of_a_home_have_one() -> None:
    assert [path.stem for path in SERVICES] == ["stairgate-agent", "stairgate-broker", "stairgate-hub"]


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_it_may_write_where_it_writes_and_do_nothing_else(path: Path) -> None:
    service = read(path)["Service"]
    capabilities = {"stairgate-agent": "CAP_NET_ADMIN"}.get(path.stem, "")

    assert service["CapabilityBoundingSet"] == capabilities
    assert service["NoNewPrivileges"] == "yes" and service["ProtectSystem"] == "strict"
    used = [word for word in shlex.split(service["ExecStart"])[1:] if word.startswith(("/var", "/etc"))]
    assert used and all(Path(word).is_relative_to(service["ReadWritePaths"]) for word in used)


def test_the_first_evening_names_the_paths_they_use() -> None:
    text = (ROOT / "docs" / "first-evening.md").read_text(encoding="utf-8")

    for path in ("/opt/stairgate", "/var/lib/stairgate/HOME", "/var/lib/stairgate/DATA", "/etc/stairgate"):
        assert path in text
