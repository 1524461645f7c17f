"""The arrays of each fixture, from its inputs."""

import numpy as np
import torch

from .reference import (
    PERCENTILES,
    Optimiser,
    agreement,
    bit_forward,
    box_statistics,
    distance,
    draw_boxes,
    draw_lambdas,
    global_norm,
    lr_multiplier,
    mix,
    model_config,
    partner_index,
)

DRAWS = 20_000  # lambdas and boxes per distribution
REPEATS = 50  # statistics of that many draws, averaged over this many repetitions: less noise than one set of draws has
SIZES = [(375, 500), (1024, 683), (100, 700)]  # of the images whose boxes are described, height first


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
