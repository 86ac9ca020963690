"""A toy's declaration in sentences: what a sensor takes in, when, why, where it goes and for how long.

Every code of the closed lists becomes words here, so that a label reads alike for every maker and in every language;
what a maker wrote besides is shown as its own words, with its language. Nothing here judges.
"""

from typing import TYPE_CHECKING

from stairgate.core.fields import SENSOR_GATES
from stairgate.hub.language import N_, _, current, ngettext
from stairgate.hub.said_tables import SaidTable

if TYPE_CHECKING:
    from stairgate.core.declaration import Declaration, Destination, Row
    from stairgate.core.declaration_reader import Words

GATE_NAMES = SaidTable(
    {
        "microphone": N_("Microphone"),
        "camera": N_("Camera"),
        "location": N_("Location"),
        "radio": N_("Short-range radio"),
        "contacts": N_("Contacts"),
        "purchases": N_("Purchases"),
        "play": N_("Play"),
        "speaker": N_("Speaker"),
    }
)
ICONS = {
    "microphone": "mic",
    "camera": "camera",
    "location": "pin",
    "radio": "waves",
    "contacts": "person",
    "purchases": "bag",
    "play": "play",
    "speaker": "speaker",
}
DATA_TYPES = SaidTable(
    {
        "audio": N_("Sounds"),
        "contacts": N_("Contacts"),
        "face": N_("Faces"),
        "health": N_("Health"),
        "identifier": N_("A number that names this toy"),
        "image": N_("Pictures"),
        "location": N_("Where it is"),
        "motion": N_("Movement"),
        "name": N_("Names"),
        "purchases": N_("What is bought"),
        "settings": N_("Settings"),
        "transcript": N_("What is said, as text"),
        "usage": N_("How it is used"),
        "video": N_("Videos"),
        "voice": N_("Voice"),
        "other": N_("Other data"),
    }
)
COLLECTED = SaidTable(
    {
        "always": N_("All the time, while the toy is on."),
        "press": N_("Only while a button is pressed."),
        "wake": N_("After a certain word or movement."),
    }
)
PURPOSES = SaidTable(
    {
        "answer": N_("To give an answer."),
        "play": N_("To play."),
        "progress": N_("To remember how far somebody got."),
        "parent": N_("To show it to you."),
        "safety": N_("For safety."),
        "support": N_("To help when something does not work."),
        "update": N_("To keep the toy up to date."),
        "improve": N_("To make the maker’s products better."),
    }
)
_STAYS = {
    "nowhere": N_("It goes nowhere: it is used at once."),
    "toy": N_("It stays in the toy."),
    "home": N_("It stays in your home."),
    "cloud": N_("It is kept on the maker’s computers."),
}
_FLAGS = {
    "aggregated": N_("Only sums are kept, not every single event."),
    "anonymised": N_("Made anonymous: it no longer says whose it is."),
    "biometric": N_("Body features: somebody could be recognised by them."),
    "child_voice": N_("It holds your child’s voice."),
    "sensitive": N_("The maker counts this as sensitive."),
    "third_party": N_("It is given to others than the maker."),
}
_SPARING = ("aggregated", "anonymised")
RUNS_ON = SaidTable({"toy": N_("In the toy."), "home": N_("In your home."), "cloud": N_("On computers elsewhere.")})
INDICATORS = SaidTable(
    {
        "light": N_("A light is on before it begins."),
        "sound": N_("A sound comes before it begins."),
        "none": N_("It shows nothing."),
    }
)
#: For a child who reads, and for one who is read to, where the maker gives no words.
_READER = {
    "microphone": N_("It can hear you. It listens only when a parent has opened it, and it shows you when."),
    "camera": N_("It can see you. It looks only when a parent has opened it, and it shows you when."),
    "location": N_("It can tell where it is. It does so only when a parent has opened it, and it shows you when."),
    "radio": N_("It can talk to things nearby. It does so only when a parent has opened it, and it shows you when."),
    "contacts": N_("It can know people’s names. It does so only when a parent has opened it, and it shows you when."),
    "purchases": N_("It can buy things. It does so only when a parent has opened it, and it shows you when."),
}
_SMALL = {
    "microphone": N_("I hear you only when I show it."),
    "camera": N_("I see you only when I show it."),
    "location": N_("I know where I am only when I show it."),
    "radio": N_("I talk to other things only when I show it."),
    "contacts": N_("I know who your friends are only when I show it."),
    "purchases": N_("I buy something only when I show it."),
}


def gate_name(gate: str) -> str:
    """What a gate is called; one that nobody knows as it is written."""
    return GATE_NAMES.get(gate) or gate


def stays(row: "Row", destination: "Destination | None") -> str:
    """Where a row's data goes, in one or two sentences."""
    if destination is None:
        return _(_STAYS[row.stored])
    fields = {"host": destination.host, "who": destination.controller, "country": destination.country.upper()}
    if "third_party" in row.flags:
        return _("It goes to others: {who} in {country} ({host}).").format(**fields)
    return _("It goes to {who} in {country} ({host}).").format(**fields)


def kept(row: "Row") -> str:
    """How long a row's data is kept, in a sentence."""
    if not row.retention_days:
        return _("It is gone when the answer was given.") if row.stored != "nowhere" else _("It is not kept.")
    text = ngettext("It is deleted after {count} day.", "It is deleted after {count} days.", row.retention_days)
    return text.format(count=row.retention_days)


def notes(row: "Row") -> tuple[tuple[str, bool], ...]:
    """What else a parent should know of a row, each with whether it is a reason to look twice."""
    return tuple((_(_FLAGS[flag]), flag not in _SPARING) for flag in row.flags if flag in _FLAGS)


def makers_words(declaration: "Declaration", about: str, audience: str) -> "Words | None":
    """What the maker says, in the language of the page where it has it, else in English, else in any."""
    found = {words.language: words for words in declaration.words if (words.about, words.audience) == (about, audience)}
    spoken = current().code
    near = next((language for language in found if language.partition("-")[0] == spoken), "")
    return found.get(near) or found.get("en") or next(iter(found.values()), None)


def child_words(gate: str, is_small: bool) -> str:
    """What is said of a sensor to a child where the maker has no words."""
    table = _SMALL if is_small else _READER
    return _(table[gate]) if gate in table else ""


def is_sensor(gate: str) -> bool:
    """Whether a sensor is behind this gate."""
    return gate in SENSOR_GATES
