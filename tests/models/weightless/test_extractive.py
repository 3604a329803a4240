"""The weightless chat model: what it picks, and that it adds nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pyarrow.parquet as pq

from action100m.annotation import ANNOTATION_SCHEMA, NOT_APPLICABLE, Action, Annotation, parse_annotation
from action100m.models.base import ChatRequest
from action100m.models.verbs import look_up
from action100m.models.weightless.extractive import ExtractiveConfig
from action100m.tree import Node, Tree
from action100m.video.video import Cue, VideoMetadata
from support.trees import split_tree

NOBODY = Action(NOT_APPLICABLE, NOT_APPLICABLE, NOT_APPLICABLE)


def annotate(tree: Tree, *cues: Cue, node: Node | None = None) -> Annotation:
    request = ChatRequest((node or tree.root).id, (), ANNOTATION_SCHEMA, tree, VideoMetadata(transcript=cues))
    (reply,) = ExtractiveConfig().load().chat([request])
    return parse_annotation(reply.text)


def tree_with(**captions: str) -> Tree:
    return split_tree(0.0, 8.0, ("", 4.0)).update(lambda node: replace(node, **captions))


def test_action_is_what_is_said_during_the_segment():
    tree = tree_with(clip_caption="A static shot. Little moves.")
    cues = Cue("0.5", "so we're going to crack the eggs", 3.0), Cue("4.5", "and now I'm adding the butter to the pan")
    left, right = tree.leaves()
    assert annotate(tree, *cues, node=left).action == Action("crack the eggs", "Crack the eggs.", "N/A")
    assert annotate(tree, *cues, node=right).action == Action("add the butter", "Add the butter to the pan.", "N/A")


def test_summary_is_the_caption_and_the_clauses_that_tell_of_an_action():
    tree = tree_with(clip_caption="A static shot at 1.5 m. Little moves.")
    said = "Hello everybody. We're going to crack the eggs. It is sunny. I'm adding the butter."
    summary = annotate(tree, Cue("0", said)).summary
    assert summary.brief == "A static shot at 1.5 m."
    assert summary.detailed == 'A static shot at 1.5 m. Little moves. "We\'re going to crack the eggs." "I\'m adding the butter."'


def test_nothing_said_and_nothing_done_is_not_applicable():
    assert annotate(tree_with(clip_caption="A static shot. Little moves.")).action == NOBODY
    assert annotate(tree_with(clip_caption="A static shot.", clip_action="N/A"), Cue("0", "hello and welcome")).action == NOBODY


def test_action_phrase_of_the_captioner_comes_before_speech_and_its_caption_after_it():
    seen = tree_with(clip_caption="A woman is peeling a potato with a knife.", clip_action="stir the soup")
    assert annotate(seen, Cue("0", "I'm adding the butter")).action.brief == "stir the soup"
    captioned = tree_with(clip_caption="A woman is peeling a potato with a knife.")
    assert annotate(captioned, Cue("0", "I'm adding the butter")).action.brief == "add the butter"
    assert annotate(captioned).action == Action("peel a potato", "Peel a potato with a knife.", "a woman")


def test_captions_below_speak_where_a_segment_has_none():
    tree = tree_with().update(lambda node: replace(node, frame_caption="A bowl of eggs.") if node.level else node)
    assert annotate(tree).summary.brief == "A bowl of eggs."


def test_without_captions_the_transcript_is_quoted():
    summary = annotate(tree_with(), Cue("0", "We crack the eggs. Then we wait.")).summary
    assert (summary.brief, summary.detailed) == ('"We crack the eggs."', '"We crack the eggs. Then we wait."')


def test_with_nothing_to_pick_from_it_says_so_instead_of_inventing():
    tree = tree_with()
    (reply,) = ExtractiveConfig().load().chat([ChatRequest(tree.root.id, (), ANNOTATION_SCHEMA, tree, VideoMetadata())])
    assert (reply.text, reply.ask_again) == ("", False)
    assert "neither a caption nor a transcript" in reply.problem


def test_every_word_it_writes_about_released_videos_stands_in_their_captions_or_transcript(shared):
    annotated = with_action = 0
    for row in pq.read_table(shared / "data/action100m/examples.parquet").to_pylist():
        tree = Tree(tuple(_node(node) for node in row["nodes"]))
        cues = tuple(Cue(cue["time"], cue["text"]) for cue in row["metadata"]["transcript"] or ())
        known = _words(json.dumps([[node.clip_caption, node.frame_caption, node.clip_action] for node in tree.nodes], ensure_ascii=False))
        known |= _words(" ".join(cue.text for cue in cues)) | {"n/a"}
        requests = [ChatRequest(node.id, (), ANNOTATION_SCHEMA, tree, VideoMetadata(transcript=cues)) for node in tree.nodes if node.level < 6]
        for reply in ExtractiveConfig().load().chat(requests):
            if reply.ask_again:
                annotation = parse_annotation(reply.text)
                assert _words(reply.text) - known <= {"summary", "action", "brief", "detailed", "actor"} | {annotation.action.brief.split()[0]}
                annotated += 1
                with_action += annotation.action != NOBODY
    assert annotated > 300
    assert with_action > annotated / 2


def _node(node: dict) -> Node:
    captions = {"clip_caption": node["plm_caption"], "clip_action": node["plm_action"], "frame_caption": node["llama3_caption"]}
    return Node(node["node_id"], node["parent_id"], node["level"], node["start"], node["end"], **captions)


def _words(text: str) -> set[str]:
    """All words, and the base forms of verbs among them."""
    found = set(re.findall(r"[^\W_]+(?:['./-][^\W_]+)*|n/a", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("\\n", " ")))
    return found | {verb[0] for word in found if (verb := look_up(word))}
