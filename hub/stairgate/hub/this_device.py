"""What a page calls the device in somebody's hands: “this phone”, in the forms that sentences need.

It decides nothing; which kind a device is, parents say.
"""

from typing import NamedTuple

from stairgate.hub.language import pgettext


class ThisDevice(NamedTuple):
    """first: at the beginning of a sentence; within: as its subject; used: as what somebody is using."""

    first: str
    within: str
    used: str


def called(kind: str) -> ThisDevice:
    """The words for a kind of device, for one that has no kind those for any."""
    return ThisDevice(_first(kind), _within(kind), _used(kind))


def _first(kind: str) -> str:
    device = pgettext("{This} is not limited", "This device")
    return {
        "phone": pgettext("{This} is not limited", "This phone"),
        "tablet": pgettext("{This} is not limited", "This tablet"),
        "computer": pgettext("{This} is not limited", "This computer"),
        "console": pgettext("{This} is not limited", "This games console"),
        "toy": pgettext("{This} is not limited", "This toy"),
    }.get(kind, device)


def _within(kind: str) -> str:
    device = pgettext("how much {this} sent", "this device")
    return {
        "phone": pgettext("how much {this} sent", "this phone"),
        "tablet": pgettext("how much {this} sent", "this tablet"),
        "computer": pgettext("how much {this} sent", "this computer"),
        "console": pgettext("how much {this} sent", "this games console"),
        "toy": pgettext("how much {this} sent", "this toy"),
    }.get(kind, device)


def _used(kind: str) -> str:
    device = pgettext("who is using {this}", "this device")
    return {
        "phone": pgettext("who is using {this}", "this phone"),
        "tablet": pgettext("who is using {this}", "this tablet"),
        "computer": pgettext("who is using {this}", "this computer"),
        "console": pgettext("who is using {this}", "this games console"),
        "toy": pgettext("who is using {this}", "this toy"),
    }.get(kind, device)
