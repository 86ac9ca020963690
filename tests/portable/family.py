"""A family for the portable tests: the lines of its policy, and the local time of its home."""

from stairgate.core.policy import read_policy
from stairgate.core.zone import day_number, utc_of_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.policy import Policy

# Europe/Berlin: summer time 2026-03-29 01:00 UTC to 2026-10-25 01:00 UTC.
ZONE = b'["zone","zb","Europe/Berlin",[[1767225600,60],[1774746000,120],[1792890000,60],[1806195600,120]]]'
HEAD = (
    b'["policy","h1","r1",5,6]',
    ZONE,
    b'["hub",["02:00:5e:00:00:01"],["192.168.77.2"],8080]',
    b'["person","pa","adult","zb","open"]',
    b'["person","pb","6-9","zb","open"]',
    b'["person","pc","13-15","zb","open"]',
    b'["person","pz","0-5","zb","closed"]',
    b'["device","da",["02:00:5e:00:00:02"],["pa"],"phone",[]]',
    b'["device","db",["02:00:5e:00:00:03"],["pb"],"tablet",[]]',
    b'["device","dbc",["02:00:5e:00:00:04"],["pb","pc"],"console",[]]',
    b'["device","dc",["02:00:5e:00:00:05"],["pc"],"phone",[]]',
    b'["device","dex",["02:00:5e:00:00:06"],["pb"],"computer",["exempt"]]',
    b'["device","dhub",["02:00:5e:00:00:01"],["pb"],"hub",[]]',
    b'["device","dhear",["02:00:5e:00:00:07"],["pb"],"hearing",["assistive"]]',
    b'["device","diso",["02:00:5e:00:00:08"],[],"camera",["isolated"]]',
    b'["device","dnew",["02:00:5e:00:00:09"],[],"unknown",[]]',
    b'["device","dz",["02:00:5e:00:00:0a"],["pz"],"toy",["resolved_only"]]',
)


def body(*lines: bytes) -> bytes:
    """The family's policy with these lines after it."""
    head = sorted(HEAD[7:])
    return b"\n".join(list(HEAD[:7]) + head + list(lines)) + b"\n"


def policy(*lines: bytes) -> "Policy":
    """As `body`, read."""
    return read_policy(body(*lines))


ZONE_RECORD = policy().zones[0]


def utc(text: str) -> int:
    """UTC seconds of `2026-03-27 20:30` or `2026-03-27 20:30:59` in the family's zone; the first, where it is doubled."""
    hour, minute = int(text[11:13]), int(text[14:16])
    second = int(text[17:19]) if len(text) > 16 else 0
    return utc_of_local(ZONE_RECORD, day_number(text[:10]) * 86400 + hour * 3600 + minute * 60 + second)
