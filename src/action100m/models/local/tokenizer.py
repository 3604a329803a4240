"""A checkpoint's tokenizer, and the tokens that end its model's replies.

Imports transformers; only the modules that run a model import this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from action100m.errors import CheckpointError
from action100m.models.local.weights import BROKEN


def load_tokenizer(folder: Path) -> Any:
    """Return the tokenizer in a folder.

    Raises:
        CheckpointError: it is missing or broken.
    """
    if not (folder / "tokenizer.json").is_file():  # transformers may go on with an empty vocabulary
        raise CheckpointError(f"{folder} has no tokenizer.json: fetch the whole checkpoint, or choose one that has it")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (*BROKEN, ImportError) as error:  # a broken file is read as one of another format, which needs another package
        raise CheckpointError(f"cannot load the tokenizer of {folder}: {error} Fetch it again") from error


def find_ends(model: Any, tokenizer: Any) -> list[int]:
    """Return the tokens that end a reply, by the tokenizer and by the checkpoint's settings for generation, in ascending order.

    Raises:
        CheckpointError: there is none.
    """
    known = model.generation_config.eos_token_id
    ends = {tokenizer.eos_token_id, *(known if isinstance(known, list) else [known])} - {None}
    if not ends:
        raise CheckpointError(
            f"{tokenizer.name_or_path} names no token that ends a reply: set eos_token in its tokenizer_config.json, or fetch the whole checkpoint"
        )
    return sorted(ends)
