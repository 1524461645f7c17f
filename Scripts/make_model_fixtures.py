#!/usr/bin/env python3
"""Makes Tests/ModelsTests/Fixtures/mobile.json: what timm's networks for phones compute.

    make_model_fixtures.py [OUTPUT]

Weights are too large to keep, so both sides make them: a value of an array depends on the array's name and the value's
place alone (`values`). For each network the file has its numbers of arrays and parameters, multiply-accumulates at two
sizes, logits of two images, and of a training pass over four others the logits, norms of gradients and the running
statistics after it. Everything is computed in double precision, but for the deviations: how far timm itself is from that
in single precision, or bf16, at most (`deviation.py`; larger ones that OUTPUT has are kept). Needs torch, timm and numpy.
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
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for module in [m for m in sys.modules if m.split(".")[0] in ("timm", "torchvision")]:
        del sys.modules[module]
    import timm

CLASSES = 10
NETWORKS = {
    "mobilenetv3_small_050": None, "mobilenetv3_small_075": None, "mobilenetv3_small_100": None, "mobilenetv3_large_075": None,
    "mobilenetv3_large_100": None, "mobilenetv3_small_100 group 8": 8, "mobilenetv3_large_100 group 4": 4,
    **{f"tf_efficientnet_lite{variant}": None for variant in range(5)},
}


def uniform(name, shape):
    """Values in [-1, 1): the top 24 bits of SplitMix64, started from FNV-1a of the name."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    places = numpy.arange(1, numpy.prod(shape, dtype=int) + 1, dtype=numpy.uint64)
    z = numpy.uint64(seed) + places * numpy.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    z = z ^ (z >> numpy.uint64(31))
    return ((z >> numpy.uint64(40)).astype(numpy.float64) / 2**23 - 1).reshape(shape)


def values(name, shape):
    """Kernels keep the size of what flows through them, norms are near the identity."""
    value = uniform(name, shape)
    if name.endswith("running_var"):
        value = 1 + value / 2
    elif name.endswith("running_mean") or name.endswith("bias"):
        value = value / 4
    elif len(shape) == 1:
        value = 1 + value / 4
    else:
        value = value * numpy.sqrt(6 / numpy.prod(shape[1:]))
    return torch.from_numpy(value.astype(numpy.float32).astype(numpy.float64))


class GroupNorm(torch.nn.GroupNorm):
    """In place of timm's batch normalisation with its activation."""

    def __init__(self, other, groups):
        super().__init__(groups, other.num_features)
        self.act = other.act

    def forward(self, x):
        return self.act(super().forward(x))


def with_groups(module, groups):
    for name, child in module.named_children():
        if isinstance(child, torch.nn.BatchNorm2d):
            setattr(module, name, GroupNorm(child, groups))
        else:
            with_groups(child, groups)


def network(name, groups):
    model = timm.create_model(name.split()[0], num_classes=CLASSES)
    if groups:
        with_groups(model, groups)
    model = model.double()
    for key, value in model.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            value.copy_(values(key, tuple(value.shape)))
    return model


def multiply_accumulates(model, size):
    """Counted by hooks on every convolution and linear layer."""
    total = 0

    def count(layer, inputs, output):
        nonlocal total
        total += layer.weight.numel() * (output.shape[-1] * output.shape[-2] if output.dim() == 4 else 1)

    hooks = [m.register_forward_hook(count) for m in model.modules() if hasattr(m, "weight") and m.weight.dim() in (2, 4)]
    with torch.inference_mode():
        model(torch.zeros(1, 3, *size, dtype=torch.float64))
    for hook in hooks:
        hook.remove()
    return total


def images(count, height, width):
    return torch.from_numpy(uniform("images", (count, 3, height, width)))


def rounded(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


def trained(model, first=0, dtype=None):
    """Logits of a training pass, norms of gradients of the mean of their squares, and running statistics; none of them
    depends on which of the images is `first`, but for rounding."""
    model.train()
    batch = images(4, 64, 48).roll(-first, 0).to(model.conv_stem.weight.dtype)
    with torch.autocast("cpu", dtype, enabled=dtype is not None):
        features = model.forward_head(model.forward_features(batch), pre_logits=True)
    logits = model.classifier(features.to(batch.dtype))
    logits.square().mean().backward()
    chosen = ("conv_stem.", "bn1.", "blocks.2.1.", "conv_head.", "classifier.")
    norms = {key: value.grad.norm().item() for key, value in model.named_parameters() if key.startswith(chosen)}
    return logits.detach().roll(first, 0), norms, {key: value for key, value in model.state_dict().items() if "running_" in key}


def describe(name, groups):
    original = network(name, groups).eval()
    model = copy.deepcopy(original)
    arrays = [key for key in model.state_dict() if not key.endswith("num_batches_tracked")]
    result = {
        "arrays": len(arrays), "parameters": sum(value.numel() for value in model.parameters()),
        "macs224x224": multiply_accumulates(model, (224, 224)), "macs75x98": multiply_accumulates(model, (75, 98)),
    }
    with torch.inference_mode():
        logits = model(images(2, 75, 98))
    result["logits"] = rounded(logits)
    result["logitsDeviation"] = deviation.single(original, images(2, 75, 98), logits)
    logits, norms, statistics = trained(model)
    result["trainingLogits"] = rounded(logits)
    # A bias before another batch normalisation has no gradient but rounding.
    norms = {key: norm for key, norm in norms.items() if norm > 1e-6 * max(norms.values())}
    result["gradientNorms"] = {key: float(f"{norm:.9g}") for key, norm in norms.items()}
    # Rounding moves values over the kinks of activations; how far that takes timm itself is what others may differ by.
    largest = dict.fromkeys(("trainingLogits", "gradient", "statistics", "statisticNorms"), 0)
    for layout in deviation.ways():
        for first in range(4):
            single = trained(copy.deepcopy(original).float().to(memory_format=layout), first)
            found = {
                "trainingLogits": [deviation.relative(single[0], logits)],
                "gradient": [abs(single[1][key] / norm - 1) for key, norm in norms.items()],
                "statistics": [deviation.relative(single[2][key], statistics[key]) for key in statistics if key.startswith("bn1.")],
                "statisticNorms": [abs(single[2][key].double().norm() / statistics[key].norm() - 1).item() for key in statistics],
            }
            largest = {key: max([value, *found[key]]) for key, value in largest.items()}
    result |= {key + "Deviation": value for key, value in largest.items()}
    errors = [trained(copy.deepcopy(original).float(), first, torch.bfloat16)[0].double() - logits for first in range(4)]
    result["halfDeviation"] = max((error.square().mean() / logits.square().mean()).sqrt().item() for error in errors)
    result = {key: deviation.rounded(value) if key.endswith("Deviation") else value for key, value in result.items()}
    result["statistics"] = {key: rounded(value) for key, value in statistics.items() if key.startswith("bn1.")}
    result["statisticNorms"] = {key: float(f"{value.norm().item():.9g}") for key, value in statistics.items()}
    return result


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "ModelsTests" / "Fixtures"
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "mobile.json"
    output.parent.mkdir(exist_ok=True)
    known = json.loads(output.read_text()) if output.exists() else {}
    lines = []
    for name, groups in NETWORKS.items():
        result, before = describe(name, groups), known.get(name, {})
        result |= {key: max(value, before.get(key, 0)) for key, value in result.items() if key.endswith("Deviation")}
        lines.append(f"{json.dumps(name)}: {json.dumps(result)}")
    output.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
