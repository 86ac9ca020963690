"""The pure parts of the DNS comparison: list, questions, configurations, agreement, aims."""

import itertools
import json
from collections import Counter
from pathlib import Path

import pytest

from stairgate.core.filtering import suffixes
from stairgate.core.policy import read_policy, write_policy
from stairgate.hub.pack_builder import BuildReport, Built
from tests.bench import dns_agreement, dns_aims, dns_list, dns_load, dns_peers
from tests.bench.dns_agreement import Agreement, compared, plainly, reason_of
from tests.bench.dns_aims import Aim, Figure, judged, ratio
from tests.bench.dns_ask import NO_ANSWER, NXDOMAIN, question
from tests.bench.dns_filter import home_policy, mac_of
from tests.bench.dns_list import CATEGORIES, CHILD, CLIENTS, Client, Query, blocking_names

TEEN, ADULT = CLIENTS[1], CLIENTS[2]
LISTED = {"bets.example": "gambling", "shop.example": "shopping", "evil.shop.example": "malware", "net.br": "ads"}


@pytest.fixture(scope="module")
def made_up() -> dict[str, str]:
    """A small list."""
    return dns_list.made_up_list(3000, 1)


def test_a_seed_makes_the_same_list_again_and_another_seed_another(made_up: dict[str, str]) -> None:
    assert dns_list.made_up_list(3000, 1) == made_up
    assert list(dns_list.made_up_list(3000, 2)) != list(made_up)


def test_no_made_up_name_is_covered_by_another(made_up: dict[str, str]) -> None:
    assert len(made_up) == 3000
    assert set(made_up.values()) <= set(CATEGORIES)
    for name in made_up:
        assert not any(above in made_up for above in itertools.islice(suffixes(name), 1, None)), name


def test_a_list_is_read_line_by_line() -> None:
    assert dict(dns_list.parsed(["a.example\t0\n", "b.example\t15\n"])) == {"a.example": "adult", "b.example": "other"}


@pytest.mark.parametrize("line", ["a.example\n", "a.example\t16\n", "\t1\n", "a.example\tads\n"])
def test_a_bad_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2: expected name, tab, 0..15"):
        list(dns_list.parsed(["a.example\t0\n", line]))


def test_without_the_real_list_one_is_made_up(tmp_path: Path) -> None:
    listed, is_real = dns_list.the_list(50, 1, tmp_path / "nothing")
    assert (len(listed), is_real) == (50, False)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_as_many_questions_are_blocked_as_was_said(made_up: dict[str, str], client: Client) -> None:
    hosts = dns_list.allowed_hosts(made_up, 500, 2)
    theirs = dns_list.listed_for(made_up, client)
    for share in (0.0, 0.3, 1.0):
        asked = dns_list.workload(theirs, hosts, share, 1000, 3)
        assert sum(bool(blocking_names(made_up, client, name)) for name, _ in asked) == 1000 * share
        kinds = Counter(kind for _, kind in asked)
        assert kinds["A"] > kinds["AAAA"] > kinds["HTTPS"] > 0


def test_the_same_seed_asks_the_same(made_up: dict[str, str]) -> None:
    hosts = dns_list.allowed_hosts(made_up, 500, 2)
    first, second = (dns_list.workload(list(made_up), hosts, 0.3, 100, 3) for _ in range(2))
    assert first == second


def test_samples_are_different_names_about_half_of_them_listed(made_up: dict[str, str]) -> None:
    names = dns_list.samples(made_up, dns_list.allowed_hosts(made_up, 2000, 2), 1000, 4)
    assert len(set(names)) == len(names) == 1000
    assert 450 < sum(bool(blocking_names(made_up, CHILD, name)) for name in names) < 600


def test_dnsmasq_is_told_the_names_of_one_client() -> None:
    lines = list(dns_peers.dnsmasq_lines(6001, ["bets.example"]))
    assert lines[-1] == "local=/bets.example/"
    assert {"port=6001", "cache-size=10000", "server=127.0.0.2"} <= set(lines)
    assert not any("log" in line for line in lines)


