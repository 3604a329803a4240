"""What can be chosen by name: apart from the rest, so that the command line can offer it without loading Arrow."""

from __future__ import annotations

from typing import Literal

OutputKind = Literal["samples", "records"]
NaChoice = Literal["keep", "drop", "only"]
SplitName = Literal["train", "val", "test"]
FlagScope = Literal["nodes", "texts"]
