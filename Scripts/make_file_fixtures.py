#!/usr/bin/env python3
"""Makes Tests/TorchTests/Fixtures: small files written by NumPy, by zipfile, by the official safetensors package and
by torch.

Run: python3 Scripts/make_file_fixtures.py   (needs numpy, torch and safetensors; made with 2.4.6, 2.13.0, 0.8.0)

Every array holds v(i) = (7 i mod 11) - 5 in C order, divided by 4 where the type is floating point, plus 5 where it is
unsigned, v(i) > 0 where it is bool; so a test can compute what must come out. Bad files carry their fault in the name. Those named evil_ run a command
when Python unpickles them, which this script makes sure of; legacy .pth files have other storage keys (addresses) each
time.
"""

import argparse
import copyreg
import io
import os
import pathlib
import pickle
import struct
import tarfile
import tempfile
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


def write(name, data, limit=4096):
    assert len(data) < limit, (name, len(data))
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


class Programs:
    """Small networks as TorchScript: (N, 3, H, W) images to logits of 5 classes."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3, stride=2)
            self.norm = torch.nn.BatchNorm2d(4)
            self.drop = torch.nn.Dropout(0.5)
            self.head = torch.nn.Linear(4, 5)

        def forward(self, x):
            x = torch.relu(self.norm(self.conv(x)))
            return self.head(self.drop(x.mean((2, 3))))

    class Tuple(Net):
        def forward(self, x):
            features = torch.relu(self.norm(self.conv(x))).mean((2, 3))
            return self.head(features), features

    class Dictionary(Net):
        def forward(self, x):
            return {"logits": self.head(torch.relu(self.conv(x)).mean((2, 3)))}

    class Greedy(Net):
        """Changes its input in place."""

        def forward(self, x):
            return self.head(torch.relu(self.conv(x.mul_(2))).mean((2, 3)))

    class Fixed(Net):
        """Knows one batch size."""

        def forward(self, x):
            x = torch.relu(self.norm(self.conv(x))).mean((2, 3))
            return self.head(x.reshape(2, 4))


def save_program(name, module):
    """Saves without what torch adds for debugging, which names this machine's files."""
    file = io.BytesIO()
    torch.jit.save(module, file)
    with zipfile.ZipFile(file) as full, zipfile.ZipFile(OUT / name, "w", zipfile.ZIP_DEFLATED) as slim:
        for entry in full.namelist():
            if not entry.endswith(".debug_pkl"):
                slim.writestr(zipfile.ZipInfo(entry), full.read(entry), zipfile.ZIP_DEFLATED)
    assert (OUT / name).stat().st_size < 8192, name


def make_programs():
    images = torch.from_numpy(values("f4", (5, 3, 9, 9)))

    def network(kind):
        """With weights and statistics that matter: v(i) of the script's head, made small."""
        net = kind()
        with torch.no_grad():
            for name, tensor in net.state_dict().items():
                if tensor.is_floating_point():
                    tensor.copy_(torch.from_numpy(values("f4", tensor.shape)) / 2)
                if name.endswith("running_var"):
                    tensor.abs_().add_(0.5)
        return net

    net = network(Programs.Net)
    # Saved in training mode: whoever loads it has to put it into evaluation mode.
    save_program("program_scripted.pt", torch.jit.script(net))
    with torch.no_grad():
        write("program_logits.npy", npy(net.eval()(images).numpy()))
    save_program("program_traced.pt", torch.jit.trace(net, images[:2]))
    save_program("program_tuple.pt", torch.jit.script(network(Programs.Tuple)))
    save_program("program_in_place.pt", torch.jit.script(network(Programs.Greedy)))
    save_program("bad_program_dictionary.pt", torch.jit.script(network(Programs.Dictionary)))
    save_program("bad_program_batch.pt", torch.jit.script(network(Programs.Fixed)))
    # Traced in training mode, which evaluation mode cannot undo: statistics are the batch's.
    trained = network(Programs.Net).train()
    trained.drop = torch.nn.Identity()
    save_program("bad_program_training.pt", torch.jit.trace(trained, images[:2]))


