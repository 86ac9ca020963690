"""The checker of the bypass table can fail: a gap, a far end that is not there and a broken attempt are told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import bypass_page, bypass_wire, network, processes, sandbox
from tests.lab.bypass_check import ROWS, report, try_rows
from tests.lab.bypass_home import BypassHome
from tests.lab.bypass_judge import Verdict, judge
from tests.lab.bypass_table import EVASION, FILTERED, LIMIT, MUST_WORK, PHASES, UNMANAGED, Row, Tried, evasion, step

YES, NO, BROKEN = Tried(True, "a page"), Tried(False, "refused"), Tried(None, "no such attempt")


@pytest.mark.parametrize(
    ("kind", "unmanaged", "managed", "holds"),
    [
        pytest.param(EVASION, YES, NO, True, id="stopped"),
        pytest.param(EVASION, YES, YES, False, id="got through"),
        pytest.param(EVASION, NO, NO, False, id="stopped, but nobody gets there"),
        pytest.param(EVASION, YES, BROKEN, False, id="never tried"),
        pytest.param(EVASION, BROKEN, NO, False, id="never tried by the unmanaged one"),
        pytest.param(MUST_WORK, YES, YES, True, id="works"),
        pytest.param(MUST_WORK, YES, NO, False, id="does not work"),
        pytest.param(MUST_WORK, NO, YES, False, id="the lab's own fault"),
        pytest.param(LIMIT, YES, YES, True, id="a limit"),
        pytest.param(LIMIT, NO, NO, False, id="a limit that proves nothing"),
    ],
)
def test_a_row_is_judged_by_both(kind: str, unmanaged: Tried, managed: Tried, holds: bool) -> None:
    row = Row("a-row", kind, "something", "something", step("web"), (FILTERED,))

    verdict = judge(row, {}, {UNMANAGED: unmanaged, FILTERED: managed})

    assert (verdict.failed == "") is holds


def test_a_flow_that_never_ran_is_not_stopped() -> None:
    row = evasion("a-row", "something", "something", step("alive"), (FILTERED,))

    verdict = judge(row, {UNMANAGED: [YES], FILTERED: [NO]}, {UNMANAGED: YES, FILTERED: NO})

    assert "could not begin" in verdict.failed


def test_the_table_is_as_long_as_was_promised() -> None:
    kinds = [row.kind for row in ROWS]

    assert kinds.count(EVASION) >= 35
    assert kinds.count(MUST_WORK) >= 10
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert all(row.phase in PHASES and row.on and row.what and row.by for row in ROWS)
    assert not any("|" in text for row in ROWS for text in (row.what, row.by))


@pytest.mark.parametrize("trick", ["", "case", "upper", "compressed", "padded"])
def test_a_query_that_is_written_oddly_still_asks_for_the_name(trick: str) -> None:
    query = bypass_wire.question("a.blocked.example", bypass_wire.A, trick)

    assert query[12:20].lower() == b"\x01a" + (b"\xc0\x14\x00\x01\x00\x01" if trick == "compressed" else b"\x07block")
    assert query.count(b"example" if trick not in ("case", "upper") else query[-16:-9]) == 1


def test_an_answer_is_read_as_it_was_written() -> None:
    query = bypass_wire.question("deep.blocked.example", bypass_wire.AAAA, "case")

    seen = bypass_wire.read_answer(bypass_wire.answered(query, {"blocked.example": ("203.0.113.20", "2001:db8::20")}))

    assert (seen.addresses, seen.types) == (("2001:db8::20",), (bypass_wire.AAAA,))


def test_the_exit_status_and_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    kept, lost = (evasion(name, "a way out", "a rule", step("web")) for name in ("one", "two"))
    verdicts = [Verdict(kept, "", "stopped"), Verdict(lost, "phone got through", "got through")]

    assert (report([]), report(verdicts[:1]), report(verdicts)) == (2, 0, 1)
    figures = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"figure": "bypass_failed", "value": 1, "unit": "1"} in figures
    page = bypass_page.page(verdicts)
    assert "1 of 2 evasions" in page
    assert "| a way out | a rule | filtered, only resolved | got through |" in page


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BypassHome]:
    assert sandbox.is_inside(), "the lab's tests run in the lab's sandbox"
    made = BypassHome(tmp_path_factory.mktemp("bypass"))
    yield made
    made.close()
    processes.stop_all()
    network.destroy()


def tried(home: BypassHome, *names: str) -> dict[str, str]:
    """Why each of these rows does not hold."""
    rows = [row for row in ROWS if row.name in names]
    return {verdict.row.name: verdict.failed for verdict in try_rows(rows, home)}


OPEN_ROWS = ("other-resolver-udp-v4", "other-resolver-tcp-v6", "dot-v4", "udp-51820-v4", "allowed-v4")


def test_a_rule_that_is_missing_is_told(home: BypassHome, tmp_path: Path) -> None:
    assert tried(home, *OPEN_ROWS) == dict.fromkeys(OPEN_ROWS, "")

    # Nobody is there to repair it.
    home.lab.end("agent", kill=True)
    network.nft("router", "".join(f"flush chain inet stairgate {name}\n" for name in ("prerouting", "outbound")))
    found = tried(home, *OPEN_ROWS)

    assert all(f"{FILTERED} got through" in found[name] for name in OPEN_ROWS[:4])
    home.lab.end("far-internet")
    assert "the unmanaged device does not reach it either" in tried(home, "udp-51820-v4")["udp-51820-v4"]
