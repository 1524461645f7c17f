"""Computes a convolution of bytes in whole numbers, then in single precision to bytes again, and prints how far others are.

    int8_layer.py FOLDER

FOLDER has codes.npy (N, in, k, k) from 0 to 255, kernel.npy (out, in / groups, k, k), scales.npy and bias.npy (out),
computed.npy (N, out), bytes that somebody else computed, and layer.json: scale and zero of the input, outputScale and
outputZero, groups, activation. Prints the largest difference in levels and the share that differs at all, as JSON.
"""

import json
import pathlib
import sys

import numpy

folder = pathlib.Path(sys.argv[1])
layer = json.loads((folder / "layer.json").read_text())
codes, kernel, scales, bias, computed = (
    numpy.load(folder / f"{name}.npy") for name in ("codes", "kernel", "scales", "bias", "computed"))
single = numpy.float32
steps = scales.astype(single)[:, None, None, None]
weights = numpy.clip(numpy.rint(kernel.astype(single) / steps), -127, 127).astype(numpy.int64)
inputs = codes.astype(numpy.int64) - layer["zero"]
groups = layer["groups"]
sums = numpy.concatenate([
    numpy.einsum("nihw,oihw->no", part, some, optimize=True)
    for part, some in zip(numpy.split(inputs, groups, 1), numpy.split(weights, groups, 0))], 1)
assert numpy.abs(sums).max() < 2**31, "beyond 32 bits"
values = sums.astype(single) * (single(layer["scale"]) * scales.astype(single)) + bias.astype(single)
activations = {
    "none": lambda x: x,
    "relu": lambda x: numpy.maximum(x, single(0)),
    "relu6": lambda x: numpy.clip(x, single(0), single(6)),
    "hardSwish": lambda x: x * numpy.clip(x + single(3), single(0), single(6)) / single(6),
}
values = activations[layer["activation"]](values).astype(single)
expected = numpy.clip(numpy.rint(values / single(layer["outputScale"])) + layer["outputZero"], 0, 255)
assert len(numpy.unique(expected)) > 50, "the outputs tell nothing"
difference = numpy.abs(computed - expected)
print(json.dumps({"levels": float(difference.max()), "share": float((difference > 0).mean())}))
