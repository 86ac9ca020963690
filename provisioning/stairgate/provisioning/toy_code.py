"""What a toy's code does that its declaration does not say: sensors, data rows and destinations, found by reading it.

It decides over source text and runs none of it. A reading finds what is written down: names of sensing modules, of
gates, rows and hosts. A host that is put together at run time is reported as unclear; what the toy really reaches, the
home's router sees. Who put a sensor behind another bus or into native code must say so: no reading can.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from stairgate.core.declaration import Declaration
from stairgate.core.declaration_fields import GATES
from stairgate.core.fields import is_host


class Finding(NamedTuple):
    """One thing: file and line, a code of `CODES`, and what was found."""

    path: str
    line: int
    code: str
    found: str


CODES = {
    "undeclared_sensor": "a sensor that the declaration does not have",
    "past_the_gate": "a sensor that is made where no gate opens: make it in the platform's table of drivers only",
    "undeclared_gate": "a gate that the declaration does not have",
    "undeclared_row": "a data row that the declaration does not have, or not for this gate",
    "undeclared_destination": "a host that the declaration does not have, or not for this row",
    "in_the_clear": "a connection without encryption",
    "unverified": "a TLS that does not verify the server (MicroPython's `ssl`, and what is built on it): use `tls`",
    "not_python": "a file that is no Python",
    "unclear": "a host that is known only when the toy runs",
}
#: What senses, and the gates that stand before it; () for any sensor that is declared.
SENSING: dict[str, tuple[str, ...]] = {
    "machine.I2S": ("microphone", "speaker"),
    "machine.PDM": ("microphone",),
    "machine.ADC": (),
    "machine.ADCBlock": (),
    "camera.Camera": ("camera",),
    "camera.init": ("camera",),
    "sensor.snapshot": ("camera",),
    "bluetooth.BLE": ("radio", "contacts"),
    "aioble.scan": ("radio", "contacts"),
    "espnow.ESPNow": ("radio",),
    "micropyGPS.MicropyGPS": ("location",),
    "adafruit_gps.GPS": ("location",),
    "lsm6dsox.LSM6DSOX": (),
    "mpu6050.MPU6050": (),
}
CONNECTING = ("open_connection", "getaddrinfo", "create_connection", "MQTTClient")
CLEAR = ("http", "ws", "mqtt", "tcp", "ftp")
SCHEMES = (*CLEAR, "https", "wss", "mqtts", "coaps")
UNVERIFIED = ("ssl", "ussl", "requests", "urequests", "umqtt.simple", "umqtt.robust", "mip")


def _dotted(node: ast.expr) -> str:
    """`machine.I2S` of such an expression, "" of any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_drivers(targets: list[ast.expr]) -> bool:
    return any(_dotted(target).rpartition(".")[2].lower() == "drivers" for target in targets)


