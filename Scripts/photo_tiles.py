"""Cuts photographs that Debian packages bring into tiles of 500 x 375 pixels, as ImageNet's images are large on
average, and sets every eighth photograph, with all of its tiles, aside.

    photo_tiles.py OUTPUT      writes OUTPUT/train/*.jpg and OUTPUT/held-out/*.jpg
"""

import pathlib
import shutil
import sys

from PIL import Image

PLACES = ["/usr/share/backgrounds", "/usr/share/wallpapers"]
WIDTH, HEIGHT = 500, 375


def photographs():
    seen = set()
    for place in PLACES:
        for path in sorted(pathlib.Path(place).rglob("*.jpg")):
            # Wallpapers come in many sizes of the same picture: one is enough, and no screenshot.
            if path.is_symlink() or ("contents/" in str(path) and path.stem != "2560x1600"):
                continue
            data = path.read_bytes()
            if data not in seen:
                seen.add(data)
                yield path


def tiles(image):
    """Tiles of the photograph, and of the same halved until a tile shows nearly all of it."""
    while min(image.size) > 5 * HEIGHT:
        image = image.reduce(2)
    while True:
        for y in range(0, image.height - HEIGHT + 1, HEIGHT):
            for x in range(0, image.width - WIDTH + 1, WIDTH):
                yield f"{image.width}_{y}_{x}", image.crop((x, y, x + WIDTH, y + HEIGHT))
        if min(image.size) < 2 * HEIGHT:
            return
        image = image.reduce(2)


def main():
    output = pathlib.Path(sys.argv[1])
    counts = {"train": 0, "held-out": 0}
    for name in counts:
        shutil.rmtree(output / name, ignore_errors=True)
        (output / name).mkdir(parents=True)
    number = 0
    for number, path in enumerate(photographs(), 1):
        name = "train" if number % 8 else "held-out"
        for place, tile in tiles(Image.open(path).convert("RGB")):
            tile.save(output / name / f"{number:03}_{place}.jpg", quality=90)
            counts[name] += 1
    if min(counts.values()) < 50:
        sys.exit(f"too few photographs in {', '.join(PLACES)}: {counts}")
    print(f"{number} photographs: {counts['train']} tiles to train on, {counts['held-out']} held out", file=sys.stderr)


if __name__ == "__main__":
    main()
