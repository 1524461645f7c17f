#!/usr/bin/env python3
"""Makes Tests/RunsTests/Fixtures/probe.npz: multinomial logistic regression as scikit-learn fits it, its loss and gradient
in NumPy float64, and the temperature that SciPy finds.

Run: python3 Scripts/golden/probe.py   (needs numpy, scipy and scikit-learn; made with 2.4.6, 1.17.1 and 1.9.1)
     python3 Scripts/golden/probe.py --out DIR   writes elsewhere

features (90, 12) float32 of very different sizes, one of them the same everywhere; labels (90); scaled: what StandardScaler
makes of the features. For each C: coefficients, intercepts and the loss mean(cross entropy) + sum(coefficients²) / (2 C n).
point, regularization, value, gradient (classes, 13; the intercepts in the last column): the loss elsewhere. logits and scale:
the factor of least cross entropy to labels that are true with probability n / (n + 1).
"""

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

OUT = Path(__file__).resolve().parent.parent.parent / "Tests/RunsTests/Fixtures"
IMAGES, WIDTH, CLASSES = 90, 12, 3
STRENGTHS = [0.01, 1.0, 100.0]


def loss(point, x, onehot, regularization):
    weight, bias = point[:, :-1], point[:, -1]
    logits = x @ weight.T + bias
    value = -(log_softmax(logits, 1) * onehot).sum(1).mean() + regularization / 2 * (weight**2).sum()
    off = (softmax(logits, 1) - onehot) / len(x)
    return value, np.concatenate([off.T @ x + regularization * weight, off.sum(0)[:, None]], 1)


def arrays():
    rng = np.random.default_rng(19)
    labels = rng.integers(0, CLASSES, IMAGES)
    centers = rng.normal(size=(CLASSES, WIDTH))
    features = centers[labels] + 1.5 * rng.normal(size=(IMAGES, WIDTH))
    features = features * 10.0 ** rng.uniform(-3, 3, WIDTH) + rng.normal(size=WIDTH) * 5
    features[:, 7] = 0.3
    features = features.astype(np.float32)
    yield "features", features
    yield "labels", labels
    x = StandardScaler().fit_transform(features.astype(np.float64))
    yield "scaled", x
    onehot = np.eye(CLASSES)[labels]
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, solver="lbfgs", tol=1e-10, max_iter=100_000).fit(x, labels)
        point = np.concatenate([model.coef_, model.intercept_[:, None]], 1)
        yield f"point/{strength}", point
        yield f"loss/{strength}", np.array(loss(point, x, onehot, 1 / (strength * IMAGES))[0])
        # How far from flat it ended.
        yield f"flat/{strength}", np.array(np.abs(loss(point, x, onehot, 1 / (strength * IMAGES))[1]).max())
    point = rng.normal(size=(CLASSES, WIDTH + 1))
    value, gradient = loss(point, x, onehot, 0.03)
    yield from [("point", point), ("value", np.array(value)), ("gradient", gradient)]
    logits = 5 * model.decision_function(x) + 4 * rng.normal(size=(IMAGES, CLASSES))
    doubt = 1 / (IMAGES + 1)
    wanted = (1 - doubt) * onehot + doubt / CLASSES
    found = minimize_scalar(
        lambda power: -(log_softmax(logits * 2.0**power, 1) * wanted).sum(), bounds=(-10, 10), method="bounded",
        options={"xatol": 1e-12})
    yield "logits", logits
    yield "scale", np.array(2.0**found.x)
    yield "scaledLoss", np.array(-(log_softmax(logits * 2.0**found.x, 1) * onehot).sum(1).mean())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=OUT)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "probe.npz", "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays():
            buffer = io.BytesIO()
            np.save(buffer, array)
            # A date of its own would make the file another one every time.
            file.writestr(zipfile.ZipInfo(name + ".npy"), buffer.getvalue())


if __name__ == "__main__":
    main()
