"""The prompts: one Markdown file each, in our own words. Their SHA-256 is among a stage's settings: a changed prompt makes the stage run again."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files


def read_prompt(name: str) -> str:
    """Return the text of the prompt `name`."""
    return (files(__name__) / f"{name}.md").read_text(encoding="utf-8").strip()


def prompt_digest(text: str) -> str:
    """Return the SHA-256 of a prompt's text, in hex."""
    return sha256(text.encode()).hexdigest()
