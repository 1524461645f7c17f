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
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch

from golden.reference import SEED, distance, draw_lambdas, model_config
from golden.outputs import (
    boxes_distribution,
    e2e_outputs,
    forward_outputs,
    lambda_distribution,
    loss_outputs,
    mixup_outputs,
    optim_outputs,
    values_of,
)
from golden.check import check
from golden.inputs import spread_logits, synthetic_images, synthetic_logits, synthetic_weights

OUT = Path(__file__).resolve().parent.parent / "Tests" / "Golden"


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
