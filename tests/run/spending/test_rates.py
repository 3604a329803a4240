"""Whether the device "auto" is a GPU is found out where the run is, and only if a model asks for it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from action100m.models.causal_lm.config import CausalLMConfig
from action100m.run.config import RunConfig
from action100m.run.spending.rates import finds_gpu
from action100m.stages.annotate import AnnotateConfig

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("has_gpu", [True, False])
def test_auto_is_a_gpu_where_pytorch_finds_one(monkeypatch, has_gpu):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    found = [finds_gpu(replace(RunConfig(), annotate=AnnotateConfig(model=CausalLMConfig(device=device)))) for device in ("auto", "cpu")]
    assert found == [has_gpu, False]


def test_pytorch_is_not_loaded_for_a_run_without_such_models():
    code = "import sys; from action100m.run.spending.rates import *; from action100m.run.config import RunConfig; finds_gpu(RunConfig());"
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
