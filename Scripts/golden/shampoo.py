#!/usr/bin/env python3
"""Makes Tests/OptimizersTests/Fixtures/shampoo.{json,npz}: Shampoo in NumPy float64, from its formulas, block by block.

Run: python3 Scripts/golden/shampoo.py   (needs numpy; made with 2.4.6)
     python3 Scripts/golden/shampoo.py --out DIR   writes elsewhere

shampoo.json has the settings of every variant under the names of ShampooConfiguration, shampoo.npz the initial values
(init/NAME), gradients (grads/NAME, one a step), the schedule's multipliers, the parameters after some steps
(VARIANT/STEP/NAME) and the gradient's norms. Gradients are given, not those of a loss, so that every step's error is
its own. Files come out byte for byte the same for the same versions on the same kind of CPU.
"""

import argparse
import io
import json
import zipfile
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent.parent / "Tests/OptimizersTests/Fixtures"
STEPS = 20
CHECKPOINTS = [5, 6, 8, 20]
SHAPES = {"conv": (6, 5, 3, 3), "head": (10, 6, 1, 1), "scale": (6,), "bias": (10,), "gain": (1,)}
KERNELS = {"conv", "head"}
# Statistics rounded to float32, which is how FunMatch keeps them, move the parameters of variant sgd by up to 9e-5 of
# their largest at epsilon 1e-6, 5e-6 at 1e-5 and 2e-7 at 1e-4. Roots that are older than the gradient ask for more.
BASE = {
    "learningRate": 0.02,
    "weightDecay": 0.003,
    "clipNorm": 12.0,
    "beta1": 0.9,
    "beta2": 0.99,
    "epsilon": 1e-4,
    "blockSize": 4,
    "preconditionEvery": 1,
    "startStep": 0,
    "grafting": "adam",
    "graftingEpsilon": 1e-8,
    "rootPrecision": "f64",
}
VARIANTS = {
    "adam": {},
    "adam_sum": {"beta2": 1.0},
    "adam_late": {"startStep": 5, "preconditionEvery": 3},
    "adam_whole": {"blockSize": 64, "epsilon": 1e-3},
    "sgd": {"grafting": "sgd", "learningRate": 0.1},
    "sgd_sum_every3": {"grafting": "sgd", "learningRate": 0.1, "beta2": 1.0, "preconditionEvery": 3, "epsilon": 1e-3},
    "none_sum": {"grafting": "none", "beta2": 1.0, "learningRate": 0.05, "clipNorm": 0.0},
    "none_late_nomomentum": {"grafting": "none", "startStep": 5, "beta1": 0.0, "learningRate": 0.005},
}


def inverse_root(statistic, power, epsilon):
    """(statistic + epsilon · largest eigenvalue · I)^(-1/power), the identity for a zero statistic."""
    if not statistic.any():
        return np.eye(len(statistic))
    largest = np.linalg.eigvalsh(statistic).max()
    values, basis = np.linalg.eigh(statistic + epsilon * largest * np.eye(len(statistic)))
    return (basis * values ** (-1.0 / power)) @ basis.T


def corners(size, block):
    return [(start, min(start + block, size)) for start in range(0, size, block)]


