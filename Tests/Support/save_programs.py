"""Saves a network as programs, with images and the logits that PyTorch gives them.

    python save_programs.py FOLDER NETWORK KIND...

NETWORK is a name of timm's, or `tiny`. KIND is one of
    traced, scripted     TorchScript: KIND.pt
    package              an AOTInductor package that takes 2 to 64 images: package.pt2
    fixed                one that takes 2: fixed.pt2
    state                its weights: state.pth
    softmax, logSoftmax  TorchScript that ends so: KIND.pt
    half, bfloat16       TorchScript in such a type: KIND.pt
    exported             torch.export.save, which has no compiled code: exported.pt2
Writes images.npy (5, 3, 64, 64) and logits.npy (5, 10) beside them, and in deviation.npy how far PyTorch's logits are at most
from those in double precision, relative to the largest.
"""

import copy
import os
import sys

folder, name, *kinds = sys.argv[1:]
# Compiled code is otherwise kept in the system's temporary folder for good.
os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(folder, "cache")
# Compiling takes a third of the time so: no optimisation of what calls the kernels, no precompiled headers, and no trial
# of what the processor has.
os.environ["AOT_INDUCTOR_COMPILE_WRAPPER_OPT_LEVEL"] = "O0"
os.environ["TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS"] = "0"
os.environ["TORCHINDUCTOR_VEC_ISA_OK"] = "1"

import numpy  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)
torch.manual_seed(0)


def tiny():
    layers = torch.nn.Conv2d(3, 8, 3, stride=2), torch.nn.BatchNorm2d(8), torch.nn.ReLU()
    head = torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 10)
    return torch.nn.Sequential(*layers, *head)


if name == "tiny":
    network = tiny()
else:
    from import_pytorch import timm

    network = timm.create_model(name, num_classes=10, scriptable=True)
for module in network.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        module.running_mean.normal_(0, 0.1)
        module.running_var.uniform_(0.5, 1.5)
network.eval()

images = torch.randn(5, 3, 64, 64)
with torch.inference_mode():
    logits = network(images)
    exact = copy.deepcopy(network).double()(images.double())
    parts = torch.cat([network(image) for image in images.split(1)])
    planar = copy.deepcopy(network).to(memory_format=torch.channels_last)(images)
deviation = max((some - exact).abs().max() for some in (logits, parts, planar)) / exact.abs().max()
numpy.save(os.path.join(folder, "deviation.npy"), deviation.reshape(1).numpy())
numpy.save(os.path.join(folder, "images.npy"), images.numpy())
numpy.save(os.path.join(folder, "logits.npy"), logits.numpy())


def export(dynamic):
    shapes = ({0: torch.export.Dim("batch", min=2, max=64)},) if dynamic else None
    return torch.export.export(network, (images[:2],), dynamic_shapes=shapes)


def compile_to(path, dynamic):
    torch._inductor.aoti_compile_and_package(export(dynamic), package_path=path)


save = {
    "state": ("state.pth", lambda path: torch.save(network.state_dict(), path)),
    "traced": ("traced.pt", lambda path: torch.jit.trace(network, images[:2]).save(path)),
    "scripted": ("scripted.pt", lambda path: torch.jit.script(network).save(path)),
    "package": ("package.pt2", lambda path: compile_to(path, dynamic=True)),
    "fixed": ("fixed.pt2", lambda path: compile_to(path, dynamic=False)),
    "exported": ("exported.pt2", lambda path: torch.export.save(export(dynamic=True), path)),
}
for kind, end in ("softmax", torch.nn.Softmax(-1)), ("logSoftmax", torch.nn.LogSoftmax(-1)):
    ended = torch.nn.Sequential(network, end)
    save[kind] = (kind + ".pt", lambda path, it=ended: torch.jit.trace(it, images[:2]).save(path))
for kind in "half", "bfloat16":
    typed, type = copy.deepcopy(network), getattr(torch, kind)
    typed, seen = typed.to(type).eval(), images[:2].to(type)
    save[kind] = (kind + ".pt", lambda path, it=typed, x=seen: torch.jit.trace(it, x).save(path))
for kind in kinds:
    file, write = save[kind]
    write(os.path.join(folder, file))
