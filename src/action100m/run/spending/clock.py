"""How long the stages work, by the clock of the calling process.

    video a   |== caption ===========|
    video b          |== caption ===============|
    held       a a a  a/2 + b/2       b b b b b        the device of the stage is held from the first start to the last end, once

However many videos, workers and requests share it, an hour during which at least one video is in a stage is one hour of that stage's device. What
two videos share is halved between them, so that the shares add up.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

from action100m.run.executors.channel import Done, Step
from action100m.run.ledger import Spell
from action100m.stages.base import StageName


class Clock:
    """Told of every step, as it comes."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()
        self._under_way: dict[str, Spell] = {}
        self._held = defaultdict[StageName, float](float)

    def tell(self, event: Step | Done) -> Spell | None:
        """Take note of a step; return the stretch that it ends, if it ends one."""
        self._advance()
        if event.kind == "step" and event.state == "working":
            return None
        ended = self._under_way.pop(event.uid, None)
        if event.kind == "step" and event.state == "started":
            self._under_way[event.uid] = Spell(event.uid, event.stage)
        return ended

    def stop(self) -> tuple[Spell, ...]:
        """Return the stretches that have not come to their end."""
        self._advance()
        ended = tuple(self._under_way.values())
        self._under_way.clear()
        return ended

    def read(self) -> dict[StageName, float]:
        """Return for how many seconds each stage has been at work up to now."""
        self._advance()
        return dict(self._held)

    def _advance(self) -> None:
        now = self._now()
        passed, self._last = now - self._last, now
        crowd = Counter(spell.stage for spell in self._under_way.values())
        for stage in crowd:
            self._held[stage] += passed
        for uid, spell in self._under_way.items():
            self._under_way[uid] = replace(spell, held=spell.held + passed / crowd[spell.stage])
