"""The benchmark of the GPU: its formula against what PyTorch counts, and the whole script at tiny shapes on a CPU."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import VJEPA2Config, VJEPA2Model

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
_SPEC = importlib.util.spec_from_file_location("random_checkpoints", BENCHMARKS / "random_checkpoints.py")
checkpoints = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(checkpoints)


def test_the_formula_gives_the_operations_that_pytorch_counts():
    config = VJEPA2Config(crop_size=64, frames_per_clip=16, hidden_size=66, mlp_ratio=48 / 11, num_attention_heads=3, num_hidden_layers=2)
    config.pred_num_hidden_layers, config._attn_implementation = 1, "eager"
    model = VJEPA2Model(config).eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(pixel_values_videos=torch.zeros(1, 16, 3, 64, 64), skip_predictor=True)
    assert counter.get_total_flops() == checkpoints.count_operations(config, 16)


def test_a_window_of_the_papers_encoder_takes_114_million_million_operations():
    assert checkpoints.count_operations(VJEPA2Config(**checkpoints.VIT_G), 64) == pytest.approx(113.9e12, rel=0.01)


def test_the_script_prints_its_tables():
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), "--tiny", "--device", "cpu", "--windows", "2", "--captions", "2", "--new-tokens", "4"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    assert "CPU" in printed.splitlines()[0]
    rates = dict(re.findall(r"^\| ([^|]+) \| ([\d.]+) \|", printed, re.MULTILINE))
    assert [name.split(",")[0] for name in rates] == [
        *("plain", "**stage embed**", "frames alone", "windows alone", "windows alone"),
        *("one at a time", "**batched**"),
    ]
    assert all(float(rate) > 0 for rate in rates.values())
    written = re.findall(r"^\| (?:one at a time|\*\*batched\*\*)[^|]* \| ([\d.]+) \| ([\d.]+) \|", printed, re.MULTILINE)
    assert [float(tokens) / float(captions) for captions, tokens in written] == [pytest.approx(4, rel=0.2)] * 2
