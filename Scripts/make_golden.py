#!/usr/bin/env python3
"""Reference numbers for FunMatch's tests, computed by a second implementation in NumPy and PyTorch.

The fixtures that were made by calling google-research/big_vision contain photographs and are not in this repository.
This script re-implements the semantics that they record (model, distances, mixup, optimiser, one short distillation,
crop boxes) without any big_vision code, and is used in two ways:

    Scripts/make_golden.py --check DIR     Compare this implementation with the fixtures in DIR; exit 1 if any part is
                                           out of tolerance. With the big_vision fixtures this validates the script,
                                           with Tests/Golden and --dtype float32 it shows what float32 can reach.
    Scripts/make_golden.py                 Write Tests/Golden: the same file names, array names and JSON layout, on
                                           small synthetic images.

Needs numpy and torch (CPU). Files come out byte for byte the same for the same versions on the same kind of CPU.
"""

import argparse
import hashlib
import io
import json
import platform
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

OUT = Path(__file__).resolve().parent.parent / "Tests" / "Golden"
PERCENTILES = [1, 5, 25, 50, 75, 95, 99]
DRAWS = 20_000  # lambdas and boxes per distribution
REPEATS = 50  # statistics of that many draws, averaged over this many repetitions: less noise than one set of draws has
SIZES = [(375, 500), (1024, 683), (100, 700)]  # of the images whose boxes are described, height first
SEED = 210605237
INF = float("inf")


# --- Model: big_vision's bit_paper, on the arrays of a BiT .npz file ------------------------------------------------


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


# --- Distances ------------------------------------------------------------------------------------------------------


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


# --- Mixup ----------------------------------------------------------------------------------------------------------


def mix(x, lam):
    """Every example with the one before it; the first with the last."""
    return lam * x + (1 - lam) * torch.roll(x, 1, 0)


def partner_index(n):
    return np.roll(np.arange(n), 1).astype(np.int32)


def draw_lambdas(rng, p, n):
    lam = rng.beta(p, p, n)
    return np.maximum(lam, 1 - lam).astype(np.float32)


# --- Optimiser ------------------------------------------------------------------------------------------------------


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


# --- Crop boxes -----------------------------------------------------------------------------------------------------


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


# --- The outputs of each fixture, from its inputs -------------------------------------------------------------------


def tensors(arrays, dtype):
    return {k: torch.from_numpy(np.array(v)).to(dtype) for k, v in arrays.items()}


def as_f4(x):
    return np.ascontiguousarray(torch.as_tensor(x).detach().to(torch.float32).numpy())


def values_of(u8):
    """big_vision's value_range(-1, 1), in float32."""
    return u8.astype(np.float32) / np.float32(255) * np.float32(2) - np.float32(1)


def forward_outputs(config, weights, images, dtype, **options):
    weights, out = tensors(weights, dtype), {}
    for name, image in images.items():
        taps = {}
        logits, pre_logits = bit_forward(weights, config, torch.from_numpy(image).to(dtype), taps, **options)
        out[f"{name}_logits"], out[f"{name}_pre_logits"] = as_f4(logits), as_f4(pre_logits)
        if name == "x64":
            out.update({f"x64_im0_{k}": as_f4(v[0]) for k, v in taps.items()})
        else:
            last = [f"stage{b}_unit{n:02d}" for b, n in enumerate(config["depth"], 1)]
            out[f"{name}_stage_hw"] = np.array([taps[k].shape[1:3] for k in ["stem", *last]], np.int32)
    return out


def loss_outputs(config, student, teacher, dtype):
    out = {}
    for name, arguments in config["kinds"].items():
        s = torch.from_numpy(student).to(dtype).requires_grad_()
        dist = distance(s, torch.from_numpy(teacher).to(dtype), **arguments)
        (grad,) = torch.autograd.grad(dist.mean(), s)
        out[f"dist_{name}"], out[f"grad_mean_{name}"] = as_f4(dist), as_f4(grad)
    for k in (1, 5):
        out[f"dist_agree_k{k}"] = agreement(student, teacher, k)
    return out


def mixup_outputs(image, labels, lam, dtype):
    lam = torch.tensor(float(lam), dtype=dtype)
    return {
        "partner_index": partner_index(len(image)),
        "mixed_image": as_f4(mix(torch.from_numpy(image).to(dtype), lam)),
        "mixed_labels": as_f4(mix(torch.from_numpy(labels).to(dtype), lam)),
    }


