"""What a run will cost: real runs as a test of what is counted, and what becomes of files that cannot be used."""

from __future__ import annotations

import json

import pytest

import action100m
from action100m.errors import ConfigError
from action100m.run.figures.estimate import Estimate
from action100m.run.plan.plan import plan
from action100m.run.presets import paper
from action100m.run.run import run_videos
from action100m.tree import tree_from_json
from support.clips import time_code_pictures, write_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(path, time_code_pictures([number / 12 for number in range(72)]), fps=12)


def test_disk_and_nodes_of_a_real_run_lie_in_the_intervals(shared, tmp_path):
    video = str(shared / "data" / "videos" / "eggs_recipe_70s.mp4")
    planned = plan([video])
    run_videos([video], str(tmp_path))
    sizes = {path.name.partition("-")[0]: path.stat().st_size for path in (tmp_path / "videos").rglob("*.*")}
    embed = planned.stages[0].disk_bytes.high
    assert sizes["embed"] == pytest.approx(embed, rel=0.02)
    assert sum(sizes.values()) in planned.disk_bytes
    segment = next((tmp_path / "videos").rglob("segment-*"))
    assert len(tree_from_json(json.loads(segment.read_bytes())["tree"])) in planned.nodes


def test_a_preview_takes_cpu_time_only(clip):
    planned = action100m.plan([str(clip)])
    assert [stage.stage for stage in planned.stages] == ["embed", "segment", "caption", "annotate"]
    assert (planned.videos, planned.frames, planned.samples, planned.windows) == (1, 72, 18, 1)
    assert planned.gpu_hours == planned.money == Estimate(0, 0)
    assert all(stage.tokens_in.high == stage.tokens_out.high == 0 for stage in planned.stages)
    assert 6 / 50 * 0.03 < planned.cpu_hours.low * 3600 < planned.cpu_hours.high * 3600 == pytest.approx(6 / 25)
    assert planned.notes == ()


def test_a_file_that_cannot_be_probed_is_named_and_the_others_go_on(clip, tmp_path):
    (tmp_path / "empty.mp4").touch()
    planned = plan([str(tmp_path / "empty.mp4"), str(clip)])
    assert planned.videos == 1
    assert [(problem.cause, "zero bytes" in problem.message) for problem in planned.problems] == [("EmptyVideoError", True)]


def test_no_video_at_all_is_an_error():
    with pytest.raises(ConfigError, match="no video"):
        plan([])


def test_figures_come_out_as_json(clip):
    value = json.loads(json.dumps(plan([str(clip)], paper()).to_dict()))
    assert value["total"]["gpu_hours"]["low"] <= value["total"]["gpu_hours"]["high"]
    assert value["stages"][0]["money"] is None
    assert value["stages"][0]["requests"] == {"low": 1, "high": 1}


def test_cpu_time_is_that_of_two_cores_or_of_the_pilots_machine(clip, tmp_path):
    run_videos([str(clip)], tmp_path / "run")
    assert plan([str(clip)]).cpu == "2 cores"
    assert plan([str(clip)], pilot=tmp_path / "run").cpu == "the pilot's machine, by the clock"
