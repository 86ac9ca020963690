"""Owner, co-parent and carer: who may open what, how somebody joins, and what the last owner cannot do."""

import json
import re

import pytest
from flask.testing import FlaskClient

from stairgate.hub import limits, passwords, roles
from stairgate.hub.guard import PUBLIC
from stairgate.hub.history import Event
from tests.unit.hub.conftest import HOME, PASSWORD, Hub
from tests.unit.hub.test_security import paths

DAD, GRAN = "four good words of dad", "gran likes long passwords"
#: Everything that a carer may open; the rest answers 403.
OF_CARERS = {
    "home.index",
    "home.status",
    "child.bonus",
    "account.logout",
    "accounts.own",
    "accounts.rename",
    "accounts.change_password",
}
OF_OWNERS = {
    "accounts.index",
    "accounts.invite",
    "accounts.cancel",
    "accounts.change_role",
    "accounts.remove",
    "accounts.sign_out",
}
TABLET = "02:00:5e:10:00:01"


def invite(hub: Hub, role: str, name: str = "Mum") -> str:
    """The code of a new invitation."""
    answer = hub.post("/accounts/invite", role=role, name=name, password=PASSWORD)
    assert answer.status_code == 303, answer.text
    return hub.parts.invitations.state().code


def join(hub: Hub, role: str, name: str, password: str) -> FlaskClient:
    """Somebody with an account of this role, who is signed in."""
    code = invite(hub, role)
    browser = hub.new_browser()
    hub.clock.advance(2)
    answer = hub.post("/join", browser, code=code, name=name, password=password)
    assert (answer.status_code, answer.location) == (303, "/"), answer.text
    return browser


def account_id(hub: Hub, name: str) -> str:
    return next(account.id for account in hub.parts.parents.accounts() if account.name == name)


@pytest.fixture
def dad(hub: Hub) -> FlaskClient:
    return join(hub, roles.COPARENT, "Dad", DAD)


@pytest.fixture
def gran(hub: Hub) -> FlaskClient:
    return join(hub, roles.CARER, "Gran", GRAN)


# What each role may open


def test_each_route_of_a_parent_states_its_role(hub: Hub) -> None:
    unstated = []
    for rule in hub.app.url_map.iter_rules():
        if rule.endpoint not in PUBLIC:
            view, (blueprint, _, _) = hub.app.view_functions[rule.endpoint], rule.endpoint.partition(".")
            if roles.stated(view, blueprint) is None:
                unstated.append(rule.endpoint)
    assert unstated == []


def test_a_route_that_states_nothing_is_closed_to_carers() -> None:
    assert roles.stated(lambda: None, "nobody_knows") is None
    assert roles.role_needed(lambda: None, "nobody_knows") == roles.COPARENT
    with pytest.raises(ValueError, match="expected one of owner, coparent, carer"):
        roles.needs("uncle")


@pytest.mark.parametrize(
    ("role", "needed", "may"),
    [
        ("owner", "owner", True),
        ("owner", "carer", True),
        ("coparent", "owner", False),
        ("coparent", "coparent", True),
        ("carer", "coparent", False),
        ("carer", "carer", True),
        ("uncle", "carer", False),
    ],
)
def test_a_role_may_what_those_below_it_may(role: str, needed: str, may: bool) -> None:
    assert roles.suffices(role, needed) is may


