#!/usr/bin/env python3
"""Makes the fixtures of ResNetTests and ViTTests with timm.

    make_resnet_vit_fixtures.py [FOLDER]

FOLDER is Tests/ModelsTests/Fixtures beside this script's folder unless given. Written are

- resnet_vit.json: of every network its arrays (name and shape), its number of parameters and its multiply-accumulates by
  image size. PyTorch's flop counter counts, attention taken apart into matrix products.
- resnet_vit.safetensors: logits of full-size networks, and what a training pass leaves behind, computed in f64. Beside each,
  as `deviation` or `half deviation` and its name, how far timm itself is from it at most in single precision or in bf16
  (`deviation.py`; larger ones that are in the file are kept).

Weights and images are not in there: `drawn` makes them of nothing but their names, and the tests do the same.
Needs torch, timm, numpy and safetensors.
"""
import copy
import json
import pathlib
import sys

import deviation
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


def number(value):
    return torch.tensor([deviation.rounded(value)])


def resampled(side):
    model = network("vit_tiny_patch16_224", img_size=side)
    positions = network("vit_tiny_patch16_224").pos_embed
    with torch.no_grad():
        model.pos_embed.copy_(timm.layers.resample_abs_pos_embed(positions, [side // 16] * 2))
    return model


def evaluated():
    """Logits of networks, by name, and deviations from them."""
    odd, square = (75, 98), (224, 224)
    cases = {name: (lambda name=name: network(name), odd) for name in ("resnet18", "resnet50")}
    for size, pool in (("tiny", "token"), ("small", "token"), ("small", "avg")):
        cases[f"vit_{size} {pool}"] = (lambda size=size, pool=pool: network(f"vit_{size}_patch16_224", global_pool=pool), square)
    for side in (96, 320):
        cases[f"vit_tiny at {side}"] = (lambda side=side: resampled(side), (side, side))
    arrays = {}
    for name, (make, shape) in cases.items():
        images, model = drawn("images", (2, 3, *shape)).double(), make()
        with torch.inference_mode():
            arrays[name] = model(images)
        arrays["deviation " + name] = number(deviation.single(model, images, arrays[name]))
        if name in ("resnet18", "resnet50", "vit_tiny token"):
            arrays["half deviation " + name] = number(deviation.half(model, images, arrays[name]))
    return arrays


def passed(model, first=0):
    """What a training pass gives: logits, running statistics and norms of gradients, none of which depends on which of
    the images is `first`, but for rounding."""
    images = drawn("images", (4, 3, 64, 64)).roll(-first, 0).to(model.conv1.weight.dtype)
    logits = model.train()(images)
    logits.square().mean().backward()
    statistics = {name: value for name, value in saved(model).items() if "running" in name}
    # Kernels' gradients are large, their norms tell as much.
    norms = {name: value.grad.norm().reshape(1) for name, value in model.named_parameters()}
    return {"logits": {"": logits.detach().roll(first, 0)}, "statistics": statistics, "gradient norms": norms}


def trained():
    """The same of one network, by name, and deviations from each kind."""
    original = network("resnet18", num_classes=10)
    exact = passed(copy.deepcopy(original))
    largest = dict.fromkeys(exact, 0)
    for layout in deviation.ways():
        for first in range(4):
            single = passed(copy.deepcopy(original).float().to(memory_format=layout), first)
            for kind, values in exact.items():
                found = [deviation.relative(single[kind][name], value) for name, value in values.items()]
                largest[kind] = max([largest[kind], *found])
    arrays = {"training logits": exact["logits"][""]}
    arrays |= {"training " + name: value for name, value in exact["statistics"].items()}
    arrays |= {"gradient norm " + name: value for name, value in exact["gradient norms"].items()}
    return arrays | {"deviation training " + kind: number(value) for kind, value in largest.items()}


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
    arrays, path = evaluated() | trained(), folder / "resnet_vit.safetensors"
    known = safetensors.torch.load_file(path) if path.exists() else {}
    arrays |= {name: value.max(known.get(name, value)) for name, value in arrays.items() if "deviation" in name}
    safetensors.torch.save_file({name: value.float() for name, value in arrays.items()}, path)


if __name__ == "__main__":
    main()
