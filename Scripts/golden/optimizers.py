#!/usr/bin/env python3
"""Makes Tests/OptimizersTests/Fixtures/optimizers.npz and Tests/DistillationTests/Fixtures/labels.npz: what PyTorch's
optimisers and cross entropy, and the official schedules, do.

Run: python3 Scripts/golden/optimizers.py PATH/TO/big_vision/utils.py   (needs numpy and torch; made with 2.4.6 and 2.13)

The schedules come from the two functions of that file themselves (big_vision, commit 0127fb6), run on NumPy in place of JAX.
"""

import ast
import sys
from pathlib import Path

import numpy as np
import torch

TESTS = Path(__file__).resolve().parent.parent.parent / "Tests"
STEPS = 30


def official_schedule(path):
    wanted = ("steps", "create_learning_rate_schedule")
    tree = ast.parse(Path(path).read_text())
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    names = {"jnp": np}
    exec(compile(tree, path, "exec"), names)  # The reader named the file.
    return names["create_learning_rate_schedule"]


def schedules(path):
    create = official_schedule(path)
    common = dict(total_steps=200, batch_size=8, data_size=60)
    cases = {
        "cosine": dict(decay_type="cosine", warmup_steps=20),
        "cosine-cooldown": dict(decay_type="cosine", warmup_steps=20, cooldown_steps=30),
        "linear": dict(decay_type="linear", warmup_epochs=3),
        "constant-cooldown": dict(decay_type="stair", warmup_percent=0.1, cooldown_percent=0.2),
        "stair": dict(decay_type="stair", warmup_steps=10, steps=[60, 120, 180], mults=[0.1, 0.01, 0.001]),
    }
    for name, case in cases.items():
        function = create(**common, **case)
        yield "schedule/" + name, np.array([function(i) for i in range(200)], np.float32)


def optimizers():
    rng = np.random.default_rng(5)
    shapes = {"kernel": (4, 3), "bias": (4,)}
    start = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    gradients = {name: rng.normal(size=(STEPS, *shape)).astype(np.float32) for name, shape in shapes.items()}
    for name in shapes:
        yield "start/" + name, start[name]
        yield "gradients/" + name, gradients[name]
    multipliers = np.cos(np.linspace(0, 1.5, STEPS)).astype(np.float32)
    yield "multipliers", multipliers
    cases = {
        "sgd": lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9),
        "nesterov": lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=True),
        "adamW": lambda groups: torch.optim.AdamW(groups, lr=0.05, weight_decay=0.1),
    }
    for case, make in cases.items():
        values = {name: torch.nn.Parameter(torch.tensor(start[name])) for name in shapes}
        # Biases do not decay, as timm has it.
        groups = [{"params": [values["kernel"]]}, {"params": [values["bias"]], "weight_decay": 0.0}]
        optimizer = make(groups)
        for step in range(STEPS):
            for group in optimizer.param_groups:
                group["lr"] = 0.05 * float(multipliers[step])
            for name, value in values.items():
                value.grad = torch.tensor(gradients[name][step])
            optimizer.step()
        for name, value in values.items():
            yield f"{case}/{name}", value.detach().numpy()


def labels():
    rng = np.random.default_rng(6)
    logits = rng.normal(size=(6, 5)).astype(np.float32) * 3
    classes = rng.integers(0, 5, size=6)
    yield "logits", logits
    yield "labels", classes.astype(np.int32)
    for smoothing in (0.0, 0.1, 0.3):
        x = torch.tensor(logits, requires_grad=True)
        loss = torch.nn.functional.cross_entropy(x, torch.tensor(classes), label_smoothing=smoothing)
        loss.backward()
        yield f"loss/{smoothing}", loss.detach().numpy()
        yield f"gradient/{smoothing}", x.grad.numpy()


if __name__ == "__main__":
    arrays = dict(schedules(sys.argv[1])) | dict(optimizers())
    (TESTS / "OptimizersTests" / "Fixtures").mkdir(exist_ok=True)
    np.savez(TESTS / "OptimizersTests" / "Fixtures" / "optimizers.npz", **arrays)
    np.savez(TESTS / "DistillationTests" / "Fixtures" / "labels.npz", **dict(labels()))