def test_a_carer_opens_the_first_page_and_gives_time_and_nothing_else(hub: Hub, gran: FlaskClient) -> None:
    child = hub.add_child("Mia")
    hub.add_device(child, TABLET)
    token = hub.token(gran, "/account")
    for endpoint, method, path in paths(hub):
        if endpoint in PUBLIC or method not in ("GET", "POST"):
            continue
        # Of what a carer may do, signing out and another password come last.
        if endpoint in ("account.logout", "accounts.change_password"):
            continue
        answer = gran.open(path.replace("p1", child), method=method, data={"csrf_token": token})
        needed = roles.role_needed(hub.app.view_functions[endpoint], endpoint.partition(".")[0])
        assert (answer.status_code != 403) == (needed == roles.CARER), (method, path)
        if answer.status_code == 403:
            assert "the parents’ part, and nothing was changed" in answer.text, path
    assert {
        endpoint
        for endpoint, _, _ in paths(hub)
        if endpoint not in PUBLIC
        and roles.stated(hub.app.view_functions[endpoint], endpoint.partition(".")[0]) == roles.CARER
    } >= OF_CARERS


def test_a_coparent_opens_everything_but_the_accounts(hub: Hub, dad: FlaskClient) -> None:
    child = hub.add_child("Mia")
    for endpoint, method, path in paths(hub):
        if endpoint in PUBLIC or method != "GET":
            continue
        answer = dad.get(path.replace("p1", child))
        needed = roles.role_needed(hub.app.view_functions[endpoint], endpoint.partition(".")[0])
        assert (answer.status_code == 403) == (needed == roles.OWNER), path
        assert endpoint not in OF_OWNERS or needed == roles.OWNER, path
    token = hub.token(dad, "/account")
    for path in ("/accounts/invite", "/accounts/invite/cancel", "/accounts/owner/remove", "/accounts/owner/role"):
        fields = {"csrf_token": token, "role": "carer", "password": DAD, "sure": "yes"}
        answer = dad.post(path, data=fields)
        assert answer.status_code == 403
        assert "decided by the owner" in answer.text
    assert [account.role for account in hub.parts.parents.accounts()] == ["owner", "coparent"]


def test_a_carers_page_offers_extra_time_only(hub: Hub, gran: FlaskClient) -> None:
    child = hub.add_child("Mia")
    hub.add_device(child, TABLET)
    hub.post(f"/children/{child}/bedtime", days="127", start="17:00", end="07:00")
    page = hub.get("/", gran).text
    assert "Mia" in page and "+30" in page
    for word in ("Pause", "Add a child", f'href="/children/{child}"', "Devices", "More"):
        assert word not in page, word

    answer = hub.post(f"/children/{child}/bonus", gran, minutes="30")

    assert (answer.status_code, answer.location) == (303, "/")
    assert [override.kind for override in hub.family().overrides] == ["bonus"]
    # What cannot be done does not lead to the child's page either.
    answer = hub.post(f"/children/{child}/bonus", gran, minutes="7")
    assert answer.status_code == 422
    assert "Please choose how long." in answer.text
    assert "Add a bedtime" not in answer.text


# Joining


def test_who_joins_chooses_name_and_password(hub: Hub, dad: FlaskClient) -> None:
    assert [(account.role, account.name) for account in hub.parts.parents.accounts()] == [
        ("owner", "Mum"),
        ("coparent", "Dad"),
    ]
    assert hub.get("/devices", dad).status_code == 200
    another = hub.new_browser()
    assert hub.post("/login", another, name="dad", password=DAD).status_code == 303
    assert hub.post("/login", hub.new_browser(), name="Mum", password=PASSWORD).status_code == 303


def test_a_code_works_once_and_not_after_five_tries(hub: Hub) -> None:
    code = invite(hub, roles.COPARENT)
    stranger = hub.new_browser()
    fields = {"name": "Dad", "password": DAD}
    for _ in range(limits.INVITE_TRIES):
        hub.clock.advance(2)
        answer = hub.post("/join", stranger, code="ABCD-EFGH", **fields)
        assert answer.status_code == 403
        hub.parts.guessing.succeeded("127.0.0.1")
    hub.clock.advance(2)
    answer = hub.post("/join", stranger, code=code, **fields)
    assert answer.status_code == 403
    assert "That is not a code that is open." in answer.text
    assert "The code is void: 5 wrong ones were tried." in hub.get("/accounts").text
    assert len(hub.parts.parents.accounts()) == 1

    code = invite(hub, roles.COPARENT)
    hub.clock.advance(2)
    assert hub.post("/join", hub.new_browser(), code=code.lower().replace("-", " "), **fields).status_code == 303
    hub.clock.advance(2)
    assert hub.post("/join", hub.new_browser(), code=code, name="Eve", password=DAD).status_code == 403


