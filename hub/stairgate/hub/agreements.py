"""What a grown-up said on the own device to rules that a parent offers for it, as it is kept.

Records only: an agreement belongs to one device and names the person whose rules are meant and a digest of the rules
that were read. Which rules these are and whether they hold is `agreed`'s part, what a tap does `agreed_acts`'.
"""

from dataclasses import asdict, dataclass

from stairgate.hub.store import Transaction

COLLECTION = "agreements"
#: Being written, waiting for an answer, accepted, refused, taken back after it was accepted.
DRAFT, OFFERED, ACCEPTED, REFUSED, ENDED = "draft", "offered", "accepted", "refused", "ended"
BAND = "adult"


@dataclass(frozen=True)
class Agreement:
    """`id`: the device's. person: whose rules; by: the account that offered them, by id; at: when the state began, UTC
    seconds; digest: of the rules that were answered, empty before any answer.
    """

    id: str
    person: str
    state: str = DRAFT
    by: str = ""
    at: int = 0
    digest: str = ""
    revision: int = 0


def read_agreements(rows: Transaction) -> tuple[Agreement, ...]:
    """All of the home, by id."""
    return tuple(Agreement(id=row.id, revision=row.revision, **row.document) for row in rows.page(COLLECTION))


def write_agreement(rows: Transaction, agreement: Agreement) -> None:
    """Write it over the revision it was read at. Raises `Conflict`."""
    document = asdict(agreement)
    del document["id"], document["revision"]
    rows.put(COLLECTION, agreement.id, document, expected=agreement.revision)


def remove_agreement(rows: Transaction, agreement: Agreement) -> None:
    """Remove it at the revision it was read at. Raises `Conflict`."""
    rows.delete(COLLECTION, agreement.id, expected=agreement.revision)
