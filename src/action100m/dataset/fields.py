"""The texts of a node by the names that people type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from action100m.errors import ConfigError
from action100m.record import TextField


def make_fields(names: Sequence[str]) -> tuple[TextField, ...]:
    """Return the texts of these names.

    Raises:
        ConfigError: there is no such text, or no name.
    """
    known: dict[str, TextField] = {field: field for field in get_args(TextField)}
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        raise ConfigError(f"fields are {', '.join(known)}, got {', '.join(map(repr, wrong)) or 'none'}")
    return tuple(known[name] for name in names)
