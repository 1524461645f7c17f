#!/usr/bin/env python3
"""Makes Tests/DistillationTests/Fixtures/evaluation.npz: logits, and what an evaluation has to say of them.

Run: python3 Scripts/golden/evaluation.py   (needs numpy; made with 2.4.6; again: the same bytes)

Written from the definitions, image by image in double precision. Some rows have equal logits, some images no label, and
some logits lie so far apart that both floors show: 1e-8 in KL (by a few billionths), 1e-30 in the teachers' mean.
"""

from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent.parent / "Tests" / "DistillationTests" / "Fixtures" / "evaluation.npz"
IMAGES, CLASSES, BINS = 200, 12, 15


def softmax(row):
    powers = [np.exp(v - max(row)) for v in row]
    return np.array([p / sum(powers) for p in powers])


def first(row, k):
    """The k largest, the lowest class first among equals."""
    return sorted(range(len(row)), key=lambda i: (-row[i], i))[:k]


def kl(teacher, student, floor=1e-8):
    return sum(p * (np.log(max(p, floor)) - np.log(q)) for p, q in zip(softmax(teacher), softmax(student)))


def combined(teachers, weights, kind, t):
    shares = np.array(weights) / sum(weights)
    if kind == "logits":
        return sum(w * z for w, z in zip(shares, teachers))
    rows = []
    for row in range(len(teachers[0])):
        scaled = [z[row] / t for z in teachers]
        # What a softmax does not see: such that teachers who agree have their own logits.
        level = sum(w * (max(z) + np.log(sum(np.exp(z - max(z))))) for w, z in zip(shares, scaled))
        mean = sum(w * softmax(z) for w, z in zip(shares, scaled))
        rows.append([t * (np.log(max(p, 1e-30)) + level) for p in mean])
    return np.array(rows)


def network(logits, labels):
    """The figures of a network, then its details."""
    known = [i for i, label in enumerate(labels) if label >= 0]
    probabilities = [softmax(row) for row in logits]
    right = {i: first(logits[i], 1) == [labels[i]] for i in known}
    figures = {
        "top1": np.mean([right[i] for i in known]),
        "top5": np.mean([labels[i] in first(logits[i], 5) for i in known]),
        "loss": np.mean([-np.log(probabilities[i][labels[i]]) for i in known]),
        "entropy": np.mean([-sum(p * np.log(p) for p in row) for row in probabilities]),
    }
    confusion = np.zeros((CLASSES, CLASSES), np.int64)
    for i in known:
        confusion[labels[i], first(logits[i], 1)[0]] += 1
    bins, error = np.zeros((BINS, 3)), 0.0  # images, mean confidence, accuracy
    for b in range(BINS):
        inside = [i for i in known if b / BINS < max(probabilities[i]) <= (b + 1) / BINS]
        if inside:
            confidence = np.mean([max(probabilities[i]) for i in inside])
            accuracy = np.mean([right[i] for i in inside])
            bins[b] = len(inside), confidence, accuracy
            error += len(inside) / len(known) * abs(accuracy - confidence)
    assert bins[:, 0].sum() == len(known)
    of_class = [[i for i in known if labels[i] == c] for c in range(CLASSES)]
    details = {
        "confusion": confusion,
        "bins": bins,
        "calibrationError": np.float64(error),
        "classImages": np.array([len(c) for c in of_class]),
        "classRight": np.array([sum(right[i] for i in c) for c in of_class]),
    }
    return figures, details


def main():
    random = np.random.default_rng(1706_04599)
    signal = random.normal(0, 1, (IMAGES, CLASSES))
    labels = (signal + random.normal(0, 0.8, signal.shape)).argmax(1).astype(np.int32)
    labels[labels == 7] = 3  # a class without images
    labels[random.permutation(IMAGES)[:30]] = -1
    student, *teachers = (
        (scale * (signal + random.normal(0, 0.5, signal.shape))).astype(np.float32) for scale in (1.5, 2, 3)
    )
    for logits in (student, *teachers):
        logits[:60] = np.round(logits[:60])
        logits[60:64, :5] -= 100
        logits[64:104, :5] -= 17
    weights = [1.0, 3.0]
    wide = [z.astype(np.float64) for z in (student, *teachers)]
    teacher = combined(wide[1:], weights, "probabilities", 1)

    own, details = network(wide[0], labels)
    theirs, teacher_details = network(teacher, labels)
    pairs = list(zip(wide[0], teacher))
    figures = {
        "images": IMAGES,
        **own,
        **{f"teacher{k[0].upper()}{k[1:]}": v for k, v in theirs.items()},
        "kl": np.mean([kl(t, s) for s, t in pairs]),
        "euclidean": np.mean([np.sqrt(sum((s - t) ** 2) + 1e-12) for s, t in pairs]),
        "agreement": np.mean([first(t, 1) == first(s, 1) for s, t in pairs]),
        "agreementTop5": np.mean([first(t, 1)[0] in first(s, 5) for s, t in pairs]),
    }
    assert np.mean([kl(t, s, 0) for s, t in pairs]) < figures["kl"] * (1 - 1e-9)
    arrays = {"student": student, "teacher0": teachers[0], "teacher1": teachers[1], "labels": labels}
    arrays["weights"] = np.array(weights)
    arrays |= {f"figures/{k}": np.float64(v) for k, v in figures.items()}
    arrays |= {f"detail/{k}": v for k, v in details.items()}
    arrays |= {f"teacherDetail/{k}": v for k, v in teacher_details.items()}
    arrays |= {f"probabilities/{t}": combined(wide[1:], weights, "probabilities", t) for t in (1.0, 2.5)}
    arrays["logits"] = combined(wide[1:], weights, "logits", 1)
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(OUT, **arrays)
    for name, value in sorted(figures.items()):
        print(f"{name:16} {value:.6f}")
    print(f"{'calibrationError':16} {details['calibrationError']:.6f} {teacher_details['calibrationError']:.6f}")


if __name__ == "__main__":
    main()