def test_a_code_runs_out_by_the_monotonic_clock(hub: Hub) -> None:
    code = invite(hub, roles.CARER)
    assert f"<code>{code}</code>" in hub.get("/accounts").text
    hub.clock.advance(limits.INVITE_SECONDS)
    hub.clock._wall -= limits.INVITE_SECONDS  # a clock set back buys no time
    assert hub.post("/join", hub.new_browser(), code=code, name="Gran", password=GRAN).status_code == 403
    assert code not in hub.get("/accounts").text


def test_guesses_at_codes_are_slowed_with_those_at_passwords(hub: Hub) -> None:
    invite(hub, roles.CARER)
    statuses = []
    for _ in range(limits.GUESSES_FREE + 1):
        answer = hub.post("/join", hub.new_browser(), code="ABCD-EFGH", name="Gran", password=GRAN)
        statuses.append(answer.status_code)
    assert statuses[-1] == 429
    assert hub.post("/login", hub.new_browser(), name="Mum", password=PASSWORD).status_code == 429


def test_without_an_invitation_joining_says_the_same_as_with_one(hub: Hub) -> None:
    without = hub.post("/join", hub.new_browser(), code="ABCD-EFGH", name="Gran", password=GRAN)
    hub.clock.advance(2)
    hub.parts.guessing.succeeded("127.0.0.1")
    invite(hub, roles.CARER)
    with_one = hub.post("/join", hub.new_browser(), code="ABCD-EFGH", name="Gran", password=GRAN)
    token = r'name="csrf_token" value="[^"]+"'
    said, said_then = (re.sub(token, "", answer.text) for answer in (without, with_one))
    assert (without.status_code, said) == (with_one.status_code, said_then)


def test_a_name_that_is_taken_leaves_the_code_open(hub: Hub, dad: FlaskClient) -> None:
    code = invite(hub, roles.CARER)
    hub.clock.advance(2)
    answer = hub.post("/join", hub.new_browser(), code=code, name="DAD", password=GRAN)
    assert (answer.status_code, "has that name already" in answer.text) == (409, True)
    hub.clock.advance(2)
    assert hub.post("/join", hub.new_browser(), code=code, name="Gran", password=GRAN).status_code == 303


def test_a_code_that_was_used_or_cancelled_is_never_given_back(hub: Hub) -> None:
    invitations = hub.parts.invitations

    def take(code: str) -> str:
        hub.clock.advance(2)
        return invitations.take(code)[0]

    first = invite(hub, roles.CARER)
    assert take(first) == roles.CARER
    second = invite(hub, roles.COPARENT)  # while the first one's password is hashed
    assert take(second) == roles.COPARENT
    invitations.give_back(first)  # whose name was somebody's
    assert take(first) == take(second) == ""

    third = invite(hub, roles.COPARENT)
    assert take(third) == roles.COPARENT
    invitations.cancel()
    invitations.give_back(third)
    assert take(third) == ""


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Please give a name"),
        ({"name": "\u202e\u200b"}, "Please give a name"),
        ({"password": "short"}, "at least 10 characters"),
    ],
)
def test_what_is_missing_costs_no_try(hub: Hub, fields: dict[str, str], sentence: str) -> None:
    code = invite(hub, roles.CARER)
    hub.clock.advance(2)
    answer = hub.post("/join", hub.new_browser(), **{"code": code, "name": "Gran", "password": GRAN, **fields})
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert hub.parts.invitations.state().wrong == 0


