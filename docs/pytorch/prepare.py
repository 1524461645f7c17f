"""Writes Fashion-MNIST's classes 0-4 and 5-9 as two data sets of PNG files, one folder a class, for `funmatch`.

    prepare.py FOLDER [--idx FOLDER]

Makes FOLDER/low/{train,test}/{0..4} and FOLDER/high/{train,test}/{5..9}, 70,000 small files, once. Needs pillow
and what train.py needs.
"""

import argparse
import pathlib

from PIL import Image

import train


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--idx", default=train.IDX_FOLDER, help="the folder of Fashion-MNIST's four .gz files")
    options = parser.parse_args()
    complete = options.folder / "complete"
    if complete.exists():
        return
    for split in ("train", "test"):
        for number, (image, label) in enumerate(zip(*train.read_idx(options.idx, split))):
            folder = options.folder / ("low" if label < 5 else "high") / split / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number:05}.png")
    complete.touch()


if __name__ == "__main__":
    main()
