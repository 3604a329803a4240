import re

import numpy as np
import pytest

from action100m.models.base import CaptionRequest
from action100m.models.weightless.preview import PreviewConfig
from action100m.video.video import Cue
from support.moving import film, measure, plain, view, with_block

PREVIEW = PreviewConfig().load()


def caption(frames, field="clip_caption", transcript=()):
    signals = measure(frames)
    end = float(signals.seconds[-1]) + 4 / 30
    request = CaptionRequest("node", field, "", 0.0, end, tuple(signals.seconds.tolist()), signals=signals, transcript=transcript)
    return next(PREVIEW.caption([request])).text


FILMS = {
    "camera pans right": lambda time: view(0.15 * time),
    "camera pans left": lambda time: view(-0.15 * time),
    "camera tilts down": lambda time: view(0, 0.1 * time),
    "camera tilts up": lambda time: view(0, -0.1 * time),
    "camera zooms in": lambda time: view(growth=1.15**time),
    "camera zooms out": lambda time: view(growth=0.87**time),
    "camera pans right and tilts up": lambda time: view(0.1 * time, -0.1 * time),
    "camera unsteady": lambda time: view(0.04 * np.sin(8 * time), 0.03 * np.cos(7 * time)),
    "no movement measured": lambda _: view(),
    "movement in the lower left": lambda time: with_block(view(), left=8 + round(4 * np.sin(9 * time)), top=72),
    "movement in the upper right": lambda time: with_block(view(), left=112 + round(4 * np.sin(9 * time)), top=10),
    "camera pans right, movement in the upper right": lambda time: with_block(view(0.15 * time), left=112 + round(4 * np.sin(9 * time)), top=10),
    "1 hard cut": lambda time: view(seed=int(time > 0.9)),
}


@pytest.mark.parametrize("phrase", FILMS)
def test_the_action_is_what_moves_and_nothing_else(phrase):
    assert caption(film(FILMS[phrase]), "clip_action") == phrase


def test_a_black_picture_has_no_movement():
    assert caption(film(lambda _: plain(0, 0, 0)), "clip_action") == "no movement measured"


def test_a_static_shot_is_called_static():
    text = caption(film(lambda _: view()))
    assert text.startswith("2.0 s without a hard cut, and no camera movement is measured: the shot is static. Too little moves to be measured.")


def test_a_pan_is_told_with_its_width():
    assert re.search(
        r"^2\.0 s without a hard cut, in which the camera pans left by (27|28|29|30)% of the picture's width\.",
        caption(film(lambda time: view(-0.15 * time))),
    )


def test_cuts_are_told_with_their_times():
    text = caption(film(lambda time: view(seed=int(time >= 1) + int(time >= 2)), seconds=3))
    assert text.startswith("2.9 s with 2 hard cuts, at 1.0 and 1.9 s, and no camera movement is measured.")


def test_a_fade_is_told_with_its_brightness():
    assert "It gets darker, from" in caption(film(lambda time: (view() * (1 - time / 2.2)).astype(np.uint8)))
    assert "It gets" not in caption(film(lambda _: view()))


def test_the_frame_is_told_by_its_colours_alone():
    red = caption([(plain(190, 10, 10), 0.0)], "frame_caption")
    assert red == "A dark picture with little contrast, mostly red (100%)."
    assert caption([(plain(0, 0, 0), 0.0)], "frame_caption") == "A black picture with little contrast, mostly black (100%)."


def test_the_transcript_is_quoted_as_such_and_cut_short():
    cues = (Cue("0.0", "so now\nwe whisk"), Cue("1.0", "the eggs"))
    assert caption(film(lambda _: view()), transcript=cues).endswith('The transcript says: "so now we whisk the eggs"')
    long = caption(film(lambda _: view()), transcript=(Cue("0.0", "word " * 500),))
    assert long.count("word") == 100
    assert long.endswith(' ..."')


def test_the_action_and_the_frame_do_not_quote():
    for field in ("frame_caption", "clip_action"):
        assert "eggs" not in caption([(view(), 0.0)], field, (Cue("0.0", "the eggs"),))


def test_one_frame_makes_no_claim_about_movement():
    text = caption([(view(), 0.0)])
    assert not re.search(r"camera|movement|static|hard cut", text.lower())


def test_a_request_without_signals_is_refused():
    with pytest.raises(ValueError, match="node-7"):
        list(PREVIEW.caption([CaptionRequest("node-7", "clip_caption", "", 0.0, 1.0, ())]))


def test_it_says_what_it_is():
    assert PREVIEW.name == "preview-v1"
    assert PREVIEW.evidence == "signals"
    assert PreviewConfig().identity() == {"kind": "preview", "version": 1}