def tensor(code, shape):
    return torch.from_numpy(np.array(values(code, shape)))


def saved(value, protocol=2, legacy=False):
    file = io.BytesIO()
    torch.save(value, file, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def make_torch():
    base = tensor("f4", (4, 6))
    state = {
        "f32": tensor("f4", (2, 3)),
        "f64": tensor("f8", (3,)),
        "f16": tensor("f2", (3,)),
        "bf16": tensor("f4", (3,)).to(torch.bfloat16),
        "i64": tensor("i8", (3,)),
        "i32": tensor("i4", (3,)),
        "u8": tensor("u1", (3,)),
        "bool": tensor("b1", (3,)),
        "scalar": torch.tensor(7),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(tensor("f4", (2, 2))),
        "whole": base,
        "transposed": base.t(),
        "narrowed": base[1:3, 2:5],
        "stepped": base[::2, 1::3],
        "column": base[:, 4],
        "one": base[2:3, 3:4].t(),
        "permuted": tensor("f8", (2, 3, 4)).permute(2, 0, 1),
        "half": tensor("f2", (3, 4)).t(),
        "flags": tensor("b1", (3, 4)).t(),
        "expanded": tensor("f4", (3, 1)).expand(3, 4),
        "\u00e9 \"\n": tensor("f4", (1,)),
    }
    write("state.pth", saved(state), 16384)
    write("state_legacy.pth", saved(state, legacy=True), 16384)
    save_file({k: v.detach().clone().contiguous() for k, v in state.items()}, OUT / "state.safetensors")

    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    network.load_state_dict({k: tensor("f4", v.shape).to(v.dtype) for k, v in network.state_dict().items()})
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    checkpoint = {
        "epoch": 3,
        "loss": [0.5, -1.25, 1e300, float("nan")],
        "args": {"name": "x", 3: (1, (2, (3,))), "flag": True, "none": None, "path": b"\x80\xff", "big": 2**80, "low": -5},
        "sizes": torch.Size([1, 2]),
        "device": torch.device("cuda:1"),
        "dtype": [torch.float32, torch.int8],
        "classes": {1, 2},
        "fixed": frozenset([3]),
        "optimizer": optimizer.state_dict(),
        "model": {"unrelated": 1},
        "state_dict": torch.nn.DataParallel(network).state_dict(),
    }
    # PyTorch cannot read untyped storages from the legacy layout itself.
    storage = {"storage": tensor("f4", (2,)).untyped_storage()}
    write("checkpoint.pth", saved(storage | checkpoint), 8192)
    write("checkpoint_4.pth", saved(storage | checkpoint, protocol=4), 8192)
    write("checkpoint_legacy.pth", saved(checkpoint, legacy=True), 8192)
    write("checkpoint_legacy_5.pth", saved(checkpoint, protocol=5, legacy=True), 8192)
    save_file(network.state_dict(), OUT / "checkpoint.safetensors")
    write("nothing.pth", saved({}))
    make_bad_torch()


# Made so that legacy files have no source text of it inside.
Net = type("Net", (torch.nn.Module,), {"__module__": __name__})


def make_bad_torch():
    network = Net()
    for old, name in ((False, ""), (True, "_legacy")):
        write(f"bad_module{name}.pth", saved(network, legacy=old))
        write(f"bad_expanded{name}.pth", saved({"x": torch.zeros(1).expand(1 << 20, 1 << 20)}, legacy=old))
    quantised = torch.quantize_per_tensor(tensor("f4", (2,)), 0.1, 0, torch.qint8)
    write("bad_quantised.pth", saved({"x": quantised}))
    write("bad_sparse.pth", saved({"x": tensor("f4", (2, 2)).to_sparse()}))
    write("bad_complex.pth", saved({"x": torch.zeros(2, dtype=torch.complex64)}))
    write("bad_negated.pth", saved({"x": torch.zeros(2, dtype=torch.complex64).conj().imag}))
    write("bad_i16.pth", saved({"x": torch.zeros(2, dtype=torch.int16)}))
    write("bad_u16.pth", saved({"x": torch.zeros(2, dtype=torch.uint16)}))
    write("bad_numpy.pth", saved({"x": np.float32(1)}))
    write("bad_arguments.pth", saved({"args": argparse.Namespace(lr=1), "state_dict": {"x": torch.zeros(1)}}))
    write("bad_tensor.pth", saved(torch.zeros(2)))
    write("bad_numbers.pth", saved({"epoch": 1, "state_dict": {"x": 1.0}}))
    write("bad_plain.pth", pickle.dumps({"x": 1}, 2))
    program, file = io.BytesIO(), io.BytesIO()
    torch.jit.save(torch.jit.trace(lambda x: 2 * x, torch.zeros(1)), program)
    with zipfile.ZipFile(program) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            # Those have the paths of sources.
            if not name.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(name), source.read(name))
    write("bad_script.pt", file.getvalue())
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("pickle"))
    write("bad_tar.pth", file.getvalue().rstrip(b"\0").ljust(1024, b"\0"))
    write("bad_big.pth", zipped(pickle.dumps({}, 2), "big"))
    write("bad_big_legacy.pth", legacy(pickle.dumps({}, 2), little=False))


