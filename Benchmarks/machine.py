"""How fast this machine multiplies and copies: the limits that no program passes.

    machine.py [--threads 2] [--size 2048]

Prints one line of JSON: operations a second of square matrix products in f32, bf16 and int8, and bytes a second of a
copy, read and written. Best of several, as a limit is.
"""

import argparse
import json
import time

import torch

COPIED = 256 << 20


def best(work, count=7, patience=5.0):
    start = time.perf_counter()
    work()
    first = time.perf_counter() - start
    if first > patience:
        return first  # this processor has no kernel for it: once tells enough
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def products(size):
    generator = torch.Generator().manual_seed(0)
    floats = torch.randn(size, size, generator=generator)
    bytes_ = torch.randint(-127, 128, (size, size), dtype=torch.int8, generator=generator)
    return {
        "f32": lambda: torch.mm(floats, floats),
        "bf16": lambda half=floats.bfloat16(): torch.mm(half, half),
        "int8": lambda: torch._int_mm(bytes_, bytes_),
    }


def measure(size):
    rates = {}
    for name, work in products(size).items():
        try:
            rates[name] = 2 * size**3 / best(work)
        except (RuntimeError, NotImplementedError):
            continue  # an operator that this processor's build lacks has no rate
    source = torch.ones(COPIED, dtype=torch.uint8)
    target = torch.empty_like(source)
    return {
        "gemm": rates,
        "bandwidth": 2 * COPIED / best(lambda: target.copy_(source)),
        "torch": torch.__version__,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=2048)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with torch.inference_mode():
        print(json.dumps(measure(arguments.size)))


if __name__ == "__main__":
    main()
