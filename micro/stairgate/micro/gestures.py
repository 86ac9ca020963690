"""Gestures of a grown-up at the toy itself: how long one is held, and that each counts once.

They decide when a declared gesture was made; what it does is the agent's. Which buttons make one is the platform's.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.micro.agent import Agent


class Gestures:
    """Follows what is held right now."""

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self._code = ""
        self._since = 0
        self._is_done = False

    def look(self) -> None:
        """To be called several times a second."""
        code, now = self._agent.platform.gesture(), self._agent.platform.ticks()
        if code != self._code:
            self._code, self._since, self._is_done = code, now, False
        if not code or self._is_done:
            return
        for gesture in self._agent.declaration.gestures:
            if gesture.code == code and now - self._since >= gesture.hold * 1000:
                self._is_done = True
                self._act(gesture.use, gesture.session)

    def _act(self, use: str, session: int) -> None:
        if use == "open":
            self._agent.open_session(session)
        elif use == "erase":
            self._agent.erase_soon("gesture")
        elif self._agent.on_pair is not None:
            self._agent.on_pair()
