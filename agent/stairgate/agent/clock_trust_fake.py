"""A machine's word about its clock, for tests: whatever the test says.

It decides nothing. A machine with a battery clock and without NTP, unless told otherwise.
"""


class FakeEvidence:
    """See `clock_trust.Evidence`. boots: counts the starts of the machine."""

    def __init__(self, battery: bool = True, ntp: bool = False) -> None:
        self.has_battery, self.ntp = battery, ntp
        self.boots = 1

    def synchronised(self) -> bool:
        """See Evidence."""
        return self.ntp

    def battery(self) -> bool:
        """See Evidence."""
        return self.has_battery

    def boot(self) -> str:
        """See Evidence."""
        return f"boot{self.boots}"
