"""`make test-time` in small: some zones agree with the oracle, a bug in the core does not, nor does a wrong table."""

import ast
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.time import check, wire
from tests.time.oracle import Oracle, first_shown, wall_of
from tests.time.plan import Exemption, PersonPlan, Plan, utc_of
from tests.time.wire import table_of
from tests.time.zones import content_of, every_name, grouped, wrong_offsets

ROOT = Path(__file__).parents[3]
MICRO = ROOT / "micro"
DAY = 86400
SPRING = utc_of(date(2026, 3, 28))
COUNTED = ("zones_checked", "transitions_checked", "instants_checked", "micropython_decisions_checked")


def figures(output: str) -> dict[str, int]:
    """The values of the printed figures, by name."""
    lines = [json.loads(line) for line in output.splitlines()]
    assert all(set(line) == {"figure", "value", "unit"} for line in lines)
    return {line["figure"]: line["value"] for line in lines}


def test_a_sample_of_zones_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--quick"]) == 0
    found = figures(capsys.readouterr().out)
    assert found["differences"] == 0
    assert all(found[name] > 0 for name in COUNTED)
    assert found["zones_checked"] == len(check.QUICK) > found["zone_groups"]


PLANTED = {
    "a time in the gap is after it": ("core/zone.py", "            return jump\n", "            return utc\n"),
    "a travel never ends": ("core/zone.py", "        if begin <= utc < end:\n", "        if begin <= utc:\n"),
    "what was given counts for ever": (
        "core/budget.py",
        "begin <= override.start <= moment",
        "override.start <= moment",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_a_difference(name: str, tmp_path: Path) -> None:
    file, right, wrong = PLANTED[name]
    micro = tmp_path / "micro"
    shutil.copytree(MICRO, micro, ignore=shutil.ignore_patterns("__pycache__"))
    module = micro / "stairgate" / file
    source = module.read_text(encoding="utf-8")
    assert source.count(right) == 1
    module.write_text(source.replace(right, wrong), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.time.check", "--quick", "--zone", "Europe/Berlin"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{micro}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    assert figures(ran.stdout)["differences"] > 0
    assert "the oracle" in ran.stderr


def test_a_second_of_difference_in_a_table_is_noticed() -> None:
    table = table_of("Europe/Berlin")
    change = table[5][0]
    late = (*table[:5], (change + 1, table[5][1]), *table[6:])
    assert list(wrong_offsets("Europe/Berlin", table)) == []
    assert list(wrong_offsets("Europe/Berlin", late)) == [f"Europe/Berlin: at {change} expected 120 minutes, got 60"]


def test_a_change_that_is_missing_is_noticed() -> None:
    table = table_of("Africa/Casablanca")
    assert list(wrong_offsets("Africa/Casablanca", table[:3] + table[4:]))


def test_nothing_checked_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--quick", "--zone", "Asia/Kathmandu"]) == 1
    assert figures(capsys.readouterr().out)["transitions_checked"] == 0


def test_names_with_the_same_offsets_are_one_group() -> None:
    names = ["Europe/Berlin", "Arctic/Longyearbyen", "Asia/Kathmandu", "Asia/Katmandu", "Europe/Paris"]
    assert [group.names for group in grouped(names)] == [names[:2] + names[4:], names[2:4]]
    assert content_of("Asia/Kathmandu") == content_of("Asia/Katmandu")
    assert {"Europe/Berlin", "Asia/Katmandu", "US/Pacific", "UTC"} <= set(every_name())


def modules_of(file: str) -> set[str]:
    """What a module of `tests/time` imports."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / "tests" / "time" / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("file", ["oracle.py", "plan.py"])
def test_the_oracle_shares_no_code_with_the_project(file: str) -> None:
    assert not {name for name in modules_of(file) if name.startswith("stairgate")}
    assert {name for name in modules_of(file) if name.startswith("tests")} <= {"tests.time.plan"}


# The oracle itself, by hand: what it says must be what a calendar and a clock on the wall say.


def family(**rules: object) -> PersonPlan:
    return PersonPlan(**{"id": "pa", "zone": "Europe/Berlin", "default": "open", **rules})  # type: ignore[arg-type]


def oracle(person: PersonPlan, *overrides: Exemption, used: frozenset[tuple[str, str, int]] = frozenset()) -> Oracle:
    other = PersonPlan("pb", "Europe/Berlin", "open")
    return Oracle(Plan((person, other), overrides, used), SPRING - 4 * DAY, SPRING + 8 * DAY)


def test_the_oracles_wall_skips_an_hour() -> None:
    begin = SPRING + DAY + 3540
    assert [minute % 1440 for minute in wall_of("Europe/Berlin", begin, begin + 120)] == [119, 180]
    assert first_shown("Europe/Berlin", date(2026, 3, 29)) == SPRING + DAY - 3600


def test_the_oracles_night_is_an_hour_shorter() -> None:
    held = list(oracle(family(weeks=((32, 1290, 480, "closed"),))).changes("da"))
    assert held[:3] == [(SPRING - 4 * DAY, "open"), (SPRING + 73800, "closed"), (SPRING + DAY + 6 * 3600, "open")]


def test_the_oracles_budget_runs_out() -> None:
    noon = SPRING + 12 * 3600
    person = family(budgets=(("total", (60,) * 7, 240),))
    used = frozenset(("pa", "total", noon // 60 - minute) for minute in range(1, 21))
    assert oracle(person, used=used).in_use("da", noon, noon + DAY) == ("open", (noon + 2400, "closed"))
    give = Exemption("pa", "give", noon + 600, noon + 601, 15)
    assert oracle(person, give, used=used).in_use("da", noon, noon + DAY) == ("open", (noon + 3300, "closed"))


def test_the_first_year_holds_what_the_hub_ships() -> None:
    assert table_of("Europe/Berlin")[0] == (wire.ISSUED, 60)
