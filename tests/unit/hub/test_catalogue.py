"""The catalogue's data: every id a word, every name a name, each in one place only; and what a name's tags are."""

import ipaddress
import re
from collections import Counter

import pytest

from stairgate.core import limits as core_limits
from stairgate.core.fields import is_name, is_word
from stairgate.core.filtering import suffixes
from stairgate.hub import catalogue, categories
from stairgate.hub.name_text import is_normal, is_too_wide

CATEGORY_TAGS = set(categories.CATEGORIES) | set(categories.UNSWITCHED)


def test_there_are_enough_apps_and_each_id_is_a_word_of_its_own() -> None:
    ids = [app.id for app in catalogue.apps()]
    assert len(ids) >= 60
    assert len(set(ids)) == len(ids)
    assert all(is_word(app_id) for app_id in ids)
    assert not set(ids) & (CATEGORY_TAGS | {catalogue.age_tag(age) for age in catalogue.ages()})
    assert len({app.title for app in catalogue.apps()}) == len(ids)


@pytest.mark.parametrize("app", catalogue.apps(), ids=lambda app: app.id)
def test_an_app_is_complete(app: catalogue.App) -> None:
    assert app.title.strip() == app.title and 0 < len(app.title) <= 40
    assert app.categories and set(app.categories) <= set(categories.CATEGORIES) | {"other"}
    assert 0 <= app.age <= 18 and app.age_from and app.source
    assert re.fullmatch(r"20\d\d-\d\d", app.date)
    assert app.names and set(app.dedicated) <= set(app.names)
    for name in (*app.names, *app.needs):
        assert is_name(name) and is_normal(name) and not is_too_wide(name), name
    for addresses in app.ranges:
        assert ipaddress.ip_network(addresses).is_global, addresses
    assert bool(app.ranges) == bool(re.search(r", 20\d\d-\d\d,.* not verified live$", app.ranges_from))


def test_ranges_of_an_app_have_all_tags_of_its_names_and_those_of_a_category_its_own() -> None:
    tags = dict(catalogue.ranges())

    assert tags["52.112.0.0/14"] == ("teams", "chat", "from13", "calls")
    assert set(tags["52.112.0.0/14"]) - {"calls"} == set(catalogue.tags_of("teams.microsoft.com"))
    assert {held for held in tags.values() if "calls" not in held} == {("doh",)}


def test_a_name_is_in_one_app_or_one_list_only() -> None:
    names = Counter(name for name, _ in catalogue.entries())
    names.update(catalogue.exceptions())
    assert [name for name, count in names.items() if count > 1] == []


def test_no_name_repeats_what_a_shorter_one_of_the_same_app_says() -> None:
    for app in catalogue.apps():
        above = {name: set(list(suffixes(name))[1:]) & set(app.names) for name in app.names}
        assert not any(above.values()), app.id


def test_what_an_app_needs_is_another_ones() -> None:
    owners = {name: app.id for app in catalogue.apps() for name in app.names}
    for app in catalogue.apps():
        for name in app.needs:
            assert any(owners.get(suffix, app.id) != app.id for suffix in suffixes(name)), (app.id, name)


def test_the_lists_and_the_exceptions_are_well_formed() -> None:
    for group in catalogue.listed():
        assert group.category in categories.CATEGORIES or group.category == "unsafe_search"
        assert group.source and re.fullmatch(r"20\d\d-\d\d", group.date)
        assert all(is_normal(name) and not is_too_wide(name) for name in group.names)
        for addresses in group.ranges:
            assert ipaddress.ip_network(addresses).is_global, addresses
    assert {"vpn", "tor", "doh", "unsafe_search", "lootboxes", "gambling"} <= {g.category for g in catalogue.listed()}
    for kept in catalogue.kept():
        assert kept.about and re.fullmatch(r"20\d\d-\d\d", kept.date)
        assert all(is_normal(name) for name in kept.names), kept.group
        assert not any(is_too_wide(name) for name in kept.names), kept.group
    assert {"helplines", "health", "rights", "lgbt"} <= {kept.group for kept in catalogue.kept()}


def test_all_tags_fit_into_a_pack() -> None:
    tags = {tag for _, held in catalogue.entries() for tag in held} | set(categories.CATEGORIES)
    assert all(is_word(tag) for tag in tags)
    assert len(tags) + 8 <= core_limits.PACK_TAGS
    sets = {held for _, held in catalogue.entries()}
    assert len(sets) * 3 <= core_limits.PACK_SETS * 2, "too many different sets: lists need some as well"


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("rr3---sn-abc.googlevideo.com", ("youtube", "video", "from13", "dedicated")),
        ("www.youtube.com", ("youtube", "video", "from13")),
        ("music.youtube.com", ("youtubemusic", "music", "video", "from13", "youtube")),
        ("dns.google", ("doh",)),
        ("www.childline.org.uk", ()),
        ("meet.google.com", ("googlemeet", "chat", "from13")),
        ("analytics.google.com", ("tracking",)),
        ("www.google.com", ()),
        ("example.org", ()),
    ],
)
def test_tags_without_any_list(name: str, tags: tuple[str, ...]) -> None:
    assert catalogue.tags_of(name) == tags