def zipped(data, order="little"):
    """The zip layout around a pickle without storages."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, content in (("data.pkl", data), ("byteorder", order), ("version", "3\n")):
            out.writestr(zipfile.ZipInfo(f"archive/{name}"), content)
    return file.getvalue()


def legacy(data, little=True):
    """The legacy layout around a pickle without storages."""
    system = {"protocol_version": 1001, "little_endian": little, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    before = b"".join(pickle.dumps(x, 2) for x in (0x1950A86A20F9469CFC6C, 1001, system))
    return before + data + pickle.dumps([], 2)


def evil_pickles():
    def text(value):
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    def short(value):
        return b"\x8c" + struct.pack("B", len(value)) + value.encode()

    command, system = text("touch evil_ran"), b"cposix\nsystem\n"
    python = "__import__('os').system('touch evil_ran')"
    # map() calls when tuple() goes through it.
    call = b"cbuiltins\nmap\n" + system + b"](" + command + b"e\x86\x81\x85"
    return {
        "reduce": b"\x80\x02" + system + command + b"\x85R.",
        "stack_global": b"\x80\x04" + short("builtins") + short("eval") + b"\x93" + short(python) + b"\x85R.",
        "inst": b"\x80\x02(" + command + b"iposix\nsystem\n.",
        "obj": b"\x80\x02(" + system + command + b"o.",
        "newobj": b"\x80\x02cbuiltins\ntuple\n" + call + b"\x81.",
        "newobj_ex": b"\x80\x04cbuiltins\ntuple\n" + call + b"}\x92.",
        # An attribute __setstate__ that the next BUILD calls.
        "build": b"\x80\x02ccollections\nOrderedDict\n)R}" + text("__setstate__") + system + b"sb" + command + b"b.",
        "ext": b"\x80\x02\x82\x77" + command + b"\x85R.",
    }


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil_ran",)


def runs(data):
    """Whether Python would run the command in a file: it does, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            copyreg.add_extension("posix", "system", 0x77)
            try:
                torch.load(io.BytesIO(data), weights_only=False)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        return (pathlib.Path(folder) / "evil_ran").exists()


def make_evil():
    files = {}
    for kind, data in evil_pickles().items():
        files[f"evil_{kind}.pth"] = zipped(data)
        files[f"evil_{kind}_legacy.pth"] = legacy(data)
    for protocol in (2, 4):
        checkpoint = {"state_dict": {"x": torch.zeros(1)}, "args": Evil()}
        files[f"evil_checkpoint_{protocol}.pth"] = saved(checkpoint, protocol)
    for name, data in files.items():
        assert runs(data), name
        write(name, data)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    OUT.mkdir(parents=True, exist_ok=True)
    make_npy()
    make_npz()
    make_bad_npz()
    make_safetensors()
    make_programs()
    make_torch()
    make_evil()
