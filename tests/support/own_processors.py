"""torchvision for the tests that compare our preprocessing with a checkpoint's own, and for Perception-LM, which cannot do without it.

The package needs it for Perception-LM only, so most environments lack it. A CUDA build beside a CPU build of PyTorch, which is all that some machines
can install, fails at import for want of operators that these tests do not use.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest

_KEPT = []
"""Operators live as long as the library that defines them."""


def find_torchvision() -> bool:
    """Bring up torchvision, if it is installed."""
    import torch

    try:
        import torchvision
    except ModuleNotFoundError:
        return False
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        names = ("nms", "qnms", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d")
        backward = ("_roi_align_backward", "_roi_pool_backward", "_ps_roi_align_backward", "_ps_roi_pool_backward", "_deform_conv2d_backward")
        for name in (*names, *backward):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)
        import torchvision  # noqa: F401
    return True


def need_perception_lm() -> None:
    """Skip a test where the model of Perception-LM cannot be made."""
    if find_spec("timm") is None or not find_torchvision():
        pytest.skip("Perception-LM needs timm and torchvision, of the extra 'plm', which no other model needs")
