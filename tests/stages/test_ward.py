from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import ward_tree

from action100m.stages.ward import Merges, ward_merges


def spans(merges: Merges) -> list[tuple[int, int]]:
    """The frames [start, stop) that each merge joins, in order."""
    n = len(merges.heights) + 1
    known = [(i, i + 1) for i in range(n)]
    for left, right in merges.children:
        assert known[left][1] == known[right][0]
        known.append((known[left][0], known[right][1]))
    return known[n:]


def merge_scikit_learn(vectors):
    """(children, heights) of the reference."""
    ones = np.ones(len(vectors) - 1)
    children, _, _, _, heights = ward_tree(vectors, connectivity=scipy.sparse.diags([ones, ones], [-1, 1], format="csr"), return_distance=True)
    return children, heights


def noise(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def scenes(n, d, *, seed=0, length=30):
    """Noise around means that change every `length` frames."""
    means = np.random.default_rng(seed + 1).normal(size=(n // length + 1, d)) * 3
    return (noise(n, d, seed) + np.repeat(means, length, axis=0)[:n]).astype(np.float32)


def drift(n, d, seed=0):
    return np.cumsum(noise(n, d, seed), axis=0, dtype=np.float32)


def colour_histograms(path):
    """float32 (n, 256) of every fourth frame: four quarters, 4 x 4 x 4 colours."""
    rows = []
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % 4 == 0:
                codes = (frame.to_ndarray(format="rgb24", width=64, height=64) // 64).astype(int) @ [16, 4, 1]
                rows.append(np.concatenate([np.bincount(q.ravel(), minlength=64) for half in np.split(codes, 2) for q in np.split(half, 2, axis=1)]))
    return np.sqrt(np.array(rows)).astype(np.float32)


def assert_equals_scikit_learn(vectors):
    merges = ward_merges(vectors)
    children, heights = merge_scikit_learn(vectors)
    np.testing.assert_array_equal(np.sort(merges.children, axis=1), np.sort(children, axis=1))  # ours are in time order
    np.testing.assert_allclose(merges.heights, heights, rtol=1e-9)
    assert spans(merges)[-1] == (0, len(vectors))


@pytest.mark.parametrize("d", [1, 2, 3, 8, 17, 256, 1408])
@pytest.mark.parametrize("make", [noise, scenes, drift])
def test_merges_equal_scikit_learn_on_made_vectors(make, d):
    assert_equals_scikit_learn(make(333, d, seed=d))


@pytest.mark.parametrize("name", ["long_jump_replays.mp4", "pancake_flip.mkv", "gymnastics_kth_style.avi"])
def test_merges_equal_scikit_learn_on_real_videos(name, shared):
    vectors = colour_histograms(shared / "data" / "videos" / name)
    assert len(vectors) > 70
    assert (vectors[1:] != vectors[:-1]).any(axis=1).all(), "equal frames make ties, which scikit-learn breaks otherwise"
    assert_equals_scikit_learn(vectors)


def test_inversions_happen_and_equal_scikit_learn():
    vectors = np.array([[0.0], [1.0], [0.1]], np.float32)
    merges = ward_merges(vectors)
    assert merges.heights[1] < merges.heights[0]
    assert_equals_scikit_learn(vectors)
    assert (np.diff(ward_merges(noise(500, 2)).heights) < 0).any()


def exact_cost(frames, start, cut, stop):
    """What undoing the cut would add to the squared distances from the means, by the definition and without rounding."""

    def scatter(rows):
        means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        return sum((value - mean) ** 2 for row in rows for value, mean in zip(row, means, strict=True))

    return scatter(frames[start:stop]) - scatter(frames[start:cut]) - scatter(frames[cut:stop])


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 3).flatmap(lambda d: st.lists(st.tuples(*[st.integers(-4, 4)] * d), min_size=2, max_size=11)))
def test_each_merge_is_the_cheapest_there_is(rows):
    merges = ward_merges(np.array(rows, np.float32))
    frames = [tuple(map(Fraction, row)) for row in rows]
    borders = [0, *range(1, len(rows)), len(rows)]
    for cut, height in zip(merges.cuts.tolist(), merges.heights.tolist(), strict=True):
        costs = {middle: exact_cost(frames, *near) for near in zip(borders, borders[1:], borders[2:], strict=False) for middle in near[1:2]}
        assert costs[cut] <= min(costs.values()) + Fraction(1, 10**9)
        assert height == pytest.approx(float(2 * costs[cut]) ** 0.5, rel=1e-9, abs=1e-9)
        borders.remove(cut)
    assert borders == [0, len(rows)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([0.0, 1.0, 0.1]), min_size=2, max_size=40))
def test_equal_frames_merge_first_from_the_left_and_at_height_zero(values):
    vectors = np.array(values, np.float32)[:, None]
    merges = ward_merges(vectors)
    repeats = [i for i, (a, b) in enumerate(pairwise(values), 1) if a == b]
    assert merges.cuts[: len(repeats)].tolist() == repeats
    assert not merges.heights[: len(repeats)].any()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-1, 1)), min_size=2, max_size=40))
