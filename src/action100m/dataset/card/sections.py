"""The sections of the card, each a function of what was counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from action100m.dataset.audit.finding import MEANINGS
from action100m.dataset.audit.report import AuditReport
from action100m.dataset.card.gone import Availability
from action100m.dataset.card.makers import ROLES, Makers
from action100m.dataset.card.markdown import escape, make_table
from action100m.dataset.card.settings import CardConfig
from action100m.dataset.hub import make_header
from action100m.dataset.stats.counts import DURATION_BINS, FIELDS
from action100m.dataset.stats.stats import Stats

UNNAMED: Final = "A data set of annotated actions"
_NAMED: Final = 50
"""Gone videos, models or prompts that are named; the rest is counted."""
_TOP: Final = 10
_MISSING: Final = "**Missing**: not stated by those who published this card."


def tell_header(config: CardConfig, videos: int) -> dict[str, Any]:
    """What the Hub shows beside the card."""
    return make_header(
        config.name or UNNAMED,
        license=config.license or "unknown",
        rows=videos,
        license_name=config.license_name,
        license_link=config.license_link,
        language=list(config.language),
    )


def tell_what(config: CardConfig, stats: Stats) -> Iterator[str]:
    """What it is."""
    counts = stats.counts
    yield f"# {escape(config.name) if config.name else UNNAMED}"
    yield "## What it is"
    if config.summary:
        yield config.summary
    yield (
        f"{counts.videos:,} videos of {counts.seconds / 3600:,.2f} hours, cut into {counts.nodes:,} nested segments. {counts.annotated:,} have a"
        " structured annotation: a brief and a detailed caption, a brief and a detailed action, and who acts. One row is one video; its segments"
        " form a binary tree over time. **Videos and segments are counted apart**: a data set of few rows holds many segments. The videos themselves"
        " are not part of it."
    )
    yield (
        "Columns: `video_uid`, `metadata` (title, description, counts, transcript) and `nodes` (`node_id`, `parent_id`, `level`, `start`, `end` in"
        " seconds, the captions `plm_caption`, `plm_action` and `llama3_caption`, and the annotation `gpt`), as in the released Action100M files;"
        " `provenance` where it is told."
    )


def tell_making(makers: Makers) -> Iterator[str]:
    """How it was made."""
    yield "## How it was made"
    if makers.untold:
        share = "None of the records tells" if makers.untold == makers.records else f"{makers.untold:,} of {makers.records:,} records do not tell"
        yield f"{share} how it was made: models, prompts and settings are unknown here. The columns bear the names of models; that is no statement."
    if makers.untold == makers.records:
        return
    made = sorted(makers.made_by.items(), key=lambda item: (list(ROLES).index(item[0][0]), -item[1], item[0][1]))
    yield make_table(
        ["what", "made by", "records"], ([ROLES[role], escape(name, longest=300), f"{count:,}"] for (role, name), count in made[:_NAMED])
    )
    yield make_table(
        ["prompt", "SHA-256", "records"], ([escape(name), escape(sha), f"{n:,}"] for (name, sha), n in sorted(makers.prompts.items())[:_NAMED])
    )
    rounds = ", ".join(f"{number} ({count:,} records)" for number, count in sorted(makers.rounds.items()))
    yield f"Rounds of the annotating model: {rounds}. Replies that fitted the schema at the first try: {makers.fitting:,} of {makers.replies:,}."


def tell_figures(stats: Stats, pictures: Sequence[str]) -> Iterator[str]:
    """Figures, from `stats`."""
    counts = stats.counts
    yield "## Figures"
    names = [f"{low:g} s and longer" if high == float("inf") else f"{low:g} to {high:g} s" for low, high in DURATION_BINS]
    shares = ((name, all_, annotated) for name, all_, annotated in zip(names, counts.durations, counts.annotated_durations, strict=True))
    rows = ([name, _share(of_all, counts.nodes), _share(annotated, counts.annotated)] for name, of_all, annotated in shares)
    yield make_table(["duration", "all segments", "annotated ones"], rows)
    yield make_table(
        ["text", "there", "mean words", "without N/A", "N/A", "in a loop", "at limit"], (_field_row(stats, index) for index in range(len(FIELDS)))
    )
    if stats.actions.top:
        yield f"Distinct brief actions: {stats.actions.distinct:,}. The most frequent:"
        yield make_table(["brief action", "segments"], ([escape(text), f"{count:,}"] for text, count in stats.actions.top[:_TOP]))
    yield from (f"![{Path(name).stem}]({name})" for name in pictures)


def _field_row(stats: Stats, index: int) -> list[str]:
    name = FIELDS[index]
    field = stats.counts.fields[name]
    shares = [_share(count, field.present) for count in (field.na, field.loops, field.at_limit)]
    return [f"`{name}`", f"{stats.counts.coverage(name):.1%}", f"{field.mean_words:.2f}", f"{field.mean_words_without_na:.2f}", *shares]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def tell_quality(report: AuditReport | None) -> Iterator[str]:
    """Quality, from `audit`."""
    yield "## Quality"
    if report is None:
        yield "Not measured."
        return
    total = report.total
    yield (
        f"Measured by `action100m audit`, from words alone; a flag is a doubt, not a verdict. {total.flagged:,} of {total.nodes:,} segments"
        f" ({_share(total.flagged, total.nodes)}) have one."
    )
    rows = ([f"`{flag}`", f"{count:,}", f"{count / total.nodes:.2%}", MEANINGS[flag]] for flag, count in total.flags.items())
    yield make_table(["flag", "segments", "share", "meaning"], rows)
    yield "Mean scores, 1 being best: " + ", ".join(f"{name} {score:.2f}" for name, score in total.scores.items()) + "."


def tell_rights(config: CardConfig) -> Iterator[str]:
    """Licence and rights: what was given, and what was not."""
    yield "## Licence and rights"
    licence = " ".join(filter(None, (config.license, config.license_name, config.license_link)))
    told = {
        "Licence of the texts": escape(licence, longest=300) if licence else None,
        "Where the videos come from": config.video_sources,
        "Rights in the videos": config.video_rights,
        "Persons seen and heard": config.personal_data,
        "Language of the texts": ", ".join(map(escape, config.language)) or None,
    }
    yield "\n".join(f"- {name}: {value or _MISSING}" for name, value in told.items())


def tell_limits(stats: Stats, makers: Makers, left_out: int) -> Iterator[str]:
    """Known limits."""
    yield "## Known limits"
    lines = [
        "The texts were written by models, from pictures and from each other's words. Nothing here says that a person has checked them.",
        "Captions may speak of what is not to be seen, or belong to another segment. `action100m audit` finds a part of these: see above.",
        "Times are those of the files that were decoded. Another copy of a video may begin elsewhere.",
        f"{stats.na_share:.1%} of the brief actions say N/A: nobody acts, or nobody was seen to.",
        "Short segments are many and say little: only inner segments of 4 s and longer are annotated in the released form.",
    ]
    if makers.damaged:
        lines.append(f"{makers.damaged:,} videos did not decode in full.")
    if makers.remarks:
        lines.append(f"{makers.remarks:,} captions are not all that their model had to say (cut off, gone round in a loop).")
    if left_out:
        lines.append(f"{left_out:,} records or files could not be read, and are not counted here.")
    yield "\n".join(f"- {line}" for line in lines)
    if makers.gaps:
        rows = ([f"`{escape(field)}`", escape(reason), f"{count:,}"] for (field, reason), count in makers.gaps.most_common(_TOP))
        yield make_table(["not there", "because", "segments"], rows)


def tell_gone(config: CardConfig, gone: Sequence[Availability], gone_count: int, *, is_checked: bool, file: str) -> Iterator[str]:
    """Link rot and removal."""
    yield "## Videos that are gone, and removal"
    yield f"[{file}]({file}) names every video with its status: `available`, `gone`, `removed` (somebody asked for it) or `not checked`."
    if not is_checked:
        yield "No list of gone videos was given, and nothing was looked up: all are `not checked`."
    elif not gone:
        yield "None of the videos is on the list of gone ones."
    else:
        yield f"{gone_count:,} records speak of videos that are gone or were removed. Leave them out where you may not keep them:"
        more = [f"- and {gone_count - _NAMED:,} more, in {file}"] if gone_count > _NAMED else []
        yield "\n".join([*(f"- {escape(one.uid)}: {one.status}{_note(one)}" for one in gone[:_NAMED]), *more])
    yield f"To ask for a record to be removed: {config.contact or _MISSING} Name its `video_uid`. Who holds a copy is asked to follow the list."


def _note(entry: Availability) -> str:
    return f" ({escape(entry.note)})" if entry.note else ""


def tell_citation(config: CardConfig) -> Iterator[str]:
    """Citation."""
    yield "## Citation"
    yield f"```bibtex\n{config.citation.strip().replace('```', '')}\n```" if config.citation else _MISSING
