"""What is run under faults: a tiny run, a run with a bank, a study and exports, on images that are made here."""
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import zlib

RECIPE = """\
data: {train: "folder:DATA:train", validation: "folder:DATA:val", test: "folder:DATA:val"}
teachers: [{weights: teacher.safetensors, resolution: 8}]
student: {model: {bit: {depth: [1], width: 0.125, stem: {small: {stride: 2}}, groups: 4}}, resolution: 8}
views: {crop: {inception: {areaMin: 0.4}}}
schedule: {steps: 6, warmupSteps: 1}
batchSize: 4
evaluation: {every: 3, trainingImages: 4, resize: 8}
checkpoints: {every: 2, keep: 2, best: true}
precision: f32
engine: libtorch
"""


def png(width, height, pixels):
    """An RGB image as a PNG file."""
    rows = b"".join(b"\0" + pixels[3 * width * row:3 * width * (row + 1)] for row in range(height))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Work:
    """A folder with images, a teacher and recipes, and how the tool is called on them."""

    def __init__(self, tool, folder):
        self.tool, self.folder = tool, pathlib.Path(folder)
        for split, count in (("train", 8), ("val", 4)):
            for kind in range(3):
                place = self.folder / "data" / split / f"class{kind}"
                place.mkdir(parents=True, exist_ok=True)
                for number in range(count):
                    pixels = bytes((kind * 80 + number * 7 + i * (kind + 1)) % 256 for i in range(10 * 10 * 3))
                    (place / f"{number}.png").write_bytes(png(10, 10, pixels))
        recipe = RECIPE.replace("DATA", str(self.folder / "data"))
        (self.folder / "recipe.yaml").write_text(recipe)
        (self.folder / "bank.yaml").write_text(recipe + "bank: {precision: f32}\n")
        (self.folder / "study.yaml").write_text(
            "recipe: recipe.yaml\ngrid: {optimizer.adam.learningRate: [0.001, 0.01]}\n")
        (self.folder / "teacher.yaml").write_text("".join(
            line for line in recipe.splitlines(True) if not line.startswith(("teachers", "checkpoints"))))
        teacher = self.call(["train", "teacher.yaml", "--output", "teacher", *self.quick], {})
        if teacher.returncode != 0:
            raise SystemExit("faults: the teacher cannot be trained: " + teacher.stderr)
        (self.folder / "teacher.safetensors").write_bytes((self.folder / "teacher/student.safetensors").read_bytes())

    quick = ["--device", "cpu", "--threads", "1", "--quiet"]

    def call(self, arguments, environment, limit=None):
        """Runs the tool to its end; `limit` is called in the new process first."""
        mine = {key: value for key, value in os.environ.items() if not key.startswith(("FUNMATCH_", "FAULTS_"))}
        mine |= {"FUNMATCH_CACHE": str(self.folder / "cache"), "OMP_NUM_THREADS": "1", **environment}
        return subprocess.run([self.tool, *arguments], cwd=self.folder, env=mine, capture_output=True,
                              text=True, errors="replace", timeout=300, preexec_fn=limit, stdin=subprocess.DEVNULL)


class Task:
    """A command that writes into a place of its own below `out`."""

    def __init__(self, name, arguments, resume, files):
        self.name, self.arguments, self.resume, self.files = name, arguments, resume, files

    def results(self, out):
        """What has to be the same however the command got there, by file."""
        found = {}
        for pattern in self.files:
            for path in sorted(out.glob(pattern)):
                data = path.read_bytes()
                if path.suffix in (".json", ".jsonl"):
                    # What the clock and memory tell, and sums of it.
                    data = re.sub(rb'"(imagesPerSecond|residentMegabytes|check)" ?: ?("[^"]*"|[0-9.e+-]+),?', b"", data)
                found[str(path.relative_to(out))] = data
        return found


RUN = ["student.safetensors", "best.safetensors", "metrics.jsonl", "result.json"]


def tasks(out):
    """All of them; `out` is where they write."""
    model = "teacher.safetensors"
    def run(name, recipe, files):
        return Task(name, ["distill", recipe, "--output", f"{out}/{name}", *Work.quick], ["--resume"],
                    [f"{name}/{file}" for file in files])
    def export(kind, ending, *more):
        return Task(f"export-{kind}", ["export", model, "--format", kind, "--output", f"{out}/model.{ending}", *more],
                    [], [f"model.{ending}"])
    return [
        run("run", "recipe.yaml", RUN),
        run("bank", "bank.yaml", RUN),
        Task("study", ["study", "study.yaml", "--output", f"{out}/study", *Work.quick], ["--resume"],
             ["study/students/*/" + file for file in RUN]),
        export("safetensors", "safetensors"), export("npz", "npz"), export("onnx", "onnx", "--resolution", "8"),
    ]


def is_told(result):
    """Whether a failure is told in one sentence and ended with 1."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("funmatch: ")]
    return result.returncode == 1 and len(lines) == 1 and "Fatal error" not in result.stderr


def was_killed(result):
    return result.returncode == -signal.SIGKILL
