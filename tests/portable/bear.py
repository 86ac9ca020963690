"""A talking bear for the portable tests: the lines of its declaration, and its family's policy."""

from stairgate.core.declaration import read_brief_declaration
from stairgate.core.lines import split
from stairgate.core.policy_brief import read_toy_policy
from tests.portable.family import ZONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairgate.core.declaration import Declaration
    from stairgate.core.policy import Policy

LINES = (
    b'["declaration","bear1",3,1774602000]',
    b'["toy","Bruno the bear","rev B","1.4.0","Honey Toys","2031-12-31","https://honey.example/security","mailto:privacy@honey.example"]',
    b'["gesture","erase","both_paws_and_nose",10,0]',
    b'["gesture","open","both_paws",5,600]',
    b'["gate","camera"]',
    b'["gate","microphone"]',
    b'["gate","play"]',
    b'["gate","speaker"]',
    b'["sensor","eye","camera","light"]',
    b'["sensor","mic","microphone","light"]',
    b'["destination","stats.example",443,"tls","Metrics Ltd","ie"]',
    b'["destination","talk.honey.example",443,"tls","Honey Toys","de"]',
    b'["row","answers","mic","microphone","voice","press","answer","consent","cloud","talk.honey.example",0,["child_voice"]]',
    b'["row","diary","mic","microphone","transcript","press","progress","consent","toy","",30,["derived"]]',
    b'["row","faces","eye","camera","image","press","play","needed","nowhere","",0,[]]',
    b'["row","minutes","","play","usage","always","parent","needed","toy","",7,["aggregated"]]',
    b'["row","research","mic","microphone","voice","press","improve","consent","cloud","stats.example",90,["child_voice","third_party"]]',
    b'["ixit","answers","description","What the child says while a paw is held."]',
    b'["ixit","diary","description","A short text of what was talked about."]',
    b'["ixit","faces","description","Whether somebody looks at the bear."]',
    b'["ixit","minutes","description","Minutes of play each day."]',
    b'["ixit","research","description","Recordings that teach the speech model."]',
    b'["ai","diary","Cub 2","toy","Shortens a talk to a sentence.","Honey Toys","A parent reads and erases it."]',
    b'["provision","5.7-1","not_met","No secure boot on this board."]',
    b'["words","camera","child","en","I look if you are there."]',
    b'["words","camera","parent","en","Sees whether somebody sits before the bear; keeps no picture."]',
    b'["words","camera","reader","en","The camera sees if somebody is there. It keeps no pictures."]',
    b'["words","microphone","child","en","I listen when you hold my paw."]',
    b'["words","microphone","parent","en","Hears your child while a paw is held, to answer."]',
    b'["words","microphone","reader","en","The microphone is on while you hold a paw. The light shows it."]',
)  # fmt: skip

POLICY = (
    b'["policy","h1","tbear",5,1774602000]',
    ZONE,
    b'["person","pb","6-9","zb","open"]',
    b'["device","tbear",[],["pb"],"toy",[]]',
)


def declared(*without: bytes) -> bytes:
    """The body of the bear's declaration, without the lines that begin so."""
    lines = [line for line in LINES if not any(line.startswith(start) for start in without)]
    return b"\n".join(lines) + b"\n"


def declaration() -> "Declaration":
    """The bear's declaration, read as a toy does."""
    return read_brief_declaration(declared())


def toy_body(*lines: bytes) -> bytes:
    """The bear's own policy with these lines after it."""
    return b"\n".join(POLICY + lines) + b"\n"


def toy_policy(*lines: bytes) -> "Policy":
    """As `toy_body`, read."""
    return read_toy_policy(split(toy_body(*lines)))
