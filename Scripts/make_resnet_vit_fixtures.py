#!/usr/bin/env python3
"""Makes the fixtures of ResNetTests and ViTTests with timm.

    make_resnet_vit_fixtures.py [FOLDER]

FOLDER is Tests/ModelsTests/Fixtures beside this script's folder unless given. Written are

- resnet_vit.json: of every network its arrays (name and shape), its number of parameters and its multiply-accumulates by
  image size. PyTorch's flop counter counts, attention taken apart into matrix products.
- resnet_vit.safetensors: logits of full-size networks, and what a training pass leaves behind, computed in f64.

Weights and images are not in there: `drawn` makes them of nothing but their names, and the tests do the same.
Needs torch, timm, numpy and safetensors.
"""
import json
import pathlib
import sys

import numpy
import torch

try:
    import timm
except RuntimeError:
    # Next to a CPU-only torch, torchvision's own operators are missing; timm only needs them to have names.
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for module in [m for m in sys.modules if m.split(".")[0] in ("timm", "torchvision")]:
        del sys.modules[module]
    import timm
import safetensors.torch
import timm.layers
from torch.utils.flop_counter import FlopCounterMode

RESNETS = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
VITS = [f"vit_{size}_patch16_{side}" for side in (224, 384) for size in ("tiny", "small", "base", "large")]


def uniform(name, count):
    """`count` values of [-1, 1), exact in f32: SplitMix64 from the name's 64-bit FNV-1a hash on, its upper 24 bits."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    return (z >> numpy.uint64(40)).astype(numpy.float64) / 2**23 - 1


def drawn(name, shape):
    """The array of this name: kernels with variance 1 / fan-in, scales and variances around 1, all else around 0."""
    values = uniform(name, int(numpy.prod(shape)))
    if name == "images":
        pass
    elif name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
        values = 1 + 0.5 * values
    elif len(shape) == 1:
        values = 0.2 * values
    elif len(shape) == 3:
        values = 0.5 * values
    else:
        values = values * numpy.sqrt(3 / numpy.prod(shape[1:]))
    return torch.from_numpy(values.astype(numpy.float32).reshape(shape))


def saved(model):
    return {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}


def network(name, **options):
    model = timm.create_model(name, **options).eval()
    for key, value in saved(model).items():
        value.copy_(drawn(key, tuple(value.shape)))
    return model.double()


def described(name, sizes, **options):
    with torch.device("meta"):
        model = timm.create_model(name, **options).eval()
        macs = {}
        for height, width in sizes:
            with FlopCounterMode(display=False) as counter:
                model(torch.zeros(1, 3, height, width))
            macs[f"{height}x{width}"] = counter.get_total_flops() // 2
    return {
        "parameters": sum(value.numel() for value in model.parameters()),
        "macs": macs,
        "arrays": {key: list(value.shape) for key, value in saved(model).items()},
    }


def main():
    here = pathlib.Path(__file__).resolve().parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "Tests/ModelsTests/Fixtures"
    timm.layers.set_fused_attn(False)
    with torch.no_grad():
        networks = {name: described(name, [(224, 224), (75, 98)]) for name in RESNETS}
        networks |= {name: described(name, [(int(name[-3:]),) * 2]) for name in VITS}
        networks["vit_small_patch16_224 avg"] = described("vit_small_patch16_224", [(224, 224)], global_pool="avg")
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in networks.items())
    (folder / "resnet_vit.json").write_text("{\n" + lines + "\n}\n")

    timm.layers.set_fused_attn(True)
    arrays = {}
    with torch.inference_mode():
        odd, square = drawn("images", (2, 3, 75, 98)).double(), drawn("images", (2, 3, 224, 224)).double()
        for name in ("resnet18", "resnet50"):
            arrays[name] = network(name)(odd)
        for name, pool in (("tiny", "token"), ("small", "token"), ("small", "avg")):
            arrays[f"vit_{name} {pool}"] = network(f"vit_{name}_patch16_224", global_pool=pool)(square)
        source = network("vit_tiny_patch16_224")
        for side in (96, 320):
            model = network("vit_tiny_patch16_224", img_size=side)
            positions = timm.layers.resample_abs_pos_embed(source.pos_embed, [side // 16] * 2)
            model.pos_embed.copy_(positions)
            arrays[f"vit_tiny at {side}"] = model(drawn("images", (2, 3, side, side)).double())

    model = network("resnet18", num_classes=10).train()
    logits = model(drawn("images", (4, 3, 64, 64)).double())
    logits.square().mean().backward()
    arrays["training logits"] = logits.detach()
    for name, value in saved(model).items():
        if "running" in name:
            arrays["training " + name] = value
    # Kernels' gradients are large, their norms tell as much.
    for name, value in model.named_parameters():
        arrays["gradient norm " + name] = value.grad.norm().reshape(1)
    safetensors.torch.save_file({name: value.float() for name, value in arrays.items()}, folder / "resnet_vit.safetensors")


if __name__ == "__main__":
    main()
