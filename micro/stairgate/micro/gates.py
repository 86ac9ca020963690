"""The gates of a toy: code holds a sensor only while its gate is open, and the sign is on before the first sample.

They decide when a sensor is switched on and off; whether it may be is `core.gates`' answer, asked again at its end and
at each change. The order of an opening: sign on, ledger written, driver made. Of a closing: driver off, sign off.
"""

from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any  # noqa: TID251

    from stairgate.core.gates import GateDecision
    from stairgate.micro.agent import Agent

ENDINGS = ("deinit", "close", "stop")  # what drivers call their end


class Held:
    """A sensor while its gate is open: each call goes to the driver, and none does any more once the gate has closed.

    With several sensors, `sensor(name)` gives one of them. Raises Refused with the gate's reason after the closing.
    """

    def __init__(self, opening: "Opening", name: str) -> None:
        self._opening = opening
        self._name = name

    def sensor(self, name: str) -> "Held":
        """One of the sensors by its declared name."""
        return Held(self._opening, name)

    def __getattr__(self, name: str) -> "Any":
        value = getattr(self._opening.driver(self._name), name)
        if not callable(value):
            return value

        def call(*arguments: object, **named: object) -> object:
            return getattr(self._opening.driver(self._name), name)(*arguments, **named)

        return call


class Opening:
    """One opening of a gate, for `with` and for `async with`. `reason`: why it closed, "" while it is open."""

    def __init__(self, gates: "Gates", gate: str, rows: "tuple[str, ...]") -> None:
        self.gate = gate
        self.rows = rows
        self.reason = "not_opened"
        self.until: "int | None" = None
        self.since = 0
        self.drivers: "dict[str, object]" = {}
        self._gates = gates

    def driver(self, name: str) -> object:
        """The driver of a sensor, or of the only one. Raises Refused when the gate is closed."""
        self._gates.check()
        if self.reason:
            raise Refused(self.reason, self.gate)
        return self.drivers[name or sorted(self.drivers)[0]]

    def __enter__(self) -> Held:
        self._gates.enter(self)
        return Held(self, "")

    def __exit__(self, *error: object) -> None:
        self._gates.leave(self, "done")

    async def __aenter__(self) -> Held:
        return self.__enter__()

    async def __aexit__(self, *error: object) -> None:
        self.__exit__()


class Gates:
    """All gates of a toy. `on_change`: called with gate, level and reason after each opening and closing."""

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self._open: "list[Opening]" = []
        self._refused: "dict[str, int]" = {}
        self._stale = False
        self.on_change: "Callable[[str, str, str], None] | None" = None

    def open(self, gate: str, *rows: str) -> Opening:
        """The gate for these declared rows, to be used with `with` or `async with`.

        Entering raises Refused with a code of docs/policy.md, or `busy` (it is open already), `no_sign` (the light or
        sound failed), `no_ledger` (it cannot be written down).
        """
        return Opening(self, gate, rows)

    def decision(self, gate: str, *rows: str) -> "GateDecision":
        """What holds now, without opening anything."""
        return self._agent.decision(gate, rows)

    def is_open(self, gate: str) -> bool:
        """Whether play or sound may go on now."""
        return self._agent.decision(gate, ()).level == "open"

    def held(self) -> "list[str]":
        """The gates that are open at the moment."""
        return [opening.gate for opening in self._open]

    def stale(self) -> None:
        """Something has changed that decisions depend on: the next `check` asks about each open gate again."""
        self._stale = True

    def check(self) -> None:
        """Close what may not be open any longer. Cheap while nothing has changed and no end has come."""
        now = self._agent.clock.now()
        for opening in list(self._open):
            if self._stale or (opening.until is not None and now >= opening.until):
                decision = self._agent.decision(opening.gate, opening.rows)
                if decision.level == "open":
                    opening.until = decision.until
                else:
                    self.leave(opening, decision.reason)
        self._stale = False

    def close(self, gate: str, reason: str) -> None:
        """Close a gate now, whoever says so: closing needs no signature."""
        for opening in list(self._open):
            if opening.gate == gate:
                self.leave(opening, reason)

    def close_all(self, reason: str) -> None:
        """Close every gate now."""
        for gate in self.held():
            self.close(gate, reason)

    def enter(self, opening: Opening) -> None:
        """Open for `with`; use `open`."""
        decision = self._agent.decision(opening.gate, opening.rows)
        reason = decision.reason if decision.level != "open" else "busy" if opening.gate in self.held() else ""
        sensors = self._agent.sensors(opening.gate, opening.rows)
        if reason:
            self._refuse(opening, reason, bool(sensors))
        opening.until = decision.until
        opening.since = self._agent.platform.ticks()
        shown: "list[str]" = []
        try:
            for sensor in sensors:
                shown.append(sensor)
                self._agent.platform.indicate(sensor, True)
        except Exception:
            self._dark(shown)
            self._refuse(opening, "no_sign", False)
        where = opening.gate + ":" + decision.reason
        try:
            if opening.rows:
                self._agent.ledger.record(*[("opened", row, 0, where) for row in opening.rows])
        except OSError:
            self._dark(shown)
            self._refuse(opening, "no_ledger", False)
        opening.reason = ""
        self._open.append(opening)
        try:
            for sensor in sensors:
                opening.drivers[sensor] = self._agent.platform.driver(sensor)()
        except BaseException:
            self.leave(opening, "no_driver")
            raise
        self._tell(opening.gate, "open", decision.reason)

    def leave(self, opening: Opening, reason: str) -> None:
        """Close one opening; it never fails. A driver that does not end keeps its sign on, and the ledger says so."""
        if opening not in self._open:
            return
        self._open.remove(opening)
        opening.reason = reason
        ended = [sensor for sensor in opening.drivers if _end(opening.drivers[sensor])]
        stuck = [sensor for sensor in opening.drivers if sensor not in ended]
        opening.drivers = {}
        sensors = self._agent.sensors(opening.gate, opening.rows)
        self._dark([sensor for sensor in sensors if sensor not in stuck])
        seconds = (self._agent.platform.ticks() - opening.since) // 1000
        where = opening.gate + ":" + ("stuck" if stuck else reason)
        try:
            if opening.rows:
                self._agent.ledger.record(*[("closed", row, seconds, where) for row in opening.rows])
            self._agent.kept.answered(opening.gate)
        except OSError:
            pass  # the flash is full or gone; the sensor is off
        self._tell(opening.gate, "closed", reason)

    def _refuse(self, opening: Opening, reason: str, noted: bool) -> None:
        """Raises Refused. The ledger is told once a minute of each: a loop that asks must not wear the flash."""
        opening.reason = reason
        key = opening.gate + ":" + reason
        now = self._agent.clock.now()
        if noted and not 0 <= now - self._refused.get(key, -60) < 60:
            self._refused[key] = now
            try:
                self._agent.ledger.record(*[("refused", row, 0, key) for row in opening.rows])
            except OSError:
                pass
        raise Refused(reason, opening.gate)

    def _dark(self, sensors: "list[str]") -> None:
        for sensor in sensors:
            try:
                self._agent.platform.indicate(sensor, False)
            except Exception:
                continue  # a sign that cannot be switched off deceives nobody

    def _tell(self, gate: str, level: str, reason: str) -> None:
        if self.on_change is not None:
            self.on_change(gate, level, reason)


def _end(driver: object) -> bool:
    """Switch a driver off by whatever it calls that; False when it failed or has no such thing."""
    for name in ENDINGS:
        end = getattr(driver, name, None)
        if end is not None:
            try:
                end()
            except Exception:
                return False
            return True
    return False
