#!/usr/bin/env python3
"""Checks that weights travel between funmatch and timm, and that both compute the same logits.

    check_timm.py FUNMATCH [--model bit-r50x1] [--classes 10] [--size 96]

1. timm's resnetv2_*_bit with random weights, saved as .safetensors, is imported by `funmatch import`; `funmatch predict`
   must give timm's logits (timm pads the pooling of its stem with zeros, which the model file remembers).
2. `funmatch export --format safetensors` must load strictly into timm and give the same logits again.
3. The same weights with the official stem must differ, by just that padding: timm's stem is patched to the official one and
   must then agree.
Prints one line a check, with timm's numbers of parameters and multiply-accumulates, and exits with 1 on a failure.
Needs torch, timm, numpy and safetensors.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch

try:
    import timm
except RuntimeError:
    # Next to a CPU-only torch, torchvision's own operators are missing; timm only needs them to have names.
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for module in [m for m in sys.modules if m.split(".")[0] in ("timm", "torchvision")]:
        del sys.modules[module]
    import timm
import safetensors.torch

TOLERANCE = 1e-3


def multiply_accumulates(model, size):
    """Counted by hooks on every convolution and linear layer."""
    total = 0

    def count(layer, inputs, output):
        nonlocal total
        total += layer.weight.numel() * (output.shape[-1] * output.shape[-2] if output.dim() == 4 else 1)

    hooks = [m.register_forward_hook(count) for m in model.modules() if hasattr(m, "weight") and m.weight.dim() in (2, 4)]
    model(torch.zeros(1, 3, *size))
    for hook in hooks:
        hook.remove()
    return total


class OfficialStemPool(torch.nn.MaxPool2d):
    """What the official model does after the stem's convolution: padding with minus infinity."""

    def __init__(self):
        super().__init__(3, 2, padding=1)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("funmatch")
    arguments.add_argument("--model", default="bit-r50x1")
    arguments.add_argument("--classes", type=int, default=10)
    arguments.add_argument("--size", type=int, default=96)
    options = arguments.parse_args()
    failed = False

    def funmatch(*words):
        subprocess.run([options.funmatch, *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    def check(what, ours, theirs):
        nonlocal failed
        difference = float(numpy.abs(ours - theirs).max())
        fine = difference <= TOLERANCE
        failed = failed or not fine
        print(f"{'ok  ' if fine else 'FAIL'} {what}: largest difference {difference:.2e}, logits up to {numpy.abs(theirs).max():.1f}")

    def network():
        return timm.create_model("resnetv2_" + options.model.removeprefix("bit-r") + "_bit", num_classes=options.classes).eval()

    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name, torch.inference_mode():
        folder = pathlib.Path(name)
        model = network()
        for key, value in model.state_dict().items():
            # Norms start as the identity and the head near zero; random ones make every parameter count.
            if "norm" in key or key.startswith("head"):
                value.copy_(torch.randn_like(value) * 0.1 + (1.0 if key.endswith("norm.weight") else 0.0))
        safetensors.torch.save_file(model.state_dict(), folder / "timm.safetensors")
        images = torch.rand(3, options.size, options.size, 3) * 2 - 1
        numpy.save(folder / "images.npy", images.numpy())
        expected = model(images.permute(0, 3, 1, 2)).numpy()

        def predict(file):
            funmatch("predict", folder / file, "--input", folder / "images.npy", "--output", folder / "logits.npy", "--device", "cpu")
            return numpy.load(folder / "logits.npy")

        funmatch("import", folder / "timm.safetensors", "--model", options.model, "--output", folder / "ours.safetensors")
        check("timm's weights in funmatch", predict("ours.safetensors"), expected)

        funmatch("export", folder / "ours.safetensors", "--format", "safetensors", "--output", folder / "back.safetensors")
        again = network()
        again.load_state_dict(safetensors.torch.load_file(folder / "back.safetensors"), strict=True)
        check("funmatch's export in timm, loaded strictly", again(images.permute(0, 3, 1, 2)).numpy(), expected)

        funmatch("export", folder / "ours.safetensors", "--format", "npz", "--output", folder / "official.npz")
        funmatch("import", folder / "official.npz", "--model", options.model, "--output", folder / "official.safetensors")
        again.stem.pad = torch.nn.Identity()
        again.stem.pool = OfficialStemPool()
        ours = predict("official.safetensors")
        check("the official stem, timm's patched to it", ours, again(images.permute(0, 3, 1, 2)).numpy())
        if numpy.abs(ours - expected).max() <= TOLERANCE:
            failed = True
            print("FAIL the two paddings of the stem make no difference, so nothing was checked")

        sizes = {f"{h}x{w}": multiply_accumulates(model, (h, w)) for h, w in ((224, 224), (75, 98))}
        parameters = sum(value.numel() for value in model.parameters())
        print(json.dumps({"model": options.model, "classes": options.classes, "parameters": parameters, "macs": sizes}))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
