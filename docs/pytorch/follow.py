"""Follows a run of `funmatch train` step by step: PyTorch from the same weights, fed with the very same batches.

    follow.py RECIPE RUN WEIGHTS [--seed 0] [--steps 10]

RECIPE is scratch.yaml or finetune.yaml, RUN the folder that the run wrote, WEIGHTS what it started from. Draws order,
crops, flips and mixup's weights from funmatch's random streams (Philox), written anew here, and compares loss and
gradient norm with the run's metrics.jsonl. Fails where losses differ by more than a part in 100,000. After some dozens
of steps they must: single precision's rounding grows by itself, between two PyTorch programs as well.
"""

import argparse
import hashlib
import json
import math
import pathlib
import sys

import numpy
import safetensors.torch
import torch
import torch.nn.functional as F
import yaml

import train

WORD = 0xFFFFFFFF
VIEWS, ORDER, MIXUP = 0, 1, 2  # the streams' numbers


class Philox:
    """Philox 4x32-10, with as much of numpy's Generator as train.inception_box asks for."""

    def __init__(self, seed, *purpose):
        self.key = seed & WORD, seed >> 32
        self.counter = [0, *purpose]
        self.words = []

    def next(self):
        if not self.words:
            x, (first, second) = self.counter, self.key
            for _ in range(10):
                p, q = x[0] * 0xD2511F53, x[2] * 0xCD9E8D57
                x = [q >> 32 ^ x[1] ^ first, q & WORD, p >> 32 ^ x[3] ^ second, p & WORD]
                first, second = first + 0x9E3779B9 & WORD, second + 0xBB67AE85 & WORD
            self.counter = [self.counter[0] + 1, *self.counter[1:]]
            self.words = x
        low = self.words.pop(0)
        return self.words.pop(0) << 32 | low

    def uniform(self, low=0.0, high=1.0):
        return low + (high - low) * (self.next() >> 11) * 2.0**-53

    def integers(self, low, high=None, endpoint=False):
        if high is None:
            low, high = 0, low
        count = high - low + endpoint
        return low + (self.next() * count >> 64) if count > 1 or not endpoint else low

    def gamma(self, shape):
        if shape < 1:
            drawn = self.gamma(shape + 1)
            return drawn * (1 - self.uniform()) ** (1 / shape)
        d = shape - 1 / 3
        while True:
            radius = math.sqrt(-2 * math.log(1 - self.uniform()))
            x = radius * math.cos(2 * math.pi * self.uniform())
            v = (1 + x / math.sqrt(9 * d)) ** 3
            if v > 0 and math.log(1 - self.uniform()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v

    def beta(self, p):
        first, second = self.gamma(p), self.gamma(p)
        return first / (first + second)


def permutation(count, seed, epoch):
    random, order = Philox(seed, ORDER, epoch, 0), list(range(count))
    for i in range(count - 1, 0, -1):
        j = random.integers(i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def mixed_order(idx_folder, labels_kept):
    """Places of a folder's images, given in the order of the IDX files, in funmatch's order."""
    labels = train.read_idx(idx_folder, "train")[1]
    names = [f"{label}/{number:05}.png" for number, label in enumerate(labels) if label in labels_kept]
    return sorted(range(len(names)), key=lambda place: hashlib.sha256(names[place].encode()).digest()[:8])


def batches(images, labels, classes, recipe, seed):
    """Mixed images and labels of the steps, as funmatch draws them."""
    size, ((kind, crop),) = recipe["batchSize"], recipe["views"]["crop"].items()
    epoch, order = -1, []
    for step in range(recipe["schedule"]["steps"]):
        chosen, views = [], []
        for visit in range(step * size, step * size + size):
            if visit // len(labels) != epoch:
                epoch = visit // len(labels)
                order = permutation(len(labels), seed, epoch)
            chosen.append(order[visit % len(labels)])
            random = Philox(seed, VIEWS, epoch, chosen[-1])
            if kind == "inception":
                box = train.inception_box(crop["areaMin"], crop["areaMax"], random)
            else:
                places = crop["resize"] - train.SIDE + 1
                box = random.integers(places), random.integers(places), crop["resize"], crop["resize"]
            views.append((*box, random.next() & 1))
        y, x, height, width, flips = numpy.array(views).T
        if kind == "inception":
            axes = train.taps(y, height, train.SIDE, 0 * y), train.taps(x, width, train.SIDE, 0 * x)
        else:
            axes = (train.taps(0 * start, 0 * start + train.SIDE, crop["resize"], start) for start in (y, x))
        pixels = train.scaled(train.resize(images[chosen], *axes, flips == 1))
        targets = F.one_hot(torch.from_numpy(labels[chosen]), classes).float()
        if recipe["views"]["mixup"] > 0:
            share = Philox(seed, MIXUP, step, 0).beta(recipe["views"]["mixup"])
            share = max(share, 1 - share)
            pixels, targets = (share * z + (1 - share) * z.roll(1, 0) for z in (pixels, targets))
        yield pixels, targets


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", type=pathlib.Path)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--idx", default=train.IDX_FOLDER, help="the folder of Fashion-MNIST's four .gz files")
    options = parser.parse_args()

    torch.set_num_threads(1)
    recipe = yaml.safe_load(options.recipe.read_text())
    images, labels, classes = train.dataset(recipe["data"]["train"], options.idx)
    part = recipe["data"]["train"].removesuffix(":train")
    if part.startswith("folder:"):
        order = mixed_order(options.idx, train.PARTS[part])
        images, labels = images[order], labels[order]
    model = train.network(recipe["student"]["model"]["bit"], classes)
    model.load_state_dict(safetensors.torch.load_file(options.weights), strict=True)
    if recipe["student"].get("head") == "reset":
        train.reset_head(model)
    lines = map(json.loads, (options.run / "metrics.jsonl").read_text().splitlines())
    theirs = [line for line in lines if "gradientNorm" in line]
    source = batches(images, labels, classes, recipe, options.seed)
    worst = 0
    for step, (loss, norm) in zip(range(options.steps), train.steps(model, source, recipe)):
        wanted = theirs[step]
        difference = abs(loss / wanted["distillLoss"] - 1)
        worst = max(worst, difference)
        print(f"step {step + 1:4}: loss {loss:.6f}, differs by {difference:.1e}; "
              f"gradient norm {norm:.6f}, by {abs(norm / wanted['gradientNorm'] - 1):.1e}")
    if worst > 1e-5:
        sys.exit(f"losses differ by {worst:.1e}")


if __name__ == "__main__":
    main()
