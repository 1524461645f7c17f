"""A training step against PyTorch and timm, in the best of their settings: `Scripts/bench.sh step`.

    bench_step.py ROUNDS PEERS PAIR VERSION=PYTHON...

Every setting of peers.json runs once for each processor and version of torch (screening.json keeps that). The two best
of a pair then alternate with funmatch, so that a machine that slows down slows all; a ratio is taken within a round.
A PYTHON of `failed: why` stands for a version that could not be had. ALL is the PAIR that means every one.
"""

import itertools
import json
import os
import pathlib
import statistics
import sys

import limits
import records
from records import HOME, TOOL, Failed, say
from tables import step_table

PARTS = ("imagesPerSecond", "secondsPerStep", "teacherSeconds", "studentSeconds", "optimizerSeconds")
# Compiling BiT R152x2 takes minutes.
SCREENING_SECONDS, ROUND_SECONDS = 1800, 1800


def settings(peers, pair):
    grid = itertools.product(peers["precisions"], pair.get("engines", peers["engines"]), peers["layouts"])
    return [dict(zip(("precision", "engine", "layout"), one)) for one in grid]


def name(version, setting):
    return f"torch {version}, {setting['precision']}, {setting['engine']}, {setting['layout']}"


def described(pair):
    networks = pair.get("words", f"{pair['teacher']} -> {pair['student']}")
    return f"{networks}, {pair['resolution']} px, batch {pair['batch']}"


def shape(pair):
    networks = ["--teacher", pair["teacher"], "--student", pair["student"], "--resolution", pair["resolution"]]
    return [*networks, "--classes", pair.get("classes", 1000)]


class Bench:
    def __init__(self, peers, pythons, rounds):
        self.peers, self.rounds = peers, rounds
        self.pythons = {version: python for version, python in pythons.items() if not python.startswith("failed")}
        self.missing = {version: why for version, why in pythons.items() if why.startswith("failed")}
        threads = str(peers["threads"])
        self.environment = {
            "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "TORCHINDUCTOR_COMPILE_THREADS": threads,
            # As funmatch has it: else glibc maps large tensors anew every time, which costs them up to a sixth.
            "GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=4294967296"}

    def peer(self, pair, version, setting, steps, timeout):
        # Compiled code is kept, so that the rounds need not compile again.
        cache = {"TORCHINDUCTOR_CACHE_DIR": str(HOME.parent / ".deps" / "peers" / f"inductor-{version}")}
        command = [self.pythons[version], HOME / "timm_step.py", *shape(pair), "--batch", pair["batch"]]
        command += ["--threads", self.peers["threads"], "--steps", steps]
        command += [word for key, value in setting.items() for word in (f"--{key}", value)]
        return records.run(command, timeout, {**self.environment, **cache})

    def rates(self, python):
        """The highest ever seen here: other programs can only make a limit look lower than it is."""
        threads = self.peers["threads"]
        found = records.run([python, HOME / "machine.py", "--threads", threads], 600, self.environment)
        kept = records.read("results.json").get(records.machine(), {}).get("rates", {})
        if (kept.get("threads"), kept.get("torch")) == (threads, found["torch"]):
            for name, rate in kept["gemm"].items():
                found["gemm"][name] = max(rate, found["gemm"].get(name, 0))
            found["bandwidth"] = max(kept["bandwidth"], found["bandwidth"])
        return found | {"date": records.today(), "threads": threads}

    def ours(self, pair, more=()):
        command = [TOOL, "bench", "step", "--json", *shape(pair), "--batch-size", pair["batch"]]
        command += ["--steps", pair["steps"], *more]
        # As many as the peers have at most; how they are shared is the tool's own choice.
        return records.run(command, ROUND_SECONDS, {"OMP_NUM_THREADS": str(self.peers["threads"])})

    def screened(self, pair, version, setting):
        """What was kept, or else a run."""
        kept = records.read("screening.json").get(records.machine(), {}).get(described(pair), {})
        label = name(version, setting)
        if label in kept:
            return kept[label]
        say(f"screening: {label}")
        try:
            result = self.peer(pair, version, setting, 3, SCREENING_SECONDS)
            result = {part: result[part] for part in PARTS}
        except Failed as error:
            result = {"failed": str(error)}
            say(f"failed: {label}: {error}")
        content = records.read("screening.json")
        content.setdefault(records.machine(), {}).setdefault(described(pair), {})[label] = result
        records.write("screening.json", content)
        return result

    def screen(self, pair):
        """All that can compete, best first, the best of those beside, and what failed."""
        ran, beside, failed = [], [], [(f"torch {version}", why[8:]) for version, why in self.missing.items()]
        for version in self.pythons:
            for place, chosen in ((ran, settings(self.peers, pair)), (beside, pair.get("beside", self.peers["beside"]))):
                for setting in chosen:
                    result = self.screened(pair, version, setting)
                    if "failed" in result:
                        failed.append((name(version, setting), result["failed"]))
                    else:
                        place.append((result["imagesPerSecond"], version, setting))
        for place in (ran, beside):
            place.sort(key=lambda one: -one[0])
        if not ran:
            raise Failed("no setting of a peer ran")
        return ran, beside, failed

    def pair(self, title, pair, machine):
        say(f"{title}: {described(pair)}")
        ran, beside, failed = self.screen(pair)
        built = records.binary()
        rivals = [(version, setting, True) for _, version, setting in ran[:2]]
        rivals += [(version, setting, False) for _, version, setting in beside[:1]]
        runs = {"funmatch": []} | {name(version, setting): [] for version, setting, _ in rivals}
        for number in range(1, self.rounds + 1):
            say(f"{title}: round {number} of {self.rounds}")
            runs["funmatch"].append(self.ours(pair))
            if pair.get("int8"):
                runs.setdefault("funmatch, int8 teacher", []).append(self.ours(pair, ["--teacher-precision", "int8"]))
            for version, setting, _ in rivals:
                runs[name(version, setting)].append(self.peer(pair, version, setting, pair["steps"], ROUND_SECONDS))
        records.unchanged(built)
        counted = {name(version, setting) for version, setting, counts in rivals if counts}
        python = next(iter(self.pythons.values()))
        operators = records.run(
            [python, HOME / "limits.py", *shape(pair), "--batch", pair["batch"]], ROUND_SECONDS, self.environment)
        return {
            "pair": described(pair), "date": records.today(), "rounds": self.rounds, "threads": self.peers["threads"],
            "funmatch": records.version(), "binary": built, "timm": runs[name(*ran[0][1:])][0]["timm"],
            "screened": len(ran) + len(beside), "failed": [list(one) for one in failed],
            "programs": [program(label, results, runs["funmatch"], counted) for label, results in runs.items()],
            "limits": least(operators, machine),
        }


