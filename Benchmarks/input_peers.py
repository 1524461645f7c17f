"""Draws a random inception crop of every image in a folder with OpenCV, and with Pillow and torchvision, on one core.

    input_peers.py FOLDER [--size 224] [--count 512]

Writes one JSON object: microseconds an image for each. Files are in memory before the clock starts.
"""

import argparse
import io
import json
import pathlib
import random
import time

import cv2
import numpy
import torch
from PIL import Image

# Next to a CPU-only torch, torchvision's compiled operators are missing; its transforms only need them to have names.
operators = torch.library.Library("torchvision", "FRAGMENT")
for operator in ("nms", "qnms"):
    if not hasattr(torch.ops.torchvision, operator):
        operators.define(f"{operator}(Tensor boxes, Tensor scores, float threshold) -> Tensor")
from torchvision import transforms  # noqa: E402


def box(height, width, source):
    """Area 5 to 100 %, aspect 0.75 to 1.33, as the official sampler draws it."""
    while True:
        aspect = source.uniform(0.75, 1.33)
        low = round((0.05 * height * width / aspect) ** 0.5)
        high = min(round((height * width / aspect) ** 0.5), height, int(width / aspect))
        if high < 1:
            continue
        h = source.randint(min(low, high), high)
        w = round(h * aspect)
        if 0 < w <= width and h > 0:
            return source.randint(0, height - h), source.randint(0, width - w), h, w


def opencv(files, size):
    source = random.Random(0)
    for data in files:
        image = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), cv2.IMREAD_COLOR_RGB)
        y, x, h, w = box(*image.shape[:2], source)
        view = cv2.resize(image[y : y + h, x : x + w], (size, size), interpolation=cv2.INTER_LINEAR)
        if source.random() < 0.5:
            view = cv2.flip(view, 1)


def torchvision(files, size):
    torch.manual_seed(0)
    draw = transforms.Compose(
        [transforms.RandomResizedCrop(size, scale=(0.05, 1.0), ratio=(0.75, 1.33)), transforms.RandomHorizontalFlip()]
    )
    for data in files:
        numpy.asarray(draw(Image.open(io.BytesIO(data)).convert("RGB")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--count", type=int, default=512)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    paths = sorted(pathlib.Path(arguments.folder).glob("*.jpg"))
    number = min(len(paths), arguments.count)
    files = [paths[place * len(paths) // number].read_bytes() for place in range(number)]
    result = {"images": number}
    for name, work in (("opencv", opencv), ("torchvision", torchvision)):
        work(files[: number // 4 + 1], arguments.size)
        start = time.perf_counter()
        work(files, arguments.size)
        result[name] = (time.perf_counter() - start) / number * 1e6
    print(json.dumps(result))


if __name__ == "__main__":
    main()
