"""Supervised training with PyTorch and timm after a recipe of `funmatch train`: the peer of compare.sh.

    train.py RECIPE --output FOLDER [--seed N] [--weights FILE] [--evaluate FILE]

Network, views, mixup, optimizer and schedule are what the recipe says, written with PyTorch's own parts (AdamW, SGD,
clip_grad_norm_, LambdaLR, timm's ResNetV2). Only what these recipes use is here: BiT with the small stem, Fashion-MNIST
(all of it, or the classes 0-4 as `folder:low` and 5-9 as `folder:high`, read from the IDX files that prepare.py makes
the folders from), the policies same/ic and same/rc, f32. Writes student.safetensors, whose names are timm's and so
funmatch's, and prints one line of JSON. Needs torch, timm, numpy, pyyaml and safetensors.
"""

import argparse
import collections
import functools
import gzip
import json
import math
import pathlib
import re
import sys
import time

import numpy
import safetensors.torch
import torch
import torch.nn.functional as F
import yaml

try:
    import timm
except RuntimeError:
    # Next to a CPU-only torch, torchvision's own operators are missing; timm only needs them to have names.
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for module in [m for m in sys.modules if m.split(".")[0] in ("timm", "torchvision")]:
        del sys.modules[module]
    import timm
from timm.layers import GroupNormAct, StdConv2d
from timm.models.resnetv2 import ResNetV2

IDX_FOLDER = "/usr/share/datasets/fashion-mnist"
SIDE = 28
PARTS = {"fashion-mnist": range(10), "folder:low": range(5), "folder:high": range(5, 10)}


# --- Data ------------------------------------------------------------------------------------------------------------


def read_idx(folder, split):
    """Images (N, 28, 28) and labels (N), uint8, of the split train or test."""
    prefix = pathlib.Path(folder) / {"train": "train", "test": "t10k"}[split]
    with gzip.open(f"{prefix}-images-idx3-ubyte.gz") as file:
        images = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, SIDE, SIDE)
    with gzip.open(f"{prefix}-labels-idx1-ubyte.gz") as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8)
    return images, labels


def dataset(reference, idx_folder):
    """Images, labels from 0 on and the number of classes of a reference such as fashion-mnist:train[:95%]."""
    name, split, _, start, end = re.fullmatch(r"(.+):(\w+)(\[(?:(\d+)%)?:(?:(\d+)%)?\])?", reference).groups()
    classes = PARTS[name]
    images, labels = read_idx(idx_folder, split)
    kept = numpy.isin(labels, classes)
    images, labels = images[kept], labels[kept].astype(numpy.int64) - classes[0]
    part = slice(*(round(int(bound) * len(labels) / 100) if bound else None for bound in (start, end)))
    return images[part], labels[part], len(classes)


# --- Views -----------------------------------------------------------------------------------------------------------


def inception_box(area_min, area_max, random):
    """A box (y, x, height, width) as tf.image.sample_distorted_bounding_box draws it, aspect 0.75 to 1.33."""
    smallest, largest = area_min * SIDE * SIDE, area_max * SIDE * SIDE
    for _ in range(100):
        aspect = random.uniform(0.75, 1.33)
        highest = min(round(math.sqrt(largest / aspect)), SIDE, int((SIDE + 0.5 - 1e-7) / aspect))
        height = min(round(math.sqrt(smallest / aspect)), highest)
        height = int(random.integers(height, highest, endpoint=True))
        width = round(height * aspect)
        if height * width < smallest:
            height += 1
        elif height * width > largest:
            height -= 1
        width = round(height * aspect)
        if 0 < height <= SIDE and 0 < width <= SIDE and smallest <= height * width <= largest:
            # The upper end is excluded, as in TensorFlow: a smaller box never touches the far edge.
            y = int(random.integers(SIDE - height)) if height < SIDE else 0
            x = int(random.integers(SIDE - width)) if width < SIDE else 0
            return y, x, height, width
    return 0, 0, SIDE, SIDE


