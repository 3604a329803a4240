"""The verbs of instructional video and their inflection: "whisking", "whisks" and "whisked" are all "whisk".

Only verbs of doing something with something are listed. Verbs of talking, thinking and seeing are left out on purpose: "I want to show you" is
no action to annotate.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, Literal

VerbForm = Literal["base", "third", "ing", "past"]


def words(text: str) -> frozenset[str]:
    """Return the set of the words of a text: lists of words are easier to read without quotes and commas."""
    return frozenset(text.split())


VERBS: Final = words(
    """
    add adjust aim align apply arrange assemble attach bake balance baste batter beat bend bind blanch bleach blend blow boil bolt bounce braid braise
    bread break bring brown brush buff build burn bury butter button cap caramelize carry carve catch chill chop clamp clean clear click climb clip
    close coat collect comb combine compress connect cook cool core cover crack crease crimp cross crumble crush cube curl cut dab decorate deflate
    dice dig dilute dip disassemble disconnect discard dissolve divide drag drain drape draw dribble drill drink drip drive drizzle drop dry dump dunk
    dust dye eat emboss empty engrave enlarge erase extend fasten feed fill filter flatten flip flour fluff fold form fry garnish gather glaze glue
    grab grate grease grill grind grip groom hammer hang harvest heat hem hit hoist hold hook inflate inject insert inspect install iron join juice
    kick knead kneel knit knock knot label lace ladle lather lay layer level lift line load lock loop loosen lower lubricate make marinate mark mash
    massage measure melt microwave mince mist mix moisten mop mount mow nail nudge oil open pack paint pat paste peel pick pierce pin pinch place
    plant plaster play plug poach poke polish pop pound pour preheat press prick prime prune pull pulse pump punch puree push put rake raise refill
    refrigerate reheat release remove repeat replace reset ride rinse rip roast roll rotate rub run sand saute save saw scald scoop score scramble
    scrape scratch screw scrub seal sear season secure separate serve set sew shake shape sharpen shave shift shoot shred shut sieve sift simmer sip
    skewer skim skin slice slide slip smash smear smooth snap snip soak soften solder spin splash split sponge spoon spray spread sprinkle squeeze
    squirt stack stain stamp staple steam step stick stir stitch strain strap stretch strike strip stroke stuff submerge sweep swing switch
    swirl take tamp tap tape tear tease thaw thread throw tie tighten tilt toast toss touch trace transfer trim tuck turn twirl twist type unbolt
    unclip uncover unfold unhook unlock unplug unroll unscrew untie unwind unwrap unzip use vacuum walk wash water wax weave weigh weld wet whip whisk
    widen wind wipe wrap wring write zest zip
    """
)
"""Base forms."""

LIGHT_VERBS: Final = words("bring hold make place put repeat run save set take use walk")
"""Verbs that say little by themselves; a phrase with another verb tells more."""

_IRREGULAR_PASTS: Final = {
    "beat": ("beat", "beaten"),
    "bend": ("bent",),
    "bind": ("bound",),
    "blow": ("blew", "blown"),
    "break": ("broke", "broken"),
    "bring": ("brought",),
    "build": ("built",),
    "catch": ("caught",),
    "cut": ("cut",),
    "dig": ("dug",),
    "draw": ("drew", "drawn"),
    "drink": ("drank", "drunk"),
    "drive": ("drove", "driven"),
    "eat": ("ate", "eaten"),
    "feed": ("fed",),
    "grind": ("ground",),
    "hang": ("hung",),
    "hit": ("hit",),
    "hold": ("held",),
    "kneel": ("knelt",),
    "lay": ("laid",),
    "make": ("made",),
    "put": ("put",),
    "ride": ("rode", "ridden"),
    "run": ("ran", "run"),
    "set": ("set",),
    "shake": ("shook", "shaken"),
    "shoot": ("shot",),
    "shut": ("shut",),
    "slide": ("slid",),
    "spin": ("spun",),
    "split": ("split",),
    "spread": ("spread",),
    "stick": ("stuck",),
    "strike": ("struck",),
    "sweep": ("swept",),
    "swing": ("swung",),
    "take": ("took", "taken"),
    "tear": ("tore", "torn"),
    "throw": ("threw", "thrown"),
    "unwind": ("unwound",),
    "weave": ("wove", "woven"),
    "wet": ("wet",),
    "wind": ("wound",),
    "wring": ("wrung",),
    "write": ("wrote", "written"),
}
_ONE_SHORT_VOWEL: Final = re.compile(r"[^aeiou]*[aeiou][bdgkmnprt]")
"""Monosyllables that double their last letter: whip, stir, cut; not mix, sew, melt, peel."""
_DOUBLED_TOO: Final = words("reset transfer unclip unplug unwrap unzip")


def inflect(base: str) -> dict[VerbForm, tuple[str, ...]]:
    """Return every form of a verb: {"base": ("whip",), "third": ("whips",), "ing": ("whipping",), "past": ("whipped",)} for "whip"."""
    stem = base + base[-1] if _ONE_SHORT_VOWEL.fullmatch(base) or base in _DOUBLED_TOO else base
    if re.search(r"[^aeiou]y$", base):
        third, past = base[:-1] + "ies", base[:-1] + "ied"
    else:
        third = base + ("es" if re.search(r"(s|x|z|ch|sh|o)$", base) else "s")
        past = base + "d" if base.endswith("e") else stem + "ed"
    gerund = base[:-2] + "ying" if base.endswith("ie") else re.sub(r"(?<![eoy])e$", "", stem) + "ing"
    return {"base": (base,), "third": (third,), "ing": (gerund,), "past": _IRREGULAR_PASTS.get(base, (past,))}


@cache
def _lexicon() -> dict[str, tuple[str, VerbForm]]:
    entries: dict[str, tuple[str, VerbForm]] = {}
    for base in sorted(VERBS):
        entries.update({word: (base, form) for form, spellings in inflect(base).items() for word in spellings})
    return entries | {base: (base, "base") for base in VERBS}


def look_up(word: str) -> tuple[str, VerbForm] | None:
    """Return the base form of a lower-case word and which form it is, or None when it is no verb of the list.

    A word that is a base form and a form of another or the same verb, such as "wound" or "cut", counts as the base form where that is listed.
    """
    return _lexicon().get(word)
