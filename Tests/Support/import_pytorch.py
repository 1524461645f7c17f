"""Imports what tests need of PyTorch's world; as a program, to see whether all of it is there.

timm imports torchvision, whose own operators do not fit a CPU-only torch. timm only needs them to have names.
"""

import torch

library = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import timm  # noqa: E402, F401

if __name__ == "__main__":
    import jsonschema  # noqa: F401
    import numpy  # noqa: F401
    import onnx  # noqa: F401
    import onnxruntime  # noqa: F401
    import safetensors.torch  # noqa: F401
    import yaml  # noqa: F401
