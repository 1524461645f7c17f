"""One distillation step with PyTorch and timm: the peer of `funmatch bench step`, in one setting.

    timm_step.py --teacher NAME --student NAME --resolution 128 --batch 16 --precision P --engine E --layout L

The same work, as a practitioner who cares for speed would write it: other images at every step, mixed up, KL distance,
gradient clipping, fused AdamW. Steps that compile are not timed. Prints one line of JSON.

Precisions:
    f32               both networks
    bf16-autocast     both under autocast
    bf16-teacher      the frozen teacher's weights converted as a whole, the student under autocast
    bf16-teacher-f32  the same, the student in f32
    int8-teacher      the teacher quantised by torchao (PT2E), the student under autocast
    int8-teacher-f32  the same, the student in f32
Engines:
    eager
    compiled          both by torch.compile
    frozen            the same, the teacher with inductor's freezing: BatchNorm folded, weights packed once
    frozen-eager      the teacher so, the student eager
"""

import argparse
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from peer_timm import import_timm, network

LAYOUTS = {"channels-last": torch.channels_last, "contiguous": torch.contiguous_format}
PRECISIONS = ("f32", "bf16-autocast", "bf16-teacher", "bf16-teacher-f32", "int8-teacher", "int8-teacher-f32")
ENGINES = ("eager", "compiled", "frozen", "frozen-eager")


def quantised(teacher, batches):
    """PT2E for inductor on x86: activations and weights in eight bits, ranges from `batches`."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    quantizer = x86.X86InductorQuantizer()
    quantizer.set_global(x86.get_default_x86_inductor_quantization_config())
    with torch.no_grad():
        graph = prepare_pt2e(torch.export.export(teacher, (batches[0],)).module(), quantizer)
        for batch in batches:
            graph(batch)
        # It was exported in evaluation mode. torchao's switch to that mode would turn the batch_norm with which timm
        # standardises BiT's kernels, too, and that one has no running statistics.
        return convert_pt2e(graph)


class Step:
    """Teacher, student and optimizer of one run; calling it does one step and returns the seconds of its parts."""

    def __init__(self, timm, arguments):
        torch.manual_seed(0)
        self.arguments = arguments
        self.layout = LAYOUTS[arguments.layout]
        self.shape = (arguments.batch, 3, arguments.resolution, arguments.resolution)
        self.generator = torch.Generator().manual_seed(0)
        self.beta = torch.distributions.Beta(1.0, 1.0)
        self.teacher_dtype = torch.bfloat16 if arguments.precision.startswith("bf16-teacher") else torch.float32
        self.teacher_autocast = arguments.precision == "bf16-autocast"
        self.student_autocast = arguments.precision != "f32" and not arguments.precision.endswith("-f32")
        self.make_teacher(timm)
        self.make_student(timm)

    def make_teacher(self, timm):
        teacher = network(timm, self.arguments.teacher, self.arguments.classes).eval()
        teacher.to(dtype=self.teacher_dtype, memory_format=self.layout).requires_grad_(False)
        if self.arguments.precision.startswith("int8"):
            teacher = quantised(teacher, [self.mixed(self.pixels()) for _ in range(2)])
        if self.arguments.engine != "eager":
            # Freezing asks for gradients that are off, so the student's graph does not take it.
            torch._inductor.config.freezing = self.arguments.engine.startswith("frozen")
            teacher = torch.compile(teacher)
        self.teacher = teacher

    def make_student(self, timm):
        student = network(timm, self.arguments.student, self.arguments.classes).train()
        student.to(memory_format=self.layout)
        self.parameters = list(student.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, lr=1e-3, weight_decay=1e-4, fused=True)
        self.student = torch.compile(student) if self.arguments.engine in ("compiled", "frozen") else student

    def pixels(self):
        return torch.randint(0, 256, self.shape, dtype=torch.uint8, generator=self.generator)

    def mixed(self, pixels):
        images = pixels.float().div_(127.5).sub_(1.0).contiguous(memory_format=self.layout)
        weight = self.beta.sample().item()
        weight = max(weight, 1.0 - weight)
        return images.mul(weight).add_(images.roll(1, 0), alpha=1.0 - weight)

    def wanted(self, images):
        # What is compiled runs without gradients instead of in inference mode, which freezing does not know.
        context = torch.inference_mode() if self.arguments.engine == "eager" else torch.no_grad()
        with context, torch.autocast("cpu", torch.bfloat16, enabled=self.teacher_autocast):
            logits = self.teacher(images.to(self.teacher_dtype))
        return F.log_softmax(logits.float().clone(), dim=1)

    def distance(self, images, wanted):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.student_autocast):
            logits = self.student(images)
        return F.kl_div(F.log_softmax(logits.float(), dim=1), wanted, reduction="batchmean", log_target=True)

    def __call__(self):
        pixels = self.pixels()
        start = time.perf_counter()
        images = self.mixed(pixels)

        teacher_start = time.perf_counter()
        wanted = self.wanted(images)

        student_start = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        distance = self.distance(images, wanted)
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


def measure(step, warm_up, count):
    for _ in range(warm_up):
        step()
    parts = [step() for _ in range(count)]
    return {name: round(statistics.median(part[name] for part in parts), 5) for name in parts[0]}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--student", required=True)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--resolution", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm-up", type=int, default=3, help="steps that are not timed")
    parser.add_argument("--steps", type=int, default=5, help="steps that are timed")
    parser.add_argument("--precision", choices=PRECISIONS, required=True)
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--layout", choices=LAYOUTS, required=True)
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    timm, _declared = import_timm()
    result = measure(Step(timm, arguments), arguments.warm_up, arguments.steps)
    result["imagesPerSecond"] = round(arguments.batch / result["secondsPerStep"], 3)
    result["threads"] = torch.get_num_threads()
    result["torch"] = torch.__version__
    result["timm"] = timm.__version__
    print(json.dumps(result, sort_keys=True))


if __name__ == "__main__":
    main()
