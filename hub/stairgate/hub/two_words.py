"""Two words that stand for a hardware address, for people: “blue heron” on the device and on the parents' card.

It decides nothing about who a device is; the words only help to match the card with the device in a child's hand.
They are derived with the hub's own secret, so nobody outside can tell which address gives which words. In another
language they are the words at the same places of its lists, so that who reads both can match them all the same.
"""

import hashlib
import hmac

from stairgate.hub.language import N_, _

# translators: as many words, each of which goes with each of the second list; each only once
_FIRST = N_(
    "amber blue brave bright bronze calm clever copper coral cosy crimson curious dancing dapper early eager fair "
    "fast fluffy gentle giant glad golden grand green happy hazel honest humble indigo ivory jolly kind lemon light "
    "lilac little lucky merry mighty mint misty noble orange patient pink polite proud purple quick quiet rapid red "
    "rosy royal ruby shiny silver sleepy snowy sunny swift tall teal tiny violet warm white wild wise yellow young"
)
# translators: as many words; in German all of them are masculine
_SECOND = N_(
    "badger bear beaver bee beetle bison canary cat cheetah crab crane cricket dolphin donkey dove dragon duck eagle "
    "falcon ferret finch fox frog gecko giraffe goat goose hamster hare hawk hedgehog heron horse jackdaw jay kiwi "
    "koala ladybird lark lemur lion lizard llama lynx magpie marmot mole moose mouse newt otter owl panda parrot "
    "pelican penguin pony puffin rabbit raven robin salmon seal sheep sparrow squirrel stork swan tiger toad trout "
    "turtle walrus whale wombat wren yak zebra"
)


def two_words(secret: bytes, mac: str) -> str:
    """The words of a hardware address, always the same ones for this hub and a language."""
    digest = hmac.new(secret, b"two words " + mac.encode(), hashlib.sha256).digest()
    return _("{first} {second}").format(first=_pick(_FIRST, digest[:4]), second=_pick(_SECOND, digest[4:8]))


def _pick(words: str, number: bytes) -> str:
    choice = _(words).split(" ")
    return choice[int.from_bytes(number, "big") % len(choice)]
