#!/usr/bin/env python3
"""Makes Tests/ImagesTests/Fixtures/pillow.npz: small images as Pillow resizes them and as torchvision prepares them.

Run: python3 Scripts/make_resize_fixtures.py   (needs numpy, pillow, torch and torchvision; made with 2.4.6, 13.0.0,
2.13.0, 0.29.2)

image/K is an image made here, uint8 (H, W, 3), or (H, W) if it is gray. image/K/FILTER/... is what Image.resize makes of
it, one array for each size. evaluation/K/RESIZE,CROP/FILTER is Resize(RESIZE), then CenterCrop(CROP) of image K, and
file/NAME/RESIZE,CROP/FILTER the same of NAME.jpg in that folder as Pillow reads it.
"""

import pathlib

import numpy as np
import PIL
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

OUT = pathlib.Path(__file__).resolve().parent.parent / "Tests/ImagesTests/Fixtures"
FILTERS = {
    "bilinear": (Image.Resampling.BILINEAR, InterpolationMode.BILINEAR),
    "bicubic": (Image.Resampling.BICUBIC, InterpolationMode.BICUBIC),
}
random = np.random.default_rng(7)


def noise(height, width):
    return random.integers(0, 256, (height, width, 3), np.uint8)


def edges(height, width):
    """Black and white only: a cubic overshoots both ends of the range."""
    return random.integers(0, 2, (height, width, 3), np.uint8) * np.uint8(255)


def gray(height, width):
    return random.integers(0, 256, (height, width), np.uint8)


# (image, sizes to resize it to, (resize, crop) of evaluations)
CASES = [
    (noise(31, 47), [(31, 47), (7, 11), (16, 24), (36, 50), (31, 20), (9, 47), (1, 1)], [(16, 14), (17, 14), (24, 24)]),
    (edges(29, 22), [(29, 22), (10, 7), (5, 30), (44, 33)], [(11, 8), (22, 19), (30, 22)]),
    (gray(23, 23), [(8, 8), (23, 11), (30, 30), (24, 22)], [(23, 20), (9, 9), (30, 27)]),
    (gray(17, 40), [(5, 12), (20, 44)], [(12, 11)]),
    (noise(1, 60), [(1, 20), (6, 60), (5, 100), (1, 1)], [(1, 1), (4, 3), (7, 6)]),
    (noise(75, 1), [(25, 1), (75, 4), (100, 3), (10, 5)], [(1, 1), (3, 2), (6, 5)]),
    (edges(1, 1), [(1, 1), (3, 5)], [(4, 3)]),
    # Much lower and hardly narrower: Pillow 13 resizes the rows first.
    (noise(70, 20), [(22, 5), (10, 30), (50, 20), (66, 18)], [(10, 9), (13, 12), (19, 19), (21, 16)]),
    (edges(3, 130), [(2, 86), (3, 7), (9, 20)], [(2, 2), (5, 4)]),
    # Wider than a block of values or a line of any register.
    (noise(6, 90), [(5, 71), (8, 100)], [(5, 5), (9, 8)]),
]


def rgb(pixels):
    return Image.fromarray(pixels).convert("RGB")


def evaluate(image, resize, crop, mode):
    return np.asarray(Compose([Resize(resize, mode), CenterCrop(crop)])(image))


def main():
    assert int(PIL.__version__.split(".")[0]) >= 13, "earlier versions resize tall images in another order"
    arrays = {}
    for k, (pixels, sizes, evaluations) in enumerate(CASES):
        arrays[f"image/{k}"] = pixels
        for name, (pillow, mode) in FILTERS.items():
            for i, (height, width) in enumerate(sizes):
                resized = np.asarray(Image.fromarray(pixels).resize((width, height), pillow))
                arrays[f"image/{k}/{name}/{i}"] = resized
            for resize, crop in evaluations:
                arrays[f"evaluation/{k}/{resize},{crop}/{name}"] = evaluate(rgb(pixels), resize, crop, mode)
    # Not cmyk.jpg, since TensorFlow, whose pixels we decode, makes RGB of ink by another rounding.
    for file in ("baseline", "progressive", "gray"):
        image = Image.open(OUT / f"{file}.jpg").convert("RGB")
        for name, (_, mode) in FILTERS.items():
            for resize, crop in ((7, 6), (12, 9)):
                arrays[f"file/{file}/{resize},{crop}/{name}"] = evaluate(image, resize, crop, mode)
    np.savez_compressed(OUT / "pillow.npz", **arrays)
    print(len(arrays), "arrays,", (OUT / "pillow.npz").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
