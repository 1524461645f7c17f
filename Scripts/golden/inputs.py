"""Synthetic weights, images and logits."""

import numpy as np
import torch

from .reference import bit_forward, group_norm
from .outputs import tensors


def lattice(x, step):
    return (np.round(np.asarray(x) / step) * step).astype(np.float32)


def smooth_field(rng, height, width, waves=6):
    """A sum of random plane waves over the image, as (height, width, 3) with values around 0."""
    y, x = np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[None, :, None]
    field = np.zeros((height, width, 3))
    for _ in range(waves):
        fy, fx = rng.uniform(-4, 4, 2)
        field += rng.normal(0, 1, 3) * np.cos(2 * np.pi * (fy * y + fx * x) + rng.uniform(0, 2 * np.pi, 3))
    return field / np.sqrt(waves / 2)


def synthetic_image(rng, height, width):
    """A random colour gradient with blobs, some flat rectangles and a little noise in one part, as u8."""
    y, x = np.linspace(-1, 1, height)[:, None, None], np.linspace(-1, 1, width)[None, :, None]
    image = 0.5 * rng.normal(0, 1, 3) + 0.4 * rng.normal(0, 1, 3) * y + 0.4 * rng.normal(0, 1, 3) * x
    image = image + rng.uniform(0.2, 0.7) * smooth_field(rng, height, width)
    for _ in range(3):
        cy, cx, size = rng.uniform(-0.8, 0.8), rng.uniform(-0.8, 0.8), rng.uniform(0.15, 0.5)
        blob = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * size**2))
        image = image * (1 - blob) + blob * rng.uniform(-1, 1, 3)
    for _ in range(2):
        h, w = int(height * rng.uniform(0.15, 0.4)), int(width * rng.uniform(0.15, 0.4))
        top, left = rng.integers(0, height - h), rng.integers(0, width - w)
        image[top : top + h, left : left + w] = rng.uniform(-1, 1, 3)
    split = rng.integers(width // 4, width)
    image[:, :split] += rng.uniform(0.02, 0.2) * rng.normal(0, 1, (height, split, 3))
    return np.clip(np.round((image + 1) / 2 * 255), 0, 255).astype(np.uint8)


def synthetic_images(rng, n, height, width):
    return np.stack([synthetic_image(rng, height, width) for _ in range(n)])


def synthetic_weights(rng, depth, width, classes, coarse_from=99, tiny=False):
    """BiT arrays. Blocks from `coarse_from` on get kernels of two values, which deflate well; as their densities differ
    from filter to filter, standardisation still matters. `tiny` shrinks every fifth filter before an addition until its
    variance is near 1e-10, and every eighth before a one-channel group norm further, to outputs with a variance near
    1e-5: so the two epsilons show."""
    weights = {}

    def conv(name, kh, kw, cin, cout, block, shrink=None):
        if block >= coarse_from:
            kernel = (rng.random((kh, kw, cin, cout)) < rng.uniform(0.04, 0.4, cout)) / np.float32(8)
        else:
            kernel = lattice(rng.normal(0, 0.14, (kh, kw, cin, cout)), 1 / 64)
            kernel = kernel * 2.0 ** rng.integers(-1, 2, cout) + lattice(rng.normal(0, 0.06, cout), 1 / 256)
        if tiny and shrink:
            every, scale = shrink
            kernel[..., ::every] = lattice(rng.normal(0, 0.14, kernel[..., ::every].shape), 1 / 64) * scale
        weights[f"resnet/{name}/standardized_conv2d/kernel"] = kernel.astype(np.float32)

    def norm(name, channels, spread_gamma=0.3, spread_beta=0.3):
        scope = f"resnet/{name}/group_norm" if name else "resnet/group_norm"
        weights[f"{scope}/gamma"] = lattice(rng.normal(1, spread_gamma, channels), 1 / 64)
        weights[f"{scope}/beta"] = lattice(rng.normal(0, spread_beta, channels), 1 / 64)

    mid, cin = int(64 * width), int(64 * width)
    conv("root_block", 7, 7, 3, cin, 0)
    for block, units in enumerate(depth, 1):
        for unit in range(1, units + 1):
            name = f"block{block}/unit{unit:02d}"
            conv(f"{name}/a", 1, 1, cin, mid, block, (8, 2.0**-23) if block == 1 else None)
            norm(f"{name}/a", cin)
            conv(f"{name}/b", 3, 3, mid, mid, block)
            norm(f"{name}/b", mid)
            conv(f"{name}/c", 1, 1, mid, 4 * mid, block, (5, 2.0**-13) if block <= 2 else None)
            norm(f"{name}/c", mid)
            if unit == 1:
                conv(f"{name}/a/proj", 1, 1, cin, 4 * mid, block, (5, 2.0**-13) if block <= 2 else None)
            cin = 4 * mid
        mid *= 2
    norm("", cin, 0.3, 0.5)
    weights["resnet/head/conv2d/kernel"] = lattice(rng.normal(0, 1.9 / np.sqrt(cin), (1, 1, cin, classes)), 1 / 256)
    weights["resnet/head/conv2d/bias"] = lattice(rng.normal(0, 0.4, classes), 1 / 256)
    return weights


def spread_logits(weights, config, batches):
    """Turns the head away from what all images have in common, so that their logits differ (standard deviation 1)."""
    with torch.no_grad():
        arrays = tensors(weights, torch.float64)
        features = [bit_forward(arrays, config, torch.from_numpy(b).double())[1] for b in batches]
    features = torch.cat(features).numpy()
    common, kernel = features.mean(0), weights["resnet/head/conv2d/kernel"][0, 0].astype(np.float64)
    kernel -= np.outer(common, common @ kernel) / (common @ common)
    kernel /= (features @ kernel).std(0)
    weights["resnet/head/conv2d/kernel"] = lattice(kernel, 1 / 256)[None, None]


def synthetic_logits(rng, n, classes):
    student, teacher = (rng.normal(0, 3, (n, classes)).astype(np.float32) for _ in range(2))
    order = np.argsort(-teacher[1])
    student[1, order[0]] = np.sort(student[1])[-3] + np.float32(0.01)  # the teacher's choice is the student's third
    student[8] = teacher[8] + np.float32(0.3) * rng.normal(0, 1, classes).astype(np.float32)  # same choice
    student[8, teacher[8].argmax()] = student[8].max() + np.float32(1)
    teacher[9, 5] = 24  # confident
    teacher[12, 17] = 60  # other probabilities fall below the clip
    student[13] = teacher[13]
    student[14], teacher[14] = np.round(student[14]) + 0.0, np.round(teacher[14]) + 0.0  # ties; + 0.0 drops -0
    student[14, [3, 7]] = teacher[14, [3, 20]] = 9
    student[15] *= 25
    return student, teacher
