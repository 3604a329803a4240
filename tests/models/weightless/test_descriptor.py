import numpy as np
import pytest

from action100m.embeddings import Embeddings
from action100m.models.weightless.descriptor import DescriptorConfig
from action100m.models.weightless.descriptor_encoder import changed_shares, edge_histogram
from action100m.stages.embed import EmbedConfig, embed_frames
from action100m.stages.segment import segment
from support.moving import film, plain, view, with_block

ENCODER = DescriptorConfig().load()
MOVEMENT = slice(-9, None)


def encode(pictures):
    return ENCODER.encode([ENCODER.prepare(np.stack(pictures))])[0]


def test_vectors_are_float32_one_for_each_frame():
    vectors = ENCODER.encode([ENCODER.prepare(np.stack([view(), view(0.1)]))] * 3)
    assert vectors.shape == (3, 2, 202)
    assert vectors.dtype == np.float32
    assert ENCODER.tubelet == 1


def test_equal_pictures_have_equal_vectors():
    vectors = encode([view()] * 5)
    assert (vectors == vectors[0]).all()
    assert vectors[:, MOVEMENT].sum() == 0


def test_a_turn_of_the_camera_moves_the_vector_less_than_another_scene():
    here, turned, elsewhere = encode([view(), view(0.05), view(seed=1)])
    still = slice(0, -9)
    assert np.linalg.norm((here - elsewhere)[still]) > 2 * np.linalg.norm((here - turned)[still])


def test_a_frame_has_the_same_vector_in_every_window_but_for_movement_near_the_edges():
    prepared = ENCODER.prepare(np.stack([frame for frame, _ in film(lambda time: view(0.1 * time), seconds=6)]))
    whole = ENCODER.encode([prepared])[0]
    part = ENCODER.encode([prepared[8:40]])[0]
    assert np.array_equal(part[:, :-9], whole[8:40, :-9])
    assert part[10:-10] == pytest.approx(whole[18:30], abs=1e-4)
    assert part == pytest.approx(whole[8:40], abs=0.05)


def test_vectors_do_not_depend_on_how_many_windows_are_encoded_at_once():
    prepared = ENCODER.prepare(np.stack([frame for frame, _ in film(lambda time: view(0.1 * time))]))
    windows = [prepared[:8], prepared[4:12], prepared[7:15]]
    together = ENCODER.encode(windows)
    assert all(np.array_equal(together[number], ENCODER.encode([window])[0]) for number, window in enumerate(windows))


def test_a_window_of_one_frame_has_no_movement():
    assert encode([view()])[0, MOVEMENT].sum() == 0


def test_movement_stands_in_the_ninth_where_it_is():
    pictures = [with_block(view(), left=8 + 3 * (number % 2), top=72) for number in range(10)]
    movement = encode(pictures)[:, MOVEMENT].mean(axis=0)
    assert movement.argmax() == 6
    assert movement[6] > 10 * np.delete(movement, 6).max()


def test_changed_shares_count_pixels():
    before, after = np.zeros((48, 72), np.uint8), np.zeros((48, 72), np.uint8)
    after[:8, :24] = 100
    assert changed_shares(np.stack([before, before, after]))[:, 0].tolist() == [0, 0.25, 0.5]


@pytest.mark.parametrize(("across", "strongest"), [(True, 0), (False, 3)])
def test_edges_are_told_by_their_direction(across, strongest):
    ramp = (
        np.broadcast_to(np.arange(72, dtype=np.uint8) * 3, (48, 72))
        if across
        else np.broadcast_to(np.arange(48, dtype=np.uint8)[:, None] * 3, (48, 72))
    )
    shares = edge_histogram(ramp)
    assert shares.sum() == pytest.approx(1)
    assert shares[1 + strongest] == 1


def test_a_flat_picture_has_no_edges():
    assert edge_histogram(np.full((48, 72), 9, np.uint8))[0] == 1


def test_the_first_cut_falls_where_the_scene_changes():
    frames = film(lambda time: view(0.02 * time, seed=int(time >= 3)), seconds=8)
    vectors = embed_frames((frame for frame, _ in frames), ENCODER, EmbedConfig())
    edges = np.array([0.0, *(time - 2 / 30 for _, time in frames[1:]), 8.0])
    root, left, *_ = segment(Embeddings(vectors, edges), uid="two scenes").nodes
    assert left.end == pytest.approx(3.0, abs=0.07)
    assert root.end == 8.0


def test_a_black_video_is_encoded():
    assert np.isfinite(encode([plain(0, 0, 0)] * 3)).all()


def test_identity_needs_no_loading():
    assert DescriptorConfig().identity() == {"kind": "descriptor", "version": 2}