def test_unbound_is_told_each_name_with_its_tag_and_each_client_with_its_blocked_tags() -> None:
    lines = list(dns_peers.unbound_lines(6002, LISTED, (ADULT,)))
    assert 'access-control-tag: 127.0.0.13/32 "malware phishing"' in lines
    at = lines.index('local-zone: "bets.example." always_nxdomain')
    assert lines[at + 1] == 'local-zone-tag: "bets.example." "gambling"'
    assert lines[-3:] == ["forward-zone:", 'name: "."', "forward-addr: 127.0.0.2"]


def test_dnsdist_is_told_the_shorter_of_two_rules_for_each_client() -> None:
    lines = list(dns_peers.dnsdist_lines(6003, Path("names.cdb"), (CHILD, ADULT)))
    refuse = "RCodeAction(DNSRCode.NXDOMAIN)"
    assert lines[-2:] == [
        f"addAction(AndRule({{makeRule('127.0.0.11/32'), NotRule(OrRule({{TagRule('category', '')}}))}}), {refuse})",
        "addAction(AndRule({makeRule('127.0.0.13/32'), OrRule({TagRule('category', 'malware'), "
        f"TagRule('category', 'phishing')}})}}), {refuse})",
    ]


def test_the_database_holds_wire_names() -> None:
    assert list(dns_peers.cdb_records({"a.example": "ads"})) == [b"+11,3:\x01a\x07example\0->ads\n", b"\n"]


def test_a_missing_program_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    for start in dns_peers.PEERS.values():
        with pytest.raises(dns_peers.Missing, match="is not installed"):
            start(tmp_path, dns_peers.Core(0), LISTED, 6000)
    assert dns_peers.version_of("unbound") == "missing"


def test_a_question_asks_for_one_record_with_recursion() -> None:
    assert question(258, "a.example", "AAAA") == bytes.fromhex("0102 0100 0001 0000 0000 0000") + (
        b"\x01a\x07example\0" + bytes.fromhex("001c 0001")
    )


DNSPERF = """\
> NOERROR a.example A 0.000250
> NXDOMAIN b.example A 0.000125
Statistics:

  Queries sent:         300
  Queries completed:    299 (99.67%)
  Queries lost:         1 (0.33%)

  Response codes:       NOERROR 200 (66.89%), NXDOMAIN 99 (33.11%)
  Average packet size:  request 37, response 59
  Run time (s):         2.000
  Queries per second:   149.5
"""


def test_the_generators_words_become_a_round() -> None:
    done = dns_load.result_of(DNSPERF)._replace(cpu_ns=2_990_000)
    assert (done.sent, done.completed, done.lost) == (300, 299, 1)
    assert done.codes == {"NOERROR": 200, "NXDOMAIN": 99}
    assert done.latencies == (0.00025, 0.000125)
    assert (done.qps, done.cpu_us) == (149.5, 10.0)


@pytest.mark.parametrize("text", ["", "Error: bind: Address already in use", DNSPERF.replace("Queries lost", "Lost")])
def test_other_words_are_no_round(text: str) -> None:
    with pytest.raises(dns_load.Broken):
        dns_load.result_of(text)


def test_rounds_at_the_same_time_are_added() -> None:
    done = dns_load.together([dns_load.result_of(DNSPERF)] * 2, 5_980_000)
    assert (done.completed, done.lost, done.qps, done.cpu_us) == (598, 2, 299.0, 10.0)
    assert done.codes == {"NOERROR": 400, "NXDOMAIN": 198}


def test_the_generator_shares_what_may_wait_among_clients() -> None:
    words = dns_load.generator_words(dns_peers.Core(0), 6001, ADULT, Path("queries"), 5.0, 4)
    text = " ".join(words)
    assert "taskset -c 0 dnsperf" in text
    assert "-a 127.0.0.13" in text
    assert "-c 2 -q 25" in text
    assert "-Q" not in words