def program(label, results, ours, counted):
    """Medians of a program's rounds, what it says of itself, and how much faster ours was in the same round."""
    row = {part: round(statistics.median(result[part] for result in results), 5) for part in PARTS}
    row["name"] = label
    for key in ("engine", "precision", "teacherPrecision", "studentPrecision", "threads", "teacherAhead"):
        if label.startswith("funmatch") and key in results[0]:
            row[key] = results[0][key]
    if not label.startswith("funmatch"):
        ratios = [own["imagesPerSecond"] / result["imagesPerSecond"] for own, result in zip(ours, results)]
        row["ratio"] = {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}
        row["ratio"] = {key: round(value, 4) for key, value in row["ratio"].items()}
        row["counts"] = label in counted
    return row


def least(operators, machine):
    """Seconds that the machine's rates leave: a teacher's forward pass, three such passes of a student."""
    return {
        role: {
            precision: round(value, 5)
            for precision in limits.BYTES
            if (value := limits.seconds(operators[role], precision, machine, passes)) is not None
        }
        for role, passes in (("teacher", 1), ("student", 3))
    }


def chosen_pairs(peers, wanted):
    if wanted != "ALL" and wanted not in peers["pairs"]:
        sys.exit(f"bench: PAIR is '{wanted}' and has to be one of {', '.join(peers['pairs'])}")
    return {title: pair for title, pair in peers["pairs"].items() if wanted in ("ALL", title)}


def best_ratio(result):
    return min(row["ratio"]["median"] for row in result["programs"] if row.get("counts"))


def main():
    rounds, peers = int(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    pairs = chosen_pairs(peers, sys.argv[3])
    bench = Bench(peers, dict(word.split("=", 1) for word in sys.argv[4:]), rounds)
    if not bench.pythons:
        sys.exit("bench: there is no torch to compare with")

    # What screening keeps while others compute chooses the wrong peers from then on.
    if os.getloadavg()[0] > 0.5:
        say(f"the machine is busy (load {os.getloadavg()[0]:.1f}): figures and what screening keeps will be wrong")
    python = next(iter(bench.pythons.values()))
    say("measuring the machine")
    machine = bench.rates(python)
    records.keep_result("rates", None, machine)

    ratios, broken = [], []
    for title, pair in pairs.items():
        try:
            result = bench.pair(title, pair, machine)
        except Failed as error:
            broken.append(title)
            print(f"\n{title}: failed: {error}", flush=True)
            continue
        records.keep_result("steps", title, result)
        print("\n" + step_table(title, result), flush=True)
        ratios.append(best_ratio(result))
    if ratios:
        print(f"\nfunmatch over the best peer, geometric mean of {len(ratios)} pairs: "
              f"{statistics.geometric_mean(ratios):.3f}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