class _Reader(ast.NodeVisitor):
    """Walks one file. `names`: what each imported name stands for; `makers`: names in a table of drivers, by sensor."""

    def __init__(self, path: str, declaration: Declaration) -> None:
        self.path = path
        self.found: list[Finding] = []
        self._declaration = declaration
        self._sensors = {sensor.name: sensor.gate for sensor in declaration.sensors}
        self._rows = {row.id: row for row in declaration.rows}
        self._hosts = {destination.host for destination in declaration.destinations}
        self._names: dict[str, str] = {}
        self._makers: dict[str, str] = {}
        self._inside: list[str] = []

    def find(self, node: ast.AST, code: str, found: str) -> None:
        self.found.append(Finding(self.path, getattr(node, "lineno", 0), code, found))

    def read(self, tree: ast.Module) -> None:
        """Look at everything; tables of drivers first, because they say where sensors may be made."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                tables = [keyword.value for keyword in node.keywords if keyword.arg == "drivers"]
                tables += node.args if _dotted(node.func).endswith("Platform") else []
            elif isinstance(node, ast.Assign) and _is_drivers(node.targets):
                tables = [node.value]
            else:
                continue
            for table in tables:
                if isinstance(table, ast.Dict):
                    self._table(table)
        self.visit(tree)

    def _table(self, table: ast.Dict) -> None:
        for key, value in zip(table.keys, table.values, strict=True):
            name = _text(key) if key is not None else None
            if name is None or isinstance(value, ast.Constant):
                continue
            if name not in self._sensors:
                self.find(value, "undeclared_sensor", name)
            if maker := _dotted(value):
                self._makers[maker] = name
            elif isinstance(value, ast.Lambda):
                self._makers[f"<lambda {value.lineno}:{value.col_offset}>"] = name

    def _within(self, name: str, node: ast.AST) -> None:
        self._inside.append(name)
        self.generic_visit(node)
        self._inside.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._within(node.name, node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._within(node.name, node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._within(node.name, node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._within(f"<lambda {node.lineno}:{node.col_offset}>", node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._names[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
            self._module(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        self._module(node, node.module or "")

    def _module(self, node: ast.AST, name: str) -> None:
        if name in UNVERIFIED:
            self.find(node, "unverified", name)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and "://" in node.value:
            try:
                parts = urlsplit(node.value.strip())
                scheme, host = parts.scheme, parts.hostname or ""
            except ValueError:  # no URL, whatever else it is
                return
            if scheme in SCHEMES:
                self._host(node, host)
                if scheme in CLEAR:
                    self.find(node, "in_the_clear", f"{scheme}://{host}")

    def _host(self, node: ast.AST, host: str) -> None:
        if host not in self._hosts:
            self.find(node, "undeclared_destination", host or "nothing")

    def visit_Call(self, node: ast.Call) -> None:
        name = _dotted(node.func)
        first, _, rest = name.partition(".")
        full = ".".join(part for part in (self._names.get(first, first), rest) if part)
        if full in SENSING:
            self._sensing(node, full)
        if full == "network.WLAN" or name.endswith(".scan"):
            self._scanning(node, name)
        last = name.rpartition(".")[2]
        if last in CONNECTING:
            self._connecting(node, last)
        texts = [_text(argument) for argument in node.args]
        if name.endswith(("gates.open", "gates.decision")):
            self._opening(node, texts)
        elif name.endswith(("ledger.note", "kept.keep")):
            self._noting(node, texts, last)
        elif last == "driver" and rest:
            self.find(node, "past_the_gate", name)
        self.generic_visit(node)

    def _sensing(self, node: ast.Call, full: str) -> None:
        makers = [self._makers[name] for name in self._inside if name in self._makers]
        gates = SENSING[full]
        declared = [gate for gate in self._sensors.values() if not gates or gate in gates]
        if gates and "speaker" in gates and "speaker" in self._declaration.gates:
            declared.append("speaker")
        if not declared:
            self.find(node, "undeclared_sensor", full)
        elif not makers:
            self.find(node, "past_the_gate", full)
        elif gates and self._sensors.get(makers[0]) not in gates:
            self.find(node, "undeclared_sensor", f"{full} as {makers[0]}")

    def _scanning(self, node: ast.Call, name: str) -> None:
        if name.endswith(".scan") and not {"location", "radio"} & set(self._declaration.gates):
            self.find(node, "undeclared_sensor", "networks around, which tell where it is")

    def _connecting(self, node: ast.Call, function: str) -> None:
        at = 1 if function == "MQTTClient" else 0
        argument = node.args[at] if len(node.args) > at else None
        host = _text(argument) if argument is not None else None
        if argument is None:
            return
        if isinstance(argument, ast.Tuple) and argument.elts:
            host = _text(argument.elts[0])
        if host is None:
            self.find(node, "unclear", ast.unparse(argument)[:60])
        elif is_host(host):
            self._host(node, host)

    def _opening(self, node: ast.Call, texts: list[str | None]) -> None:
        if not texts or texts[0] is None:
            return
        gate = texts[0]
        if gate not in self._declaration.gates:
            self.find(node, "undeclared_gate", gate if gate in GATES else repr(gate))
        for row in texts[1:]:
            if row is not None and (row not in self._rows or self._rows[row].gate != gate):
                self.find(node, "undeclared_row", row)

    def _noting(self, node: ast.Call, texts: list[str | None], function: str) -> None:
        row = texts[0] if texts else None
        if row is None:
            return
        if row not in self._rows or (function == "keep" and self._rows[row].stored != "toy"):
            self.find(node, "undeclared_row", row)
        elif function == "note" and len(texts) > 2 and (host := texts[2]) and host != self._rows[row].destination:
            self.find(node, "undeclared_destination", host)


def findings(source: str, path: str, declaration: Declaration) -> Iterator[Finding]:
    """What the code of one file does and the declaration does not say, by line."""
    reader = _Reader(path, declaration)
    try:
        reader.read(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield Finding(path, getattr(error, "lineno", 0) or 0, "not_python", str(error)[:80])
        return
    yield from sorted(set(reader.found), key=lambda one: (one.line, one.code, one.found))
