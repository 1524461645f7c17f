"""Saves classifiers as ONNX files, with images and what ONNX Runtime makes of them.

    python save_onnx.py FOLDER KIND...

KIND is one of
    dynamic       any number of images, by torch.export
    traced        any number of images, by tracing, opset 13
    fixed         two images
    nhwc          (N, H, W, 3)
    softmax       ends in a softmax
    log_softmax   ends in its logarithm
    external      weights in a file beside it
    outside       weights in a file of another folder
    tokens        takes whole numbers
    two           takes two arrays
    open_sides    any number of images of any size
Writes KIND.onnx and KIND.npy, logits of images.npy (4, 3, 48, 48), and in deviation.npy how far ONNX Runtime's are at most from
PyTorch's in double precision, relative to the largest.
"""

import copy
import os
import sys

import numpy
import onnx
import onnxruntime
import torch

folder, *kinds = sys.argv[1:]
torch.set_num_threads(1)
torch.manual_seed(0)


class Network(torch.nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.body = torch.nn.Sequential(
            torch.nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False), torch.nn.BatchNorm2d(16), torch.nn.Hardswish(),
            torch.nn.Conv2d(16, 16, 3, padding=1, groups=16), torch.nn.ReLU6(),
            torch.nn.Conv2d(16, 24, 1), torch.nn.SiLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
            torch.nn.Linear(24, 7))

    def forward(self, images, other=None):
        if self.kind == "nhwc":
            images = images.permute(0, 3, 1, 2)
        if self.kind == "tokens":
            images = images.to(self.body[0].weight.dtype)
        logits = self.body(images if other is None else images + other)
        if self.kind == "softmax":
            return torch.softmax(logits, 1)
        return torch.log_softmax(logits, 1) if self.kind == "log_softmax" else logits


def save(kind, network, images, path):
    names = {"input_names": ["images"], "output_names": ["scores"]}
    if kind == "two":
        return torch.onnx.export(network, (images, images), path, dynamo=False, opset_version=17)
    if kind == "fixed":
        return torch.onnx.export(network, (images[:2],), path, dynamo=False, opset_version=17, **names)
    axes = {0: "batch", 2: "height", 3: "width"} if kind == "open_sides" else {0: "batch"}
    if kind in ("dynamic", "external", "outside"):
        shapes = {"images": {0: torch.export.Dim("batch", min=1, max=64)}}
        torch.onnx.export(
            network, (images,), path, dynamo=True, external_data=False, dynamic_shapes=shapes, opset_version=18, **names)
    else:
        torch.onnx.export(
            network, (images,), path, dynamo=False, opset_version=13, dynamic_axes={"images": axes}, **names)
    if kind in ("external", "outside"):
        place = "weights.bin" if kind == "external" else os.path.join("..", "weights.bin")
        onnx.save_model(
            onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=64)
        if kind == "outside":
            model = onnx.load(path, load_external_data=False)
            for tensor in model.graph.initializer:
                for entry in tensor.external_data:
                    if entry.key == "location":
                        entry.value = place
            onnx.save_model(model, path)


images = torch.rand(4, 3, 48, 48) * 2 - 1
numpy.save(os.path.join(folder, "images.npy"), images.numpy())
deviation = 0.0
for kind in kinds:
    torch.manual_seed(1)
    network = Network(kind)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    network.eval()
    given = images.permute(0, 2, 3, 1).contiguous() if kind == "nhwc" else images
    given = (given * 100).long() if kind == "tokens" else given
    path = os.path.join(folder, kind + ".onnx")
    save(kind, network, given, path)
    if kind in ("outside", "tokens", "two"):
        continue
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    size = 2 if kind == "fixed" else 4
    scores = [session.run(None, {"images": given[start:start + size].numpy()})[0] for start in range(0, 4, size)]
    scores = numpy.concatenate(scores)
    numpy.save(os.path.join(folder, kind + ".npy"), scores)
    with torch.inference_mode():
        exact = copy.deepcopy(network).double()(given.double()).numpy()
    deviation = max(deviation, numpy.abs(scores - exact).max() / numpy.abs(exact).max())
numpy.save(os.path.join(folder, "deviation.npy"), numpy.array([deviation], "float32"))
