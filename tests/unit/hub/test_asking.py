"""A child asks from its own device and a parent answers: pages and policies of a whole hub in memory."""

import html
import re

import pytest
from flask.testing import FlaskClient

from stairgate.core.filtering import judge, prepared
from stairgate.hub import catalogue, limits
from stairgate.hub.family import Budget, write
from stairgate.hub.requests import Request, read_requests
from tests.unit.hostile.corpus import MARKUP, TEXTS
from tests.unit.hub.conftest import EVENING, HOME, ROUTER, Hub

TABLET, PHONE, SHARED = "02:00:5e:10:00:01", "02:00:5e:10:00:02", "02:00:5e:10:00:03"
MIAS, NOAHS, BOTHS = "192.0.2.21", "192.0.2.22", "192.0.2.23"


@pytest.fixture
def mia(hub: Hub) -> str:
    """Mia with a tablet of her own and a bedtime at 20:30; it is Friday, 18:00."""
    mia = hub.add_child("Mia")
    hub.add_device(mia, TABLET)
    hub.parts.acts.set_bedtime(mia, 127, 20 * 60 + 30, 7 * 60)
    hub.network.neighbours[MIAS] = TABLET
    return mia


@pytest.fixture
def noah(hub: Hub, mia: str) -> str:
    """Noah with a phone of his own, and a tablet that both share."""
    noah = hub.add_child("Noah", "13-15")
    hub.parts.acts.set_bedtime(noah, 127, 22 * 60, 7 * 60)
    hub.add_device(noah, PHONE, "Noah's phone")
    device = hub.add_device(mia, SHARED, "family tablet")
    revision = next(held.revision for held in hub.family().devices if held.id == device)
    form = {"revision": str(revision), "name": "family tablet", "kind": "tablet", "whose": [mia, noah]}
    assert hub.post(f"/devices/{device}", **form, asks_who="yes").status_code == 303
    hub.network.neighbours |= {NOAHS: PHONE, BOTHS: SHARED}
    return noah


def at(address: str) -> dict[str, str]:
    """A request that comes from this address."""
    return {"REMOTE_ADDR": address}


def see(hub: Hub, path: str = "/me", address: str = MIAS) -> str:
    """What a page says on the device at this address."""
    return html.unescape(hub.get(path, hub.new_browser(), environ_overrides=at(address)).text)


def send(hub: Hub, path: str, address: str = MIAS, **fields: str) -> tuple[int, str]:
    """A form from the device at this address, with the token of the page."""
    browser = hub.new_browser()
    page = browser.get("/me/ask", environ_overrides=at(address)).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = browser.post(path, data={"csrf_token": token, **fields}, environ_overrides=at(address))
    return answer.status_code, html.unescape(answer.text)


def asked(hub: Hub, **fields: str) -> Request:
    """A question that was taken, as it is stored."""
    before = requests(hub)
    status, page = send(hub, "/me/ask", **fields)
    assert status == 303, page
    return next((request for request in requests(hub) if request not in before), requests(hub)[-1])


def requests(hub: Hub) -> tuple[Request, ...]:
    with hub.store.transaction(HOME) as rows:
        return read_requests(rows)


def answer(hub: Hub, request: Request, choice: str, browser: FlaskClient | None = None, **more: str) -> int:
    path = f"/children/{request.person}/requests/{request.id}/answer"
    fields = {"revision": str(request.revision), "choice": choice, **more}
    return hub.post(path, browser, **fields).status_code


def level(hub: Hub, person: str) -> str:
    return str(hub.get("/status").json["children"][person]["level"])  # type: ignore[index]


# Time


def test_a_child_asks_for_time_a_parent_gives_it_in_one_tap_and_the_child_reads_it(hub: Hub, mia: str) -> None:
    hub.clock.advance(3 * 3600)  # 21:00
    request = asked(hub, kind="time", minutes="30", words="I want to finish the drawing")
    page = html.unescape(hub.get("/").text)
    assert "(1) Home" in page and "asks for 30 minutes more." in page and "I want to finish the drawing" in page
    assert hub.get("/status").json["questions"] == 1  # type: ignore[index]
    assert level(hub, mia) == "closed"

    assert answer(hub, request, "30") == 303

    assert level(hub, mia) == "open"
    said = see(hub)
    assert "You got 30 minutes." in said and "Extra time" in said
    assert "asks for" not in html.unescape(hub.get("/").text)
    assert "extra time until 21:30" in html.unescape(hub.get("/").text)


