"""The one error of the core: something that came from outside was not accepted.

It carries a machine code for programs and a sentence for people; what to do about it is left to the caller.
"""


class Refused(Exception):
    """`reason` is a machine code such as `bad_signature`; `detail` says where and what was expected."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
