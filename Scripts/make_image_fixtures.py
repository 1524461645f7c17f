#!/usr/bin/env python3
"""Makes Tests/ImagesTests/Fixtures/formats.npz: small image files of many kinds, and the pixels that Pillow reads.

Run: python3 Scripts/make_image_fixtures.py [--many FILE]   (needs pillow and numpy; made with 13.0.0 and 2.4.6, and the
HEIC with pillow-heif)

    file/NAME         the bytes of a file
    pillow/NAME       (H, W, 3), what Image.open(file).convert("RGB") gives
    tensorflow/NAME   where it is not the same, what is read otherwise, computed here from the samples
    turned/NAME       the number of EXIF that the file holds, where it holds one; the pixels above are not turned

--many writes some hundred files of all modes and options to FILE instead, for a test that compares them.
"""

import io
import itertools
import pathlib
import struct
import sys

import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parent.parent / "Tests/ImagesTests/Fixtures/formats.npz"
arrays = {}


def picture(height=13, width=19, channels=3, seed=0):
    """Smooth, with an edge and a little noise."""
    random = np.random.RandomState(seed)
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    values = 20 + 7 * x * (c + 1) + 5 * y * (4 - c) + 90 * (2 * x > 3 * y)
    return ((values % 256 * 4 // 5 + random.randint(0, 8, values.shape)) % 256).astype(np.uint8)


def add(name, data, tensorflow=None, turned=None):
    image = Image.open(io.BytesIO(data))
    image.load()
    pixels = np.asarray(image.convert("RGB"))
    if turned:
        undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[turned]
        if name.endswith("tif"):
            pixels = np.asarray(Image.fromarray(pixels).transpose(Image.Transpose(undo)))
        arrays["turned/" + name] = np.array([turned], np.uint8)
    arrays["file/" + name] = np.frombuffer(data, np.uint8)
    arrays["pillow/" + name] = pixels
    if tensorflow is not None:
        arrays["tensorflow/" + name] = np.ascontiguousarray(tensorflow.astype(np.uint8))


def saved(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def image(mode, seed=0, height=13, width=19):
    if mode == "P":
        return Image.fromarray(picture(height, width, seed=seed)).quantize(40)
    if mode == "I;16":
        return Image.fromarray(sixteen(height, width))
    if mode in ("RGBA", "LA", "CMYK"):
        bands = picture(height, width, len(mode), seed)
        return Image.merge(mode, [Image.fromarray(np.ascontiguousarray(b)) for b in np.moveaxis(bands, 2, 0)])
    return Image.fromarray(picture(height, width, seed=seed)).convert(mode)


def sixteen(height=13, width=19):
    y, x = np.mgrid[0:height, 0:width]
    return ((x * 2900 + y * 37) % 65536 // (1 + 300 * (y % 2))).astype(np.uint16)


def replicated(gray):
    return np.stack([gray] * 3, -1)


# --- BMP -------------------------------------------------------------------------------------------------------------


def packed(indices, bits, align=4):
    """Rows of samples of so many bits, the first in the high ones, filled up to multiples of `align` bytes."""
    rows = b""
    for row in indices:
        text = "".join(format(int(v), f"0{bits}b") for v in row)
        text += "0" * (-len(text) % (8 * align))
        rows += int(text, 2).to_bytes(len(text) // 8, "big")
    return rows


def bmp(height, width, bits, pixels, header=40, compression=0, palette=b"", masks=b"", down=False, offset=None):
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        colours = len(palette) // 4
        info = struct.pack("<IiiHHIIiiII", header, width, -height if down else height, 1, bits, compression,
                           len(pixels), 2835, 2835, colours, 0)
        info = (info + (masks if header > 40 else b"")).ljust(header, b"\0")
        info += masks if header == 40 else b""
    start = 14 + len(info) + len(palette) if offset is None else offset
    size = 14 + len(info) + len(palette) + len(pixels)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, start) + info + palette + pixels


def bmps():
    height, width = 9, 13
    rgb = picture(height, width)
    up = rgb[::-1].astype(int)
    for bits in (1, 4, 8):
        count = 1 << bits
        colours = np.random.RandomState(bits).randint(0, 256, (count, 4)).astype(np.uint8)
        indices = (rgb[..., 0].astype(int) * 7 % count)[::-1]
        rows = packed(indices, bits)
        for header in (12, 40, 64, 108, 124):
            palette = colours[:, :3] if header == 12 else colours
            add(f"{bits}-bit-{header}.bmp", bmp(height, width, bits, rows, header, palette=palette.tobytes()))
        add(f"{bits}-bit-down.bmp", bmp(height, width, bits, rows, palette=colours.tobytes(), down=True))
        add(f"{bits}-bit-wrong-offset.bmp", bmp(height, width, bits, rows, palette=colours.tobytes(), offset=54))
        if bits > 1:
            few = colours[: count // 2].tobytes()
            add(f"{bits}-bit-few.bmp", bmp(height, width, bits, rows, palette=few))
            add(f"rle{bits}.bmp", bmp(height, width, bits, runs(indices, bits), compression=3 - bits // 4,
                                      palette=colours.tobytes()))
    five = (up[..., 0] >> 3) << 10 | (up[..., 1] >> 3) << 5 | up[..., 2] >> 3
    six = (up[..., 0] >> 3) << 11 | (up[..., 1] >> 2) << 5 | up[..., 2] >> 3
    whole = up[..., 0] << 16 | up[..., 1] << 8 | up[..., 2] | up[..., 1] << 24
    swapped = up[..., 2] << 16 | up[..., 1] << 8 | up[..., 0] | up[..., 1] << 24

    def wide(values, size):
        return b"".join(b"".join(int(v).to_bytes(size, "little") for v in row).ljust(-(-width * size // 4) * 4, b"\0")
                        for row in values)

    def fields(*masks):
        return struct.pack("<IIII", *masks)[: 4 * len(masks)]

    add("555.bmp", bmp(height, width, 16, wide(five, 2)))
    add("565.bmp", bmp(height, width, 16, wide(six, 2), compression=3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
    add("565-v4.bmp", bmp(height, width, 16, wide(six, 2), 108, 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
    add("24-bit.bmp", bmp(height, width, 24, wide(whole & 0xFFFFFF, 3)))
    add("24-bit-core.bmp", bmp(height, width, 24, wide(whole & 0xFFFFFF, 3), 12))
    add("24-bit-down.bmp", bmp(height, width, 24, wide(whole & 0xFFFFFF, 3), down=True))
    add("32-bit.bmp", bmp(height, width, 32, wide(whole, 4)))
    add("32-bit-fields.bmp", bmp(height, width, 32, wide(swapped, 4), 124, 3,
                                 masks=fields(0xFF, 0xFF00, 0xFF0000, 0xFF000000)))
    add("32-bit-v3.bmp", bmp(height, width, 32, wide(whole, 4), 56, 3,
                             masks=fields(0xFF0000, 0xFF00, 0xFF, 0xFF000000)))
    data = bmp(height, width, 24, wide(whole & 0xFFFFFF, 3))
    add("no-file-header.dib", data[14:])
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        add(f"pillow-{mode}.bmp", saved(image(mode), "BMP"))


def runs(indices, bits):
    """Run lengths of all kinds: runs, literal pixels, a jump, ends of lines and of the picture."""
    data = b""
    for number, row in enumerate(indices):
        row = [int(v) for v in row]
        if number % 3 == 0:
            for value, group in itertools.groupby(row):
                data += bytes([len(list(group)), value * (17 if bits == 4 else 1)])
        elif number % 3 == 1:
            data += bytes([0, len(row)]) + packed([row], bits, 2)
        else:
            data += bytes([4, row[0] * 16 + row[1] if bits == 4 else row[0], 0, 2, 3, 0])
            data += bytes([len(row) - 7, row[8] * (17 if bits == 4 else 1)])
        data += b"\0\0"
    return data + b"\0\1"


# --- GIF -------------------------------------------------------------------------------------------------------------


def gifs():
    for mode in ("1", "L", "P"):
        for interlace in (0, 1):
            add(f"{mode}-{interlace}.gif", saved(image(mode), "GIF", interlace=interlace))
    plain = saved(image("P"), "GIF", interlace=0)
    place = frame_of(plain)
    add("transparent.gif", saved(image("P"), "GIF", transparency=5))
    add("animated.gif", saved(image("P"), "GIF", save_all=True, append_images=[image("P", 1)]))
    larger = bytearray(plain)
    larger[6:10] = struct.pack("<HH", 40, 31)
    add("small-frame.gif", bytes(larger))
    larger[11] = 3
    larger[place + 1:place + 5] = struct.pack("<HH", 9, 6)
    add("small-frame-away.gif", bytes(larger))
    add("small-frame-transparent.gif", bytes(larger[:place]) + b"!\xf9\4\1\0\0\7\0" + bytes(larger[place:]))
    smaller = bytearray(plain)
    smaller[6:10] = struct.pack("<HH", 5, 31)
    smaller[place + 1:place + 5] = struct.pack("<HH", 2, 3)
    add("wide-frame.gif", bytes(smaller))
    size = 3 << (plain[10] & 7) + 1
    bare = plain[:10] + bytes([plain[10] & 127]) + plain[11:13] + plain[13 + size:]
    add("no-palette.gif", bare)
    place = frame_of(bare)
    local = bytearray(bare)
    local[place + 9] |= 128 | plain[10] & 7
    add("local-palette.gif", bytes(local[:place + 10]) + plain[13:13 + size] + bytes(local[place + 10:]))
    short = bytearray(bare)
    short[10] |= 128
    short[10] &= ~7
    add("short-palette.gif", bytes(short[:13]) + b"\x10\x20\x30\xf0\xe0\xd0" + bytes(short[13:]))


def frame_of(data):
    """Where a GIF's first frame is described."""
    place = 13 + (3 << (data[10] & 7) + 1 if data[10] & 128 else 0)
    while data[place] == 0x21:
        place += 2
        while data[place]:
            place += data[place] + 1
        place += 1
    return place


# --- TIFF ------------------------------------------------------------------------------------------------------------


def tiff(samples, bits, photometric, planar=False, tile=None, big=False, extras=(), palette=None, fill=1, rows=5,
         tags=()):
    """Uncompressed, of samples (H, W, S)."""
    order = ">" if big else "<"
    height, width, count = samples.shape

    def rows_of(part):
        if bits == 16:
            return part.astype(order + "u2").tobytes()
        data = packed(part.reshape(part.shape[0], -1), bits, 1)
        return data if fill == 1 else bytes(int(format(b, "08b")[::-1], 2) for b in data)

    chunks = []
    for plane in range(count if planar else 1):
        part = samples[..., plane:plane + 1] if planar else samples
        if tile:
            grown = np.zeros((-(-height // tile) * tile, -(-width // tile) * tile, part.shape[2]), part.dtype)
            grown[:height, :width] = part
            chunks += [rows_of(grown[y:y + tile, x:x + tile]) for y in range(0, height, tile)
                       for x in range(0, width, tile)]
        else:
            chunks += [rows_of(part[y:y + rows]) for y in range(0, height, rows)]
    data = (b"MM\0*" if big else b"II*\0") + b"\0\0\0\0"
    offsets = []
    for chunk in chunks:
        offsets.append(len(data))
        data += chunk + b"\0" * (len(chunk) % 2)
    entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * count), (259, 3, [1]), (262, 3, [photometric]),
               (266, 3, [fill]), (277, 3, [count]), (284, 3, [2 if planar else 1])]
    entries += [(322, 3, [tile]), (323, 3, [tile])] if tile else [(278, 4, [rows])]
    entries += [(324 if tile else 273, 4, offsets), (325 if tile else 279, 4, [len(c) for c in chunks])]
    entries += [(338, 3, list(extras))] if extras else []
    entries += [(320, 3, [int(v) for v in palette])] if palette is not None else []
    entries += list(tags)
    directory = len(data)
    table, beyond = struct.pack(order + "H", len(entries)), b""
    for tag, kind, values in sorted(entries):
        code = {3: "H", 4: "I"}[kind]
        value = struct.pack(order + code * len(values), *values)
        if len(value) > 4:
            place = directory + 2 + 12 * len(entries) + 4 + len(beyond)
            beyond += value + b"\0" * (len(value) % 2)
            value = struct.pack(order + "I", place)
        table += struct.pack(order + "HHI", tag, kind, len(values)) + value.ljust(4, b"\0")
    return data[:4] + struct.pack(order + "I", directory) + data[8:] + table + b"\0\0\0\0" + beyond


def tiffs(many):
    modes = ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16"]
    kinds = ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "tiff_ccitt", "group3", "group4", "jpeg"]
    for kind, mode in itertools.product(kinds, modes):
        is_fax = kind in ("tiff_ccitt", "group3", "group4")
        if is_fax != (mode == "1") and kind != "raw" or kind == "jpeg" and mode not in ("L", "RGB"):
            continue
        if not many and kind in ("tiff_adobe_deflate", "packbits") and mode != "RGB":
            continue
        tensorflow = replicated(sixteen() >> 8) if mode == "I;16" else None
        add(f"{kind}-{mode.replace(';', '')}.tif", saved(image(mode), "TIFF", compression=kind), tensorflow)
    add("bigtiff.tif", saved(image("RGB"), "TIFF", big_tiff=True))
    gray = picture(channels=1).astype(int)
    rgb, four = picture().astype(int), picture(channels=4).astype(int)
    for big, tile, planar in itertools.product((False, True), (None, 16), (False, True)):
        if not many and big and not tile:
            continue
        name = f"{'big' if big else 'little'}-{'tiled' if tile else 'strips'}-{'planar' if planar else 'chunky'}"
        options = dict(big=big, tile=tile, planar=planar)
        add(f"{name}-rgb.tif", tiff(rgb, 8, 2, **options))
        add(f"{name}-cmyk.tif", tiff(four, 8, 5, **options))
        if not planar:
            add(f"{name}-rgb16.tif", tiff(rgb * 256 + 255 - rgb, 16, 2, **options))
            add(f"{name}-premultiplied.tif", tiff(four, 8, 2, extras=[1], **options))
            for bits in (1, 2, 4, 8):
                few = gray >> 8 - bits
                add(f"{name}-white{bits}.tif", tiff(few, bits, 0, **options))
                add(f"{name}-black{bits}.tif", tiff(few, bits, 1, **options))
                palette = np.random.RandomState(bits).randint(0, 65536, 3 << bits)
                add(f"{name}-palette{bits}.tif", tiff(few, bits, 3, palette=palette, **options))
    add("filled-from-below.tif", tiff(gray >> 4, 4, 1, fill=2))
    add("six-samples.tif", tiff(picture(channels=6).astype(int), 8, 2, extras=[0, 0, 0]))
    wide = sixteen()[..., None].astype(int)
    add("white16.tif", tiff(wide, 16, 0), replicated(255 - (sixteen() >> 8)))
    twelve = sixteen() >> 4
    add("twelve.tif", tiff(twelve[..., None].astype(int), 12, 1), replicated(twelve >> 4))
    for turned in range(2, 9):
        add(f"turned-{turned}.tif", tiff(rgb, 8, 2, tags=[(274, 3, [turned])]), turned=turned)


# --- WebP, PNG, JPEG, HEIF -------------------------------------------------------------------------------------------


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def three(value):
    return struct.pack("<I", value)[:3]


def webps(many):
    exif = Image.Exif()
    exif[0x0112] = 6
    for mode, lossless in itertools.product(("RGB", "RGBA", "L"), (False, True)):
        for quality in (20, 60, 95) if many else (80,):
            name = f"{mode}-{'lossless' if lossless else 'lossy'}-{quality}.webp"
            add(name, saved(image(mode, height=33, width=37), "WEBP", lossless=lossless, quality=quality, exact=True))
    frames = [image("RGBA", seed) for seed in range(3)]
    add("animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True, exact=True))
    add("exif.webp", saved(image("RGB"), "WEBP", lossless=True, exif=exif), turned=6)
    still = saved(image("RGB", height=6, width=9), "WEBP", lossless=True)
    frame = three(4) + three(3) + three(8) + three(5) + three(100) + b"\2" + still[12:]
    body = chunk(b"VP8X", b"\2\0\0\0" + three(29) + three(19)) + chunk(b"ANIM", b"\xff\x80\x40\xff\0\0")
    body += chunk(b"ANMF", frame)
    add("small-frame.webp", b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)


def others():
    exif = Image.Exif()
    exif[0x0112] = 8
    add("gray16.png", saved(image("I;16"), "PNG"), replicated(sixteen() >> 8))
    exif_png = saved(image("RGB"), "PNG", exif=exif)
    add("exif.png", exif_png, turned=8)
    # The same chunk behind the pixels.
    start = exif_png.index(b"eXIf") - 4
    end = start + 12 + struct.unpack(">I", exif_png[start:start + 4])[0]
    add("exif-late.png", exif_png[:start] + exif_png[end:-12] + exif_png[start:end] + exif_png[-12:], turned=8)
    inks = saved(image("CMYK"), "JPEG", quality=95)
    add("cmyk.jpg", inks, product(Image.open(io.BytesIO(inks)), inverted=True))
    place = inks.index(b"\xff\xee")
    plain = inks[:place] + inks[place + 2 + struct.unpack(">H", inks[place + 2:place + 4])[0]:]
    add("cmyk-without-adobe.jpg", plain, product(Image.open(io.BytesIO(plain)), inverted=False))


def product(inks, inverted):
    """Key by ink as TensorFlow computes it. Pillow takes it that the file's inks are inverted."""
    stored = 255 - np.asarray(inks).astype(int)
    values = stored if inverted else 255 - stored
    return values[..., :3] * values[..., 3:] // 255


def heifs():
    add("picture.avif", saved(image("RGB", height=48, width=64), "AVIF", quality=100, subsampling="4:4:4"))
    try:
        import pillow_heif
    except ImportError:
        return
    pillow_heif.register_heif_opener()
    add("picture.heic", saved(image("RGB", height=48, width=64), "HEIF", quality=-1, chroma=444, matrix_coefficients=0))


many = sys.argv[1:2] == ["--many"]
bmps()
gifs()
tiffs(many)
webps(many)
others()
if not many:
    heifs()
path = sys.argv[2] if many else OUT
np.savez_compressed(path, **arrays)
print(len([name for name in arrays if name.startswith("file/")]), "files,", pathlib.Path(path).stat().st_size, "bytes")
