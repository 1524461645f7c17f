"""timm beside a torch that is for CPUs alone."""

import importlib.util
import os
import sys

import torch


def import_timm():
    """Imports timm, also where torchvision's compiled operators do not fit this torch (its CPU wheel, for one).

    torchvision describes two of its operators to torch while it is imported, which fails when they were never
    defined. timm's models use neither, so declaring them is enough.
    """
    spec = importlib.util.find_spec("torchvision")
    if spec is None:
        sys.exit("timm needs torchvision: pip install --no-deps torchvision")
    folder = spec.submodule_search_locations[0]
    for name in ("_C.so", "_C_stable.so"):
        try:
            torch.ops.load_library(os.path.join(folder, name))
        except OSError:
            continue
    declared = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            declared.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import timm

    return timm, declared  # `declared` undefines its operators when it is collected
