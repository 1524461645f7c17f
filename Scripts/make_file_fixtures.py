#!/usr/bin/env python3
"""Makes Tests/TorchTests/Fixtures: small files written by NumPy, by zipfile and by the official safetensors package.

Run: python3 Scripts/make_file_fixtures.py   (needs numpy, torch and safetensors; made with 2.4.6, 2.13.0, 0.8.0)

Every array holds v(i) = (7 i mod 11) - 5 in C order, divided by 4 where the type is floating point, plus 5 where it is
unsigned, v(i) > 0 where it is bool; so a test can compute what must come out. Bad files carry their fault in the name.
"""

import io
import pathlib
import struct
import warnings
import zipfile
import zlib

import numpy as np
import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parent.parent / "Tests/TorchTests/Fixtures"


def values(dtype, shape):
    dtype = np.dtype(dtype)
    v = (7 * np.arange(int(np.prod(shape))) % 11 - 5).reshape(shape)
    if dtype.kind == "f":
        return (v / 4).astype(dtype)
    if dtype.kind == "u":
        return (v + 5).astype(dtype)
    return (v > 0) if dtype.kind == "b" else v.astype(dtype)


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), version=version)
    return file.getvalue()


def write(name, data):
    assert len(data) < 4096, name
    (OUT / name).write_bytes(data)


def make_npy():
    for code in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 b1".split():
        write(f"{code}.npy", npy(values(code, (2, 3))))
    write("f8_big.npy", npy(values(">f8", (2, 3))))
    write("u2_big.npy", npy(values(">u2", (2, 3))))
    write("i2_extremes.npy", npy(np.array([-32768, 32767], "i2")))
    write("u4_extremes.npy", npy(np.array([0, 2**32 - 1], "u4")))
    write("f4_fortran.npy", npy(np.asfortranarray(values("f4", (2, 3, 4)))))
    write("f4_scalar.npy", npy(values("f4", ())))
    write("f4_vector.npy", npy(values("f4", (5,))))
    write("f4_empty.npy", npy(values("f4", (0, 3))))
    write("f4_version2.npy", npy(values("f4", (2, 3)), (2, 0)))
    write("f4_version3.npy", npy(values("f4", (2, 3)), (3, 0)))
    write("bad_objects.npy", npy(np.array([{}, None], object)))
    write("bad_records.npy", npy(np.zeros(2, [("a", "f4"), ("b", "i4")])))
    write("bad_complex.npy", npy(np.zeros(2, "c8")))
    write("bad_strings.npy", npy(np.array(["ab", "c"])))
    write("bad_v2.npy", npy(np.zeros(2, "V2")))


def make_npz():
    arrays = {
        "block/kernel": values("f4", (2, 3)),
        "bias": values("f8", (3,)),
        "scalar": values("f4", ()),
        "label": values("i4", (4,)),
        "fortran": np.asfortranarray(values("f4", (2, 3, 4))),
    }
    for name, save in (("stored.npz", np.savez), ("deflated.npz", np.savez_compressed)):
        file = io.BytesIO()
        save(file, **arrays)
        write(name, file.getvalue())


def archive(entry, stream, size, crc, method=8):
    """A zip of one entry whose directory claims `size` and `crc`, whatever `stream` inflates to."""
    name = entry.encode()
    common = struct.pack("<HHHHHIII", 20, 0, method, 0, 33, crc, len(stream), size)
    local = b"PK\3\4" + common + struct.pack("<HH", len(name), 0) + name
    central = b"PK\1\2" + struct.pack("<H", 20) + common
    central += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(stream), 0)
    return local + stream + central + b"PK\5\6" + end


def make_bad_npz():
    def deflate(data):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush()

    def declared(count):
        header = io.BytesIO()
        shape = {"descr": "|u1", "fortran_order": False, "shape": (count,)}
        np.lib.format.write_array_header_1_0(header, shape)
        return header.getvalue()

    # Inflates to 3 MB; header and directory agree on 1,000 bytes.
    header = declared(1000)
    data = header + bytes(3_000_000)
    small = header + bytes(1000)
    write("bad_longer.npz", archive("a.npy", deflate(data), len(small), zlib.crc32(small)))
    # Header and directory agree on 1 MB; 1,000 bytes are there.
    header = declared(1_000_000)
    stream = deflate(header + bytes(1000)) + bytes(1200)
    write("bad_shorter.npz", archive("a.npy", stream, len(header) + 1_000_000, 0))
    # Header and directory agree on 4 GB in a few bytes: more than deflate can do.
    header = declared(4_000_000_000)
    stream = deflate(header + bytes(1000))
    write("bad_bomb.npz", archive("a.npy", stream, len(header) + 4_000_000_000, 0))
    # Stored, claiming more than there is.
    stream = declared(1000) + bytes(1000)
    write("bad_stored_size.npz", archive("a.npy", stream, 2**31, zlib.crc32(stream), method=0))
    # Compressed by bzip2's number.
    write("bad_method.npz", archive("a.npy", stream, len(stream), zlib.crc32(stream), method=12))
    # The directory claims another size than the array's header needs.
    data = declared(1001) + bytes(1000)
    write("bad_header_size.npz", archive("a.npy", deflate(data), len(data), zlib.crc32(data)))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as twice:
        for _ in range(2):
            twice.writestr(zipfile.ZipInfo("a.npy"), npy(values("f4", (2, 3))))
    write("bad_twice.npz", file.getvalue())
    # Nothing wrong but no array inside.
    data = b"hello"
    write("bad_no_array.npz", archive("a.txt", data, len(data), zlib.crc32(data), method=0))


def make_safetensors():
    def tensor(code, shape):
        return torch.from_numpy(np.array(values(code, shape)))

    tensors = {
        "f32": tensor("f4", (2, 3)),
        "a/f32": tensor("f4", (2, 2, 2)),
        "scalar": tensor("f4", ()),
        "empty": tensor("f4", (0, 3)),
        "f64": tensor("f8", (3,)),
        "f16": tensor("f2", (3,)),
        "bf16": tensor("f4", (3,)).to(torch.bfloat16),
        "i64": tensor("i8", (3,)),
        "i32": tensor("i4", (3,)),
        "u8": tensor("u1", (3,)),
        "bool": tensor("b1", (3,)),
        'é "\n\x01': tensor("f4", (1,)),
    }
    save_file(tensors, OUT / "official.safetensors", metadata={"spec": 'a: "b"\n'})
    save_file({"x": tensor("i2", (3,))}, OUT / "bad_i16.safetensors")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    OUT.mkdir(parents=True, exist_ok=True)
    make_npy()
    make_npz()
    make_bad_npz()
    make_safetensors()
