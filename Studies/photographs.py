"""Gray tiles of 28 x 28 pixels, cut from photographs at three sizes, for Studies/out-of-domain.yaml.

    photographs.py PHOTOGRAPHS OUTPUT      reads PHOTOGRAPHS/*.jpg (Scripts/photo_tiles.py makes such), writes OUTPUT/*.png
"""

import pathlib
import sys

from PIL import Image

SIDE = 28


def main():
    source, output = map(pathlib.Path, sys.argv[1:])
    output.mkdir(parents=True, exist_ok=True)
    count = 0
    for path in sorted(source.glob("*.jpg")):
        photograph = Image.open(path).convert("L")
        for part in (1, 2, 4):
            height = part * SIDE
            width = round(height * photograph.width / photograph.height)
            small = photograph.resize((width, height), Image.Resampling.BOX)
            for y in range(0, height - SIDE + 1, SIDE):
                for x in range(0, width - SIDE + 1, SIDE):
                    tile = small.crop((x, y, x + SIDE, y + SIDE))
                    tile.save(output / f"{path.stem}_{part}_{y}_{x}.png")
                    count += 1
    print(f"{count} tiles of {SIDE} pixels", file=sys.stderr)


if __name__ == "__main__":
    main()
