"""Writes the small files of this folder. Needs NumPy and SciPy; the output is committed."""

import hashlib
import io
import pathlib
import struct
import tarfile

import numpy as np
import scipy.io

HERE = pathlib.Path(__file__).parent

LABELS = np.array([[77, 1, 102, 3, 1, 40]], np.uint8)
SETS = {
    "trnid": np.array([[4, 1]], np.uint16),
    "valid": np.array([[2]], np.float64),
    "tstid": np.array([[3, 5, 6]], np.int32),
}
# Number, WordNet name, words, number of children, children: the last is no class of its own.
SYNSETS = [
    (1, "n02119789", "kit fox, Vulpes macrotis", 0, np.zeros((1, 0))),
    (2, "n01440764", "tench, Tinca tinca", 0, np.zeros((1, 0))),
    (3, "n02100735", "English setter", 0, np.zeros((1, 0))),
    (4, "n00001740", "entity", 2, np.array([[1.0, 3.0]])),
]


def synsets():
    fields = ["ILSVRC2012_ID", "WNID", "words", "num_children", "children"]
    result = np.zeros((len(SYNSETS), 1), [(name, object) for name in fields])
    for row, synset in enumerate(SYNSETS):
        result[row, 0] = synset
    return result


def element(order, kind, body):
    padding = b"\0" * (-len(body) % 8)
    return struct.pack(order + "II", kind, len(body)) + body + padding


def big_endian(path, name, values):
    """SciPy writes the machine's own byte order only."""
    rows, columns = values.shape
    body = element(">", 6, struct.pack(">II", 6, 0))
    body += element(">", 5, struct.pack(">ii", rows, columns))
    # A name of up to four bytes stands in the tag itself.
    if len(name) <= 4:
        body += struct.pack(">HH", len(name), 1) + name.encode().ljust(4, b"\0")
    else:
        body += element(">", 1, name.encode())
    body += element(">", 4, values.astype(">u2").tobytes(order="F"))
    header = b"MATLAB 5.0 MAT-file, big endian".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    path.write_bytes(path.read_bytes() if path.exists() else header)
    with path.open("ab") as file:
        file.write(element(">", 14, body))


def archive(name, form, members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for path, content in members:
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    # Two empty blocks end an archive; the rest is filling.
    (HERE / name).write_bytes(buffer.getvalue().rstrip(b"\0"))
    size = (HERE / name).stat().st_size
    with (HERE / name).open("ab") as file:
        file.write(b"\0" * (-size % 512 + 1024))


def main():
    for folder, compressed in [("plain", False), ("compressed", True)]:
        place = HERE / folder
        place.mkdir(exist_ok=True)
        save = lambda name, content: scipy.io.savemat(
            place / name, content, do_compression=compressed)
        save("imagelabels.mat", {"labels": LABELS})
        save("setid.mat", SETS)
        save("meta.mat", {"synsets": synsets()})
    place = HERE / "big-endian"
    place.mkdir(exist_ok=True)
    for file in place.glob("*.mat"):
        file.unlink()
    big_endian(place / "imagelabels.mat", "labels", LABELS)
    for name, values in SETS.items():
        big_endian(place / "setid.mat", name, values)
    # What a name of four bytes or fewer looks like.
    big_endian(place / "setid.mat", "four", LABELS)

    picture = (HERE / "../../ImagesTests/Fixtures/baseline.jpg").read_bytes()
    long = "/".join(["folder of many characters"] * 6)
    members = [
        ("a.jpg", picture), ("a.cls", b"2\n"), ("a.json", b"{}"),
        (long + "/b.jpeg", picture), (long + "/b.cls", b"0"),
        ("dir/c.JPG", picture), ("dir/c.cls", b" 1 "),
    ]
    archive("ustar.tar", tarfile.USTAR_FORMAT, members)
    archive("gnu.tar", tarfile.GNU_FORMAT, members)
    archive("pax.tar", tarfile.PAX_FORMAT, members + [
        ("größe.jpg", picture), ("größe.cls", b"2")])

    names = [f"class {i % 3}/{i}.png" for i in range(12)]
    names += ["n01440764/n01440764_10026.JPEG", "x/" + "long" * 40 + ".jpg", "ä/ö.jpg"]
    key = lambda name: (hashlib.sha256(name.encode()).digest()[:8], name.encode())
    print("\n".join(sorted(names, key=key)))


main()