def test_a_no_comes_with_the_parents_words(hub: Hub, mia: str) -> None:
    request = asked(hub, kind="time", minutes="60")
    assert answer(hub, request, "no", words="We eat at seven, let us play after that.") == 303
    said = see(hub)
    assert "No" in said and "We eat at seven, let us play after that." in said
    assert hub.family().overrides == ()


def test_until_bedtime_ends_at_bedtime_and_is_offered_only_before_it(hub: Hub, mia: str) -> None:
    hub.parts.acts.pause(mia, 60)
    request = asked(hub, kind="time", minutes="0")
    assert "Until 20:30" in hub.get("/").text
    assert answer(hub, request, "bedtime") == 303
    (bonus,) = hub.family().overrides
    assert (bonus.kind, bonus.until) == ("bonus", int(EVENING) + 9000)
    hub.clock.advance(3 * 3600)
    assert send(hub, "/me/ask", kind="time", minutes="0")[0] == 409
    late = asked(hub, kind="time", minutes="15")
    assert answer(hub, late, "bedtime") == 409
    assert requests(hub)[-1].state == "open"


def test_a_replayed_answer_changes_nothing(hub: Hub, mia: str) -> None:
    hub.clock.advance(3 * 3600)
    request = asked(hub, kind="time", minutes="15")
    assert answer(hub, request, "15") == 303
    before = hub.family().overrides
    for choice in ("15", "60", "no"):
        assert answer(hub, request, choice) == 409
    assert (
        "answered this already"
        in hub.post(
            f"/children/{mia}/requests/{request.id}/answer", revision=str(request.revision + 1), choice="60"
        ).text
    )
    assert hub.family().overrides == before
    assert requests(hub)[-1].granted == "15"


def test_an_answer_names_the_child_whose_question_it_is(hub: Hub, mia: str, noah: str) -> None:
    request = asked(hub, kind="time", minutes="15")
    path = f"/children/{noah}/requests/{request.id}/answer"
    assert hub.post(path, revision=str(request.revision), choice="15").status_code == 409
    assert hub.family().overrides == ()


def test_undo_takes_the_time_back_and_the_question_waits_again(hub: Hub, mia: str) -> None:
    hub.clock.advance(3 * 3600)
    for undo in ("toast", "child"):
        request = asked(hub, kind="time", minutes="15")
        assert answer(hub, request, "15") == 303
        if undo == "toast":
            assert hub.post(f"/children/{mia}/requests/{request.id}/undo").status_code == 303
        else:
            assert hub.post(f"/children/{mia}/undo").status_code == 303
        assert level(hub, mia) == "closed"
        assert [held.state for held in requests(hub)] == ["open"]
        assert "Waiting" in see(hub)


def test_undo_of_a_no_and_too_late(hub: Hub, mia: str) -> None:
    request = asked(hub, kind="time", minutes="15")
    answer(hub, request, "no")
    assert "was told no." in hub.get("/").text
    assert hub.post(f"/children/{mia}/requests/{request.id}/undo").status_code == 303
    assert requests(hub)[0].state == "open"
    answer(hub, requests(hub)[0], "no")
    hub.clock.advance(limits.UNDO_SECONDS + 1)
    assert hub.post(f"/children/{mia}/requests/{request.id}/undo").status_code == 409


def test_questions_expire_are_told_and_forgotten(hub: Hub, mia: str) -> None:
    asked(hub, kind="time", minutes="15")
    hub.clock.advance(limits.REQUEST_SECONDS_MAX)
    hub.parts.devices.upkeep.run()
    assert requests(hub)[0].state == "expired"
    assert "Nobody answered in time" in see(hub) and "asks for" not in hub.get("/").text
    hub.clock.advance(limits.REQUEST_KEPT_SECONDS + 1)
    hub.parts.devices.upkeep.run()
    assert requests(hub) == ()


