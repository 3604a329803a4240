"""Known inflections."""

from __future__ import annotations

import pytest

from action100m.models.verbs import LIGHT_VERBS, VERBS, inflect, look_up


@pytest.mark.parametrize(
    ("base", "third", "gerund", "past"),
    [
        ("whisk", "whisks", "whisking", "whisked"),
        ("slice", "slices", "slicing", "sliced"),
        ("whip", "whips", "whipping", "whipped"),
        ("stir", "stirs", "stirring", "stirred"),
        ("mix", "mixes", "mixing", "mixed"),
        ("peel", "peels", "peeling", "peeled"),
        ("season", "seasons", "seasoning", "seasoned"),
        ("dry", "dries", "drying", "dried"),
        ("spray", "sprays", "spraying", "sprayed"),
        ("tie", "ties", "tying", "tied"),
        ("dye", "dyes", "dyeing", "dyed"),
        ("push", "pushes", "pushing", "pushed"),
        ("cut", "cuts", "cutting", "cut"),
        ("unplug", "unplugs", "unplugging", "unplugged"),
        ("put", "puts", "putting", "put"),
        ("tear", "tears", "tearing", "torn"),
        ("weave", "weaves", "weaving", "woven"),
        ("refill", "refills", "refilling", "refilled"),
        ("open", "opens", "opening", "opened"),
        ("sew", "sews", "sewing", "sewed"),
    ],
)
def test_every_form_leads_back_to_the_base(base, third, gerund, past):
    assert inflect(base)["third"] == (third,)
    assert inflect(base)["ing"] == (gerund,)
    assert past in inflect(base)["past"]
    assert {look_up(form)[0] for form in (base, third, gerund, past)} == {base}


def test_what_is_no_listed_verb_is_not_found():
    assert [look_up(word) for word in ("egg", "show", "talking", "", "stirings")] == [None] * 5


def test_light_verbs_are_listed():
    assert LIGHT_VERBS < VERBS