def optim_outputs(config, init, grads, dtype):
    init, grads, out = tensors(init, dtype), tensors(grads, dtype), {}
    steps = len(next(iter(grads.values())))
    for mu in ("f32", "bf16", "bf16_nojit"):
        params, optimiser, norms = init, Optimiser(config, init, mu), []
        for step in range(steps):
            params, norm, _ = optimiser.update(params, {k: v[step] for k, v in grads.items()})
            norms.append(norm)
            if step + 1 in (1, 2, 5, 20, 40):
                out.update({f"{mu}/step{step + 1}/{k}": as_f4(v) for k, v in params.items()})
    norms = torch.stack(norms)
    out["grad_global_norm"] = as_f4(norms)
    out["clipped"] = (norms >= config["grad_clip_norm"]).numpy().astype(np.int32)
    out["lr_multiplier"] = np.array([lr_multiplier(i, config) for i in range(steps)], np.float32)
    return out


def e2e_outputs(config, student, teacher, images_u8, probe_u8, lam, dtype):
    """The arrays of e2e.npz and, apart, the final student of the variant `main`."""
    student_config, teacher_config = (model_config(config[k]["depth"]) for k in ("student", "teacher"))
    teacher = tensors(teacher, dtype)
    images = torch.from_numpy(values_of(images_u8)).to(dtype)
    probe = torch.from_numpy(values_of(probe_u8)).to(dtype)
    lam = torch.from_numpy(lam).to(dtype)
    out = {
        "partner_index": partner_index(images.shape[1]),
        "step0_mixed_image": as_f4(mix(images[0], lam[0])),
        "lr_multiplier": np.array([lr_multiplier(i, config["optimiser"]) for i in range(len(images))], np.float32),
        "probe_teacher_logits": as_f4(bit_forward(teacher, teacher_config, probe)[0]),
        "main/probe_student_logits_init": as_f4(bit_forward(tensors(student, dtype), student_config, probe)[0]),
    }
    for variant, mu in (("main", "f32"), ("bf16mu", "bf16"), ("zerohead", "f32")):
        params = tensors(student, dtype)
        if variant == "zerohead":
            params = {k: torch.zeros_like(v) if "/head/" in k else v for k, v in params.items()}
        optimiser, log = Optimiser(config["optimiser"], params, mu), {}
        for step, batch in enumerate(images):
            mixed = mix(batch, lam[step])
            for p in params.values():
                p.requires_grad_()
            student_logits = bit_forward(params, student_config, mixed)[0]
            with torch.no_grad():
                teacher_logits = bit_forward(teacher, teacher_config, mixed)[0]
            per_example = distance(student_logits, teacher_logits, config["distance"], config["t"])
            loss = per_example.mean()
            grads = dict(zip(params, torch.autograd.grad(loss, list(params.values()))))
            with torch.no_grad():
                params, grad_norm, update_norm = optimiser.update(params, grads)
                record = {
                    "loss": loss,
                    "grad_norm": grad_norm,
                    "param_norm_after": global_norm(params),
                    "update_norm": update_norm,
                    "per_example_loss": per_example,
                    "student_logits": student_logits,
                    "teacher_logits": teacher_logits,
                }
            for key, value in record.items():
                log.setdefault(key, []).append(value.detach())
        out.update({f"{variant}/{k}": as_f4(torch.stack(v)) for k, v in log.items()})
        out[f"{variant}/probe_student_logits_final"] = as_f4(bit_forward(params, student_config, probe)[0])
        if variant == "main":
            final = {k: as_f4(v) for k, v in params.items()}
    return out, final


def averaged(statistics):
    """Dictionaries of numbers and lists of numbers, averaged key by key over REPEATS calls."""
    samples = [statistics() for _ in range(REPEATS)]
    return {k: np.mean([s[k] for s in samples], 0).tolist() for k in samples[0]}


def lambda_distribution(rng):
    def statistics(p):
        lam = draw_lambdas(rng, p, DRAWS).astype(np.float64)
        return {"percentiles": np.percentile(lam, PERCENTILES), "mean": lam.mean(), "min": lam.min(), "max": lam.max()}

    by_p = {p: averaged(lambda: statistics(float(p))) for p in ("0.2", "0.5", "1.0")}
    return {"n": DRAWS, "percentiles": PERCENTILES, "by_p": by_p}