def test_a_height_of_zero_says_that_all_frames_are_equal(rows):
    merges = ward_merges(np.array(rows, np.float32))
    for height, (start, stop) in zip(merges.heights, spans(merges), strict=True):
        assert (height == 0) == (len(set(rows[start:stop])) == 1)


def test_a_still_picture_grows_from_its_left_end():
    #  frames   a a a a b b b
    #  merges   (((a a) a) a) ((b b) b)
    merges = ward_merges(np.array([[0.1, 0.7]] * 4 + [[0.3, 0.2]] * 3, np.float32))
    assert spans(merges) == [(0, 2), (0, 3), (0, 4), (4, 6), (4, 7), (0, 7)]
    assert merges.children.tolist() == [[0, 1], [7, 2], [8, 3], [4, 5], [10, 6], [9, 11]]
    assert merges.heights[:5].tolist() == [0.0] * 5


def test_of_scenes_that_repeat_exactly_the_first_two_merge_first():
    scene = np.repeat(np.array([[0.0], [1.0]], np.float32), 3, axis=0)  # a a a b b b
    merges = ward_merges(np.tile(scene, (3, 1)))
    assert spans(merges)[-5:] == [(0, 6), (0, 9), (0, 12), (0, 15), (0, 18)]
    assert merges.cuts[-5:].tolist() == [3, 6, 9, 12, 15]


def test_of_equal_costs_the_leftmost_comes_first():
    merges = ward_merges(np.array([[0.0], [1.0], [10.0], [11.0], [20.0], [21.0]], np.float32))
    assert merges.cuts[:3].tolist() == [1, 3, 5]


def test_one_frame_has_no_merge_and_two_have_one():
    alone = ward_merges(np.ones((1, 5), np.float32))
    assert (alone.children.shape, alone.heights.shape, alone.cuts.shape) == ((0, 2), (0,), (0,))
    pair = ward_merges(np.array([[0.0, 0.0], [3.0, 4.0]], np.float32))
    assert (pair.children.tolist(), pair.cuts.tolist(), pair.heights.tolist()) == ([[0, 1]], [1], [5.0])


def test_vectors_may_lie_in_memory_as_they_like_and_are_left_alone():
    vectors = noise(60, 9)
    expected = ward_merges(vectors)
    frozen = vectors.copy()
    frozen.flags.writeable = False
    unaligned = np.frombuffer(b"x" + vectors.tobytes(), np.uint8)[1:].view(np.float32).reshape(vectors.shape)
    assert not unaligned.flags.aligned
    for same in (frozen, np.asfortranarray(vectors), np.repeat(vectors, 2, axis=0)[::2], unaligned):
        np.testing.assert_array_equal(ward_merges(same).heights, expected.heights)
    np.testing.assert_array_equal(vectors, noise(60, 9))
    assert vectors.flags.writeable


@pytest.mark.parametrize("vectors", [np.zeros((0, 4), np.float32), np.zeros((4, 4)), np.zeros(4, np.float32)])
def test_what_is_no_row_of_vectors_is_refused(vectors):
    with pytest.raises(ValueError, match="float32"):
        ward_merges(vectors)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(value):
    vectors = noise(6, 4)
    vectors[3, 2] = value
    with pytest.raises(ValueError, match="finite"):
        ward_merges(vectors)


def test_values_at_the_ends_of_float32_keep_their_order():
    largest, smallest = np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal
    merges = ward_merges(np.array([[0.0], [smallest], [3 * smallest], [largest], [-largest]], np.float32))
    assert merges.cuts.tolist() == [1, 2, 3, 4]
    assert np.isfinite(merges.heights).all()
    assert (merges.heights > 0).all()


_DIGEST = """
import json, sys
import numpy as np
from action100m.stages.ward import ward_merges
merges = [ward_merges(np.random.default_rng(d).normal(size=(24, d)).astype(np.float32)) for d in (1, 7, 100)]
print(json.dumps([[m.cuts.tolist(), [height.hex() for height in m.heights.tolist()]] for m in merges]))
"""


def run_python(code, **environment):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "environment",
    [{"NUMBA_DISABLE_JIT": "1"}, {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}],
    ids=["interpreted", "without SIMD beyond the basic"],
)
def test_the_last_bit_does_not_depend_on_the_machine(environment, tmp_path):
    merges = [ward_merges(np.random.default_rng(d).normal(size=(24, d)).astype(np.float32)) for d in (1, 7, 100)]
    here = [[m.cuts.tolist(), [height.hex() for height in m.heights.tolist()]] for m in merges]
    assert json.loads(run_python(_DIGEST, **environment, NUMBA_CACHE_DIR=str(tmp_path))) == here


def test_importing_the_stage_neither_compiles_nor_imports_numba():
    assert run_python("import sys, action100m.stages.segment; print('numba' in sys.modules)") == "False\n"
