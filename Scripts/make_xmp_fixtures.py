#!/usr/bin/env python3
"""Makes Tests/ImagesTests/Fixtures/xmp.npz: small image files whose orientation stands in XMP, and how Pillow turns them.

Run: python3 Scripts/make_xmp_fixtures.py   (needs pillow and numpy; made with 13.0.0 and 2.4.6)

    file/NAME     the bytes of a file
    upright/NAME  (H, W, 3), what ImageOps.exif_transpose(Image.open(file)).convert("RGB") gives
"""

import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

OUT = pathlib.Path(__file__).resolve().parent.parent / "Tests/ImagesTests/Fixtures/xmp.npz"
HEIGHT, WIDTH = 7, 10
arrays = {}
y, x, c = np.mgrid[0:HEIGHT, 0:WIDTH, 0:3]
PICTURE = Image.fromarray(((20 + 19 * x * (c + 1) + 5 * y * (4 - c)) % 256).astype(np.uint8))


def add(name, data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    arrays["file/" + name] = np.frombuffer(data, np.uint8)
    arrays["upright/" + name] = np.asarray(image)


def packet(inside):
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        + '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        + f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" {inside}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def attribute(value):
    return packet(f'tiff:Orientation="{value}"/>')


def element(value):
    return packet(f"><tiff:Orientation>{value}</tiff:Orientation></rdf:Description>")


def exif(orientation=None):
    tags = Image.Exif()
    tags[0x010F] = "A"
    if orientation is not None:
        tags[0x0112] = orientation
    return tags


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks, late=(), **options):
    data = io.BytesIO()
    PICTURE.save(data, "PNG", **options)
    data = data.getvalue()
    return data[:33] + b"".join(chunks) + data[33:-12] + b"".join(late) + data[-12:]


def saved(kind, xmp, tags=None, **options):
    """A file with both, as its format stores them."""
    if tags is not None and kind != "TIFF":
        options["exif"] = tags
    if kind == "PNG":
        return png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp), **options)
    if kind == "TIFF":
        info = {700: xmp}
        if tags is not None:
            info.update(dict(tags))
        options["tiffinfo"] = info
    else:
        options["xmp"] = xmp
    if kind == "WEBP":
        options["lossless"] = True
    data = io.BytesIO()
    PICTURE.save(data, kind, **options)
    return data.getvalue()


for kind, ending in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
    for value in range(10):
        add(f"attribute-{value}.{ending}", saved(kind, attribute(value)))
    add(f"element-6.{ending}", saved(kind, element(6)))
    add(f"element-3.{ending}", saved(kind, element(3)))
    # Its first digit counts, in double quotation marks alone, and what is no value is passed over.
    add(f"digits.{ending}", saved(kind, attribute("62")))
    add(f"quotes.{ending}", saved(kind, attribute(5).replace(b'Orientation="5"', b"Orientation='5'")))
    add(f"space.{ending}", saved(kind, element(" 5")))
    add(f"second.{ending}", saved(kind, packet('tiff:Orientation="" a="tiff:Orientation" tiff:Orientation="8"/>')))
    add(f"none.{ending}", saved(kind, packet('tiff:Make="A"/>')))
    # EXIF's word goes first, whatever it is.
    add(f"exif-8.{ending}", saved(kind, attribute(6), exif(8)))
    add(f"exif-1.{ending}", saved(kind, attribute(6), exif(1)))
    add(f"exif-0.{ending}", saved(kind, attribute(6), exif(0)))
    add(f"exif-without.{ending}", saved(kind, attribute(6), exif()))

lzw = io.BytesIO()
PICTURE.save(lzw, "TIFF", compression="tiff_lzw", tiffinfo={700: attribute(7)})
add("lzw.tif", lzw.getvalue())

jpeg = saved("JPEG", attribute(6))
later = b"http://ns.adobe.com/xap/1.0/\0" + attribute(3)
place = jpeg.index(b"\xff\xdb")
add("two-packets.jpg", jpeg[:place] + b"\xff\xe1" + struct.pack(">H", len(later) + 2) + later + jpeg[place:])

NAME, RAW = b"XML:com.adobe.xmp", b"Raw profile type exif"
small = zlib.compress(attribute(6))
add("text.png", png(chunk(b"tEXt", NAME + b"\0" + attribute(6))))
add("compressed.png", png(chunk(b"zTXt", NAME + b"\0\0" + small)))
add("international.png", png(chunk(b"iTXt", NAME + b"\0\1\0de\0XMP\0" + small)))
add("late.png", png(late=[chunk(b"iTXt", NAME + b"\0\0\0\0\0" + attribute(6))]))
add("two-packets.png", png(*(chunk(b"tEXt", NAME + b"\0" + attribute(value)) for value in (6, 3))))
add("other-keyword.png", png(chunk(b"tEXt", b"XML:com.adobe.xmp2\0" + attribute(6))))
add("damaged.png", png(chunk(b"zTXt", NAME + b"\0\0" + b"junk" + small)))
add("cut.png", png(chunk(b"zTXt", NAME + b"\0\0" + zlib.compress(attribute(6) + bytes(range(256)) * 9)[:-90])))


def profile(orientation):
    """As ImageMagick stores EXIF in text."""
    block = b"Exif\0\0" + exif(orientation).tobytes().removeprefix(b"Exif\0\0")
    lines = [block.hex()[start:start + 72] for start in range(0, 2 * len(block), 72)]
    return f"\nexif\n{len(block):8}\n{chr(10).join(lines)}\n".encode()


add("profile.png", png(chunk(b"tEXt", RAW + b"\0" + profile(6))))
add("profile-compressed.png", png(chunk(b"zTXt", RAW + b"\0\0" + zlib.compress(profile(8)))))
add("profile-and-xmp.png", png(chunk(b"tEXt", RAW + b"\0" + profile(3)), chunk(b"tEXt", NAME + b"\0" + attribute(6))))
add("profile-and-exif.png", png(chunk(b"tEXt", RAW + b"\0" + profile(6)), exif=exif(3)))

np.savez_compressed(OUT, **arrays)
print(len(arrays) // 2, "files,", OUT.stat().st_size, "bytes")
