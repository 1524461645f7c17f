#!/usr/bin/env python3
"""Makes every system call that changes files fail, one after another, and looks at what comes of it.

    faults.py TOOL [--tasks run,bank] [--kinds full,kill] [--most N] [--chains N] [--limits N] [--seed N]

For each task (a run, a run with a bank, a study, three exports) and each kind of fault (see preload.c), the calls of an
undisturbed run are counted. Then the command runs once for each of them, or for `--most` of them drawn by lot, with that
call disturbed. It must end with exit code 1 and one sentence, or, where that does no harm, with 0; the same command again
(with --resume) must then end with 0 and the same bytes as an undisturbed one, and leave no temporary file.

Chains kill a task at a call drawn by lot, over and over, and tear off the tails of files that were not brought to the disk,
as after a power cut. Limits of the system (sizes of files, open files) are set ever tighter.

One line is printed for each thing that went wrong; exit code 1 when there is one.
"""
import argparse
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile

from power import tear
from work import Work, is_told, tasks, was_killed

KINDS = ["full", "fullfrom", "broken", "files", "short", "kill"]


class Trial:
    def __init__(self, work, library, out):
        self.work, self.library, self.out = work, library, out
        self.log = work.folder / "calls"
        self.wrong = []
        self.counts = {}
        self.reference = {}

    def clear(self):
        for path in (self.out, self.work.folder / "cache"):
            shutil.rmtree(path, ignore_errors=True)
        self.out.mkdir()

    def disturbed(self, task, kind, at, more=()):
        """Runs a task with the call `at` disturbed; 0: none is."""
        self.log.unlink(missing_ok=True)
        count = 1_000_000 if kind.endswith("from") else 1
        return self.work.call([*task.arguments, *more], {
            "LD_PRELOAD": self.library, "FAULTS_FOLDER": str(self.work.folder), "FAULTS_LOG": str(self.log),
            "FAULTS_KIND": kind.removesuffix("from"), "FAULTS_AT": str(at), "FAULTS_COUNT": str(count)})

    def calls(self):
        """Numbered lines of the log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [line for line in lines if line.split(" ", 1)[0].isdigit()]

    def note(self, task, what, words):
        self.wrong.append(f"{task.name}: {what}: {words}")
        print("WRONG", self.wrong[-1], flush=True)

    def expect_whole(self, task, what, result):
        """After success: the same bytes as undisturbed, and nothing under a temporary name."""
        if result.returncode != 0:
            return self.note(task, what, f"code {result.returncode}: {result.stderr.strip()[-300:]}")
        found = task.results(self.out)
        for name in sorted(set(found) | set(self.reference[task.name])):
            if found.get(name) != self.reference[task.name].get(name):
                self.note(task, what, f"{name} differs from that of an undisturbed run")
        # A bank that is complete is not locked, so that what its writer left cannot be told from what is being written.
        left = [str(p.relative_to(self.work.folder)) for p in self.out.rglob("*.tmp")]
        # Nobody can know of a file that is written for the first time whether its writer is still at it.
        if left and not (what.startswith("kill") and not task.resume):
            self.note(task, what, f"left {left}")

    def again(self, task, what):
        self.expect_whole(task, what + ", then again", self.work.call([*task.arguments, *task.resume], {}))

    def prepare(self, task):
        self.clear()
        result = self.work.call(task.arguments, {})
        if result.returncode != 0:
            raise SystemExit(f"faults: {task.name} fails undisturbed: {result.stderr}")
        self.reference[task.name] = task.results(self.out)
        self.clear()
        self.expect_whole(task, "a second undisturbed run", self.work.call(task.arguments, {}))

    def count(self, task, kind):
        self.clear()
        self.disturbed(task, kind, 0)
        return self.calls()

    def fault(self, task, kind, at):
        """Disturbs one call."""
        self.clear()
        result = self.disturbed(task, kind, at)
        hits = [line for line in self.calls() if line.endswith(" !")]
        what = f"{kind} at call {at}, {hits[0].removesuffix(' !') if hits else 'not reached'}"
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if result.returncode == 0:
            return self.expect_whole(task, what, result)
        if kind == "kill":
            if not was_killed(result):
                self.note(task, what, f"code {result.returncode} in place of a kill: {result.stderr[-300:]}")
        elif kind == "short" or not is_told(result):
            self.note(task, what, f"code {result.returncode}: {result.stderr.strip()[-300:]}")
        self.again(task, what)

    def chain(self, task, lots):
        """Kills a task at calls drawn by lot until it is done, with a power cut each time."""
        self.clear()
        count = len(self.count(task, "kill"))
        self.clear()
        more, what = [], "chain"
        for _ in range(30):
            at = lots.randint(1, max(count, 2))
            result = self.disturbed(task, "kill", at, more)
            what += f" {at}"
            self.counts["power cuts"] = self.counts.get("power cuts", 0) + 1
            if not was_killed(result):
                break
            torn = tear(self.log, lots)
            what += f" (torn: {torn})" if torn else ""
            more = task.resume
        if was_killed(result):
            return self.again(task, what)
        self.expect_whole(task, what, result)

    def limited(self, task, name, limit, value):
        """Runs a task under a limit of the system."""
        self.clear()
        result = self.work.call(task.arguments, {}, lambda: resource.setrlimit(limit, (value, value)))
        what = f"{name} {value}"
        self.counts["limits"] = self.counts.get("limits", 0) + 1
        if result.returncode == 0:
            return self.expect_whole(task, what, result)
        if not is_told(result):
            self.note(task, what, f"code {result.returncode}: {result.stderr.strip()[-300:]}")
        self.again(task, what)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--tasks", default="")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--chains", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limits", type=int, default=1_000_000, help="how many of each kind")
    options = parser.parse_args()
    here = pathlib.Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory(prefix="funmatch-faults-") as folder:
        library = folder + "/faults.so"
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", library,
                        str(here / "preload.c"), "-ldl"], check=True)
        place = pathlib.Path(folder) / "work"
        place.mkdir()
        trial = Trial(Work(os.path.abspath(options.tool), place), library, place / "out")
        lots = random.Random(options.seed)
        chosen = options.tasks.split(",") if options.tasks else None
        for task in tasks(trial.out):
            if chosen and task.name not in chosen:
                continue
            trial.prepare(task)
            for kind in filter(None, options.kinds.split(",")):
                count = len(trial.count(task, kind))
                numbers = range(1, count + 1)
                if count > options.most:
                    numbers = sorted(lots.sample(numbers, options.most))
                print(f"{task.name}: {kind}: {len(numbers)} of {count} calls", flush=True)
                for at in numbers:
                    trial.fault(task, kind, at)
            if task.resume:
                for _ in range(options.chains):
                    trial.chain(task, lots)
            for value in (100, 0, 1, 1000, 3000, 10_000, 30_000)[:options.limits]:
                trial.limited(task, "RLIMIT_FSIZE", resource.RLIMIT_FSIZE, value)
            for value in (10, 8, 9, 11, 12, 13, 14, 16, 20, 24, 32)[:options.limits]:
                trial.limited(task, "RLIMIT_NOFILE", resource.RLIMIT_NOFILE, value)
    print(f"faults: {trial.counts}, {len(trial.wrong)} went wrong")
    return 1 if trial.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
