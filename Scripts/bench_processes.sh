#!/usr/bin/env bash
# Measures what several processes of one machine make of a run, a thread each, beside one process with as many threads, and
# how far `funmatch plan` is from it. All of it in one call on one machine, rounds alternating. Called by `make bench`.
#
#   bench_processes.sh        R50x1 teaching R50x1, 128 px, batch 32, f32
#
#   PROCESSES=2               how many: as many as there are cores
#   ROUNDS=3                  of STEPS=8 steps each
#   LINK=0.5                  two processes, each in a network of its own behind a link of so many Gbit/s (root, ip and tc)
set -euo pipefail
cd "$(dirname "$0")/.."

tool=$PWD/.build/release/funmatch
processes=${PROCESSES:-2}
rounds=${ROUNDS:-3}
steps=${STEPS:-8}
link=${LINK:-}
work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "$link" ] || for end in 0 1; do ip netns delete funmatch$end 2>/dev/null || true; done' EXIT
export FUNMATCH_CACHE=$work/cache

say() { printf 'bench: %s\n' "$*" >&2; }
[ -x "$tool" ] || {
  say "$tool is not there: run 'make bench' or 'make build'"
  exit 1
}

cat >"$work/teacher.yaml" <<EOF
data: {train: "fashion-mnist:train[:16]"}
student: {model: bit-r50x1, resolution: 128}
optimizer: {sgd: {learningRate: 0.001}}
schedule: {steps: 1, warmupSteps: 0}
batchSize: 2
evaluation: {trainingImages: 0}
EOF
say "making a teacher"
"$tool" train "$work/teacher.yaml" --output "$work/teacher" --device cpu --quiet >/dev/null
cat >"$work/r.yaml" <<EOF
data: {train: "fashion-mnist:train[:95%]"}
teachers: [{weights: "teacher/student.safetensors", resolution: 128}]
student: {model: bit-r50x1, resolution: 128}
schedule: {steps: $steps, warmupSteps: 2}
batchSize: 32
precision: f32
evaluation: {every: 1000, trainingImages: 0}
EOF

# Processes 0 and 1 each in a network, with a wire between them.
host=127.0.0.1
if [ -n "$link" ]; then
  processes=2
  host=10.213.7.1
  for end in 0 1; do ip netns add funmatch$end; done
  ip link add wire0 netns funmatch0 type veth peer name wire1 netns funmatch1
  for end in 0 1; do
    ip -n funmatch$end address add 10.213.7.$((end + 1))/24 dev wire$end
    ip -n funmatch$end link set wire$end up
    ip -n funmatch$end link set lo up
    tc -n funmatch$end qdisc add dev wire$end root tbf rate "${link}gbit" burst 1mb latency 50ms
  done
fi
inside() { # RANK COMMAND...
  if [ -z "$link" ]; then "${@:2}"; else ip netns exec "funmatch$1" "${@:2}"; fi
}

port=29400
# As torchrun starts them: COUNT processes of THREADS threads with the arguments that follow.
together() { # COUNT THREADS ARGUMENT...
  local count=$1 threads=$2 rank pids=()
  shift 2
  port=$((port + 1))
  for ((rank = 1; rank < count; rank++)); do
    RANK=$rank WORLD_SIZE=$count LOCAL_RANK=$rank MASTER_ADDR=$host MASTER_PORT=$port \
      inside $rank "$tool" "$@" --device cpu --threads "$threads" >/dev/null &
    pids+=($!)
  done
  RANK=0 WORLD_SIZE=$count LOCAL_RANK=0 MASTER_ADDR=$host MASTER_PORT=$port \
    inside 0 "$tool" "$@" --device cpu --threads "$threads"
  for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid"; done
}

for ((round = 1; round <= rounds; round++)); do
  say "round $round of $rounds: one process of $processes threads, $processes of one, one of one, the plan"
  together 1 "$processes" distill "$work/r.yaml" --output "$work/threads$round" --quiet >/dev/null
  together "$processes" 1 distill "$work/r.yaml" --output "$work/processes$round" --quiet >/dev/null
  together 1 1 distill "$work/r.yaml" --output "$work/one$round" --quiet >/dev/null
  together "$processes" 1 plan "$work/r.yaml" --json ${link:+--bandwidth "$(awk "BEGIN { print $link / 8 }")"} | tail -1 >"$work/plan$round.json"
done

python3 - "$work" "$rounds" "$processes" <<'EOF'
import json
import statistics
import sys

work, rounds, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def seconds(name):
    lines = [json.loads(line) for line in open(f"{work}/{name}/metrics.jsonl")]
    # The first steps set things up.
    return statistics.median(32 / line["imagesPerSecond"] for line in lines[2:])


def show(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


numbers = range(1, rounds + 1)
threads = [seconds(f"threads{n}") for n in numbers]
several = [seconds(f"processes{n}") for n in numbers]
one = [seconds(f"one{n}") for n in numbers]
rows = [{row["processes"]: row["secondsPerStep"] for row in json.load(open(f"{work}/plan{n}.json"))["rows"]} for n in numbers]
print(f"seconds a step: one process of {processes} threads {show(threads)}, {processes} processes of one thread {show(several)}, "
      f"one of one thread {show(one)}")
print(f"{processes} processes make {show([a / b for a, b in zip(threads, several)])} times the images/s of {processes} threads")
for count, measured in ((1, one), (processes, several)):
    planned = [row[count] for row in rows]
    print(f"plan for {count}: {show(planned)} s a step, {show([a / b for a, b in zip(planned, measured)])} of what was measured")
EOF