def test_a_clock_that_is_wrong_for_a_while_forgets_no_question(hub: Hub, mia: str) -> None:
    said = asked(hub, kind="wrong", name="www.tiktok.com", words="for school")
    assert answer(hub, said, "no", words="Let us talk.") == 303
    asked(hub, kind="time", minutes="15")
    hub.parts.devices.upkeep.run()
    hub.clock._wall += 400 * 86400
    hub.parts.devices.upkeep.run()
    send(hub, "/me/ask", kind="time", minutes="30")
    hub.clock._wall -= 400 * 86400
    hub.parts.devices.upkeep.run()
    assert sorted(held.state for held in requests(hub)) == ["no", "open", "open"]
    assert "Let us talk." in see(hub)


def test_questions_are_few_and_a_repeated_one_is_one(hub: Hub, mia: str) -> None:
    for _ in range(2):
        asked(hub, kind="time", minutes="15", words="please")
    assert len(requests(hub)) == 1
    asked(hub, kind="time", minutes="30")
    asked(hub, kind="time", minutes="60")
    status, page = send(hub, "/me/ask", kind="site", name="www.tiktok.com")
    assert (status, "3 of your questions wait already" in page) == (409, True)
    first = requests(hub)[0]
    assert send(hub, f"/me/ask/{first.id}/withdraw")[0] == 303
    assert requests(hub)[0].state == "withdrawn"
    assert answer(hub, first, "15") == 409


def test_one_device_posts_a_few_in_ten_minutes(hub: Hub, mia: str) -> None:
    statuses = [send(hub, "/me/ask", kind="time", minutes="15")[0] for _ in range(limits.REQUESTS_OF_DEVICE + 3)]
    assert statuses == [303] * limits.REQUESTS_OF_DEVICE + [429] * 3
    hub.clock.advance(limits.REQUESTS_OF_DEVICE_SECONDS)
    assert send(hub, "/me/ask", kind="time", minutes="15")[0] == 303


def test_the_page_looks_quickly_while_an_answer_is_waited_for(hub: Hub, mia: str) -> None:
    assert 'data-every="5000"' in see(hub)
    request = asked(hub, kind="time", minutes="15")
    page = see(hub)
    number = re.search(r'data-number="(\w+)" data-poll="/me/asked"', page)
    assert number and 'data-every="800"' in page
    browser = hub.new_browser()
    tag = {"If-None-Match": f'"{number[1]}"'}
    assert browser.get("/me/asked", headers=tag, environ_overrides=at(MIAS)).status_code == 304
    answer(hub, request, "no")
    fresh = browser.get("/me/asked", headers=tag, environ_overrides=at(MIAS))
    assert fresh.status_code == 200 and fresh.json["state"] != number[1]  # type: ignore[index]


# Sites


def blocked(hub: Hub, person: str, name: str) -> bool:
    """Whether the policy that the router got refuses this name to the child."""
    filters = {held.person: held for held in hub.broker.policy(ROUTER)[0].filters}
    return judge((), (prepared(filters[person]),), "open", name, catalogue.tags_of(name)).refused


@pytest.mark.parametrize("name", ["www.tiktok.com", "some-deny.example"])
def test_a_site_is_open_for_today_and_closes_by_itself(hub: Hub, mia: str, name: str) -> None:
    hub.post(f"/children/{mia}/filter/names", allow="", deny="some-deny.example")
    assert blocked(hub, mia, name)
    request = asked(hub, kind="site", name=name, words="for school")
    assert answer(hub, request, "once") == 303
    assert not blocked(hub, mia, name)
    assert "It is open for today." in see(hub)
    page = html.unescape(hub.get(f"/children/{mia}").text)
    assert "is open until tomorrow 04:00" in page
    (one,) = hub.family().passes
    hub.clock.advance(one.until - 1 - hub.clock.wall())
    hub.parts.devices.upkeep.run()
    assert not blocked(hub, mia, name)
    hub.clock.advance(1)
    hub.parts.devices.upkeep.run()
    assert blocked(hub, mia, name)
    assert hub.family().passes == ()


def test_a_site_is_closed_again_by_undo_and_by_hand(hub: Hub, mia: str) -> None:
    for act in ("requests/{}/undo", "passes/{}/end"):
        request = asked(hub, kind="site", name="www.tiktok.com")
        answer(hub, request, "once")
        (one,) = hub.family().passes
        path = act.format(request.id if "requests" in act else one.id)
        assert hub.post(f"/children/{mia}/{path}", **{"from": "child"}).status_code == 303
        assert blocked(hub, mia, "www.tiktok.com") and hub.family().passes == ()


