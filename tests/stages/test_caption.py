from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from action100m.embeddings import Embeddings, frame_edges
from action100m.errors import ConfigError, EndpointError, ModelError
from action100m.models.base import CaptionReply
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.stages import caption as caption_module
from action100m.stages.caption import Caption, CaptionConfig, Captioned
from action100m.stages.embed import Embedded
from action100m.stages.segment import Segmented
from action100m.tree import node_id
from action100m.video.decode import open_frames
from action100m.video.signal_meter import SignalMeter
from action100m.video.video import Cue, Video, VideoMetadata
from support.clips import read_time_code, time_code_picture, write_clip
from support.trees import split_tree

FPS = 25


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    seconds = [number / FPS for number in range(8 * FPS)]
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(path, (time_code_picture(second, width=160, height=120) for second in seconds), fps=FPS)


@pytest.fixture(scope="module")
def embedded(clip):
    meter, seconds = SignalMeter(), []
    with open_frames(str(clip)) as stream:
        for picture in stream:
            meter.measure(picture.rgb(meter.frame_size), picture.seconds)
            seconds.append(picture.seconds)
    edges = frame_edges(np.array(seconds), stream.report.end)
    return Embedded(Embeddings(np.zeros((len(seconds), 2), np.float32), edges), np.array(seconds), meter.finish(), stream.report, "zeros")


@pytest.fixture
def video(clip):
    return Video("clip", str(clip), "ab" * 32, VideoMetadata(transcript=(Cue("0.5", "crack the eggs", 1.5), Cue("5.0", "whisk them", 6.0))))


@dataclass
class Witness:
    """Tells the times that it reads in the pictures; answers in reverse, so that order cannot help anyone."""

    evidence: str = "frames"
    name: str = "witness"
    is_free: bool = True
    heard: list[tuple[str, ...]] = field(default_factory=list)
    handed: list[int] = field(default_factory=list)

    def caption(self, requests):
        requests = list(requests)
        self.handed.append(len(requests))
        self.heard += [tuple(cue.text for cue in request.transcript) for request in requests]
        return [CaptionReply(request.node, request.field, self.tell(request)) for request in reversed(requests)]

    def tell(self, request):
        return " ".join(f"{read_time_code(picture):.2f}" for picture in request.frames.data)


def stage_with(model, **settings):
    stage = Caption(CaptionConfig(**settings))
    stage._captioners = dict.fromkeys(("frame_caption", "clip_caption", "clip_action"), model)
    return stage


def given_tree(embedded, *cuts):
    return {"embed": embedded, "segment": Segmented(split_tree(0, 8.0, *cuts, uid="clip"))}


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_every_caption_rests_on_frames_of_its_own_node(video, embedded, batch):
    given = given_tree(embedded, ("", 3.0), ("1", 5.5), ("11", 6.5))
    made = stage_with(Witness(), frames=8, fit="squash", batch=batch)(video, given)
    assert len(made.tree) == 7
    for node in made.tree.nodes:
        for name in ("frame_caption", "clip_caption", "clip_action"):
            text = getattr(node, name)
            if name == "frame_caption" and not made.tree.is_leaf(node):
                assert text is None
                continue
            seen = [float(word) for word in text.split()]
            assert len(seen) == (1 if name == "frame_caption" else 8)
            assert all(node.start <= second < node.end for second in seen)
            assert made.seconds[node.id][name] == pytest.approx(seen, abs=0.001)


def test_it_tells_how_far_it_is(video, embedded):
    shares = []
    stage_with(Witness(), fit="squash", batch=2)(video, given_tree(embedded, ("", 3.0)), shares.append)
    assert shares == pytest.approx([number / 8 for number in range(1, 9)])


def test_the_middle_frame_of_a_leaf_is_within_a_frame_of_the_middle(video, embedded):
    made = stage_with(Witness(), fit="squash")(video, given_tree(embedded, ("", 3.0)))
    left = made.tree[node_id("clip", "0")]
    assert float(left.frame_caption) == pytest.approx(1.5, abs=1 / FPS)