def test_a_query_file_has_a_name_and_a_type_in_each_line(tmp_path: Path) -> None:
    file = dns_load.write_queries(tmp_path / "queries", [Query("a.example", "A"), Query("b.example", "HTTPS")])
    assert file.read_text() == "a.example A\nb.example HTTPS\n"


def test_the_list_read_plainly_counts_everything_above_a_name() -> None:
    codes = plainly(LISTED, ["x.evil.shop.example", "shop.example", "evil-shop.example"])
    assert codes[CHILD] == {"x.evil.shop.example": NXDOMAIN, "shop.example": NXDOMAIN, "evil-shop.example": 0}
    assert codes[TEEN] == {"x.evil.shop.example": NXDOMAIN, "shop.example": 0, "evil-shop.example": 0}


def test_equal_answers_agree() -> None:
    codes = plainly(LISTED, list(LISTED))
    assert compared(LISTED, codes, codes) == Agreement(len(LISTED) * len(CLIENTS), {}, [])


@pytest.mark.parametrize("other", [0, NO_ANSWER, 2])
def test_a_difference_without_a_reason_is_named(other: int) -> None:
    found = compared(LISTED, {CHILD: {"bets.example": NXDOMAIN}}, {CHILD: {"bets.example": other}})
    assert found.unexplained == [f"child bets.example: 3 and {other}"]
    assert not found.holds


def test_an_error_of_both_is_a_difference_too() -> None:
    assert not compared(LISTED, {CHILD: {"a.example": 2}}, {CHILD: {"a.example": 2}}).holds


def test_reasons_to_differ() -> None:
    parted = {"a.example": "malware", "b.a.example": "games"}
    assert reason_of(LISTED, CHILD, "x.net.br") == "too_wide"
    assert reason_of(parted, TEEN, "x.b.a.example") == "nearest_only"
    assert reason_of(parted, CHILD, "x.b.a.example") == ""
    assert reason_of(LISTED, CHILD, "elsewhere.example") == ""


def test_explained_differences_are_bounded() -> None:
    most = int(1000 * dns_agreement.EXPLAINED_SHARE)
    assert Agreement(1000, {"too_wide": most}, []).holds
    assert not Agreement(1000, {"too_wide": most, "nearest_only": 1}, []).holds


def figures_with(**values: float | None) -> dict[str, Figure]:
    """Figures that meet every aim exactly, but for these."""
    met = {aim.figure: Figure(aim.figure, aim.limit, "1") for aim in dns_aims.AIMS}
    return met | {name: Figure(name, value, "1") for name, value in values.items()}


def test_a_figure_at_its_limit_meets_the_aim() -> None:
    assert judged(figures_with()) == ([], [])


@pytest.mark.parametrize("aim", dns_aims.AIMS, ids=lambda aim: aim.figure)
def test_a_figure_beyond_its_limit_misses_it(aim: Aim) -> None:
    beyond = aim.limit - 0.5 if aim.at_least else aim.limit + 0.5
    missed, missing = judged(figures_with(**{aim.figure: beyond}))
    assert [text.partition(":")[0] for text in missed] == [aim.figure]
    assert missing == []


def test_a_missing_figure_is_not_won() -> None:
    assert judged(figures_with(dns_vs_unbound_cpu=None)) == ([], ["dns_vs_unbound_cpu"])
    assert json.loads(Figure("x", None, "us").line()) == {"figure": "x", "value": None, "unit": "missing"}
    assert ratio(None, 3.0) is None
    assert ratio(6.0, None) is None
    assert ratio(6.0, 3.0) == 2.0


def test_the_home_of_the_comparison_is_a_policy_that_an_agent_takes() -> None:
    report = BuildReport(0, {}, 0, 0, 0, 0, 0, 0, 0)
    policy = read_policy(write_policy(home_policy(7, Built("0" * 64, 100, 1, (), report))))
    assert {device.macs[0] for device in policy.devices} == {mac_of(client.name) for client in CLIENTS}
    blocked = {record.person: set(record.block) for record in policy.filters}
    assert blocked == {f"p{client.name}": set(client.blocked) for client in CLIENTS}
