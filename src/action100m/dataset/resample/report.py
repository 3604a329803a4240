"""What a resampling came to, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from action100m.dataset.resample.balance import Balance, Share
from action100m.dataset.resample.chart import shorten
from action100m.dataset.resample.settings import ResampleConfig


@dataclass(frozen=True, slots=True)
class ResampleReport:
    """Balance before and after, and where the result is."""

    settings: ResampleConfig
    encoder: str
    texts: int
    """Distinct ones in the data."""
    clusters: int
    """That hold a text; only these can be drawn."""
    inertia: float
    """Sum of the squared distances of the texts to their centroids."""
    before: Balance
    after: Balance
    reachable: float
    """The normalised entropy that so many draws reach on average where all clusters are equally likely."""
    head_texts: tuple[Share, ...]
    """The ten most common texts before."""
    head_clusters: tuple[Share, ...]
    """The ten most common clusters before: "Speak to camera" and its like are one, or a few."""
    notes: tuple[str, ...]
    """What was not done as asked, and why."""
    left_out: tuple[str, ...]
    """Why records or files could not be read, each in words; the others went on. The first 1,000 of `left_out_count`."""
    left_out_count: int
    files: dict[str, str]
    """What was written: "index", "weights", "centroids", "report", and "picture" if it was asked for."""

    @property
    def ok(self) -> bool:
        """Whether nothing was left out."""
        return not self.left_out

    def to_json(self) -> str:
        """Return all of it; of the files only the names, so that it is the same wherever they lie."""
        names = {name: Path(path).name for name, path in self.files.items()}
        return json.dumps(asdict(self) | {"files": names}, indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        lines = [
            f"{self.before.samples:,} samples with {self.texts:,} distinct texts in {self.clusters:,} clusters; drew {self.after.samples:,}",
            "",
            f"{'':32}{'before':>12}{'after':>12}",
            *(f"{name:32}{self._show(name_of, self.before):>12}{self._show(name_of, self.after):>12}" for name, name_of in _ROWS.items()),
            f"normalised entropy that so many draws reach on average: {self.reachable:.4f}",
        ]
        for title, shares in (("most common texts before", self.head_texts), ("most common clusters before", self.head_clusters)):
            lines += ["", f"{title:44}{'before':>9}{'after':>9}"]
            lines += [f"  {shorten(share.text):42}{share.before:9.2%}{share.after:9.2%}" for share in shares]
            lines.append(f"  {'together':42}{sum(share.before for share in shares):9.2%}{sum(share.after for share in shares):9.2%}")
        lines += ["", *(f"left out: {reason}" for reason in self.left_out[:_SHOWN]), *(f"note: {note}" for note in self.notes)]
        if self.left_out_count > _SHOWN:
            lines.append(f"left out: {self.left_out_count:,} in all; the report has the first {len(self.left_out):,}")
        lines += [f"{name}: {path}" for name, path in self.files.items()]
        return "\n".join(lines)

    def _show(self, name: str, balance: Balance) -> str:
        value = balance.cluster_percentiles[name] if name.isdigit() else getattr(balance, name)
        if name.endswith("share"):
            return f"{value:.2%}"
        return f"{value:.4f}" if name.endswith("entropy") else f"{value:,.0f}"


_SHOWN = 20
_ROWS = {
    "distinct texts": "texts",
    "effective number of texts": "effective_texts",
    "share of the 10 head texts": "head_share",
    "share of the 10 head clusters": "head_cluster_share",
    "clusters met": "clusters",
    "entropy over clusters (nats)": "cluster_entropy",
    "the same, 1 being even": "normalised_entropy",
    "samples in a cluster: fewest": "0",
    "  10th percentile": "10",
    "  median": "50",
    "  90th percentile": "90",
    "  most": "100",
}
"""What the text shows: label -> a field of Balance, or a percentile."""