def taps(offset, length, output, start):
    """Places of the two inputs of each of 28 outputs and the weight of the second, (N, 28): half-pixel centres, and
    no input beyond the box's border."""
    places = numpy.arange(SIDE, dtype=numpy.float32) + start[:, None].astype(numpy.float32)
    scale = (length.astype(numpy.float32) / numpy.float32(output))[:, None]
    centers = (places + numpy.float32(0.5)) * scale - numpy.float32(0.5)
    below = numpy.floor(centers)
    low = numpy.maximum(below, 0).astype(numpy.int64)
    high = numpy.minimum(numpy.ceil(centers).astype(numpy.int64), length[:, None] - 1)
    return low + offset[:, None], high + offset[:, None], centers - below


def resize(images, rows, columns, flips):
    """Bilinear without antialiasing, truncated to uint8; (N, 28, 28)."""
    columns = [numpy.where(flips[:, None], side[:, ::-1], side) for side in columns]
    number = numpy.arange(len(images))[:, None, None]

    def line(y):
        low, high = (images[number, y[:, :, None], x[:, None, :]].astype(numpy.float32) for x in columns[:2])
        return low + (high - low) * columns[2][:, None, :]

    above, below = line(rows[0]), line(rows[1])
    return (above + (below - above) * rows[2][:, :, None]).astype(numpy.uint8)


def draw(images, views, random):
    """A random view of every image."""
    count = len(images)
    flips = random.random(count) < (0.5 if views["flip"] else 0)
    (kind, settings), = views["crop"].items()
    zeros = numpy.zeros(count, numpy.int64)
    if kind == "inception":
        boxes = [inception_box(settings["areaMin"], settings["areaMax"], random) for _ in range(count)]
        y, x, height, width = numpy.array(boxes).T
        return resize(images, taps(y, height, SIDE, zeros), taps(x, width, SIDE, zeros), flips)
    size = settings["resize"]
    y, x = random.integers(size - SIDE, size=(2, count), endpoint=True)
    whole = zeros + SIDE
    return resize(images, taps(zeros, whole, size, y), taps(zeros, whole, size, x), flips)


def scaled(pixels):
    """uint8 (N, 28, 28) to f32 (N, 3, 28, 28) in [-1, 1]."""
    return (torch.from_numpy(pixels).float() / 255 * 2 - 1)[:, None].expand(-1, 3, -1, -1)


def batches(images, labels, classes, recipe, random):
    """Batches without end, which cross the borders between epochs: mixed images and one-hot labels."""
    size, views = recipe["batchSize"], recipe["views"]
    order = numpy.empty(0, numpy.int64)
    while True:
        while len(order) < size:
            order = numpy.concatenate([order, random.permutation(len(labels))])
        chosen, order = order[:size], order[size:]
        x = scaled(draw(images[chosen], views, random))
        y = F.one_hot(torch.from_numpy(labels[chosen]), classes).float()
        if views["mixup"] > 0:
            weight = random.beta(views["mixup"], views["mixup"])
            weight = max(weight, 1 - weight)
            x, y = (weight * z + (1 - weight) * z.roll(1, 0) for z in (x, y))
        yield x, y


# --- Network and optimizer -------------------------------------------------------------------------------------------


