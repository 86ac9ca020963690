"""Asks what a function of the core refused, because MicroPython has no pytest."""

from stairgate.core.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def reason_of(function: "Callable[..., object]", *arguments: object) -> str:
    """The machine reason with which the call is refused; empty when it is not. Any other error passes."""
    try:
        function(*arguments)
    except Refused as refused:
        return refused.reason
    return ""
