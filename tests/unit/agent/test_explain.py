"""`stairgate explain`: the sentence says what the filter does, for every reason; the command reads a folder."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from stairgate import cli
from stairgate.agent import use_state
from stairgate.agent.dns import decisions
from stairgate.agent.dns.decisions import Rules
from stairgate.agent.dns.devices import profiles
from stairgate.agent.explain import ACTS, explain, find_device
from stairgate.agent.state import State
from stairgate.agent.use_state import Kept, write_kept
from stairgate.core import special_names
from stairgate.core.decide import decide
from stairgate.core.filtering import REASONS
from stairgate.core.policy import read_policy, write_policy
from stairgate.core.records import Budget, Filter, Pack, Policy, Reach, Week
from stairgate.core.usage import UseBook
from stairgate.hub.pack_builder import build
from stairgate.port.clock import SystemClock
from stairgate.provisioning.home import create_home
from stairgate.provisioning.signing import SigningKey
from tests.lab import network
from tests.lab.policies import family_policy, pause
from tests.unit.agent.rig import NOON

AT = int(NOON)
MIAS = Filter(
    "pmia",
    ("safesearch", "youtube_strict"),
    ("games",),
    ("bad.example",),
    ("school.example",),
    ("lessons.example",),
)
LIMITED = Week("pmia", 127, 12 * 60, 13 * 60, "limited")


def family(level: str = "open", **changes: object) -> Policy:
    """Mia's filter; her devices at this level until one o'clock."""
    policy = family_policy(
        7,
        overrides=[pause("pmia", AT - 60, AT + 3600)] if level == "closed" else [],
        weeks=[LIMITED] if level == "limited" else [],
    )
    policy = policy._replace(filters=(MIAS,), everyone=("malware",), **changes)  # type: ignore[arg-type]
    return read_policy(write_policy(policy))


# (level, device, name, its tags, act, reason, rule, words of the sentence)
ROWS = [
    ("open", "dphone", "www.example.org", (), "resolved", "open", "", "no rule speaks of it"),
    ("open", "dphone", "play.example", ("games",), "refused", "block", "games", "tags it “games”, which is blocked"),
    ("open", "dphone", "a.school.example", ("games",), "resolved", "allow", "school.example", "always allowed"),
    ("open", "dphone", "www.bad.example", (), "refused", "deny", "bad.example", "bad.example is on the list"),
    ("open", "dphone", "evil.example", ("malware",), "refused", "everyone", "malware", "nobody in the home resolves"),
    ("open", "dphone", "search.example", ("unsafe_search",), "refused", "unsafe_search", "", "without a safe mode"),
    ("open", "dphone", "www.google.com", (), "rewritten", "open", "", "forcesafesearch.google.com"),
    ("open", "dphone", "www.youtube.com", (), "rewritten", "open", "", "restrict.youtube.com"),
    ("open", "dphone", "mask.icloud.com", (), "absent", "open", "", "said not to exist"),
    ("open", "dphone", "_dns.resolver.arpa", (), "empty", "open", "", "answered with nothing"),
    (
        "closed",
        "dphone",
        "www.example.org",
        (),
        "refused",
        "closed",
        "",
        "until Thursday 2026-01-01 13:00, because a par",
    ),
    ("closed", "dphone", "captive.apple.com", (), "answered_here", "closed", "", "by the router"),
    ("closed", "dphone", "epdg.epc.mnc1.mcc262.pub.3gppnetwork.org", (), "resolved", "closed", "", "never closed"),
    ("limited", "dphone", "www.example.org", (), "refused", "limited", "", "limited to a list of names until Thursday"),
    ("limited", "dphone", "a.lessons.example", (), "resolved", "only", "lessons.example", "for limited times"),
    ("limited", "dlaptop", "play.example", ("games",), "resolved", "open", "", "no rule speaks of it"),
    ("closed", "dtablet", "play.example", ("games",), "resolved", "open", "", "no rule limits this device (exempt)"),
    ("open", "dtablet", "evil.example", ("malware",), "refused", "everyone", "malware", "nobody in the home resolves"),
]


@pytest.mark.parametrize(
    ("level", "device", "name", "tags", "act", "reason", "rule", "words"),
    ROWS,
    ids=[f"{row[0]} {row[2]}" for row in ROWS],
)
def test_a_sentence_and_its_parts(
    level: str, device: str, name: str, tags: Sequence[str], act: str, reason: str, rule: str, words: str
) -> None:
    policy = family(level)
    asked = find_device(policy, device)
    assert asked
    found = explain(policy, asked, name, AT, tags)

    assert (found.act, found.reason, found.rule) == (act, reason, rule)
    assert words in found.sentence
    assert found.sentence.startswith(f"{device}: {name} is ") and found.sentence.endswith(".")
    assert found.kind == special_names.kind_of(name)
    # What a person can do is said exactly where something was withheld.
    assert bool(found.help) == (act in ("refused", "rewritten"))
    assert (found.ends == AT + 3600) == (reason in ("closed", "limited") and act == "refused")


def test_every_reason_and_act_has_its_row() -> None:
    assert {row[5] for row in ROWS} == set(REASONS)
    assert {row[4] for row in ROWS} == set(ACTS.values()) - {"not_ready"}


def test_what_is_told_is_what_the_filter_does() -> None:
    for level, device, name, tags, act, *_ in ROWS:
        policy = family(level)
        levels = {each.id: decide(policy, each.id, AT, {}).level for each in policy.devices}
        (profile,) = [each for each in profiles(policy, levels) if each.device == device]
        done = decisions.decide(profile, Rules(frozenset(policy.everyone)), name, tuple(tags))

        assert ACTS[done.act] == act


def test_without_the_list_what_it_would_decide_is_not_answered() -> None:
    policy = family()
    device = find_device(policy, "dphone")
    assert device

    assert explain(policy, device, "www.example.org", AT, (), has_list=False).act == "not_ready"
    assert "fetched from the hub" in explain(policy, device, "www.example.org", AT, (), has_list=False).help
    assert explain(policy, device, "a.school.example", AT, (), has_list=False).act == "resolved"


def test_what_can_be_done_names_the_device_s_own_page() -> None:
    policy = family()
    device = find_device(policy, network.PHONE.mac.upper())
    assert device and device.id == "dphone"
    assert policy.hub

    assert "http://192.168.77.2:8080/me" in explain(policy, device, "bad.example", AT, ()).help
    six = policy._replace(hub=policy.hub._replace(addresses=("fd00::2",)))
    assert "http://[fd00::2]:8080/me" in explain(six, device, "bad.example", AT, ()).help
    assert "the parents’ app" in explain(policy._replace(hub=None), device, "bad.example", AT, ()).help
    assert "for the whole home" in explain(policy, device, "evil.example", AT, ("malware",)).help


# The command


class Folder:
    """A paired router's folder, with a pack."""

    def __init__(self, folder: Path) -> None:
        self.home = create_home(folder / "home", ["192.168.77.2"], [], 8883, ["Router"], SystemClock())
        self.agent = self.home.agents["Router"]
        self.path = self.home.agent_directory("Router")
        self.state = self.path / "state"
        (self.state / "packs").mkdir(parents=True)
        built = build([("play.example", ("games",))], [], folder / "built")
        self.pack = Pack("names", "v1", built.sha256, built.bytes)
        (folder / "built").rename(self.state / "packs" / f"{built.sha256}.pack")
        self.key = SigningKey.load(self.home.directory / "signing" / "policy.key")

    def save(self, policy: Policy, name: str = "policy") -> None:
        """The policy is in force."""
        mine = policy._replace(home=self.home.id, agent=self.agent)
        (self.state / name).write_bytes(self.key.sign("policy", write_policy(mine)))

    def ask(self, *words: str) -> int:
        """The exit status."""
        return cli.main(["explain", *words, "--folder", str(self.path)])


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_command_answers_from_what_is_on_the_disk(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.save(family(packs=(folder.pack,)))

    assert folder.ask("dphone", "Www.PLAY.example.") == 0

    told = capsys.readouterr()
    first, *rest = told.out.splitlines()
    assert (
        first == "dphone: www.play.example is not resolved: the list tags it “games”, which is blocked for its person."
    )
    assert "ask" in rest[0].lower() or "Ask" in rest[0]
    parts = dict(line.strip().split(maxsplit=1) for line in rest[1:])
    assert parts["tags"] == "games"
    assert parts["verdict"] == "block: games"
    assert parts["pack"] == folder.pack.sha256[:16]
    assert parts["policy"] == "revision 7"
    assert parts["aliases"] == "not followed"
    assert parts["agent"].startswith("not running here")
    assert told.err == ""


def test_at_a_time_in_the_home_s_zone_as_json(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.save(family("limited", packs=(folder.pack,)))

    assert folder.ask(network.PHONE.mac, "www.example.org", "--at", "2026-01-01T12:30", "--json") == 0
    limited = json.loads(capsys.readouterr().out)
    assert folder.ask(network.PHONE.mac, "www.example.org", "--at", "2026-01-01T13:30", "--json") == 0
    later = json.loads(capsys.readouterr().out)

    assert (limited["act"], limited["level"], limited["at"]) == ("refused", "limited", AT + 1800)
    assert limited["ends"] == AT + 3600
    assert (later["act"], later["level"], later["ends"]) == ("resolved", "open", None)
    assert limited["pack"] == folder.pack.sha256
    assert limited["aliases"] == "not followed"


def test_of_a_resolved_name_it_says_what_it_cannot_know(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.save(family(packs=(folder.pack,)))

    assert folder.ask("dphone", "www.example.org") == 0

    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  aliases")]
    assert "not followed; nobody is asked here" in line and "an alias of a name that is refused" in line


def test_the_last_good_pack_is_asked_while_the_named_one_is_not_here(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.save(family(packs=(folder.pack._replace(sha256="0" * 64),)))
    assert folder.ask("dphone", "play.example") == 0
    assert "the last good one" in capsys.readouterr().out

    (folder.state / "packs" / f"{folder.pack.sha256}.pack").write_bytes(b"damaged")
    assert folder.ask("dphone", "play.example") == 0
    assert "none is on this router" in capsys.readouterr().out


def test_a_damaged_policy_gives_way_to_the_one_before(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.save(family(), "policy.previous")
    (folder.state / "policy").write_bytes(b"damaged")

    assert folder.ask("dphone", "www.example.org") == 0
    assert "the one before it" in capsys.readouterr().out
    (folder.state / "policy.previous").write_bytes(b"damaged")
    assert folder.ask("dphone", "www.example.org") == 1
    assert "not usable" in capsys.readouterr().err


def test_a_policy_of_a_stranger_is_not_believed(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.key = SigningKey.create()
    folder.save(family())

    assert folder.ask("dphone", "www.example.org") == 1
    assert "unknown_key" in capsys.readouterr().err


def test_nothing_is_written(folder: Folder) -> None:
    folder.save(family(packs=(folder.pack,)))
    (folder.state / "policy.new").write_bytes(b"being written")
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}

    assert folder.ask("dphone", "play.example") == 0

    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == before


def test_unknown_devices_and_missing_folders_are_status_1(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.ask("dphone", "www.example.org") == 1
    folder.save(family())
    assert folder.ask("dnobody", "www.example.org") == 1
    assert cli.main(["explain", "dphone", "www.example.org", "--folder", str(tmp_path / "none")]) == 1

    told = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in told] == ["stairgate explain"] * 3
    assert ["no policy is saved" in told[0], "no device 'dnobody'" in told[1], "is not there" in told[2]] == [True] * 3


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("dphone",),
        ("dphone", "two words"),
        ("dphone", ""),
        ("dphone", "a..b"),
        ("dphone", "x" * 64 + ".example"),
        ("dphone", "www.example.org", "--at", "tomorrow"),
        ("dphone", "www.example.org", "--at", "2026-01-01T12:00Z"),
    ],
)
def test_what_is_not_understood_is_status_2(folder: Folder, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        folder.ask(*words)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Bücher.example", "xn--bcher-kva.example"),
        ("STRASSE.example", "strasse.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え.テスト.", "xn--r8jz45g.xn--zckzah"),
    ],
)
def test_names_in_other_scripts_are_asked_as_a_labels(
    folder: Folder, typed: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.save(family())

    assert folder.ask("dphone", typed, "--json") == 0
    assert json.loads(capsys.readouterr().out)["name"] == name


def test_a_category_whose_minutes_are_used_up_is_told_with_the_day_s_end() -> None:
    videos = Budget("pmia", "video", (30,) * 7, 240)
    policy = family(budgets=(videos,))
    device = find_device(policy, "dphone")
    assert device
    used = {"pmia": {"video": 30}}

    found = explain(policy, device, "clips.example", AT, ("video",), used=used)

    assert (found.act, found.reason, found.rule) == ("refused", "budget", "video")
    assert "today’s minutes of that are used up" in found.sentence
    # 04:00 of the next day.
    assert found.ends == AT + 16 * 3600
    assert explain(policy, device, "clips.example", AT, ("video",), used={"pmia": {"video": 29}}).act == "resolved"
    assert explain(policy, device, "play.example", AT, ("games",), used=used).reason == "block"


def test_the_command_goes_by_the_minutes_on_the_disk(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(use_state, "RUN_FOLDER", str(tmp_path / "run"))
    budget = Budget("pmia", "total", (30,) * 7, 0)
    folder.save(family(budgets=(budget,)))
    assert folder.ask("dphone", "www.example.org", "--at", "2026-01-01T12:00") == 0
    assert "open, until" in capsys.readouterr().out

    book = UseBook()
    for minute in range(31):
        book.mark("pmia", "total", AT // 60 - 100 + minute)
    State(str(tmp_path / "run" / folder.agent)).save_use(write_kept(Kept(tuple(book.rows(0)), "", ())))

    assert folder.ask("dphone", "www.example.org", "--at", "2026-01-01T12:00") == 0
    assert "the day’s time is used up" in capsys.readouterr().out


def test_a_name_that_is_not_named_for_the_device_says_so() -> None:
    policy = family("open")._replace(reaches=(Reach("dphone", ("bear.example",)),))
    phone = find_device(policy, "dphone")
    assert phone
    found = explain(policy, phone, "www.example.org", AT, ())
    assert (found.act, found.reason, found.rule) == ("refused", "undeclared", "")
    assert "reaches only what is named for it" in found.sentence
    assert explain(policy, phone, "eu.bear.example", AT, ()).act == "resolved"
    assert "the hub’s own name" in explain(policy, phone, "stairgate.home.arpa", AT, ()).sentence