class Tensor:
    """One parameter with all that Shampoo keeps of it."""

    def __init__(self, value, decays, config):
        self.value, self.decays, self.config = value.astype(np.float64), decays, config
        self.momentum = np.zeros_like(self.value)
        self.squares = np.zeros_like(self.value)
        self.time = 0
        flat = self.value.reshape(len(self.value), -1)
        self.is_vector = 1 in flat.shape
        self.flat_shape = (flat.size, 1) if self.is_vector else flat.shape
        rows, columns = self.flat_shape
        self.blocks = [
            {
                "place": np.s_[top:bottom, left:right],
                "L": np.zeros((bottom - top, bottom - top)),
                "R": np.zeros((right - left, right - left)),
            }
            for top, bottom in corners(rows, config["blockSize"])
            for left, right in corners(columns, config["blockSize"])
        ]

    def step(self, gradient, multiplier):
        c = self.config
        keep, add = (1.0, 1.0) if c["beta2"] == 1 else (c["beta2"], 1.0 - c["beta2"])
        self.time += 1
        self.squares = keep * self.squares + add * gradient**2
        grafted = gradient
        if c["grafting"] == "adam":
            unbiased = self.squares if c["beta2"] == 1 else self.squares / (1.0 - c["beta2"] ** self.time)
            grafted = gradient / (np.sqrt(unbiased) + c["graftingEpsilon"])

        matrix = gradient.reshape(self.flat_shape)
        result = np.empty_like(matrix)
        started = self.time > c["startStep"]
        due = started and (self.time - c["startStep"] - 1) % c["preconditionEvery"] == 0
        for block in self.blocks:
            g = matrix[block["place"]]
            block["L"] = keep * block["L"] + add * np.einsum("ik,jk->ij", g, g)
            block["R"] = keep * block["R"] + add * np.einsum("ki,kj->ij", g, g)
            if due:
                power = 2 if self.is_vector else 4
                block["PL"] = inverse_root(block["L"], power, c["epsilon"])
                block["PR"] = np.eye(1) if self.is_vector else inverse_root(block["R"], power, c["epsilon"])
            if started:
                result[block["place"]] = block["PL"] @ g @ block["PR"]

        direction = grafted
        if started:
            direction = result.reshape(gradient.shape)
            length = np.linalg.norm(direction)
            if c["grafting"] != "none":
                direction = direction * (np.linalg.norm(grafted) / length if length > 0 else 0.0)
        self.momentum = c["beta1"] * self.momentum + (1.0 - c["beta1"]) * direction
        decay = c["weightDecay"] * self.value if self.decays else 0.0
        self.value = self.value - multiplier * (c["learningRate"] * self.momentum + decay)


def run(config, init, grads, multipliers):
    """The parameters after each of CHECKPOINTS."""
    tensors = {name: Tensor(value, name in KERNELS, config) for name, value in init.items()}
    result = {}
    for index in range(STEPS):
        gradients = {name: g[index].astype(np.float64) for name, g in grads.items()}
        norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
        clip = config["clipNorm"]
        scale = clip / norm if clip > 0 and norm >= clip else 1.0
        for name, tensor in tensors.items():
            tensor.step(gradients[name] * scale, float(multipliers[index]))
        if index + 1 in CHECKPOINTS:
            result.update({f"{index + 1}/{name}": t.value.astype(np.float32) for name, t in tensors.items()})
    return result


def problem():
    """Initial values and gradients: a steady direction, few directions that come back, and noise."""
    rng = np.random.default_rng(20020901)
    init, grads = {}, {}
    for name, shape in SHAPES.items():
        init[name] = rng.normal(0, 0.2, shape).astype(np.float32)
        steady = rng.normal(0, 0.15, shape)
        returning = rng.normal(0, 0.4, (3, *shape))
        weights = rng.normal(0, 1, (STEPS, 3))
        noise = rng.normal(0, 0.15, (STEPS, *shape))
        grads[name] = (steady + np.tensordot(weights, returning, 1) + noise).astype(np.float32)
    grads["head"][7] = 0  # a step without a gradient
    grads["bias"][:6] = 0  # statistics that are still zero when the first roots are taken
    multipliers = (np.minimum(1, (np.arange(STEPS) + 1) / 4) * (1 - np.arange(STEPS) / 40)).astype(np.float32)
    return init, grads, multipliers


def write_npz(path, arrays):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array, order="C"))
            z.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED, 9)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=OUT, help="where to write")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    init, grads, multipliers = problem()
    norms = np.sqrt(sum((g.astype(np.float64).reshape(STEPS, -1) ** 2).sum(1) for g in grads.values()))
    assert np.abs(norms / BASE["clipNorm"] - 1).min() > 0.01, "rounding must not decide about clipping"
    arrays = {f"init/{k}": v for k, v in init.items()} | {f"grads/{k}": v for k, v in grads.items()}
    arrays |= {"multipliers": multipliers, "norms": norms.astype(np.float32)}
    variants = {name: BASE | changes for name, changes in VARIANTS.items()}
    for name, config in variants.items():
        arrays |= {f"{name}/{k}": v for k, v in run(config, init, grads, multipliers).items()}
    write_npz(out / "shampoo.npz", arrays)
    (out / "shampoo.json").write_text(json.dumps({"checkpoints": CHECKPOINTS, "variants": variants}, indent=1) + "\n")
    print(f"{(out / 'shampoo.npz').stat().st_size} bytes; {(norms >= BASE['clipNorm']).sum()} of {STEPS} steps clipped")
    print("norms", np.round(norms, 2))


if __name__ == "__main__":
    main()
