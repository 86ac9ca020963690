"""The long work on lists, in a process of its own at low priority: a minute of it must not make a page wait.

It decides only where the work is done: small lists here, large ones apart. What the work is, is `list_reading`'s part.
The process apart ends with this one, whatever ends this one, so that nobody else writes where the next hub writes.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from stairgate.hub import limits, list_reading
from stairgate.hub.list_formats import ListRefused
from stairgate.hub.list_reading import Base
from stairgate.hub.packs import Written
from stairgate.hub.sentence import Told, from_kept, kept
from stairgate.hub.source_copies import Copies
from stairgate.hub.sources import Source
from stairgate.hub.tag_sets import PackError

_ANSWER_BYTES_MAX = 64 * 1024


class Counted(NamedTuple):
    """What is in a list: entries that were taken, and lines left out, by reason."""

    taken: int
    dropped: Mapping[str, int]


class ListWorker:
    """Counts lists and writes packs, one at a time. `stop` from another thread ends what is under way."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()

    def count(self, path: Path, source: Source) -> Counted:
        """Read a whole list and keep only counts. Raises `ListRefused`, OSError."""
        if _are_small((path,)):
            report = list_reading.count(path, source)
            return Counted(report.taken, report.dropped)
        answer = self._apart({"act": "count", "path": str(path), "sources": [_words(source)]}, ListRefused)
        return Counted(answer["taken"], answer["dropped"])

    def write_pack(self, path: Path, sources: Sequence[Source], copies: Copies, base: Base) -> Written:
        """Write the pack of these sources and the catalogue. Raises `PackError`, `ListRefused`, OSError."""
        if _are_small(copies.path(source.id) for source in sources):
            return list_reading.write_pack(path, sources, copies, base)
        request = {"act": "build", "path": str(path), "data": str(copies.data), "sources": list(map(_words, sources))}
        answer = self._apart(request, PackError)
        return Written(answer["names"], tuple(answer["tags"]), answer["trimmed"])

    def stop(self) -> None:
        """End what is under way; nothing is begun after it."""
        self._stopped.set()
        if process := self._process:
            process.kill()

    def _apart(self, request: Mapping[str, Any], refusal: Callable[..., ValueError]) -> dict[str, Any]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "stairgate.hub.list_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._process = process
        late = threading.Timer(limits.LISTS_WORK_SECONDS, process.kill)
        late.daemon = True
        late.start()
        assert process.stdin and process.stdout
        try:
            if self._stopped.is_set():
                process.kill()
            # It ends when this end of the pipe is closed, so it is left open until the answer is there.
            with suppress(BrokenPipeError):  # it has ended already: there is no answer to read either
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
            answer = process.stdout.read(_ANSWER_BYTES_MAX)
        finally:
            late.cancel()
            self._process = None
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(BrokenPipeError):  # of what it never took
                    pipe.close()
        if not answer:
            raise OSError("expected an answer of the process for lists, got none")
        result: dict[str, Any] = json.loads(answer)
        if "refused" in result:
            told = from_kept(result["refused"])
            raise refusal(told.text, **told.fields)
        if "errno" in result:
            raise OSError(result["errno"], os.strerror(result["errno"]))
        return result


def _are_small(paths: Iterable[Path]) -> bool:
    return sum(path.stat().st_size for path in paths) <= limits.LISTS_HERE_BYTES_MAX


def _words(source: Source) -> list[str]:
    return [source.id, source.format, source.tag]


def _source(words: Sequence[str]) -> Source:
    source_id, form, tag = words
    return Source(source_id, "", "", form, tag)


def _work(request: Mapping[str, Any]) -> dict[str, Any]:
    sources, path = [_source(words) for words in request["sources"]], Path(request["path"])
    if request["act"] == "count":
        report = list_reading.count(path, sources[0])
        return {"taken": report.taken, "dropped": dict(report.dropped)}
    written = list_reading.write_pack(path, sources, Copies(Path(request["data"])), list_reading.base())
    return written._asdict()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    """Do the one thing that the first line of the input asks for, and say in JSON what came of it."""
    os.nice(10)
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        result = _work(request)
    except ValueError as problem:
        result = {"refused": kept(problem.sentence if isinstance(problem, Told) else str(problem))}
    except OSError as problem:
        result = {"errno": problem.errno or 5}
    sys.stdout.write(json.dumps(result))
    sys.stdout.flush()
    # Not by returning: the thread that waits holds the input.
    os._exit(0)


if __name__ == "__main__":
    main()
