"""What a parent could say to a child about what is recorded and why something is blocked: suggestions by age.

It only suggests: a child reads what a parent has saved, and until then nothing of this. Each is a few plain
sentences in the voice of a parent, true of what Stairgate does.
"""

from stairgate.hub.language import N_, _
from stairgate.hub.notes import RECORDED

_RECORDED = {
    "0-5": N_("The box at home counts when the tablet is on. It does not see what you do."),
    "6-9": N_(
        "I can see how long you were online, and not what you looked at or wrote. It is deleted after some weeks."
    ),
    "10-12": N_(
        "I see how long your devices were in use and how much they sent, not what you read, watch or write. "
        "I want to know whether it is too much, not to spy on you."
    ),
    "13-15": N_(
        "The hub keeps how long and how much, for some weeks, and not where you were or what you wrote. "
        "Ask me if you want to see it; we can look at it together."
    ),
    "16-17": N_(
        "Only times and amounts are kept, and not where you were or what you wrote. If you do not want that any more, "
        "let us talk about it. At 18 it ends by itself."
    ),
}
_BLOCKED = {
    "0-5": N_("This is not for small children. Ask me, and we look for something good together."),
    "6-9": N_(
        "Some of it frightens, and some of it wants you to buy things. We look at it together when you are older."
    ),
    "10-12": N_("I do not want it to find you before you are ready. Tell me if something you need is blocked with it."),
    "13-15": N_(
        "I blocked this because it does harm to many people of your age. If you see it otherwise, tell me why."
    ),
    "16-17": N_("I still block this for now. If you think it is time, let us talk about it."),
}
#: What is blocked for everybody's safety and not for an age.
_SAFETY = frozenset({"malware", "phishing", "ads", "tracking", "warez", "vpn", "tor", "doh"})
_SAFE = {
    "0-5": N_("This keeps tricksters away from our home."),
    "6-9": N_("This keeps tricksters away from our home. It has nothing to do with what you do."),
}
_SAFE_LATER = N_("This is about fraud, spying and ways round the rules. Tell me if something you need breaks by it.")
_YOUNGEST = "0-5"


def suggested(band: str, what: str) -> str:
    """A text about a blocked category, or about `RECORDED`, for a child of this band."""
    if what in _SAFETY:
        return _(_SAFE.get(band, _SAFE_LATER))
    texts = _RECORDED if what == RECORDED else _BLOCKED
    return _(texts.get(band, texts[_YOUNGEST]))
