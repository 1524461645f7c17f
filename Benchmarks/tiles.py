"""Cuts photographs that Debian packages bring into tiles of 500 x 375 pixels, JPEG quality 90, as ImageNet's images are
large on average, and copies those of 2560 x 1600 pixels as they are.

    tiles.py OUTPUT      writes OUTPUT/tiles/*.jpg and OUTPUT/originals/*.jpg
"""

import pathlib
import shutil
import sys

from PIL import Image

PLACES = ["/usr/share/backgrounds", "/usr/share/wallpapers"]
MOST_TILES_OF_A_PHOTO = 12


def photographs():
    for place in PLACES:
        for path in sorted(pathlib.Path(place).rglob("*.jpg")):
            if path.is_symlink():
                continue
            # Wallpapers come in many sizes of the same picture: one is enough.
            if "contents/images" in str(path) and path.stem != "2560x1600":
                continue
            yield path


def main():
    output = pathlib.Path(sys.argv[1])
    tiles, originals = output / "tiles", output / "originals"
    for folder in (tiles, originals):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    count = 0
    for number, path in enumerate(photographs()):
        image = Image.open(path)
        if image.size == (2560, 1600) and image.mode == "RGB":
            shutil.copy(path, originals / f"{number:03}.jpg")
        image = image.convert("RGB")
        # Halved until tiles show as much of a scene as a photograph of that size would.
        while min(image.size) > 1600:
            image = image.reduce(2)
        width, height = image.size
        places = [(x, y) for y in range(0, height - 374, 375) for x in range(0, width - 499, 500)]
        for x, y in places[:: max(len(places) // MOST_TILES_OF_A_PHOTO, 1)]:
            image.crop((x, y, x + 500, y + 375)).save(tiles / f"{number:03}_{y}_{x}.jpg", quality=90)
            count += 1
    if count < 100:
        sys.exit(f"only {count} tiles could be cut from photographs in {', '.join(PLACES)}")
    print(f"{count} tiles", file=sys.stderr)


if __name__ == "__main__":
    main()
