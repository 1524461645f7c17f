"""Prints the table of compare.sh: table.py FOLDER SEED SEED ...

What follows a difference of means is its standard error.
"""

import json
import math
import pathlib
import statistics
import sys

SIDES = {"pytorch": "PyTorch + timm", "funmatch": "FunMatch"}


def read(path):
    """Top-1 in percent of a result, in either side's form."""
    result = json.loads(path.read_text())
    return 100 * (result["student"]["top1"] if "student" in result else result["top1"])


def main():
    folder, seeds = pathlib.Path(sys.argv[1]), sys.argv[2:]
    print("| top-1, % | " + " | ".join(f"seed {seed}" for seed in seeds) + " | mean | deviation |")
    print("|---" * (len(seeds) + 3) + "|")
    for recipe in ("scratch", "finetune"):
        means, variances = {}, []
        for side, name in SIDES.items():
            paths = [folder / side / f"{recipe}-{seed}" for seed in seeds]
            values = [read(path / "result.json") for path in paths if (path / "result.json").exists()]
            if len(values) < len(seeds):
                continue
            means[side] = statistics.mean(values)
            variances.append(statistics.variance(values))
            cells = " | ".join(f"{value:.2f}" for value in values)
            print(f"| {recipe}, {name} | {cells} | {means[side]:.2f} | {math.sqrt(variances[-1]):.2f} |")
            for path, value in zip(paths, values):
                check = path / "pytorch.json"
                if check.exists() and abs(read(check) - value) > 0.03:
                    sys.exit(f"{check}: PyTorch finds {read(check):.2f} in these weights, funmatch {value:.2f}")
        if len(means) == 2:
            difference = means["funmatch"] - means["pytorch"]
            error = math.sqrt(sum(variances) / len(seeds))
            cells = "| " * len(seeds)
            print(f"| {recipe}, FunMatch less PyTorch {cells}| {difference:+.2f} ± {error:.2f} | |")


if __name__ == "__main__":
    main()
