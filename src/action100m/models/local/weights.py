"""Weights into memory, whole or not at all: what transformers would fill with random values, with a warning at most, is an error here.

Imports PyTorch; only the modules that run a model import this.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, Literal

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError, safe_open

from action100m.errors import CheckpointError, ModelError
from action100m.models.local.checkpoint import Device, Precision

BROKEN: Final = (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, SafetensorError, StrictDataclassError)
"""What transformers raises over files that are missing, cut off, or of something else."""
_MEMORY_INFO = Path("/proc/meminfo")


def choose_device(device: Device, dtype: Precision, *, kind: str, half: Literal["float16", "bfloat16"]) -> tuple[torch.device, torch.dtype]:
    """Resolve "auto": the GPU if there is one, and `half` on it, or float16 where the GPU knows no bfloat16. kind: the section of the settings.

    Raises:
        ModelError: a GPU is asked for, but there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"{kind}.device is 'cuda', but PyTorch finds no GPU: install a CUDA build of PyTorch, or set it to 'cpu'")
    on_gpu = torch.cuda.is_available() if device == "auto" else device == "cuda"
    if dtype == "auto" and on_gpu and half == "bfloat16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        half = "float16"
    precision = (half if on_gpu else "float32") if dtype == "auto" else dtype
    return torch.device("cuda" if on_gpu else "cpu"), getattr(torch, precision)


def load_weights(model_class: Any, folder: Path, dtype: torch.dtype) -> Any:
    """Return the model in a folder, in main memory.

    Raises:
        CheckpointError: files are missing or broken, or weights and config do not fit each other to the last key.
    """
    try:
        model, report = model_class.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, local_files_only=True, trust_remote_code=False, output_loading_info=True
        )
    except BROKEN as error:
        raise CheckpointError(f"cannot load the checkpoint {folder}: {error} Fetch it again") from error
    if misfits := {problem: sorted(map(str, keys)) for problem, keys in report.items() if keys}:
        shown = "; ".join(f"{problem}: {', '.join(keys[:3])} ({len(keys)} in all)" for problem, keys in misfits.items())
        raise CheckpointError(f"the weights in {folder} do not fit its config.json: {shown}. Fetch it again")
    return model


def place(model: Any, device: torch.device, *, kind: str) -> Any:
    """Return the model on a device, ready to be used and not to be trained.

    Raises:
        ModelError: the GPU's memory is full.
    """
    try:
        return model.requires_grad_(False).eval().to(device)
    except torch.OutOfMemoryError as error:
        raise ModelError(f"the GPU's memory is full: set {kind}.checkpoint to a smaller model, or free what others hold of it. {error}") from error


def check_room(folder: Path, device: torch.device, dtype: torch.dtype, *, kind: str) -> None:
    """Refuse weights that the device's free memory cannot hold, before any is read.

    Raises:
        CheckpointError: a weights file is broken.
        ModelError: there is too little memory.
    """
    need, free = count_parameters(folder) * dtype.itemsize, _free_memory(device)
    if free is not None and need > free:
        where = "the GPU" if device.type == "cuda" else "this machine"
        raise ModelError(
            f"the weights in {folder} take {need / 1e9:.1f} GB in {str(dtype).removeprefix('torch.')}, and {where} has {free / 1e9:.1f} GB of memory "
            f"free: set {kind}.checkpoint to a smaller model, {kind}.dtype to half precision, or free memory"
        )


def count_parameters(folder: Path) -> int:
    """Return how many numbers the weights files hold, from their headers.

    Raises:
        CheckpointError: a file is broken.
    """
    total = 0
    try:
        for path in folder.glob("*.safetensors"):
            with safe_open(path, framework="pt") as file:
                total += sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118 (it is no dict)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"cannot load the checkpoint {folder}: {error} Fetch it again") from error
    return total


def _free_memory(device: torch.device) -> int | None:
    """Return free bytes; None where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if not _MEMORY_INFO.exists():
        return None
    lines = dict(line.split(":", 1) for line in _MEMORY_INFO.read_text(encoding="ascii").splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024
