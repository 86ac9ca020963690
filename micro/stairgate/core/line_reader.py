"""Reads a document whose lines have kinds, in a fixed order, each with fields that a table describes.

It decides whether each line fits the table (kind, order, number and shape of fields) and collects what is wrong. How
lines belong together and what they mean is left to whoever owns the document (`policy_reader`, `declaration`).
"""

from stairgate.core.lines import read_line
from stairgate.core.records import Fault
from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.schema import Field

GOT_CHARACTERS = 60


class LineReader:
    """Takes the lines of a document one by one, so that no more than one line is held besides what is kept.

    `faults` collects everything wrong so far and `reason` the machine code of the first; what is kept is complete only
    when there are none. A subclass has `checked`: what is wrong between the lines, and `keep`: a sound line.
    """

    def __init__(
        self,
        schema: "dict[str, tuple[Field, ...]]",
        kinds: "tuple[str, ...]",
        single: "tuple[str, ...]",
        repeated: "tuple[str, ...]",
        sort_fields: "dict[str, int]",
    ) -> None:
        """kinds: in their order; the first stands on the first line and only there. single: kinds that stand once.

        repeated: kinds whose key may stand on several lines. sort_fields: how many leading fields are the key of a
        kind; 1 for the others.
        """
        self.faults: "list[Fault]" = []
        self.reason = ""
        self._schema = schema
        self._kinds = kinds
        self._single = single
        self._repeated = repeated
        self._sort_fields = sort_fields
        self._number = 0
        self._rank = -1
        self._sort_key = ""

    def fault(self, reason: str, field: str, expected: str, got: object) -> None:
        """Something wrong in the line that is being read, or, with nothing read at all, in the first."""
        self.reason = self.reason or reason
        shown = got if isinstance(got, str) and got else repr(got)
        self.faults.append(Fault(self._number or 1, field, expected, shown[:GOT_CHARACTERS]))

    def checked(self, kind: str, fields: "list[object]") -> None:
        """Looks at a line whose fields are sound, beside those before it; calls `fault`."""

    def keep(self, kind: str, fields: "list[object]") -> None:
        """Keeps a line whose fields are sound."""

    def named(self, kind: str, fields: "list[object]") -> None:
        """A line of a known kind with as many fields as it should have, sound or not: others may refer to it."""

    def take(self, line: bytes) -> None:
        """The next line, without its newline."""
        self._number += 1
        try:
            values = read_line(line)
        except Refused as refused:
            expected, _, got = refused.detail.partition(", got")
            self.fault(refused.reason, "line", expected.replace("expected ", "", 1), got.lstrip(": "))
            return
        kind = values[0] if values else ""
        if not isinstance(kind, str) or kind not in self._schema:
            if self._number == 1 or not isinstance(kind, str) or not kind.startswith("x-"):
                self.fault("unknown_kind", "kind", "one of " + ", ".join(self._kinds) + ", or x-…", kind)
            return
        fields = values[1:]
        schema = self._schema[kind]
        self._check_order(kind, fields)
        if len(fields) != len(schema):
            names = ", ".join([name for name, _, _ in schema])
            self.fault("bad_field", "fields", f"{len(schema)} fields ({names})", f"{len(fields)} fields")
            return
        sound = True
        for (name, expected, check), value in zip(schema, fields):
            if not check(value):
                sound = False
                self.fault("bad_field", name, expected, value)
        self.named(kind, fields)
        if sound:
            self.checked(kind, fields)
            self.keep(kind, fields)

    def _check_order(self, kind: str, fields: "list[object]") -> None:
        rank = self._kinds.index(kind)
        first = self._kinds[0]
        if (self._number == 1) != (rank == 0):
            self.fault("bad_order", "kind", first + " on the first line, and only there", kind)
        elif rank < self._rank:
            self.fault("bad_order", "kind", "lines in the order " + ", ".join(self._kinds), kind)
        elif kind in self._single and rank == self._rank:
            self.fault("bad_order", "kind", f"one {kind} at most", "a second one")
        leading = self._sort_fields.get(kind, 1)
        key = str(fields[0]) if leading == 1 and fields else " ".join([str(part) for part in fields[:leading]])
        # A long list may fill several lines; any other key stands once.
        if rank == self._rank and (key < self._sort_key or (key == self._sort_key and kind not in self._repeated)):
            self.fault("bad_order", "order", f"{kind} lines sorted and each once", key)
        if rank > self._rank:
            self._rank = rank
        self._sort_key = key

    def refuse(self) -> None:
        """Raises Refused with the first fault, if there is any or nothing was read."""
        if not self._number:
            self.fault("bad_order", "kind", self._kinds[0] + " on the first line", "nothing")
        if self.faults:
            first = self.faults[0]
            raise Refused(self.reason, f"line {first.line}, {first.field}: expected {first.expected}, got {first.got}")
