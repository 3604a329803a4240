"""Tokens are drawn by their probabilities, from a source of chance that depends on what is asked only."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'vlm' or 'reasoner'")
generation = pytest.importorskip("action100m.models.local.generation")


def draw_often(logits, *, temperature, times):
    chances = [torch.Generator().manual_seed(seed) for seed in range(times)]
    drawn = generation.draw(torch.tensor([logits]).repeat(times, 1), chances, temperature=temperature)
    assert (drawn.isfinite().sum(1) == 1).all(), "one token of each row is left"
    return torch.bincount(drawn.argmax(1), minlength=len(logits)) / times


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_draws_follow_the_probabilities_of_the_temperature(temperature):
    logits = [0.0, 1.0, 2.0]
    shares = draw_often(logits, temperature=temperature, times=4000)
    assert torch.allclose(shares, torch.softmax(torch.tensor(logits) / temperature, 0), atol=0.03)


def test_what_is_not_allowed_is_never_drawn():
    assert draw_often([0.0, 0.0, float("-inf")], temperature=1.0, times=500)[2] == 0


def test_chance_depends_on_all_that_is_asked_and_nothing_else():
    def first(*asked):
        return torch.rand((), generator=generation.chance_of(*asked)).item()

    assert first(b"Describe it.", b"frames") == first(b"Describe it.", b"frames")
    assert len({first(b"Describe it.", b"frames"), first(b"Describe it.", b"others"), first(b"Describe it.f", b"rames")}) == 3
