"""What convolutions and linear layers of a pair need at least, operator by operator.

    limits.py --teacher NAME --student NAME --resolution 128 --batch 16

Prints one line of JSON: for teacher and student a list of [operations, values moved], forward. Networks are built on
the meta device, which takes no memory. Attention's own products and all that is element by element are left out: a
limit may be too low, never too high. `seconds` below makes times of the lists.
"""

import argparse
import json

BYTES = {"f32": 4, "bf16": 2, "int8": 1}


def seconds(operators, precision, machine, passes=1):
    """The larger of arithmetic and traffic of every operator, summed. None where the machine has no such rate."""
    rate = machine["gemm"].get(precision)
    if rate is None:
        return None
    size, bandwidth = BYTES[precision], machine["bandwidth"]
    return passes * sum(max(work / rate, values * size / bandwidth) for work, values in operators)


def operators(network, shape, torch):
    found = []

    def record(layer, inputs, output):
        kernel = layer.weight[0].numel()
        moved = inputs[0].numel() + output.numel() + layer.weight.numel()
        # A linear layer's output has as many values as a convolution's has places times channels.
        found.append([2 * output.numel() * kernel, moved])

    for layer in network.modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            layer.register_forward_hook(record)
    with torch.no_grad():
        network(torch.empty(shape, device="meta"))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--student", required=True)
    parser.add_argument("--resolution", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--classes", type=int, default=1000)
    arguments = parser.parse_args()

    import torch
    from peer_timm import import_timm, network

    timm, _declared = import_timm()
    shape = (arguments.batch, 3, arguments.resolution, arguments.resolution)
    result = {}
    for role in ("teacher", "student"):
        with torch.device("meta"):
            model = network(timm, getattr(arguments, role), arguments.classes).eval()
        result[role] = operators(model, shape, torch)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
