"""The paper's pieces from their description alone: BiT, distances, mixup, the optimiser, crop boxes."""

import re

import numpy as np
import torch
import torch.nn.functional as F

INF = float("inf")
SEED = 210605237
PERCENTILES = [1, 5, 25, 50, 75, 95, 99]


def standardize(kernel, eps):
    """HWIO kernel with zero mean and unit biased variance per output filter; no gain, no fan-in factor."""
    centred = kernel - kernel.mean((0, 1, 2), keepdim=True)
    return centred / torch.sqrt(centred.square().mean((0, 1, 2), keepdim=True) + eps)


def group_norm(x, gamma, beta, groups, eps):
    """Group norm over NCHW with contiguous groups and a two-pass biased variance."""
    grouped = x.reshape(x.shape[0], groups, -1)
    centred = grouped - grouped.mean(2, keepdim=True)
    normed = (centred / torch.sqrt(centred.square().mean(2, keepdim=True) + eps)).reshape(x.shape)
    return normed * gamma[:, None, None] + beta[:, None, None]


def bit_forward(weights, config, images, taps=None, pool_padding=-INF):
    """Logits and pre-logits of NHWC images in [-1, 1]. `taps`, a dict, collects activations as NHWC."""
    ws_eps, gn_eps, groups = config["ws_eps"], config["gn_eps"], config["gn_groups"]

    def conv(x, name, stride=1, padding=0):
        kernel = standardize(weights[f"resnet/{name}/standardized_conv2d/kernel"], ws_eps)
        return F.conv2d(x, kernel.permute(3, 2, 0, 1), stride=stride, padding=padding)

    def norm_relu(x, name):
        scope = f"resnet/{name}/group_norm" if name else "resnet/group_norm"
        return torch.relu(group_norm(x, weights[f"{scope}/gamma"], weights[f"{scope}/beta"], groups, gn_eps))

    def tap(name, x):
        if taps is not None:
            taps[name] = x.permute(0, 2, 3, 1)

    x = conv(images.permute(0, 3, 1, 2), "root_block", stride=2, padding=3)
    x = F.max_pool2d(F.pad(x, (1, 1, 1, 1), value=pool_padding), 3, stride=2)
    tap("stem", x)
    for block, units in enumerate(config["depth"], 1):
        for unit in range(1, units + 1):
            name = f"block{block}/unit{unit:02d}"
            stride = 2 if block > 1 and unit == 1 else 1
            y = norm_relu(x, f"{name}/a")
            projected = f"resnet/{name}/a/proj/standardized_conv2d/kernel" in weights
            shortcut = conv(y, f"{name}/a/proj", stride) if projected else x
            y = conv(y, f"{name}/a")
            y = conv(norm_relu(y, f"{name}/b"), f"{name}/b", stride, padding=1)
            y = conv(norm_relu(y, f"{name}/c"), f"{name}/c")
            x = y + shortcut
            tap(f"stage{block}_unit{unit:02d}", x)
    x = norm_relu(x, "")
    tap("pre_logits_2d", x)
    pre_logits = x.mean((2, 3))
    logits = pre_logits @ weights["resnet/head/conv2d/kernel"][0, 0] + weights["resnet/head/conv2d/bias"]
    return logits, pre_logits


def model_config(depth):
    return {"depth": depth, "gn_groups": 32, "gn_eps": 1e-5, "ws_eps": 1e-10}


def relative_entropy(p, logits):
    """KL(p || softmax(logits)). Without p's own entropy it would be the cross-entropy: the same if p is one-hot."""
    return (p * (torch.log(p.clamp(min=1e-8)) - torch.log_softmax(logits, -1))).sum(-1)


def distance(student, teacher, kind, t=1.0, ls=0.0):
    """Distance of each row of student logits from the teacher's."""
    if kind == "kl":
        return t**2 * relative_entropy(torch.softmax(teacher / t, -1), student / t)
    if kind == "l2":
        return (student - teacher).square().sum(-1)
    if kind == "euclidean":
        return torch.sqrt((student - teacher).square().sum(-1) + 1e-12)
    if kind == "logsoftmax_euclidean":
        return distance(torch.log_softmax(student, -1), torch.log_softmax(teacher, -1), "euclidean")
    if kind == "hard":  # label smoothing: 1 - ls for the teacher's class, ls / (classes - 1) for every other
        classes = teacher.shape[-1]
        target = F.one_hot(teacher.argmax(-1), classes).to(student.dtype)
        return relative_entropy(target * (1 - ls) + (1 - target) * (ls / (classes - 1)), student)
    raise ValueError(kind)


def agreement(student, teacher, k):
    """1 where the teacher's first choice is among the student's first k; ties go to the lowest index."""
    top = np.argsort(-student, axis=-1, kind="stable")[:, :k]
    return (top == teacher.argmax(-1)[:, None]).any(-1).astype(np.int32)


def mix(x, lam):
    """Every example with the one before it; the first with the last."""
    return lam * x + (1 - lam) * torch.roll(x, 1, 0)


def partner_index(n):
    return np.roll(np.arange(n), 1).astype(np.int32)


