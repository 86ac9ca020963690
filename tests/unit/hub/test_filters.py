"""A child's filter as values: presets, apps by age and category, what a policy says of it, and that it fits."""

from dataclasses import replace

import pytest

from stairgate.core import policy as core
from stairgate.core.fields import BANDS
from stairgate.core.filtering import judge, prepared
from stairgate.hub import catalogue, categories, filter_words, limits
from stairgate.hub.compile import Reachable, compile_policy
from stairgate.hub.family import CHILD_BANDS, Device, Family, Person
from stairgate.hub.filters import (
    ChildFilter,
    app_state,
    changes,
    compiled,
    from_document,
    from_preset,
    to_document,
)
from stairgate.hub.presets import BY_ID, NONE, PRESETS

NOW = 1786118400
HUB = Reachable((), ("192.168.77.2",), 8080)


def preset(band: str) -> ChildFilter:
    return from_preset("pmia", BY_ID[band])


def refused(held: ChildFilter, name: str, level: str = "open") -> str:
    """The reason why a name is refused, "" when it is open; tags are those that come with the program."""
    verdict = judge((), (prepared(compiled(held)),), level, name, catalogue.tags_of(name))
    return f"{verdict.reason} {verdict.rule}".strip() if verdict.refused else ""


def family(*filters: ChildFilter, devices: tuple[Device, ...] = ()) -> Family:
    people = tuple(Person(held.id, held.id, "6-9", "Europe/Berlin") for held in filters)
    return Family(people, devices, (), (), filters=filters)


def test_there_is_a_preset_for_each_band_and_none() -> None:
    assert [held.id for held in PRESETS] == [*CHILD_BANDS, "none"]
    assert set(CHILD_BANDS) < set(BANDS)
    for held in PRESETS:
        assert set(held.block) <= set(categories.CATEGORIES)
        assert held.title and held.says


@pytest.mark.parametrize("band", CHILD_BANDS)
def test_every_preset_keeps_off_harm_and_what_makes_money_of_children(band: str) -> None:
    held = BY_ID[band]
    assert {"malware", "phishing", "ads", "tracking", "gambling", "lootboxes", "vpn", "tor", "doh"} <= set(held.block)


def test_presets_loosen_with_the_age() -> None:
    for younger, older in zip(CHILD_BANDS, CHILD_BANDS[1:], strict=False):
        assert set(BY_ID[older].block) <= set(BY_ID[younger].block)
        assert BY_ID[older].age > BY_ID[younger].age
        assert BY_ID[older].safesearch <= BY_ID[younger].safesearch


@pytest.mark.parametrize(
    ("band", "name", "expected"),
    [
        ("0-5", "www.youtube.com", "block from13"),
        ("0-5", "www.youtubekids.com", ""),
        ("0-5", "rr1.googlevideo.com", ""),
        ("0-5", "web.whatsapp.com", "block chat"),
        ("6-9", "www.tiktok.com", "block social"),
        ("6-9", "www.roblox.com", ""),
        ("10-12", "discord.com", "block social"),
        ("10-12", "web.whatsapp.com", "block from13"),
        ("13-15", "www.instagram.com", ""),
        ("13-15", "discord.com", ""),
        ("13-15", "www.telegram.org", "block from16"),
        ("13-15", "tinder.com", "block dating"),
        ("16-17", "www.telegram.org", ""),
        ("16-17", "search.yahoo.com", ""),
        ("6-9", "search.yahoo.com", "unsafe_search"),
        ("16-17", "bet365.com", "block gambling"),
        ("0-5", "nordvpn.com", "block vpn"),
        ("16-17", "dns.google", "block doh"),
    ],
)
def test_what_a_preset_blocks(band: str, name: str, expected: str) -> None:
    assert refused(preset(band), name) == expected


