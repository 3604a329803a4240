"""What only people know about a data set. Nothing of it is guessed: what is not given is said to be missing."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from action100m.errors import ConfigError


@dataclass(frozen=True, slots=True)
class CardConfig:
    """Name, licence and rights. Texts may be Markdown: they are yours."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str | None = None
    """What the data set is called."""
    summary: str | None = None
    """What it is, in a sentence or two."""
    license: str | None = None
    """Of the texts, as the Hugging Face Hub spells it, such as "cc-by-nc-4.0"; "other" with `license_name` and `license_link`."""
    license_name: str | None = None
    license_link: str | None = None
    video_sources: str | None = None
    """Where the videos come from."""
    video_rights: str | None = None
    """Whose the videos are, and what may be done with them."""
    personal_data: str | None = None
    """Who is seen and heard, and what was done about it (faces blurred, consent)."""
    language: tuple[str, ...] = ()
    """Of the texts, by ISO 639-1, such as "en"."""
    contact: str | None = None
    """Where to ask for a record to be removed: an address or a page."""
    citation: str | None = None
    """BibTeX."""

    def __post_init__(self) -> None:
        for entry in fields(self):
            if isinstance(value := getattr(self, entry.name), str) and not value.strip():
                raise ConfigError(f"card.{entry.name} is blank: leave it out, and the card says that it is missing")
        if self.license == "other" and not (self.license_name and self.license_link):
            raise ConfigError('card.license is "other": the Hub wants license_name and license_link with it')

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that are not given, those aside that only "other" licences have."""
        return tuple(entry.name for entry in fields(self) if not getattr(self, entry.name) and not entry.name.startswith("license_"))


def load_card_config(path: str | Path) -> CardConfig:
    """Read the settings from a TOML file.

    Raises:
        ConfigError: the file cannot be read, or a key or value in it is wrong.
    """
    try:
        return TypeAdapter(CardConfig).validate_python(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}, got {one['input']!r}" for one in error.errors())
        raise ConfigError(f"{path}: {'; '.join(problems)}") from error
