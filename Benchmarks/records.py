"""What the benchmarks keep: results.json and screening.json, an entry for each machine. Entries of others stay."""

import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

HOME = pathlib.Path(__file__).resolve().parent
TOOL = HOME.parent / ".build" / "release" / "funmatch"


def folder():
    return pathlib.Path(os.environ.get("RECORDS", HOME))


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def cpu():
    """The processor's name; on Linux with family and model, since clouds give one name to several."""
    with contextlib.suppress(OSError):
        text = pathlib.Path("/proc/cpuinfo").read_text()
        found = {name: re.search(rf"^{name}\s*: *(.+)$", text, re.M) for name in ("model name", "cpu family", "model")}
        if all(found.values()):
            name, family, model = (match[1].strip() for match in found.values())
            return f"{name} (family {family}, model {model})"
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.check_output(["sysctl", "-n", "machdep.cpu.brand_string"], text=True).strip()
    return platform.machine()


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def machine():
    return f"{cpu()}, {cores()} cores"


def today():
    return datetime.date.today().isoformat()


def binary():
    """The first digits of the SHA-256 of the tool: a commit does not tell what was built, nor whether it was built anew."""
    return hashlib.sha256(TOOL.read_bytes()).hexdigest()[:12]


def unchanged(before):
    """What was timed in one round has to be what was timed in the others."""
    if binary() != before:
        raise Failed("the tool was built anew while it was measured")


def version():
    """The version and, of a checkout, the commit of the sources; marked when files differ from it."""
    text = (HOME.parent / "VERSION").read_text().strip()
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        commit = ["git", "-C", str(HOME.parent), "describe", "--always", "--dirty", "--exclude", "*"]
        text += " " + subprocess.check_output(commit, text=True, stderr=subprocess.DEVNULL).strip()
    return text


def read(name):
    path = folder() / name
    return json.loads(path.read_text()) if path.exists() else {}


def write(name, content):
    """By way of a second file: a run that is stopped leaves what was kept before."""
    path = folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    temporary.replace(path)


def keep_result(part, name, value):
    """Puts results[machine][part][name] in place, and what the machine is."""
    content = read("results.json")
    entry = content.setdefault(machine(), {})
    entry.update(cpu=cpu(), cores=cores(), system=f"{platform.system()} {platform.machine()}")
    if name is None:
        entry[part] = value
    else:
        entry.setdefault(part, {})[name] = value
    write("results.json", content)


class Failed(Exception):
    pass


def reason(text):
    """The last line that says something, without folders, which are nobody else's."""
    lines = [line.strip() for line in text.splitlines() if re.search(r"(Error|Exception|error:|cannot|failed)", line)]
    lines = lines or [line.strip() for line in text.splitlines() if line.strip()] or ["no message"]
    return re.sub(r"(?<![\w.])/[\w.+~-]+/[^\s:'\",)]*", "…", lines[-1])[:200]


def run(command, timeout, environment=None):
    """The JSON object in the last line of what a program prints."""
    try:
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=timeout,
            env={**os.environ, **(environment or {})}, cwd=HOME.parent)
    except subprocess.TimeoutExpired:
        raise Failed(f"more than {timeout} s") from None
    except OSError as error:
        raise Failed(reason(str(error))) from None
    if done.returncode != 0:
        raise Failed(reason(done.stderr) if done.returncode > 0 else f"ended by signal {-done.returncode}")
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise Failed("its last line is no JSON") from None