def test_a_choice_for_an_app_wins_over_its_category_and_its_age() -> None:
    held = replace(preset("6-9"), apps_open=("tiktok",), apps_blocked=("roblox",))
    assert refused(held, "v16.tiktokcdn.com") == ""
    assert refused(held, "www.instagram.com") == "block social"
    assert refused(held, "rbxcdn.com") == "block roblox"
    tiktok = catalogue.app("tiktok")
    assert tiktok and app_state(held, tiktok).by == "choice"


def test_an_open_app_keeps_what_it_needs_though_another_app_is_blocked() -> None:
    held = ChildFilter("pmia", apps_blocked=("youtube",))
    assert refused(held, "www.youtube.com") == "block youtube"
    assert refused(held, "r4.googlevideo.com") == ""  # children's videos come from there, too
    both = replace(held, apps_blocked=("youtube", "youtubekids", "youtubemusic"))
    assert refused(both, "r4.googlevideo.com") == "block youtube"
    assert refused(replace(held, apps_open=("youtubemusic",)), "music.youtube.com") == ""


def test_apps_that_an_age_or_a_category_covers_need_no_tags_of_their_own() -> None:
    tags = compiled(preset("0-5")).block
    assert not {app.id for app in catalogue.apps()} & set(tags)
    assert {"chat", "from6", "from13", "from18"} <= set(tags) and "from4" not in tags