def draw_lambdas(rng, p, n):
    lam = rng.beta(p, p, n)
    return np.maximum(lam, 1 - lam).astype(np.float32)


def lr_multiplier(step, config):
    warmup, total = config["warmup_steps"], config["total_steps"]
    cosine = 0.5 * (1 + np.cos(np.pi * np.clip((step - warmup) / (total - warmup), 0, 1)))
    return float(cosine * min(1, step / warmup))


def global_norm(tensors):
    return torch.sqrt(sum(t.square().sum() for t in tensors.values()))


class Optimiser:
    """Clip, Adam, decoupled weight decay and schedule in big_vision's order.

    `mu` is how the first moment is kept: "f32", "bf16" (as compiled: only storage rounds), or "bf16_nojit" (the
    decayed moment is rounded too).
    """

    def __init__(self, config, params, mu):
        self.config, self.mu_kind, self.count = config, mu, 0
        self.mu = {k: torch.zeros_like(v) for k, v in params.items()}
        self.nu = {k: torch.zeros_like(v) for k, v in params.items()}

    def update(self, params, grads):
        """New parameters, the gradient norm before clipping, and the norm of the update."""
        c = self.config
        schedule = lr_multiplier(self.count, c)
        self.count += 1
        norm = global_norm(grads)
        clip = c["grad_clip_norm"]
        count = np.float32(self.count)  # bias corrections are float32 in big_vision
        correct1, correct2 = (float(1 - np.float32(b) ** count) for b in (c["b1"], c["b2"]))
        updates = {}
        for name, w in params.items():
            g = grads[name] if norm < clip else grads[name] / norm * clip
            decayed = self.mu[name] * (c["b1"] if self.mu_kind == "f32" else 0.8984375)  # bfloat16(0.9)
            if self.mu_kind == "bf16_nojit":
                decayed = to_bfloat16(decayed)
            mu = decayed + (1 - c["b1"]) * g
            nu = self.nu[name] * c["b2"] + (1 - c["b2"]) * g.square()
            self.mu[name] = mu if self.mu_kind == "f32" else to_bfloat16(mu)
            self.nu[name] = nu
            step = c["lr"] * (mu / correct1) / (torch.sqrt(nu / correct2) + c["eps"])
            if re.fullmatch(".*/kernel", name):
                step = step + c["wd"] * w
            updates[name] = -schedule * step
        return {k: w + updates[k] for k, w in params.items()}, norm, global_norm(updates)


def to_bfloat16(x):
    return x.to(torch.bfloat16).to(x.dtype)


def draw_boxes(rng, height, width, n):
    """n inception crops as (y, x, h, w)."""
    boxes = np.tile(np.array([0, 0, height, width]), (n, 1))  # the whole image when 100 attempts fail
    todo = np.arange(n)
    low, high = 0.05 * height * width, 1.0 * height * width
    for _ in range(100):
        aspect = rng.uniform(0.75, 1.33, len(todo))
        tallest = np.rint(np.sqrt(high / aspect))
        tallest = np.minimum(np.minimum(tallest, height), np.floor((width + 0.5) / aspect))
        shortest = np.minimum(np.rint(np.sqrt(low / aspect)), tallest)
        h = rng.integers(shortest, tallest, endpoint=True)
        w = np.rint(h * aspect).astype(np.int64)
        ok = (h * w >= low) & (h * w <= high) & (h <= height) & (w <= width) & (w > 0)
        y = rng.integers(0, np.maximum(height - h, 1))  # upper end excluded
        x = rng.integers(0, np.maximum(width - w, 1))
        boxes[todo[ok]] = np.stack([y, x, h, w], 1)[ok]
        todo = todo[~ok]
        if not len(todo):
            break
    return boxes


def box_statistics(boxes, height, width):
    y, x, h, w = boxes.T
    area, aspect = h * w / (height * width), w / h
    bottom, right, full_h, full_w = y + h == height, x + w == width, h == height, w == width
    percentiles = lambda values: np.percentile(values, PERCENTILES)
    return {
        "height": height,
        "width": width,
        "area_fraction": percentiles(area),
        "aspect_w_over_h": percentiles(aspect),
        "rel_center_x": percentiles((x + w / 2) / width),
        "rel_center_y": percentiles((y + h / 2) / height),
        "rel_height": percentiles(h / height),
        "mean_area_fraction": area.mean(),
        "mean_aspect_w_over_h": aspect.mean(),
        "mean_log_aspect": np.log(aspect).mean(),
        "std_area_fraction": area.std(),
        "min_area_fraction": area.min(),
        "max_area_fraction": area.max(),
        "frac_whole_image": (full_h & full_w).mean(),
        "frac_touching_bottom": bottom.mean(),
        "frac_touching_right": right.mean(),
        "frac_full_height": full_h.mean(),
        "frac_full_width": full_w.mean(),
        "frac_touching_bottom_given_not_full_height": bottom[~full_h].mean(),
        "frac_touching_top_given_not_full_height": (y == 0)[~full_h].mean(),
    }
