"""Prints the table of Scripts/bench.sh from the JSON lines that the programs left in a folder."""

import json
import pathlib
import statistics
import sys

PROGRAMS = {
    "funmatch": "funmatch",
    "float32": "timm, autocast",
    "bfloat16": "timm, bf16 teacher",
}
COLUMNS = {
    "images/s": ("imagesPerSecond", 2),
    "teacher s": ("teacherSeconds", 3),
    "student s": ("studentSeconds", 3),
    "optimizer s": ("optimizerSeconds", 3),
}


def read(path):
    """The JSON object in a program's last line of output."""
    return json.loads(path.read_text().strip().splitlines()[-1])


def main():
    folder, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    results = {
        program: [read(folder / f"{program}-{n}.txt") for n in range(1, rounds + 1)]
        for program in PROGRAMS
    }

    header = "".join(f"{title:>13}" for title in COLUMNS)
    print(f"{'':<20}{header}   funmatch over it (lowest to highest)")
    for program, name in PROGRAMS.items():
        line = f"{name:<20}"
        for key, digits in COLUMNS.values():
            middle = statistics.median(result[key] for result in results[program])
            line += f"{middle:>13.{digits}f}"
        if program != "funmatch":
            ratios = [
                ours["imagesPerSecond"] / peer["imagesPerSecond"]
                for ours, peer in zip(results["funmatch"], results[program])
            ]
            line += f"   {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(line)

    peer = results["float32"][0]
    print(
        f"\nMedians of {rounds} rounds; a ratio is taken within a round. Peer: torch {peer['torch']}, "
        f"timm {peer['timm']}, {peer['layout']}, {peer['threads']} threads.")


if __name__ == "__main__":
    main()
