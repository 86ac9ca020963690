"""The command `stairgate`: a table of names, each with the function that does the work.

It decides which function answers a name and leaves everything else to that function, imported only when it is
called: `stairgate --version` needs nothing but this file. A name whose package is not installed here is
listed as such, with the extra that brings it.
"""

import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import NamedTuple


class Command(NamedTuple):
    """One name of the command line: `function` takes the remaining arguments and returns the exit status."""

    name: str
    module: str
    function: str
    summary: str


COMMANDS = (
    Command("preview", "stairgate.provisioning.preview", "main", "say what a policy decides for a device at a moment"),
    Command("home", "stairgate.provisioning.home_command", "main", "make and keep a home: keys, agents, broker"),
    Command("toy", "stairgate.provisioning.toy_command", "main", "check a toy's declaration and code, and sign it"),
    Command("hub", "stairgate.hub.serve", "main", "run the parents' app"),
    Command("claim-code", "stairgate.hub.claim_code", "main", "print a new one-time code to claim the hub"),
    Command("reset-password", "stairgate.hub.claim_code", "reset_main", "print a one-time code to set a new password"),
    Command("backup", "stairgate.hub.backup_command", "backup_main", "put everything of a hub into one encrypted file"),
    Command("restore", "stairgate.hub.backup_command", "restore_main", "put a backup in the place of a stopped hub"),
    Command("pair", "stairgate.agent.pair", "main", "make this router the home's, with the code that the hub shows"),
    Command("agent", "stairgate.agent.command", "main", "run the router agent"),
    Command("explain", "stairgate.agent.explain_command", "main", "say why a device may resolve a name or not"),
    Command("off", "stairgate.agent.off", "main", "switch this router's gate off for a while, or remove it"),
)


def version() -> str:
    """The installed version, or `unknown` when run from a bare source tree."""
    try:
        return metadata.version("stairgate")
    except metadata.PackageNotFoundError:
        return "unknown"


def is_installed(command: Command) -> bool:
    """True when the package that holds the command is on this machine; imports no more than its parents."""
    try:
        return find_spec(command.module) is not None
    except ModuleNotFoundError:
        return False


def overview() -> str:
    """The help text: one line a command."""
    lines = ["usage: stairgate COMMAND [ARGUMENTS]", "       stairgate --version", ""]
    for command in COMMANDS:
        note = "" if is_installed(command) else "  (not installed here)"
        lines.append(f"  {command.name:<15}{command.summary}{note}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit status 2 means that the command line was not understood."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["--version"]:
        print(f"stairgate {version()}")
        return 0
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    for command in COMMANDS:
        if command.name == words[0]:
            break
    else:
        print(f"stairgate: unknown command {words[0]!r}\n\n{overview()}", file=sys.stderr)
        return 2
    try:
        function = getattr(import_module(command.module), command.function)
    except ModuleNotFoundError as missing:
        print(
            f"stairgate {command.name}: the Python package {missing.name!r} is missing; "
            "install stairgate with the extra that brings it: stairgate[hub] or stairgate[agent]",
            file=sys.stderr,
        )
        return 1
    return int(function(words[1:]))


if __name__ == "__main__":
    sys.exit(main())