def test_each_needed_frame_is_decoded_and_converted_once(video, embedded, monkeypatch):
    passes, converted = [], []

    class Counting:
        def __init__(self, picture):
            self.seconds, self._picture = picture.seconds, picture

        def rgb(self, size):
            converted.append(self.seconds)
            return self._picture.rgb(size)

    real = caption_module.pictures_at
    monkeypatch.setattr(caption_module, "pictures_at", lambda *given: (passes.append(given), map(Counting, real(*given)))[1])
    made = stage_with(Witness(), fit="squash")(video, given_tree(embedded, ("", 3.0), ("1", 5.5)))
    wanted = {second for fields in made.seconds.values() for seconds in fields.values() for second in seconds}
    assert len(passes) == 1
    assert sorted(converted) == sorted(wanted)


def test_frames_come_in_the_asked_size(video, embedded):
    class Measuring(Witness):
        def tell(self, request):
            return "x".join(map(str, request.frames.data.shape[1:]))

    made = stage_with(Measuring(), size=96)(video, given_tree(embedded))
    assert made.tree.root.clip_caption == "96x96x3"


def test_letterboxing_leaves_black_bars_and_squashing_none(video, embedded):
    class Bottom(Witness):
        def tell(self, request):
            return str(int(request.frames.data[:, -1].max()))  # the lowest row of the time code is never all black

    assert stage_with(Bottom(), fit="letterbox")(video, given_tree(embedded)).tree.root.clip_caption == "0"
    assert int(stage_with(Bottom(), fit="squash")(video, given_tree(embedded)).tree.root.clip_caption) > 200


def test_a_captioner_hears_only_what_is_said_in_the_node(video, embedded):
    witness = Witness()
    stage_with(witness, fit="squash")(video, given_tree(embedded, ("", 3.0)))
    root, left, right = {("crack the eggs", "whisk them")}, {("crack the eggs",)}, {("whisk them",)}
    assert set(witness.heard) == root | left | right


def test_a_captioner_that_leaves_requests_unanswered_is_an_error(video, embedded):
    class Forgetful(Witness):
        def caption(self, requests):
            return super().caption(requests)[1:]

    class Confused(Witness):
        def caption(self, requests):
            return [replace(reply, node="another") for reply in super().caption(requests)]

    class Repeating(Witness):
        def caption(self, requests):
            return super().caption(requests) * 2

    for captioner, words in ((Forgetful(), "left 1 captions unanswered"), (Confused(), "was not asked for"), (Repeating(), "or has told it before")):
        with pytest.raises(ModelError, match=words):
            stage_with(captioner, fit="squash")(video, given_tree(embedded))


def test_an_empty_caption_is_a_gap_with_a_reason(video, embedded):
    class Mute(Witness):
        def tell(self, request):
            return " "

    made = stage_with(Mute())(video, given_tree(embedded))
    assert made.tree.root.clip_caption is None
    assert {(gap.field, gap.reason) for gap in made.gaps} == {
        (name, "the captioner said nothing") for name in ("frame_caption", "clip_caption", "clip_action")
    }


def test_the_preview_captioner_needs_no_second_pass(video, embedded, monkeypatch):
    monkeypatch.setattr(caption_module, "pictures_at", None)
    made = Caption()(video, given_tree(embedded, ("", 3.0)))
    assert all(node.clip_caption and node.clip_action for node in made.tree.nodes)
    assert "crack the eggs" in made.tree[node_id("clip", "0")].clip_caption
    assert "crack the eggs" not in made.tree[node_id("clip", "1")].clip_caption


def test_the_artifact_is_read_back_equal_and_the_same_work_gives_the_same_bytes(video, embedded):
    first, second = (stage_with(Witness(), fit="squash")(video, given_tree(embedded, ("", 3.0))) for _ in range(2))
    assert first.to_bytes() == second.to_bytes()
    assert Captioned.from_bytes(first.to_bytes()) == first


def test_settings_tell_all_that_a_caption_depends_on():
    assert Caption(CaptionConfig(batch=1)).settings == Caption(CaptionConfig(batch=9)).settings
    assert Caption(CaptionConfig(frames=8)).settings != Caption().settings
    assert set(Caption().settings["prompts"]) == {"caption_frame", "caption_clip", "caption_action"}