def boxes_distribution(rng):
    sizes = {}
    for h, w in SIZES:
        sizes[f"{h}x{w}"] = averaged(lambda: box_statistics(draw_boxes(rng, h, w, DRAWS), h, w))
        sizes[f"{h}x{w}"].update({"height": h, "width": w})
    return {
        "n": DRAWS,
        "op": "draw_boxes in Scripts/make_golden.py (area 5..100 %, aspect 0.75..1.33, 100 attempts)",
        "percentiles": PERCENTILES,
        "sizes": sizes,
        "note": f"averages over {REPEATS} repetitions of n draws; compare distributions, not draws",
    }


# --- Check ----------------------------------------------------------------------------------------------------------


class Report:
    def __init__(self):
        self.failed = False
        print(f"{'part':<44}{'max error':>12}{'tolerance':>12}")

    def line(self, part, error, tolerance):
        ok = error <= tolerance  # False for NaN
        self.failed |= not ok
        print(f"{part:<44}{error:>12.2e}{tolerance:>12.1e}{'' if ok else '  FAILED'}")

    def arrays(self, part, ours, theirs, tolerance, relative=False, keys=".*"):
        """The worst of the arrays whose whole name matches `keys`, absolute or relative to each one's largest value."""
        worst = 0.0
        names = [k for k in ours if re.fullmatch(keys, k)]
        for name in names:
            if name not in theirs or theirs[name].shape != ours[name].shape or theirs[name].dtype != ours[name].dtype:
                print(f"{part}: {name} is missing or has another shape or type")
                worst = INF
                continue
            a, b = ours[name].astype(np.float64), theirs[name].astype(np.float64)
            error = np.abs(a - b).max()
            if relative:
                error /= max(np.abs(b).max(), 1e-30)
            worst = max(worst, error) if np.isfinite(error) else INF
        self.line(part, worst if names else INF, tolerance)

    def names(self, part, known, theirs):
        unknown = sorted(set(theirs) - set(known))
        if unknown:
            print(f"{part}: arrays that nothing checks: {' '.join(unknown)}")
            self.failed = True


def load(path):
    with np.load(path) as z:
        return {k: z[k] for k in z.files}


