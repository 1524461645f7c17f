"""One distillation step with PyTorch and timm: the peer of `funmatch bench step`.

The same work, written the way a practitioner who cares for speed would write it: BiT R152x2 teaches BiT R50x1, both
in bf16 autocast, on mixed-up batches of 16 images at 128 px; KL distance, gradient clipping, fused AdamW. Whether
channels-last memory helps depends on the machine, so that by default both layouts are tried and the faster is timed.
With --teacher-dtype bfloat16 the frozen teacher is converted as a whole, which saves autocast's conversions.
Prints one line of JSON. Scripts/bench.sh makes the environment that this needs.
"""

import argparse
import importlib.util
import json
import os
import statistics
import sys
import time

import torch
import torch.nn.functional as F


def import_timm():
    """Imports timm, also where torchvision's compiled operators do not fit this torch (its CPU wheel, for one).

    torchvision describes two of its operators to torch while it is imported, which fails when they were never
    defined. timm's models use neither, so declaring them is enough.
    """
    spec = importlib.util.find_spec("torchvision")
    if spec is None:
        sys.exit("timm needs torchvision: pip install --no-deps torchvision")
    folder = spec.submodule_search_locations[0]
    for name in ("_C.so", "_C_stable.so"):
        try:
            torch.ops.load_library(os.path.join(folder, name))
        except OSError:
            continue
    declared = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            declared.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import timm

    return timm, declared  # `declared` undefines its operators when it is collected


class Step:
    """Teacher, student and optimizer of one run; calling it does one step and returns the seconds of its parts."""

    def __init__(self, timm, arguments, memory_format):
        torch.manual_seed(0)
        self.memory_format = memory_format
        self.teacher = timm.create_model(arguments.teacher, num_classes=arguments.classes).eval()
        self.student = timm.create_model(arguments.student, num_classes=arguments.classes).train()
        self.teacher_dtype = getattr(torch, arguments.teacher_dtype)
        self.teacher.to(dtype=self.teacher_dtype, memory_format=memory_format).requires_grad_(False)
        self.student.to(memory_format=memory_format)
        self.parameters = list(self.student.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, lr=1e-3, weight_decay=1e-4, fused=True)
        if arguments.compile:
            self.teacher = torch.compile(self.teacher)
            self.student = torch.compile(self.student)
        self.random = torch.distributions.Beta(1.0, 1.0)

    def __call__(self, pixels):
        start = time.perf_counter()
        images = pixels.float().div_(127.5).sub_(1.0).contiguous(memory_format=self.memory_format)
        weight = self.random.sample().item()
        weight = max(weight, 1.0 - weight)
        images = images.mul(weight).add_(images.roll(1, 0), alpha=1.0 - weight)

        teacher_start = time.perf_counter()
        autocast = self.teacher_dtype == torch.float32
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            wanted = self.teacher(images.to(self.teacher_dtype))
        wanted = F.log_softmax(wanted.float().clone(), dim=1)

        student_start = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.student(images)
        distance = F.kl_div(
            F.log_softmax(logits.float(), dim=1), wanted, reduction="batchmean", log_target=True)
        distance.backward()

        optimizer_start = time.perf_counter()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        if not torch.isfinite(distance):
            sys.exit("the distance is no longer a finite number")
        end = time.perf_counter()
        return {
            "secondsPerStep": end - start,
            "teacherSeconds": student_start - teacher_start,
            "studentSeconds": optimizer_start - student_start,
            "optimizerSeconds": end - optimizer_start,
        }


def medians(step, pixels, warm_up, count):
    for _ in range(warm_up):
        step(pixels)
    parts = [step(pixels) for _ in range(count)]
    return {name: statistics.median(part[name] for part in parts) for name in parts[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--teacher", default="resnetv2_152x2_bit")
    parser.add_argument("--student", default="resnetv2_50x1_bit")
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm-up", type=int, default=2, help="steps that are not timed")
    parser.add_argument("--steps", type=int, default=5, help="steps that are timed")
    parser.add_argument("--layout", choices=("auto", "channels-last", "contiguous"), default="auto")
    parser.add_argument(
        "--teacher-dtype", choices=("float32", "bfloat16"), default="float32",
        help="what the teacher's weights are kept in; with float32 it runs under autocast")
    parser.add_argument("--compile", action="store_true", help="use torch.compile (needs a C++ compiler)")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    timm, _declared = import_timm()
    layouts = {"channels-last": torch.channels_last, "contiguous": torch.contiguous_format}
    generator = torch.Generator().manual_seed(0)
    shape = (arguments.batch_size, 3, arguments.resolution, arguments.resolution)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)

    tried = {}
    layout = arguments.layout
    if layout == "auto":
        for name, memory_format in layouts.items():
            step = Step(timm, arguments, memory_format)
            tried[name] = medians(step, pixels, warm_up=1, count=2)["secondsPerStep"]
            del step  # the next one's memory
        layout = min(tried, key=tried.get)

    result = medians(
        Step(timm, arguments, layouts[layout]), pixels, arguments.warm_up, arguments.steps)
    result = {name: round(value, 5) for name, value in result.items()}
    result["imagesPerSecond"] = round(arguments.batch_size / result["secondsPerStep"], 3)
    result["layout"] = layout
    result["teacherDtype"] = arguments.teacher_dtype
    if tried:
        result["layoutSecondsPerStep"] = {name: round(value, 5) for name, value in tried.items()}
    result["compiled"] = arguments.compile
    result["threads"] = arguments.threads
    result["torch"] = torch.__version__
    result["timm"] = timm.__version__
    print(json.dumps(result, sort_keys=True))


if __name__ == "__main__":
    main()
