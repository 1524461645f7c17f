"""timm beside a torch that is for CPUs alone."""

import functools
import importlib.util
import json
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


def network(timm, name, classes):
    """A network of timm by its name, or a BiT by the tool's own spec in JSON, built of timm's parts."""
    if not name.startswith("{"):
        return timm.create_model(name, num_classes=classes)
    from timm.layers import GroupNormAct, StdConv2d
    from timm.models.resnetv2 import ResNetV2

    spec = json.loads(name)["bit"]
    model = ResNetV2(
        layers=spec["depth"], channels=(256, 512, 1024, 2048)[: len(spec["depth"])], num_classes=classes,
        width_factor=spec["width"], stem_type="fixed", conv_layer=StdConv2d,
        norm_layer=functools.partial(GroupNormAct, num_groups=spec["groups"]))
    # 3 x 3 without pooling, for images of about 32 pixels.
    first = model.stem.conv
    model.stem = StdConv2d(3, first.out_channels, 3, spec["stem"]["small"]["stride"], padding=1, bias=False)
    return model
