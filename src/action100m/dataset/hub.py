"""A README.md as the Hugging Face Hub and `datasets` read it: a YAML header, which tells what a data set is and where its rows are, and Markdown.

---
pretty_name: Kitchens                     without `configs`, `load_dataset` takes for rows what most files of the folder
configs:                                  are: the pictures of a card, say
- config_name: default
  data_files: [{split: train, path: data/*.parquet}]
---
# Kitchens ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from action100m.errors import ConfigError

CARD_FILE: Final = "README.md"
_HEADER: Final = re.compile(r"---\n(.*?)^---\s*$", re.DOTALL | re.MULTILINE)
_SIZES: Final = {"n<1K": 10**3, "1K<n<10K": 10**4, "10K<n<100K": 10**5, "100K<n<1M": 10**6, "1M<n<10M": 10**7, "10M<n<100M": 10**8}
"""The Hub's words for how many rows there are, and what they stay below."""
_MOST: Final = "100M<n<1B"
_DATA: Final = ("data/*.parquet", "*.parquet")
"""Where rows are looked for, the first that leads to a file."""


def make_header(name: str, *, license: str, rows: int, **others: Any) -> dict[str, Any]:
    """Return a header; `others` that are empty are left out.

    license: as the Hub spells it.
    """
    return {
        "pretty_name": name,
        "license": license,
        **{key: value for key, value in others.items() if value},
        "task_categories": ["video-classification", "video-text-to-text"],
        "tags": ["action100m", "video", "action-recognition", "temporal-segmentation", "video-captioning"],
        "size_categories": [next((word for word, most in _SIZES.items() if rows < most), _MOST)],
    }


def tell_rows(path: str = _DATA[0]) -> dict[str, Any]:
    """Return the part of a header that says which files hold the rows."""
    return {"configs": [{"config_name": "default", "data_files": [{"split": "train", "path": path}]}]}


def find_rows(folder: Path) -> dict[str, Any]:
    """Return what the header of a folder says about its rows, else what its files say; nothing where it holds no rows.

    Raises:
        ConfigError: its README.md has a header that is not YAML.
    """
    there = read_card(folder)[0] if (folder / CARD_FILE).is_file() else {}
    if there.get("configs"):
        return {key: there[key] for key in ("size_categories", "configs") if key in there}
    return next((tell_rows(path) for path in _DATA if any(folder.glob(path))), {})


def read_card(folder: Path) -> tuple[dict[str, Any], str]:
    """Return the header of the README.md of a folder, empty where it has none, and the Markdown.

    Raises:
        ConfigError: the header is not YAML.
    """
    path = folder / CARD_FILE
    try:
        text = path.read_text(encoding="utf-8")
        found = _HEADER.match(text)
        header = yaml.safe_load(found[1]) if found else None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: its header is not YAML ({error}); mend it, or take it away and write it again") from error
    return header if isinstance(header, dict) else {}, text[found.end() :] if found else text


def join_card(header: Mapping[str, Any], text: str) -> str:
    """Return a README.md."""
    return f"---\n{yaml.safe_dump(dict(header), sort_keys=False, allow_unicode=True)}---\n\n{text.lstrip()}"
