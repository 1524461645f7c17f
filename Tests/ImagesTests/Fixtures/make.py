"""Makes the JPEG fixtures of this folder (needs pillow; made with 13.0.0): python make.py

Each NAME.jpg has a twin NAME.png with the pixels that Pillow's convert("RGB") gives, that is those
of libjpeg's accurate inverse DCT.
"""

import io

from PIL import Image


def picture(mode, width, height):
    """A smooth gradient with a diagonal edge."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            edge = 90 if 2 * x > 3 * y else 0
            for c in range(channels):
                pixels.append((20 + 9 * x * (c + 1) + 5 * y * (3 - c) + edge) % 256 * 2 // 3)
    return Image.frombytes(mode, (width, height), bytes(pixels))


def write(name, image, **options):
    data = io.BytesIO()
    image.save(data, "jpeg", optimize=True, **options)
    open(name + ".jpg", "wb").write(data.getvalue())
    image = Image.open(io.BytesIO(data.getvalue())).convert("RGB")
    image.save(name + ".png", optimize=True)
    print(name, image.size, len(data.getvalue()), "bytes")


orientation = Image.Exif()
orientation[0x0112] = 6

write("gray", picture("L", 11, 9), quality=80)
write("baseline", picture("RGB", 13, 10), quality=90, subsampling="4:2:2")
write("progressive", picture("RGB", 19, 14), quality=80, subsampling="4:2:0", progressive=True,
      exif=orientation)
write("cmyk", picture("CMYK", 12, 10), quality=95)

# Without its last scans, and so with libjpeg smoothing between blocks; it has no twin.
data = io.BytesIO()
picture("RGB", 160, 120).save(data, "jpeg", quality=40, progressive=True)
scans = [place for place in range(len(data.getvalue())) if data.getvalue()[place : place + 2] == b"\xff\xda"]
open("incomplete.jpg", "wb").write(data.getvalue()[: scans[1]] + b"\xff\xd9")
