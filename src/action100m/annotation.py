"""What a reasoning model says about one segment, and the schema its reply must match.

The five fields are the paper's (section 3.3) under the key names of the released data: a summary of what is seen and an action somebody takes.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Final

from action100m.errors import ReplyError

_FENCE: Final = re.compile(r"```\w*\s*")

NOT_APPLICABLE: Final = "N/A"
"""What the released data says in all three action fields when nobody acts."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is seen. None only where a released record lacks the field."""

    brief: str | None
    """One sentence."""
    detailed: str | None
    """A dense description, in the order of events."""


@dataclass(frozen=True, slots=True)
class Action:
    """What is done, or three times "N/A". None only where a released record lacks the field."""

    brief: str | None
    """A verb phrase, such as "whisk the eggs"."""
    detailed: str | None
    """One imperative sentence that says how it is done."""
    actor: str | None
    """Who acts."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """The structured annotation of one segment."""

    summary: Summary
    action: Action

    def to_dict(self) -> dict[str, dict[str, str | None]]:
        """Return the nested form of the released column `gpt`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Annotation:
        """Read the nested form of the released column `gpt`, in which any field may be missing."""
        summary, action = value.get("summary") or {}, value.get("action") or {}
        return cls(
            Summary(summary.get("brief"), summary.get("detailed")),
            Action(action.get("brief"), action.get("detailed"), action.get("actor")),
        )


def _strict_object(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": description}


ANNOTATION_SCHEMA: Final = _strict_object(
    summary=_strict_object(
        brief=_text("One sentence that says what the segment shows."),
        detailed=_text("What the segment shows, in full and in the order of events."),
    ),
    action=_strict_object(
        brief=_text(f'One verb phrase in the base form, without a final period, or "{NOT_APPLICABLE}".'),
        detailed=_text(f'One imperative sentence that says how the action is done, or "{NOT_APPLICABLE}".'),
        actor=_text(f'Who acts, as a noun phrase or sentence, or "{NOT_APPLICABLE}".'),
    ),
)
"""JSON schema of a reply: all five fields, nothing else."""


def parse_annotation(reply: str) -> Annotation:
    """Return the annotation that a reply holds.

    Raises:
        ReplyError: the reply is not JSON, or does not match `ANNOTATION_SCHEMA`. The message names the field and can be sent back to the model.
    """
    try:
        value = json.loads(reply, strict=False)  # models put raw line breaks into strings
    except (ValueError, RecursionError) as error:  # endless digits and brackets are errors of their own
        raise ReplyError(f"the reply is not JSON: {error}", raw=reply) from error
    import jsonschema  # slow to import, and needed only where a model answers

    problem = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(ANNOTATION_SCHEMA).iter_errors(value))
    if problem is not None:
        raise ReplyError(f"the reply does not match the schema at {problem.json_path}: {problem.message}", raw=reply)
    for part, fields in value.items():
        for name, text in fields.items():
            if not text.strip() or not _is_unicode(text):
                raise ReplyError(f"the reply has no readable text at $.{part}.{name}: {text!r}", raw=reply)
    return Annotation.from_dict(value)


def unwrap_annotation(reply: str) -> str | None:
    """Return the annotation that a reply begins with, freed of a code fence around it and of text after it; None when it begins with none."""
    text = _FENCE.sub("", reply.strip(), count=1)
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(text)
        parse_annotation(text[:end])
    except (ValueError, RecursionError, ReplyError):
        return None
    return None if "{" in text[end:] else text[:end]  # of two answers neither is certain


def _is_unicode(text: str) -> bool:
    """Tell whether UTF-8 can hold a text: half of a surrogate pair, which JSON can escape, no file can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
