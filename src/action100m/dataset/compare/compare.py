"""Compare two annotations of the same videos: where they cut, how they nest, what they say. Each figure stands beside what chance would give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

import numpy as np

from action100m.dataset.capped import Capped
from action100m.dataset.compare.chance import draw_others, make_rng, shuffle_leaves
from action100m.dataset.compare.comparison import Comparison, TextScore
from action100m.dataset.compare.measure import Matched
from action100m.dataset.compare.nodes import Lone, VideoNodes, join_videos, read_nodes
from action100m.dataset.compare.texts import sum_cosines, sum_token_f1
from action100m.dataset.compare.totals import Totals, score_boundaries, score_detection, score_overlap, score_tree
from action100m.dataset.source import Source
from action100m.errors import ConfigError
from action100m.models.base import TextEncoder
from action100m.record import TextField


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """What is measured, and how finely."""

    tolerances: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0, 2.0)
    """Seconds that two boundaries may be apart."""
    tious: tuple[float, ...] = (0.3, 0.4, 0.5, 0.6, 0.7)
    """Least temporal IoU of a true prediction."""
    labels: TextField | None = None
    """The text that is a node's class in the mAP. None: every node is a proposal, without a class."""
    fields: tuple[TextField, ...] = ("brief_action",)
    """Texts to compare, of nodes that match."""
    match: float = 0.5
    """Least temporal IoU of nodes whose texts are compared; they are also each other's best match."""
    points: int = 200
    """Instants of a video between which the trees are compared."""
    permutations: int = 5
    """Times that A's leaves are shuffled, to find what chance gives."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.tolerances or min(self.tolerances) < 0:
            raise ConfigError(f"tolerances must be >= 0 seconds, and at least one, got {self.tolerances}")
        if not self.tious or not all(0 < tiou <= 1 for tiou in (*self.tious, self.match)):
            raise ConfigError(f"tious and match must be above 0 and at most 1, got {self.tious} and {self.match}")
        unknown = {*self.fields, self.labels} - {*get_args(TextField), None}
        if unknown:
            raise ConfigError(f"fields and labels are {', '.join(get_args(TextField))}, got {', '.join(map(repr, unknown))}")
        if self.points < 3 or self.permutations < 1 or self.seed < 0:
            raise ConfigError(f"expected points >= 3, permutations >= 1, seed >= 0, got {self.points}, {self.permutations}, {self.seed}")


def compare(a: Source, b: Source, config: CompareConfig = CompareConfig(), *, encoder: TextEncoder | None = None) -> Comparison:
    """Return how two data sets agree on the videos that both have; B is the reference where one is needed.

    Memory grows by about 20 bytes a node and permutation, for the mAP. A record that cannot be read is told in the result, and the others go on.

    Raises:
        DataSetError: one of the two cannot be found.
    """
    failures = Capped[str]()

    def fail(error: Exception) -> None:
        failures.add(str(error))

    fields = tuple(dict.fromkeys([*config.fields, *([config.labels] if config.labels else [])]))
    joined = join_videos(read_nodes(a, fields, on_error=fail), read_nodes(b, fields, on_error=fail), on_error=fail)
    return _Comparing(config, encoder).run(joined, failures)


class _Comparing:
    """The sums of a comparison that is going on."""

    def __init__(self, config: CompareConfig, encoder: TextEncoder | None) -> None:
        self._config, self._encoder = config, encoder
        self._real, *self._chance = (
            Totals(config.tolerances, config.tious, points=config.points, labels=config.labels) for _ in range(1 + config.permutations)
        )
        self._texts = {field: np.zeros((2, 3)) for field in config.fields}  # pairs, token F1, cosine; and by chance

    def run(self, joined: Iterable[tuple[VideoNodes, VideoNodes] | Lone], failures: Capped[str]) -> Comparison:
        videos, alone = 0, {True: Capped[str](), False: Capped[str]()}
        for found in joined:
            if isinstance(found, Lone):
                alone[found.of_a].add(found.uid)
            else:
                videos += 1
                self._add(*found)
        return Comparison(
            videos=videos,
            only_a=tuple(alone[True].first),
            only_b=tuple(alone[False].first),
            only_a_count=alone[True].count,
            only_b_count=alone[False].count,
            boundaries=score_boundaries(self._config.tolerances, self._real, self._chance),
            overlap=score_overlap(self._real, self._chance),
            tree=score_tree(self._real, self._chance),
            detection=score_detection(self._config.tious, self._real, self._chance),
            texts=tuple(self._score_text(field) for field in self._config.fields),
            failures=tuple(failures.first),
            failure_count=failures.count,
        )

    def _add(self, a: VideoNodes, b: VideoNodes) -> None:
        rng = make_rng(a.uid, self._config.seed)
        matched = self._real.add(a, b)
        for totals in self._chance:
            totals.add(shuffle_leaves(a, rng), b)
        for field in self._config.fields:
            self._add_texts(a, b, matched, field, rng)

    def _add_texts(self, a: VideoNodes, b: VideoNodes, matched: Matched, field: TextField, rng: np.random.Generator) -> None:
        pairs = [(a.texts[field][i], b.texts[field][j]) for i, j in matched.pairs(self._config.match).tolist()]
        both = [(first, second) for first, second in pairs if first is not None and second is not None]
        if not both:
            return
        firsts, seconds = [first for first, _ in both], [second for _, second in both]
        order = draw_others(len(both), rng)
        cosines = (0.0, 0.0) if self._encoder is None else sum_cosines(firsts, seconds, order, self._encoder)
        sums = np.stack([(len(both), len(both)), sum_token_f1(firsts, seconds, order), cosines], axis=1)
        self._texts[field] += sums if len(both) > 1 else sums * [[1], [0]]  # a lone pair has no other to be mixed up with

    def _score_text(self, field: TextField) -> TextScore:
        (pairs, *sums), (mixed, *by_chance) = self._texts[field].tolist()
        token_f1, cosine = (total / max(pairs, 1) for total in sums)
        chance, chance_cosine = (total / mixed if mixed else None for total in by_chance)
        has_vectors = self._encoder is not None
        return TextScore(field, int(pairs), token_f1, chance, cosine if has_vectors else None, chance_cosine if has_vectors else None)