def test_an_invitation_needs_the_password_and_a_name_of_the_owner(hub: Hub) -> None:
    assert hub.post("/accounts/invite", role="carer", name="Mum", password="a wrong one").status_code == 403
    assert hub.post("/accounts/invite", role="carer", name="", password=PASSWORD).status_code == 422
    assert hub.post("/accounts/invite", role="owner", name="Mum", password=PASSWORD).status_code == 422
    assert hub.parts.invitations.state().stage == "closed"


def test_on_a_childs_device_nobody_joins(hub: Hub) -> None:
    child = hub.add_child("Mia")
    hub.add_device(child, TABLET)
    hub.post("/devices", name="phone", mac="02:00:5e:10:00:99", kind="phone", person="adult")
    hub.network.neighbours["192.0.2.7"] = TABLET
    hub.network.neighbours["192.0.2.9"] = "02:00:5e:10:00:99"
    hub.get("/me", hub.new_browser(), environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    hub.parts.devices.upkeep.run()
    answer = hub.get("/join", hub.new_browser(), environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert (answer.status_code, "This is a child’s device" in answer.text) == (403, True)


# The login


def test_the_login_names_nobody_and_asks_for_a_name_only_where_it_is_needed(hub: Hub) -> None:
    assert 'name="name"' not in hub.get("/login", hub.new_browser()).text
    join(hub, roles.COPARENT, "Dad", DAD)
    page = hub.get("/login", hub.new_browser()).text
    assert 'name="name"' in page
    assert "Mum" not in page and "Dad" not in page


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Mum", DAD),
        ("Dad", PASSWORD),
        ("", PASSWORD),
        ("", DAD),
        ("Eve", PASSWORD),
        ("Dad", ""),
        ("Mum\x00", "x" * 300),
    ],
)
def test_a_password_opens_its_own_account_only(hub: Hub, dad: FlaskClient, name: str, password: str) -> None:
    answer = hub.post("/login", hub.new_browser(), name=name, password=password)
    assert answer.status_code == 403
    assert "Name and password do not fit." in answer.text


