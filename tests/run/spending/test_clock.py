"""A stage's device is held while at least one video is in the stage; what two share is halved between them."""

from __future__ import annotations

import pytest

from action100m.run.executors.channel import Done, Step
from action100m.run.ledger import Spell
from action100m.run.spending.clock import Clock


class Hand:
    seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def hand():
    return Hand()


def test_a_stage_on_one_video_holds_its_device_from_start_to_end(hand):
    clock = Clock(hand)
    hand.seconds += 5  # nobody works
    assert clock.tell(Step("a", "embed", "started")) is None
    hand.seconds += 2
    assert clock.tell(Step("a", "embed", "working", 0.5)) is None
    assert clock.read() == {"embed": 2}
    hand.seconds += 1
    assert clock.tell(Step("a", "embed", "finished")) == Spell("a", "embed", 3)
    hand.seconds += 9
    assert clock.read() == {"embed": 3}


def test_two_videos_in_a_stage_share_its_seconds_and_the_shares_add_up(hand):
    clock = Clock(hand)
    clock.tell(Step("a", "caption", "started"))
    hand.seconds += 3
    clock.tell(Step("b", "caption", "started"))
    clock.tell(Step("c", "annotate", "started"))
    hand.seconds += 4
    assert clock.tell(Step("a", "caption", "finished")) == Spell("a", "caption", 3 + 4 / 2)
    hand.seconds += 5
    assert clock.tell(Step("b", "caption", "finished")) == Spell("b", "caption", 4 / 2 + 5)
    assert clock.read() == {"caption": 12, "annotate": 9}


def test_work_that_fails_or_is_cut_short_counts(hand):
    clock = Clock(hand)
    clock.tell(Step("a", "embed", "started"))
    clock.tell(Step("b", "annotate", "started"))
    hand.seconds += 2
    assert clock.tell(Done("a", None)) == Spell("a", "embed", 2)
    assert clock.tell(Done("a", None)) is None
    hand.seconds += 1
    assert clock.stop() == (Spell("b", "annotate", 3),)
    assert clock.stop() == ()
