"""The command line of the DNS process: what control says, and nothing else."""

import pytest

from stairgate.agent.dns.__main__ import Options, main, options


def test_what_is_not_said_has_a_default() -> None:
    said = options(["--channel", "4", "--lan", "br-lan", "br-guest", "--resolver", "192.168.77.1", "::1#5353"])
    assert said == Options(4, ["br-lan", "br-guest"], [("192.168.77.1", 53), ("::1", 5353)])
    assert options(["--channel", "4", "--lan", "lo", "--resolver", "::1", "--probe-port", "80", "--record"]) == Options(
        4, ["lo"], [("::1", 53)], probe_port=80, record=True
    )


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--lan lo --resolver ::1",
        "--channel 4 --resolver ::1",
        "--channel 4 --lan lo",
        "--channel 4 --lan --resolver ::1",
        "--channel four --lan lo --resolver ::1",
        "--channel 4 --lan lo --resolver somewhere",
        "--channel 4 --lan lo --resolver ::1#0",
        "--channel 4 --lan lo --resolver ::1 --speed 3",
    ],
)
def test_a_wrong_command_line_starts_nothing(words: str) -> None:
    with pytest.raises(ValueError):
        options(words.split())
    assert main(words.split()) == 2
