"""A parent acts: what the page says next, what the store holds, what the router is sent."""

from tests.unit.hub.conftest import EVENING, HOME, ROUTER, Hub


def test_smoke(hub: Hub) -> None:
    child = hub.add_child()
    hub.add_device(child)
    for path in ("/", f"/children/{child}", "/children/new", "/devices", "/traffic", "/more", "/sessions", "/help", "/me", "/status"):
        answer = hub.get(path)
        assert answer.status_code == 200, (path, answer.text)
    answer = hub.post(f"/children/{child}/pause", minutes="15")
    assert answer.status_code == 303
    print(hub.get("/").text)