def test_always_goes_into_the_filter_and_back(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/filter/names", allow="", deny="a.example")
    request = asked(hub, kind="wrong", name="a.example")
    assert answer(hub, request, "always") == 303
    held = hub.family().filter_of(mia)
    assert held and held.allow == ("a.example",) and held.deny == ()
    assert not blocked(hub, mia, "a.example")
    assert hub.post(f"/children/{mia}/requests/{request.id}/undo").status_code == 303
    held = hub.family().filter_of(mia)
    assert held and held.allow == () and held.deny == ("a.example",)
    answer(hub, requests(hub)[-1], "always")
    hub.post(f"/children/{mia}/filter/search", safesearch="1", youtube="")
    assert hub.post(f"/children/{mia}/requests/{request.id}/undo").status_code == 409


def test_what_is_not_blocked_or_never_opens_cannot_be_asked_for(hub: Hub, mia: str) -> None:
    for name, said in (
        ("example.org", "Nothing here blocks example.org"),
        ("use-application-dns.net", "Nobody can open it for you"),
        ("nonsense..", "no name"),
        ("", "Please type a name"),
    ):
        status, page = send(hub, "/me/ask", kind="site", name=name)
        assert status in (409, 422), (name, page)
        assert said in page
    assert requests(hub) == ()


def test_a_blocked_page_offers_to_ask_and_travels_in_the_form(hub: Hub, mia: str) -> None:
    browser = hub.new_browser()
    token = (
        browser.get("/me/why", environ_overrides=at(MIAS)).text.partition('csrf_token" value="')[2].partition('"')[0]
    )
    form = {"csrf_token": token, "name": "www.tiktok.com"}
    page = html.unescape(browser.post("/me/why", data=form, environ_overrides=at(MIAS)).text)
    assert 'name="name" value="www.tiktok.com"' in page and "It is blocked by mistake" in page
    assert "The parents of this home read this. It is kept for 7 days" in page
    form["name"] = "example.org"
    assert "Ask your parents" not in browser.post("/me/why", data=form, environ_overrides=at(MIAS)).text


def test_why_says_that_it_is_open_for_today(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/filter/names", allow="", deny="a.example")
    answer(hub, asked(hub, kind="site", name="a.example"), "once")
    assert "It is open until tomorrow 04:00: your parents said yes" in send(hub, "/me/why", name="www.a.example")[1]


def test_a_mistake_can_be_objected_once(hub: Hub, mia: str) -> None:
    request = asked(hub, kind="wrong", name="www.tiktok.com", words="our class uses it")
    assert "says that this is blocked by mistake" in hub.get("/").text
    answer(hub, request, "no", words="I looked: it is not for school.")
    assert "say why" in see(hub)
    assert send(hub, f"/me/ask/{request.id}/object", words="  ")[0] == 422
    assert send(hub, f"/me/ask/{request.id}/object", words="The teacher posts there")[0] == 303
    page = html.unescape(hub.get("/").text)
    assert "objects" in page and "The teacher posts there" in page and "I looked: it is not for school." in page
    answer(hub, requests(hub)[0], "no")
    assert "say why" not in see(hub)
    assert send(hub, f"/me/ask/{request.id}/object", words="again")[0] == 409


# Stop me, and minutes without asking


def test_stop_me_closes_then_and_only_a_parent_takes_it_back(hub: Hub, mia: str) -> None:
    assert send(hub, "/me/stop", until="19:00")[0] == 303
    assert "It stops at 19:00, as you wanted" in see(hub) and "Then it stops, as you wanted." in see(hub)
    assert "wants to stop at 19:00, until" in html.unescape(hub.get("/").text)
    for later in ("19:00", "19:30", "17:00", "nonsense", ""):
        assert send(hub, "/me/stop", until=later)[0] in (409, 422), later
    assert send(hub, "/me/stop", until="18:30")[0] == 303
    hub.clock.advance(1800)
    assert level(hub, mia) == "closed"
    assert "You wanted to stop then." in see(hub) and "wanted to stop" in html.unescape(hub.get("/").text)
    hub.post(f"/children/{mia}/stop/lift")
    assert level(hub, mia) == "open"
    hub.post(f"/children/{mia}/undo")
    assert level(hub, mia) == "closed"


@pytest.mark.parametrize("act", ["pause", "bonus", "end", "undo"])
def test_what_parents_do_before_it_leaves_the_wish(hub: Hub, mia: str, act: str) -> None:
    hub.post(f"/children/{mia}/pause", minutes="15")
    send(hub, "/me/stop", until="19:00")
    hub.post(f"/children/{mia}/{act}", minutes="15")
    hub.clock.advance(3600)
    assert level(hub, mia) == "closed"


def test_minutes_without_asking_only_where_a_parent_allows_them(hub: Hub, mia: str) -> None:
    assert "Yours without asking" not in see(hub)
    assert send(hub, "/me/take", minutes="15")[0] == 409
    assert hub.post(f"/children/{mia}/free-minutes", minutes="30").status_code == 303
    assert "Yours without asking: 30 minutes today" in see(hub)
    assert send(hub, "/me/take", minutes="15")[0] == 303
    assert "Yours without asking: 15 minutes today" in see(hub)
    assert send(hub, "/me/take", minutes="30")[0] == 409
    assert send(hub, "/me/take", minutes="15")[0] == 303
    assert "Yours without asking" not in see(hub) and send(hub, "/me/take", minutes="15")[0] == 409
    (bonus,) = hub.family().overrides
    assert bonus.minutes == 30
    assert "took extra time" in html.unescape(hub.get("/history").text)
    hub.clock.advance(24 * 3600)
    assert "Yours without asking: 30 minutes today" in see(hub)


def test_minutes_taken_under_a_wrong_clock_do_not_count_for_months(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    hub.clock._wall += 400 * 86400
    assert send(hub, "/me/take", minutes="30")[0] == 303
    hub.clock._wall -= 399 * 86400
    assert "Yours without asking: 30 minutes today" in see(hub)
    assert send(hub, "/me/take", minutes="30")[0] == 303
    assert send(hub, "/me/take", minutes="15")[0] == 409


def test_they_end_no_pause_and_no_bedtime(hub: Hub, mia: str) -> None:
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    hub.post(f"/children/{mia}/pause", minutes="15")
    assert send(hub, "/me/take", minutes="15")[0] == 409
    hub.clock.advance(4 * 3600)  # bedtime
    assert send(hub, "/me/take", minutes="15")[0] == 409
    assert level(hub, mia) == "closed"


def test_they_are_there_when_the_minutes_of_the_day_are_used_up(
    hub: Hub, mia: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    with hub.store.transaction(HOME) as rows:
        write(rows, Budget("b1", mia, "total", (60,) * 7))
    monkeypatch.setattr(hub.parts.acts, "use", lambda policy, now: {mia: {"total": 60}})
    assert send(hub, "/me/take", minutes="15")[0] == 303
    (bonus,) = hub.family().overrides
    assert (bonus.kind, bonus.minutes) == ("bonus", 15)
    hub.clock.advance(3 * 3600)  # bedtime, with no minutes left
    assert send(hub, "/me/take", minutes="15")[0] == 409


# Who


def test_no_child_acts_for_a_sibling(hub: Hub, mia: str, noah: str) -> None:
    request = asked(hub, kind="time", minutes="15", words="a secret of Mia’s")
    assert "a secret" not in see(hub, "/me", NOAHS)
    for path in (f"/me/ask/{request.id}/withdraw", f"/me/ask/{request.id}/object"):
        assert send(hub, path, NOAHS, words="x")[0] == 409
    for address in (NOAHS, "192.0.2.99"):
        status, _ = send(hub, "/me/ask", address, kind="time", minutes="30", person=mia)
        assert status in (400, 409, 422)
    assert [held.person for held in requests(hub)] == [mia]


def test_a_shared_device_asks_who_and_stops_nobody(hub: Hub, mia: str, noah: str) -> None:
    assert "Who asks?" in see(hub, "/me/ask", BOTHS) and "Stop me" not in see(hub, "/me/ask", BOTHS)
    assert send(hub, "/me/ask", BOTHS, kind="time", minutes="15")[0] == 409
    assert send(hub, "/me/stop", BOTHS, until="19:00")[0] == 409
    assert send(hub, "/me/ask", BOTHS, kind="time", minutes="15", person=noah, words="mine")[0] == 303
    assert "on <bdi>family tablet</bdi>" in html.unescape(hub.get("/").text)
    page = see(hub, "/me", BOTHS)
    assert "Waiting" in page and "mine" not in page
    assert "mine" in see(hub, "/me", NOAHS) and "Waiting" not in see(hub, "/me", MIAS)
    assert send(hub, "/me/using", BOTHS, person=mia)[0] == 303
    assert "Waiting" not in see(hub, "/me", BOTHS)
    assert send(hub, "/me/ask", BOTHS, kind="time", minutes="30", person=noah)[0] == 409
    assert send(hub, "/me/stop", BOTHS, until="19:00")[0] == 409
    assert hub.family().overrides == ()


def test_a_brother_who_taps_her_name_on_the_shared_tablet_neither_stops_her_nor_takes_her_minutes(
    hub: Hub, mia: str, noah: str
) -> None:
    hub.post(f"/children/{mia}/free-minutes", minutes="30")
    hub.post(f"/children/{noah}/free-minutes", minutes="30")
    assert send(hub, "/me/using", BOTHS, person=mia)[0] == 303
    for path, fields in (("/me/stop", {"until": "19:00"}), ("/me/take", {"minutes": "15"})):
        status, page = send(hub, path, BOTHS, **fields)
        assert status == 409 and "a device that is yours alone" in page, path
    assert hub.family().overrides == ()
    page = see(hub, "/me/ask", BOTHS)
    assert "Stop me then" not in page and "anybody could tap your name" in page
    page = see(hub, "/me", BOTHS)
    assert "Take 15" not in page and "You may take 30 minutes without asking" in page
    assert "Stop me then" in see(hub, "/me/ask") and "Take 15" in see(hub, "/me")
    assert send(hub, "/me/take", minutes="15")[0] == 303 and send(hub, "/me/stop", until="20:00")[0] == 303


def test_a_shared_device_tells_nothing_of_a_child_that_is_not_its(hub: Hub, mia: str, noah: str) -> None:
    zoe = hub.add_child("Zoe", "6-9")
    for name in ("example.org", "www.tiktok.com"):
        status, page = send(hub, "/me/ask", BOTHS, kind="site", name=name, person=zoe)
        assert (status, "Please say first who of you it is" in page) == (409, True), name
        assert "Nothing here blocks" not in page
    assert requests(hub) == ()


def test_nobody_tries_out_a_list_by_asking(hub: Hub, mia: str) -> None:
    names = [f"name{number}.example" for number in range(limits.WHY_ASKS + 1)]
    statuses = [send(hub, "/me/ask", kind="site", name=name)[0] for name in names]
    assert statuses == [409] * limits.WHY_ASKS + [429]
    hub.clock.advance(limits.WHY_SECONDS)
    assert send(hub, "/me/ask", kind="site", name="www.tiktok.com")[0] == 303


def test_devices_without_rules_ask_nothing(hub: Hub, mia: str) -> None:
    hub.network.neighbours["192.0.2.30"] = "02:00:5e:10:00:77"
    hub.parts.acts.add_device("Anna’s phone", "02:00:5e:10:00:77", "phone", (), ("exempt",))
    for address in ("192.0.2.30", "192.0.2.99"):
        page = see(hub, "/me/ask", address)
        assert "for a child’s device" in page and 'action="/me/ask"' not in page
        assert see(hub, "/me/asked", address).strip() == '{"state":""}'


def test_a_carer_takes_back_only_the_own_answer(hub: Hub, mia: str) -> None:
    hub.parts.parents.add("carer", "Granny", "correct horse battery")
    hub.parts.parents.add("carer", "Aunt Zoe", "correct horse battery")
    granny, zoe = hub.new_browser(), hub.new_browser()
    hub.post("/login", granny, name="Granny", password="correct horse battery")
    hub.post("/login", zoe, name="Aunt Zoe", password="correct horse battery")

    def answered(choice: str, browser: FlaskClient | None = None) -> str:
        request = asked(hub, kind="time", minutes="15")
        path = f"/children/{mia}/requests/{request.id}"
        sent = hub.post(f"{path}/answer", browser, choice=choice, revision=str(request.revision))
        assert sent.status_code == 303, sent.text
        return path

    def state(path: str) -> str:
        return next(one.state for one in requests(hub) if path.endswith(one.id))

    for choice, said in (("no", "no"), ("15", "yes")):
        for by, refused, allowed in ((None, (granny, zoe), None), (granny, (zoe,), granny), (zoe, (granny,), None)):
            path = answered(choice, by)
            for browser in refused:
                told = hub.post(f"{path}/undo", browser)
                assert told.status_code == 409 and "Only a parent can take that back" in told.text
                assert state(path) == said
            assert hub.post(f"{path}/undo", allowed).status_code == 303  # a parent takes back anybody’s
            assert state(path) == "open"
            assert send(hub, f"/me/ask/{path.rpartition('/')[2]}/withdraw")[0] == 303
            hub.clock.advance(limits.REQUESTS_OF_DEVICE_SECONDS)


def test_a_carer_is_told_of_no_question_for_a_site_and_of_no_router(hub: Hub, mia: str) -> None:
    hub.parts.parents.add("carer", "Granny", "correct horse battery")
    granny = hub.new_browser()
    hub.post("/login", granny, name="Granny", password="correct horse battery")
    asked(hub, kind="site", name="www.tiktok.com")
    assert hub.get("/status").json["questions"] == 1  # type: ignore[index]
    told = hub.get("/status", granny).json
    assert told and (told["questions"], "agents" in told) == (0, False)
    assert "question waits" not in hub.get("/", granny).text
    asked(hub, kind="time", minutes="15")
    assert hub.get("/status", granny).json["questions"] == 1  # type: ignore[index]
    assert "1 question waits" in hub.get("/", granny).text and "2 questions wait" in hub.get("/").text


def test_a_carer_answers_for_time_only(hub: Hub, mia: str) -> None:
    hub.parts.parents.add("carer", "Granny", "correct horse battery")
    granny = hub.new_browser()
    assert hub.post("/login", granny, password="correct horse battery", name="Granny").status_code == 303
    time = asked(hub, kind="time", minutes="15")
    site = asked(hub, kind="site", name="www.tiktok.com", words="dance club")
    page = html.unescape(hub.get("/", granny).text)
    assert "asks for 15 minutes" in page and "dance club" not in page
    assert answer(hub, site, "always", granny) == 403
    assert answer(hub, time, "15", granny) == 303
    assert {held.id: held.state for held in requests(hub)} == {time.id: "yes", site.id: "open"}
    for path in ("stop/lift", "free-minutes", "passes/x/end"):
        assert hub.post(f"/children/{mia}/{path}", granny, minutes="15").status_code == 403


# Words


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_words_are_only_words(hub: Hub, mia: str, text: str) -> None:
    short = text[:3000].encode("utf-8", "replace").decode()
    status, _ = send(hub, "/me/ask", kind="time", minutes="15", words=short)
    assert status in (303, 413)
    for request in requests(hub):
        assert len(request.words) <= limits.REQUEST_WORDS_MAX
        assert not set(request.words) & set("\u202e\u2066\u0000\n\r\u2028")
        answer(hub, request, "no", words=short)
    for page in (hub.get("/").text, hub.get(f"/children/{mia}").text, hub.get("/me", environ_overrides=at(MIAS)).text):
        body = re.sub(r'<script src="[^"<>]*" defer></script>|<svg [^<>]*>', "", page)
        assert not [piece for piece in MARKUP if piece in body.lower()]


def test_nothing_of_it_is_logged_and_a_removed_child_takes_it_along(
    hub: Hub, mia: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(0):
        request = asked(hub, kind="site", name="www.tiktok.com", words="dance club")
        answer(hub, request, "once", words="have fun")
        hub.parts.devices.upkeep.run()
    for text in ("tiktok", "dance", "have fun", "Mia"):
        assert text not in caplog.text
    assert "tiktok" not in repr(hub.parts.keeping.history.all_events())
    hub.post(f"/children/{mia}/remove", sure="yes")
    assert requests(hub) == () and hub.family().passes == ()
