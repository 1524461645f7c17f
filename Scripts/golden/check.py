"""Compares this implementation with fixtures that somebody else made."""

import json
import re

import numpy as np

from .reference import SEED, INF, agreement, lr_multiplier, partner_index
from .outputs import (
    boxes_distribution,
    e2e_outputs,
    forward_outputs,
    lambda_distribution,
    loss_outputs,
    mixup_outputs,
    optim_outputs,
)


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
