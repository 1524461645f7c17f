"""Prints the table of `make bench` for input: compare_input.py RESULTS ROUNDS.

RESULTS holds funmatch-SET-N.txt (the last line of `funmatch bench input --json`) and peers-SET-N.json.
"""

import json
import pathlib
import statistics
import sys


def main():
    folder, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    for name, words in (("tiles", "500 x 375 pixels, quality 90"), ("originals", "2560 x 1600 pixels")):
        ours, peers = [], []
        for number in range(1, rounds + 1):
            text = (folder / f"funmatch-{name}-{number}.txt").read_text()
            ours.append(json.loads(text.strip().splitlines()[-1]))
            peers.append(json.loads((folder / f"peers-{name}-{number}.json").read_text()))
        time = [1e6 / one["imagesPerSecondPerCore"] for one in ours]
        print(f"\nA random 224 px inception crop of {ours[0]['images']} JPEGs of {words}, one core, {rounds} rounds:\n")
        print("| | us/image | images/s per core | funmatch is faster by |")
        print("|---|---|---|---|")
        median = statistics.median(time)
        decode = statistics.median(one["decodeShare"] for one in ours)
        resize = statistics.median(one["resizeShare"] for one in ours)
        print(f"| funmatch (decode {decode:.0%}, resize {resize:.0%}) | {median:.0f} | {1e6 / median:.0f} | |")
        for key, title in (("opencv", "OpenCV: imdecode, crop, resize"), ("torchvision", "Pillow, torchvision RandomResizedCrop")):
            values = [peer[key] for peer in peers]
            ratios = [value / own for value, own in zip(values, time)]
            print(
                f"| {title} | {statistics.median(values):.0f} | {1e6 / statistics.median(values):.0f} | "
                f"{statistics.median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f}) |"
            )
        loader = statistics.median(one["loaderImagesPerSecond"] for one in ours)
        print(f"\nThe loader with {ours[0]['workers']} workers: {loader:.0f} images/s.")


if __name__ == "__main__":
    main()
