"""The core beside what the oracle said before, on whichever interpreter runs this file.

    MICROPYPATH=.:micro:.frozen micropython tests/time/on_micropython.py FILE

Each line of FILE is a policy with the minutes used and some moments, as `vectors` writes them. Prints a JSON object:
`instants`, and `differences` as a list of sentences. Exit status 1 when there is one, or no instant.
"""

import json
import sys
from binascii import unhexlify

from stairgate.core.budget import allowances, spent_categories
from stairgate.core.decide import decide
from stairgate.core.policy import read_policy
from stairgate.core.usage import UseBook, used_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # noqa: TID251


def differences_of(vector: "dict[str, Any]") -> "list[str]":
    """What the core answers otherwise than the oracle did."""
    found = []
    policy = read_policy(vector["body"].encode())
    book = UseBook()
    for person, category, day, bits in vector["rows"]:
        book.merge(person, category, day, unhexlify(bits))
    for ask in vector["asks"]:
        now = ask["now"]
        used = used_of(policy, now, book)
        answer = decide(policy, ask["device"], now, used)
        until, then = answer.until, answer.next_level
        if ask["until"] is None and until is not None and until >= ask["horizon"]:
            until = then = None
        budgets = {}
        for person in ask["budgets"]:
            budgets[person] = [list(row) for row in allowances(policy, person, now, used)]
        spent = {person: list(names) for person, names in spent_categories(policy, now, used).items()}
        got = [answer.level, until, then, budgets, spent]
        expected = [ask["level"], ask["until"], ask["next_level"], ask["budgets"], ask["spent"]]
        if got != expected:
            found.append(f"{vector['name']} {ask['device']} at {now}: the core says {got}, the oracle {expected}")
    return found


def main(path: str) -> int:
    """Compare all vectors of a file; the exit status."""
    instants = 0
    differences = []
    with open(path) as file:
        for line in file:
            vector = json.loads(line)
            instants += len(vector["asks"])
            differences += differences_of(vector)
    print(json.dumps({"instants": instants, "differences": differences[:20]}))
    return 1 if differences or not instants else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