def check(folder, dtype):
    read_json = lambda name: json.loads((folder / name).read_text())
    report = Report()

    config, forward = read_json("bit4_config.json"), load(folder / "bit4_forward.npz")
    images = {k.removesuffix("_image"): v for k, v in forward.items() if k.endswith("_image")}
    ours = forward_outputs(config, load(folder / "bit4_weights.npz"), images, dtype)
    report.names("forward", [*ours, *(f"{k}_image" for k in images)], forward)
    report.arrays("forward: logits", ours, forward, 2e-4, keys=".*_logits(?<!pre_logits)")
    report.arrays("forward: pre-logits", ours, forward, 2e-4, keys=".*_pre_logits")
    report.arrays("forward: stem, stages (relative)", ours, forward, 2e-5, True, "x64_im0_(?!pre_logits).*")
    report.arrays("forward: last feature map", ours, forward, 2e-4, keys="x64_im0_pre_logits_2d")
    report.arrays("forward: spatial sizes", ours, forward, 0, keys=".*_stage_hw")

    config, loss = read_json("loss_config.json"), load(folder / "loss.npz")
    ours = loss_outputs(config, loss["student"], loss["teacher"], dtype)
    report.names("loss", [*ours, "student", "teacher"], loss)
    for kind in config["kinds"]:
        report.arrays(f"loss: {kind} (relative)", ours, loss, 1e-5, True, f"(dist|grad_mean)_{re.escape(kind)}")
    report.arrays("loss: agreement", ours, loss, 0, keys="dist_agree.*")

    mixup = load(folder / "mixup.npz")
    ours = mixup_outputs(mixup["image"], mixup["labels"], mixup["lam"], dtype)
    report.names("mixup", [*ours, "image", "labels", "lam"], mixup)
    report.arrays("mixup", ours, mixup, 1e-6, keys="mixed_.*")
    report.arrays("mixup: partner", ours, mixup, 0, keys="partner_index")
    rng = np.random.default_rng([SEED, 99])  # not the draws that generate() stores
    ours, theirs = lambda_distribution(rng)["by_p"], read_json("mixup_lambda_distribution.json")["by_p"]
    for p, expected in theirs.items():
        errors = np.abs(np.subtract(ours[p]["percentiles"], expected["percentiles"]))
        error = max(errors.max(), abs(ours[p]["mean"] - expected["mean"]))
        report.line(f"mixup: lambda percentiles, p={p}", error, 0.01)

    config, optim = read_json("optim_config.json"), load(folder / "optim.npz")
    inputs = [{k.removeprefix(s): v for k, v in optim.items() if k.startswith(s)} for s in ("init/", "grads/")]
    ours = optim_outputs(config, *inputs, dtype)
    report.names("optim", [*ours, *(k for k in optim if k.startswith(("init/", "grads/")))], optim)
    report.arrays("optim: f32", ours, optim, 5e-6, keys="f32/.*")
    report.arrays("optim: bf16, step 40", ours, optim, 1e-3, keys="bf16/step40/.*")
    report.arrays("optim: bf16, all steps", ours, optim, 1e-4, keys="bf16/.*")
    report.arrays("optim: bf16_nojit, all steps", ours, optim, 1e-4, keys="bf16_nojit/.*")
    report.arrays("optim: multiplier", ours, optim, 1e-6, keys="lr_multiplier")
    report.arrays("optim: gradient norm (relative)", ours, optim, 1e-6, True, "grad_global_norm")
    report.arrays("optim: clipped", ours, optim, 0, keys="clipped")

    config, e2e = read_json("e2e_config.json"), load(folder / "e2e.npz")
    student, teacher = load(folder / "e2e_student_init.npz"), load(folder / "e2e_teacher.npz")
    inputs = ["images_u8", "probe_u8", "lam"]
    ours, final = e2e_outputs(config, student, teacher, *(e2e[k] for k in inputs), dtype)
    report.names("e2e", [*ours, *inputs], e2e)
    report.arrays("e2e: mixed image", ours, e2e, 1e-6, keys="step0_mixed_image")
    report.arrays("e2e: partner", ours, e2e, 0, keys="partner_index")
    report.arrays("e2e: multiplier", ours, e2e, 1e-6, keys="lr_multiplier")
    keys = "main/probe_student_logits_init|.*teacher_logits"
    report.arrays("e2e: initial and teacher logits", ours, e2e, 2e-4, keys=keys)
    for variant in ("main", "bf16mu", "zerohead"):
        for name, bounds in (
            ("loss", [1e-5, 1e-5, 5e-5, 3e-4, 5e-3, 5e-3, 5e-3, 5e-3]),
            ("grad_norm", [1e-5, 1e-5, 5e-5, 3e-4, 5e-3, 5e-3, 5e-3, 5e-3]),
            ("param_norm_after", [1e-4] * 8),
            ("update_norm", [1e-3] * 3 + [5e-3] * 5),
        ):
            a, b = ours[f"{variant}/{name}"], e2e[f"{variant}/{name}"]
            errors = np.abs(a.astype(np.float64) - b) / np.abs(b).max()
            worst = int(np.argmax(errors / bounds))  # the step that comes closest to its own bound
            report.line(f"e2e {variant}: {name} (relative), step {worst + 1}", errors[worst], bounds[worst])
        key = f"{variant}/per_example_loss"
        report.arrays(f"e2e {variant}: per-example loss (relative)", ours, e2e, 1e-2, True, key)
        report.arrays(f"e2e {variant}: student logits", ours, e2e, 0.05, keys=f"{variant}/student_logits")
        key = f"{variant}/probe_student_logits_final"
        report.arrays(f"e2e {variant}: final probe logits", ours, e2e, 0.05, keys=key)
        correlation = np.corrcoef(ours[key].ravel(), e2e[key].ravel())[0, 1]
        report.line(f"e2e {variant}: 1 - correlation of those", 1 - correlation, 1e-3)
    report.arrays("e2e main: final params", final, load(folder / "e2e_student_final.npz"), 1e-2)

    ours = boxes_distribution(np.random.default_rng([SEED, 98]))["sizes"]
    theirs = read_json("boxes_distribution.json")["sizes"]
    for size, expected in theirs.items():
        lists = [k for k, v in expected.items() if isinstance(v, list)]
        error = max(np.abs(np.subtract(ours[size][k], expected[k])).max() for k in lists)
        report.line(f"boxes {size}: percentiles", error, 0.02)
        numbers = [k for k in expected if k.startswith(("mean_", "std_", "frac_"))]
        report.line(f"boxes {size}: means, fractions", max(abs(ours[size][k] - expected[k]) for k in numbers), 0.01)
    return not report.failed