def network(bit, classes):
    """timm's ResNetV2 in the recipe's shape, with a 3x3 stem without pooling and funmatch's initial values."""
    width = round(64 * bit["width"])
    convolution = functools.partial(StdConv2d, eps=bit["standardizationEpsilon"])
    model = ResNetV2(
        bit["depth"], channels=[4 * width << stage for stage in range(len(bit["depth"]))], num_classes=classes,
        stem_chs=width, conv_layer=convolution, norm_layer=functools.partial(GroupNormAct, num_groups=bit["groups"]))
    stem = convolution(3, width, 3, stride=bit["stem"]["small"]["stride"])
    model.stem = torch.nn.Sequential(collections.OrderedDict(conv=stem))
    for module in model.modules():
        if isinstance(module, StdConv2d):
            # LeCun's normal distribution cut at two standard deviations, as flax draws it.
            deviation = module.weight[0].numel() ** -0.5 / 0.87962566103423978
            torch.nn.init.trunc_normal_(module.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
    reset_head(model)
    return model


def reset_head(model):
    torch.nn.init.zeros_(model.head.fc.weight)
    torch.nn.init.zeros_(model.head.fc.bias)


def make_optimizer(model, settings):
    """The optimizer and the norm that gradients are clipped to."""
    kernels = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    (kind, values), = settings.items()
    rate, decay = values["learningRate"], values["weightDecay"]
    if kind == "adam":
        # AdamW multiplies the decay by the learning rate; the recipe's is multiplied by the schedule alone.
        groups = [{"params": kernels, "weight_decay": decay / rate}, {"params": vectors, "weight_decay": 0}]
        betas = values["beta1"], values["beta2"]
        return torch.optim.AdamW(groups, rate, betas, values["epsilon"]), values["clipNorm"]
    assert decay == 0, "decay beside SGD is not written here"
    groups = [{"params": kernels + vectors}]
    return torch.optim.SGD(groups, rate, values["momentum"], nesterov=values["nesterov"]), values["clipNorm"]


def multiplier(schedule, step):
    """The learning rate's factor at a step, 0 being the first."""
    total, warm_up, decay = schedule["steps"], schedule["warmupSteps"], schedule["decay"]
    rise = min(1, step / warm_up) if warm_up else 1
    if decay == "cosine":
        return rise * 0.5 * (1 + math.cos(math.pi * min(1, max(0, (step - warm_up) / (total - warm_up)))))
    passed = sum(step >= round(share * total) for share in decay["step"]["at"])
    return rise * decay["step"]["factor"] ** passed


def steps(model, source, recipe):
    """Makes the recipe's steps; yields the loss of each and the gradient's norm before clipping."""
    optimizer, clip_norm = make_optimizer(model, recipe["optimizer"])
    factor = functools.partial(multiplier, recipe["schedule"])
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    model.train()
    for _ in range(recipe["schedule"]["steps"]):
        x, y = next(source)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm if clip_norm > 0 else math.inf)
        optimizer.step()
        scheduler.step()
        yield loss.item(), norm.item()


@torch.inference_mode()
def top1(model, images, labels):
    """Share of right answers on whole images."""
    model.eval()
    right = 0
    for start in range(0, len(labels), 250):
        part = slice(start, start + 250)
        right += (model(scaled(images[part])).argmax(1).numpy() == labels[part]).sum()
    return float(right / len(labels))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, help="the folder for student.safetensors and result.json")
    parser.add_argument("--seed", type=int, help="in place of the recipe's")
    parser.add_argument("--weights", help="in place of the recipe's student.weights")
    parser.add_argument("--evaluate", help="a file of weights to evaluate on the test images, without any training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--idx", default=IDX_FOLDER, help="the folder of Fashion-MNIST's four .gz files")
    options = parser.parse_args()

    recipe = yaml.safe_load(options.recipe.read_text())
    seed = recipe["seed"] if options.seed is None else options.seed
    torch.set_num_threads(options.threads)
    torch.manual_seed(seed)
    *test, classes = dataset(recipe["data"]["test"], options.idx)
    student = recipe["student"]
    model = network(student["model"]["bit"], classes)
    weights = options.evaluate or options.weights or student.get("weights")
    if weights:
        model.load_state_dict(safetensors.torch.load_file(weights), strict=True)
    result = {"seed": seed, "parameters": sum(p.numel() for p in model.parameters())}

    if not options.evaluate:
        if student.get("head") == "reset":
            reset_head(model)
        start = time.process_time()
        data = dataset(recipe["data"]["train"], options.idx)
        source = batches(*data, recipe, numpy.random.default_rng(seed))
        for step, (loss, _) in enumerate(steps(model, source, recipe), 1):
            if step % 100 == 0:
                print(f"step {step}: loss {loss:.4f}", file=sys.stderr)
        result["processorSeconds"] = round(time.process_time() - start, 1)
        options.output.mkdir(parents=True, exist_ok=True)
        safetensors.torch.save_file(model.state_dict(), options.output / "student.safetensors")
    result |= {"top1": top1(model, *test), "torch": torch.__version__, "timm": timm.__version__}
    if options.output:
        (options.output / "result.json").write_text(json.dumps(result) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