@pytest.mark.parametrize("name", ["frames", "size", "batch"])
def test_settings_below_one_are_refused(name):
    with pytest.raises(ConfigError, match=f"caption.{name} must be at least 1, got 0"):
        CaptionConfig(**{name: 0})


def test_frames_and_clips_may_have_captioners_of_their_own(video, embedded):
    frames, clips = Witness(name="frames"), Witness(name="clips")
    stage = stage_with(clips, fit="squash", batch=3)
    stage._captioners["frame_caption"] = frames
    made = stage(video, given_tree(embedded, ("", 3.0)))
    assert (made.captioner, made.frame_captioner) == ("clips", "frames")
    assert (len(clips.heard), len(frames.heard)) == (2 * 3, 2)
    assert all(node.clip_caption and node.clip_action for node in made.tree.nodes)
    assert [bool(node.frame_caption) for node in made.tree.nodes] == [False, True, True]


def test_measurements_and_frames_may_both_be_evidence(video, embedded):
    stage = Caption(CaptionConfig(fit="squash"))
    stage.setup()
    stage._captioners["frame_caption"] = Witness()
    made = stage(video, given_tree(embedded, ("", 3.0)))
    assert set(made.seconds) == {node.id for node in made.tree.leaves()}
    assert all(set(fields) == {"frame_caption"} for fields in made.seconds.values())
    assert all(node.clip_caption for node in made.tree.nodes)


def test_a_caption_cut_short_is_kept_with_a_remark(video, embedded):
    class Loops(Witness):
        def caption(self, requests):
            return (replace(reply, problem="cut off at 4 tokens") for reply in super().caption(requests))

    made = stage_with(Loops(), fit="squash")(video, given_tree(embedded))
    assert [(remark.node, remark.text) for remark in made.remarks] == [(made.tree.root.id, "cut off at 4 tokens")] * 3
    assert made.gaps == ()


def test_the_caption_and_the_action_of_a_node_share_their_frames(video, embedded):
    asked = {}

    class Keeps(Witness):
        def caption(self, requests):
            requests = list(requests)
            asked.update({(request.node, request.field): request.frames for request in requests})
            return super().caption(requests)

    made = stage_with(Keeps(), fit="squash")(video, given_tree(embedded, ("", 3.0)))
    assert all(asked[node.id, "clip_caption"] is asked[node.id, "clip_action"] for node in made.tree.nodes)


def test_captions_that_got_no_answer_fail_the_video_so_that_a_rerun_asks_for_them(video, embedded):
    class Loses(Witness):
        def caption(self, requests):
            return (replace(reply, text="", problem="error 503", outcome="lost") for reply in super().caption(requests))

    with pytest.raises(EndpointError, match=r"3 of 3 captions got no answer, such as .* of .*: error 503"):
        stage_with(Loses(), fit="squash")(video, given_tree(embedded))


def test_a_model_in_this_process_is_handed_batches_and_servers_take_what_they_have_room_for(video, embedded):
    given = given_tree(embedded, ("", 3.0))
    inside, behind = Witness(), Witness()
    stage_with(inside, fit="squash", batch=3)(video, given)
    stage_with(behind, fit="squash", batch=3, captioner=CaptionEndpointConfig())(video, given)
    assert (inside.handed, behind.handed) == ([3, 3, 2], [8])


def test_frames_are_decoded_as_servers_take_them(video, embedded, monkeypatch):
    decoded = []
    real = caption_module.pictures_at
    monkeypatch.setattr(caption_module, "pictures_at", lambda *given: (decoded.append(picture.seconds) or picture for picture in real(*given)))

    class Lazy(Witness):
        def caption(self, requests):
            for request in requests:
                assert decoded[-1] < request.end
                yield CaptionReply(request.node, request.field, self.tell(request))

    made = stage_with(Lazy(), fit="squash", captioner=CaptionEndpointConfig())(video, given_tree(embedded, ("", 3.0), ("1", 5.5)))
    assert all(node.clip_caption for node in made.tree.nodes)