def test_a_full_home_with_presets_fits_into_a_policy() -> None:
    filters = tuple(replace(preset("6-9"), id=f"p{number:016}") for number in range(limits.CHILDREN_MAX // 2))
    devices = tuple(
        Device(f"d{number:016}", "tablet", (f"02:00:5e:10:00:{number:02x}",), (filters[number % 10].id,), "tablet")
        for number in range(limits.DEVICES_MAX // 2)
    )
    core.write_policy(compile_policy(family(*filters, devices=devices), "hhome", "rrouter", 1, NOW, HUB))


def test_names_by_hand_survive_a_new_preset() -> None:
    held = replace(preset("6-9"), allow=("a.example",), deny=("b.example",), only=("c.example",), apps_open=("x",))
    new = from_preset("pmia", BY_ID["13-15"], held)
    assert (new.allow, new.deny, new.only, new.apps_open) == (held.allow, held.deny, held.only, ())


def test_no_filter_says_nothing() -> None:
    held = from_preset("pmia", NONE)
    assert held.is_off
    assert not any(compiled(held)[1:])
    assert compile_policy(family(held), "hhome", "rrouter", 1, NOW, HUB).filters == ()


def test_a_person_without_a_filter_has_no_lines() -> None:
    people = (Person("pmia", "Mia", "6-9", "Europe/Berlin"), Person("pnoah", "Noah", "6-9", "Europe/Berlin"))
    policy = compile_policy(Family(people, (), (), (), filters=(preset("6-9"),)), "hhome", "rrouter", 1, NOW, HUB)
    assert [held.person for held in policy.filters] == ["pmia"]
    gone = Family(people[1:], (), (), (), filters=(preset("6-9"),))
    assert compile_policy(gone, "hhome", "rrouter", 1, NOW, HUB).filters == ()


@pytest.mark.parametrize(
    ("band", "kind", "flags", "expected"),
    [
        ("0-5", "tablet", (), ("resolved_only",)),
        ("6-9", "tablet", (), ()),
        ("6-9", "toy", (), ("resolved_only",)),
        ("none", "toy", (), ()),
        ("0-5", "tablet", ("exempt",), ("exempt",)),
    ],
)
def test_small_childrens_devices_and_toys_reach_only_what_was_looked_up(
    band: str, kind: str, flags: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    device = Device("dtablet", "tablet", ("02:00:5e:10:00:01",), ("pmia",), kind, flags)
    policy = compile_policy(family(preset(band), devices=(device,)), "hhome", "rrouter", 1, NOW, HUB)
    assert policy.devices[0].flags == expected


def test_a_device_of_nobody_gains_nothing_by_a_new_address() -> None:
    device = Device("dnew", "new", ("02:00:5e:10:00:09",), (), "phone", first_seen=NOW)
    policy = compile_policy(family(preset("0-5"), devices=(device,)), "hhome", "rrouter", 1, NOW, HUB)
    assert policy.devices[0].flags == ("resolved_only",)
    assert policy.devices[0].persons == ("pmia",)


def test_five_children_with_everything_by_hand_fit_into_a_policy() -> None:
    def full(index: int, preset_id: str) -> ChildFilter:
        names = tuple(f"www.some-school-site-{index}-{number:02}.example.org" for number in range(12))
        held = replace(preset(preset_id), id=f"p{index}abcdef0123456789", allow=names, deny=names[:6], only=names)
        return replace(held, apps_blocked=tuple(app.id for app in catalogue.apps()[:20]))

    filters = tuple(full(index, band) for index, band in enumerate(CHILD_BANDS))
    body = core.write_policy(compile_policy(family(*filters), "hhome", "rrouter", 1, NOW, HUB))
    assert core.read_policy(body).filters == tuple(sorted(compiled(held) for held in filters))


def test_where_names_leave_no_room_devices_of_nobody_are_left_out_not_the_filter() -> None:
    names = tuple(f"{'a' * 50}{number:03}.example" for number in range(limits.FILTER_NAMES_MAX))
    filters = tuple(replace(preset("0-5"), id=f"p{index}x", allow=names, deny=names[:40]) for index in range(2))
    new = tuple(
        Device(f"d{number:02}", "new", (f"02:00:5e:20:00:{number:02x}",), (), "phone", first_seen=NOW)
        for number in range(48)
    )
    policy = compile_policy(family(*filters, devices=new), "hhome", "rrouter", 1, NOW, HUB)
    assert len(policy.filters) == 2
    assert len(policy.devices) < len(new)
    core.write_policy(policy)


@pytest.mark.parametrize("held", [preset("6-9"), replace(preset("0-5"), allow=("a.example",), youtube="moderate")])
def test_what_is_stored_is_what_was_meant(held: ChildFilter) -> None:
    assert from_document("pmia", to_document(held), held.revision) == held


def test_what_this_version_does_not_know_is_left_out() -> None:
    document = {**to_document(preset("6-9")), "block": ["adult", "later"], "apps_open": ["later"], "later": 1}
    held = from_document("pmia", document)
    assert (held.block, held.apps_open) == (("adult",), ())


def test_the_summary_counts_changes() -> None:
    held = preset("6-9")
    assert filter_words.summary(None) == "Nothing is filtered."
    assert filter_words.summary(held) == "Preset for ages 6 to 9."
    changed = replace(held, block=tuple(tag for tag in held.block if tag != "ads"), allow=("a.example",))
    assert changes(changed) == 2
    assert filter_words.summary(changed) == "Preset for ages 6 to 9, changed in 2 places."
    assert filter_words.summary(replace(from_preset("pmia", NONE), block=("games",))) == "Filter of your own."


def test_an_app_is_found_by_title_and_name() -> None:
    held = preset("6-9")

    def found(text: str) -> list[str]:
        return [state.app.id for group in filter_words.app_groups(held, text) for state in group.states]

    assert found("tik") == ["tiktok"]
    assert found("steampowered.com") == ["steam"]
    assert found("nothing like this") == []
    everything = [state.app.id for group in filter_words.app_groups(held) for state in group.states]
    assert sorted(everything) == sorted(app.id for app in catalogue.apps())


def test_the_device_of_two_children_names_what_either_has_blocked() -> None:
    both = filter_words.blocked_here([preset("0-5"), replace(preset("16-17"), deny=("b.example",))])
    assert both
    assert {"Messages and calls", "Dating"} <= {category.title for category in both.categories}
    assert "YouTube" in both.apps and both.deny == ("b.example",)
    assert any("YouTube is set to strict" in text for text in both.sentences)
    assert filter_words.blocked_here([from_preset("pmia", NONE)]) is None