# --- Synthetic inputs -----------------------------------------------------------------------------------------------


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


# --- Generate -------------------------------------------------------------------------------------------------------


def write_npz(path, arrays, deflate=False):
    """The layout of numpy.savez, at the highest compression level."""
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method, compresslevel=9) as z:
        for name, array in arrays.items():
            assert array.dtype.str in ("<f4", "<i4", "|u1"), (name, array.dtype)
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array, order="C"))
            info = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, so that the bytes do not depend on the day
            info.compress_type = method
            z.writestr(info, buffer.getvalue(), compresslevel=9)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


ADAM = {"b1": 0.9, "b2": 0.999, "eps": 1e-08}
SCHEDULE = {"warmup_steps": 5, "decay_type": "cosine", "total_steps": 40}
OPTIMISER = {"grad_clip_norm": 1.0, "lr": 0.003, "wd": 0.0003, **SCHEDULE}


def generate(out, dtype=torch.float64):
    out.mkdir(parents=True, exist_ok=True)
    rngs = iter([np.random.default_rng([SEED, i]) for i in range(20)])  # a part can change without moving the others

    rng = next(rngs)
    config = {"model": "bit_paper", "depth": [2, 1, 1, 1], "width": 0.5, "num_classes": 10}
    config.update({k: v for k, v in model_config([]).items() if k != "depth"})
    weights = synthetic_weights(rng, config["depth"], 0.5, 10, coarse_from=3, tiny=True)
    shapes = {"x64": (2, 64, 64), "x75": (1, 75, 75), "x61x98": (1, 61, 98)}
    images = {k: values_of(synthetic_images(rng, *shape)) for k, shape in shapes.items()}
    spread_logits(weights, config, images.values())
    outputs = forward_outputs(config, weights, images, dtype)
    sensitivity = {  # by how much a plausible mistake moves the logits; every one must show
        name: max(float(np.abs(wrong[f"{k}_logits"] - outputs[f"{k}_logits"]).max()) for k in images)
        for name, wrong in {
            "max-pool padded with 0": forward_outputs(config, weights, images, dtype, pool_padding=0.0),
            "standardisation epsilon 1e-8": forward_outputs({**config, "ws_eps": 1e-8}, weights, images, dtype),
            "standardisation epsilon 0": forward_outputs({**config, "ws_eps": 0.0}, weights, images, dtype),
            "group norm epsilon 1e-6": forward_outputs({**config, "gn_eps": 1e-6}, weights, images, dtype),
            "group norm epsilon 1e-3": forward_outputs({**config, "gn_eps": 1e-3}, weights, images, dtype),
        }.items()
    }
    assert min(sensitivity.values()) > 2e-3, sensitivity
    write_json(out / "bit4_config.json", config)
    write_npz(out / "bit4_weights.npz", weights, deflate=True)
    write_npz(out / "bit4_forward.npz", {**{f"{k}_image": v for k, v in images.items()}, **outputs})

    kinds = {f"kl_t{t}": {"kind": "kl", "t": float(t)} for t in (1, 2, 5, 10)}
    kinds.update({k: {"kind": k} for k in ("euclidean", "l2", "hard")})
    kinds.update({"hard_ls0.1": {"kind": "hard", "ls": 0.1}, "logsoftmax_euclidean": {"kind": "logsoftmax_euclidean"}})
    config = {"n": 16, "classes": 37, "kinds": kinds, "grad": "d mean_over_16(dist)/d student"}
    student, teacher = synthetic_logits(next(rngs), 16, 37)
    write_json(out / "loss_config.json", config)
    arrays = {"student": student, "teacher": teacher, **loss_outputs(config, student, teacher, dtype)}
    write_npz(out / "loss.npz", arrays)

    rng = next(rngs)
    image = rng.uniform(-1, 1, (5, 2, 3, 3)).astype(np.float32)
    labels = np.eye(4, dtype=np.float32)[[2, 0, 3, 1, 1]]
    lam = draw_lambdas(rng, 1.0, 1)[0]
    arrays = {"image": image, "labels": labels, "lam": np.array(lam), **mixup_outputs(image, labels, lam, dtype)}
    write_npz(out / "mixup.npz", arrays)
    write_json(out / "mixup_lambda_distribution.json", lambda_distribution(next(rngs)))

    rng = next(rngs)
    init = {
        "conv/kernel": rng.normal(0, 0.2, (3, 3, 4, 8)),
        "gn/bias": rng.normal(0, 0.2, (1, 1, 1, 8)),
        "gn/scale": rng.normal(1, 0.2, (1, 1, 1, 8)),
        "head/bias": rng.normal(0, 0.2, 5),
        "head/kernel": rng.normal(0, 0.3, (8, 5)),
    }
    norms = np.exp(rng.uniform(np.log(0.02), np.log(25), 40))  # about half of them are clipped
    norms[np.abs(norms - 1) < 0.1] *= 1.5  # rounding must not decide about that
    directions = {k: rng.normal(0, 1, v.shape) + rng.normal(0, 1, (40, *v.shape)) for k, v in init.items()}
    lengths = np.sqrt(sum((d.reshape(40, -1) ** 2).sum(1) for d in directions.values()))
    grads = {k: np.stack([d * n for d, n in zip(v, norms / lengths)]) for k, v in directions.items()}
    init, grads = ({k: v.astype(np.float32) for k, v in x.items()} for x in (init, grads))
    config = {**ADAM, "eps_root": 0, **OPTIMISER, "wd_mask": ".*/kernel$ (fullmatch)", "first_step_index": 0}
    outputs = optim_outputs(config, init, grads, dtype)
    arrays = {f"init/{k}": v for k, v in init.items()} | {f"grads/{k}": v for k, v in grads.items()} | outputs
    write_json(out / "optim_config.json", config)
    write_npz(out / "optim.npz", arrays)

    rng = next(rngs)
    config = {"student": {"depth": [1], "width": 0.5}, "teacher": {"depth": [2], "width": 0.5}}
    config.update({"num_classes": 10, "batch": 8, "steps": 8, "distance": "kl", "t": 2.0, "mixup_p": 1.0})
    config["optimiser"] = {"optax": "scale_by_adam", **ADAM, **OPTIMISER}
    student = synthetic_weights(rng, [1], 0.5, 10)
    teacher = synthetic_weights(rng, [2], 0.5, 10)
    images = synthetic_images(rng, 64, 32, 32).reshape(8, 8, 32, 32, 3)
    probe = synthetic_images(rng, 8, 32, 32)
    lam = draw_lambdas(rng, 1.0, 8)
    spread_logits(teacher, model_config(config["teacher"]["depth"]), [values_of(probe)])
    outputs, final = e2e_outputs(config, student, teacher, images, probe, lam, dtype)
    write_json(out / "e2e_config.json", config)
    write_npz(out / "e2e.npz", {"images_u8": images, "probe_u8": probe, "lam": lam, **outputs})
    write_npz(out / "e2e_student_init.npz", student)
    write_npz(out / "e2e_teacher.npz", teacher)
    write_npz(out / "e2e_student_final.npz", final)

    write_json(out / "boxes_distribution.json", boxes_distribution(next(rngs)))

    files = sorted(p for p in out.iterdir() if p.suffix in (".npz", ".json") and p.name != "index.json")
    index = {
        "made_by": "Scripts/make_golden.py",
        "seed": SEED,
        "arithmetic": str(dtype).removeprefix("torch."),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__},
        "machine": platform.machine(),
        "logits_moved_by": {k: float(f"{v:.3g}") for k, v in sensitivity.items()},
        "files": {
            p.name: {"bytes": p.stat().st_size, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()} for p in files
        },
    }
    write_json(out / "index.json", index)
    for p in files:
        print(f"{p.stat().st_size:>9} {p.name}")
    print(f"{sum(p.stat().st_size for p in out.iterdir()):>9} in all")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", type=Path, metavar="DIR", help="compare with the fixtures in DIR, write nothing")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float64", help="arithmetic of --check")
    parser.add_argument("--out", type=Path, default=OUT, help="where to write (default: Tests/Golden)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    if arguments.check:
        sys.exit(0 if check(arguments.check, getattr(torch, arguments.dtype)) else 1)
    generate(arguments.out)


if __name__ == "__main__":
    main()
