"""Windows cover every frame, hold few, and their mean is what a direct sum gives."""

import weakref

import numpy as np
import pytest

from action100m.stages.windows import batched, count_windows, fill_tubelets, mean_over_windows, sliding_windows, spread_over_frames


def starts(count, *, window, stride):
    return [start for start, _ in sliding_windows(range(count), window=window, stride=stride)]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (1, [0]),
        (63, [0]),
        (64, [0]),
        (65, [0, 1]),
        (71, [0, 7]),
        (72, [0, 8]),
        (73, [0, 8, 9]),
        (127, [0, 8, 16, 24, 32, 40, 48, 56, 63]),
        (128, [0, 8, 16, 24, 32, 40, 48, 56, 64]),
        (129, [0, 8, 16, 24, 32, 40, 48, 56, 64, 65]),
    ],
)
def test_windows_start_every_stride_and_the_last_is_aligned_to_the_end(count, expected):
    assert starts(count, window=64, stride=8) == expected


@pytest.mark.parametrize(("window", "stride"), [(64, 8), (16, 16), (5, 3), (1, 1)])
def test_windows_are_counted_as_they_are_made(window, stride):
    for count in range(150):
        made = list(sliding_windows(range(count), window=window, stride=stride))
        assert count_windows(count, window=window, stride=stride) == len(made)


@pytest.mark.parametrize(("window", "stride"), [(4, 3), (4, 4), (5, 1), (1, 1), (8, 3)])
def test_every_frame_is_seen_and_windows_are_runs_of_frames(window, stride):
    for count in range(1, 40):
        found = list(sliding_windows(range(count), window=window, stride=stride))
        assert [start for start, _ in found] == sorted({start for start, _ in found})
        for start, frames in found:
            assert frames == list(range(start, start + min(window, count)))
        assert {frame for _, frames in found for frame in frames} == set(range(count))


def test_only_frames_that_a_window_may_need_are_held():
    class Frame:
        pass

    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    peak = 0

    def frames():
        nonlocal peak
        for _ in range(500):
            frame = Frame()
            alive.add(frame)
            peak = max(peak, len(alive))
            yield frame

    windows = sliding_windows(frames(), window=16, stride=4)
    while next(windows, None) is not None:
        pass
    assert 16 <= peak <= 16 + 2


@pytest.mark.parametrize(("length", "tubelet", "expected"), [(4, 2, "abcd"), (3, 2, "abcc"), (1, 2, "aa"), (3, 1, "abc"), (2, 4, "abbb")])
def test_the_last_frame_fills_the_last_tubelet(length, tubelet, expected):
    assert fill_tubelets(list("abcd"[:length]), tubelet=tubelet) == list(expected)


def test_interpolation_is_linear_between_the_middles_of_tubelets():
    vectors = np.array([[0.0], [4.0], [2.0]], np.float32)
    # middles lie at frames 0.5, 2.5 and 4.5
    assert spread_over_frames(vectors, tubelet=2, rule="interpolate").ravel().tolist() == [0.0, 1.0, 3.0, 3.5, 2.5, 2.0]
    assert spread_over_frames(vectors, tubelet=2, rule="repeat").ravel().tolist() == [0.0, 0.0, 4.0, 4.0, 2.0, 2.0]


@pytest.mark.parametrize("tubelet", [1, 2, 3, 4])
def test_interpolation_equals_numpys(tubelet):
    vectors = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    middles = np.arange(7) * tubelet + (tubelet - 1) / 2
    expected = np.stack([np.interp(np.arange(7 * tubelet), middles, column) for column in vectors.T], axis=1)
    np.testing.assert_allclose(spread_over_frames(vectors, tubelet=tubelet, rule="interpolate"), expected, atol=1e-6)


@pytest.mark.parametrize("rule", ["interpolate", "repeat"])
def test_a_tubelet_of_one_frame_changes_nothing(rule):
    vectors = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    assert np.array_equal(spread_over_frames(vectors, tubelet=1, rule=rule), vectors)


def test_mean_counts_the_windows_that_see_a_frame():
    ones = np.ones((4, 2), np.float32)
    mean = mean_over_windows([(0, ones), (3, ones * 5), (4, ones * 9)])
    assert mean[:, 0].tolist() == [1, 1, 1, 3, 7, 7, 7, 9]
    assert mean.dtype == np.float32


@pytest.mark.parametrize("count", [5, 9, 10, 11, 12, 13, 50])
def test_mean_equals_a_direct_sum(count):
    rng = np.random.default_rng(count)
    windows = [(start, rng.normal(size=(min(count, 10), 3)).astype(np.float32)) for start in starts(count, window=10, stride=3)]
    total, seen = np.zeros((count, 3)), np.zeros((count, 1))
    for start, vectors in windows:
        total[start : start + len(vectors)] += vectors
        seen[start : start + len(vectors)] += 1
    np.testing.assert_allclose(mean_over_windows(windows), total / seen, atol=1e-6)


def test_batches_keep_order_and_let_go_of_the_one_before():
    assert list(batched("abcdefg", 3)) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert list(batched([], 3)) == []