def test_an_unknown_name_costs_a_hash_as_a_known_one_does(
    hub: Hub, dad: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stairgate.hub import passwords

    asked: list[str] = []

    def check(kept: str, password: str) -> bool:
        asked.append(kept.partition("$")[0])
        return False

    monkeypatch.setattr(passwords, "check_password_hash", check)
    for name in ("Mum", "Dad", "Eve", ""):
        hub.post("/login", hub.new_browser(), name=name, password="x" * 12)
    assert len(asked) == 4
    assert len(set(asked)) == 1


def test_a_store_of_a_hub_with_one_parent_goes_on_without_a_question(hub: Hub) -> None:
    with hub.store.transaction(HOME) as rows:
        row = rows.get("parents", "owner")
        assert row
        rows.put("parents", "owner", {"password": row.document["password"], "created": row.document["created"]})
    assert hub.get("/accounts").status_code == 200
    assert hub.sign_in(hub.new_browser()).status_code == 303
    assert [(account.role, account.name) for account in hub.parts.parents.accounts()] == [("owner", "")]


# Changing and removing


def test_a_removed_account_is_out_at_once(hub: Hub, dad: FlaskClient) -> None:
    dads = account_id(hub, "Dad")
    assert hub.post(f"/accounts/{dads}/remove", sure="yes", password="not this one").status_code == 403
    assert hub.post(f"/accounts/{dads}/remove", password=PASSWORD).status_code == 422
    assert hub.get("/", dad).status_code == 200
    assert hub.post(f"/accounts/{dads}/remove", sure="yes", password=PASSWORD).status_code == 303
    assert (hub.get("/", dad).status_code, hub.get("/", dad).location) == (303, "/login")
    assert hub.post("/login", hub.new_browser(), name="Dad", password=DAD).status_code == 403


def test_a_session_of_an_account_that_is_gone_opens_nothing(hub: Hub, dad: FlaskClient) -> None:
    with hub.store.transaction(HOME) as rows:  # however that came about
        rows.delete("parents", account_id_of(rows, "Dad"))
    assert hub.get("/", dad).location == "/login"


def account_id_of(rows: object, name: str) -> str:
    from stairgate.hub.accounts import read_accounts

    return next(account.id for account in read_accounts(rows) if account.name == name)  # type: ignore[arg-type]


def test_another_role_signs_out_and_holds_at_once(hub: Hub, dad: FlaskClient) -> None:
    dads = account_id(hub, "Dad")
    assert hub.post(f"/accounts/{dads}/role", role="carer", password=PASSWORD).status_code == 303
    assert hub.get("/", dad).location == "/login"
    assert hub.post("/login", dad, name="Dad", password=DAD).status_code == 303
    assert hub.get("/devices", dad).status_code == 403


@pytest.mark.parametrize("path", ["/accounts/owner/remove", "/accounts/owner/role"])
def test_the_last_owner_stays(hub: Hub, dad: FlaskClient, path: str) -> None:
    answer = hub.post(path, role="carer", sure="yes", password=PASSWORD)
    assert (answer.status_code, "This home needs an owner." in answer.text) == (409, True)
    assert hub.get("/accounts").status_code == 200

    hub.post(f"/accounts/{account_id(hub, 'Dad')}/role", role="owner", password=PASSWORD)
    assert hub.post(path, role="carer", sure="yes", password=PASSWORD).status_code == 303
    assert hub.post("/login", dad, name="Dad", password=DAD).status_code == 303
    assert hub.get("/accounts", dad).status_code == 200


def test_two_who_remove_each_other_at_once_leave_an_owner(hub: Hub, dad: FlaskClient) -> None:
    dads = account_id(hub, "Dad")
    hub.parts.parents.change_role(dads, roles.OWNER)
    hub.parts.parents.remove("owner")
    answer = hub.post("/login", dad, name="Dad", password=DAD)
    assert answer.status_code == 303
    answer = hub.post(f"/accounts/{dads}/remove", dad, sure="yes", password=DAD)
    assert answer.status_code == 409


def test_sessions_belong_to_accounts(hub: Hub, dad: FlaskClient) -> None:
    second = hub.new_browser()
    hub.post("/login", second, name="Dad", password=DAD)
    assert len(hub.parts.sessions.live()) == 3
    # A co-parent sees and ends only what is theirs.
    assert "Mum" not in hub.get("/sessions", dad).text
    mums = next(session.id for session in hub.parts.sessions.live() if session.parent == "owner")
    hub.post(f"/sessions/{mums}/revoke", dad)
    hub.post("/sessions/revoke-others", dad)
    assert sorted(session.parent for session in hub.parts.sessions.live()) == sorted(["owner", account_id(hub, "Dad")])
    # An owner sees who is who, and ends everybody's.
    assert "Dad" in hub.get("/sessions").text
    hub.post(f"/accounts/{account_id(hub, 'Dad')}/sign-out")
    assert [session.parent for session in hub.parts.sessions.live()] == ["owner"]


def test_another_password_ends_the_accounts_other_browsers(hub: Hub, dad: FlaskClient) -> None:
    second = hub.new_browser()
    hub.post("/login", second, name="Dad", password=DAD)
    assert hub.post("/account/password", dad, new="short", password=DAD).status_code == 422
    assert hub.post("/account/password", dad, new="another good one", password=PASSWORD).status_code == 403
    assert hub.post("/account/password", dad, new="another good one", password=DAD).status_code == 303
    assert hub.get("/", second).location == "/login"
    assert hub.get("/account", dad).status_code == 200
    assert hub.get("/").status_code == 200
    assert hub.post("/login", second, name="Dad", password="another good one").status_code == 303


def test_a_name_is_ones_own_and_nobody_elses(hub: Hub, dad: FlaskClient) -> None:
    assert hub.post("/account/name", dad, name="mum").status_code == 422
    assert hub.post("/account/name", dad, name="Papa").status_code == 303
    assert "Papa" in hub.get("/accounts").text


def test_a_coparent_proves_it_with_their_own_password(hub: Hub, dad: FlaskClient) -> None:
    assert hub.post("/data/export", dad, password=PASSWORD).status_code == 403
    assert hub.post("/data/export", dad, password=DAD).status_code == 200


def test_a_reset_is_the_owners(hub: Hub, dad: FlaskClient) -> None:
    code = hub.parts.keeping.reset_code.renew()
    hub.clock.advance(2)
    browser = hub.new_browser()
    token = hub.token(browser, "/claim")
    fields = {"csrf_token": token, "code": code, "password": "quite another one"}
    assert browser.post("/claim", data=fields).status_code == 303
    assert hub.get("/accounts", browser).status_code == 200
    assert hub.get("/", dad).location == "/login"
    assert hub.post("/login", dad, name="Dad", password=DAD).status_code == 303


@pytest.mark.parametrize("act", ["reset", "password", "role", "remove"])
def test_an_invitation_ends_with_the_rights_of_whoever_may_have_made_it(hub: Hub, dad: FlaskClient, act: str) -> None:
    code = invite(hub, roles.COPARENT)
    hub.clock.advance(2)
    if act == "reset":
        fields = {"code": hub.parts.keeping.reset_code.renew(), "password": "quite another one"}
        browser = hub.new_browser()
        answer = browser.post("/claim", data={"csrf_token": hub.token(browser, "/claim"), **fields})
    elif act == "password":
        answer = hub.post("/account/password", new="quite another one", password=PASSWORD)
    else:
        path = f"/accounts/{account_id(hub, 'Dad')}/{act}"
        answer = hub.post(path, role=roles.CARER, sure="yes", password=PASSWORD)
    assert answer.status_code == 303, answer.text
    hub.clock.advance(2)
    eve = hub.post("/join", hub.new_browser(), code=code, name="Eve", password=GRAN)
    assert (eve.status_code, hub.parts.invitations.state().stage) == (403, "closed")


def test_a_password_that_is_replaced_while_it_is_checked_opens_nothing(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = passwords.is_password

    def slowly(kept: str | None, password: str) -> bool:
        monkeypatch.setattr(passwords, "is_password", check)
        is_right = check(kept, password)
        hub.parts.parents.set_password("quite another one")
        return is_right

    monkeypatch.setattr(passwords, "is_password", slowly)
    assert hub.post("/login", hub.new_browser(), password=PASSWORD).status_code == 403
    assert hub.parts.sessions.live() == []


def test_there_is_a_bound_of_accounts(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACCOUNTS_MAX", 2)
    join(hub, roles.CARER, "Gran", GRAN)
    answer = hub.post("/accounts/invite", role="carer", password=PASSWORD)
    assert (answer.status_code, "There are 2 accounts already." in answer.text) == (422, True)


def test_the_export_tells_accounts_but_nothing_that_opens_them(hub: Hub, dad: FlaskClient) -> None:
    exported = hub.post("/data/export", password=PASSWORD)
    assert [(each["name"], each["role"]) for each in json.loads(exported.text)["accounts"]] == [
        ("Mum", "owner"),
        ("Dad", "coparent"),
    ]
    assert "scrypt" not in exported.text


# Who did what


def test_the_history_says_who(hub: Hub, dad: FlaskClient, gran: FlaskClient) -> None:
    child = hub.add_child("Mia")
    hub.add_device(child, TABLET)
    hub.post(f"/children/{child}/pause", minutes="15")
    hub.post(f"/children/{child}/bedtime", dad, days="127", start="20:30", end="07:00")
    hub.post(f"/children/{child}/bonus", gran, minutes="30")
    for browser in (hub.browser, dad):
        text = " ".join(re.sub(r"<[^>]+>", " ", hub.get("/history", browser).text).split())
        assert "Gave Mia extra time for 30 minutes 18:00 · by Gran" in text
        assert "18:00 · by Dad Paused Mia for 15 minutes 18:00 · by Mum" in text
        assert "Paused Mia for 15 minutes 18:00 · by Mum" in text
        assert "Joined with an invitation 18:00 · by Gran" in text
        assert "Added Mia 18:00 · by Mum" in text


def test_a_removed_account_keeps_its_name_in_the_history_only(hub: Hub, dad: FlaskClient) -> None:
    child = hub.add_child("Mia")
    hub.post(f"/children/{child}/pause", dad, minutes="15")
    hub.post(f"/accounts/{account_id(hub, 'Dad')}/remove", sure="yes", password=PASSWORD)
    text = " ".join(re.sub(r"<[^>]+>", " ", hub.get("/history").text).split())
    assert "Paused Mia for 15 minutes 18:00 · by Dad" in text
    assert "Removed the account of Dad 18:00 · by Mum" in text
    hub.clock.advance(limits.HISTORY_EVENT_DAYS * 86400 + 1)
    hub.parts.parents.names()
    assert hub.parts.parents.names() == {"owner": "Mum"}


def test_a_childs_own_act_is_the_childs(hub: Hub) -> None:
    child = hub.add_child("Mia")
    hub.parts.keeping.history.event("child.undo", child, by=child)
    assert hub.parts.keeping.history.events()[0] == Event(int(hub.clock.wall()), "child.undo", child, by=child)
    text = " ".join(re.sub(r"<[^>]+>", " ", hub.get("/history").text).split())
    assert "by Mia" in text


def test_a_conflict_says_who_was_faster(hub: Hub, dad: FlaskClient) -> None:
    child = hub.add_child("Mia")
    hub.post(f"/children/{child}/bedtime", days="127", start="20:30", end="07:00")
    week = hub.family().weeks[0]
    fields = {"days": "127", "week": week.id, "revision": str(week.revision), "end": "07:00"}
    hub.clock.advance(60)
    assert hub.post(f"/children/{child}/bedtime", dad, start="21:00", **fields).status_code == 303
    hub.clock.advance(60)

    answer = hub.post(f"/children/{child}/bedtime", start="21:30", **fields)

    assert answer.status_code == 409
    assert "Dad changed this at 18:01. This is how it stands now." in answer.text
    assert hub.family().weeks[0].start == 21 * 60
    # And the other way round: their own hand in another window is not somebody else's.
    answer = hub.post(f"/children/{child}/bedtime", dad, start="22:00", **fields)
    assert "You changed this yourself at 18:01, on another page. This is how it stands now." in answer.text


def test_an_undo_that_came_too_late_says_who_was_faster(hub: Hub, dad: FlaskClient) -> None:
    child = hub.add_child("Mia")
    hub.post(f"/children/{child}/pause", minutes="15")
    hub.clock.advance(60)
    hub.post(f"/children/{child}/pause", dad, minutes="30")
    answer = hub.post(f"/children/{child}/undo", act="a0000000000000000")
    assert answer.status_code == 409
    assert "Nothing was undone. Dad changed this at 18:01. This is how it stands now." in answer.text
    assert len(hub.family().overrides) == 1


def test_a_role_of_a_later_version_may_nothing_and_breaks_nothing(hub: Hub, dad: FlaskClient) -> None:
    with hub.store.transaction(HOME) as rows:
        row = rows.get("parents", account_id_of(rows, "Dad"))
        assert row
        rows.put("parents", row.id, {**row.document, "role": "uncle"})
    assert hub.get("/", dad).status_code == 403
    assert "uncle" in hub.get("/accounts").text
    assert hub.get("/history").status_code == 200
