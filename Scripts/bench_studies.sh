#!/usr/bin/env bash
# Measures what sharing teachers saves, on Fashion-MNIST, all of it in one call on one machine. Called by `make bench`.
#
#   bench_studies.sh study    20 students under a teacher at least 5 times as costly as a student's step: one study against
#                             20 single runs by this tool; the views that teachers computed are counted on both sides
#   bench_studies.sh bank     R152x2 teaching R50x1, 128 px, batch 16: steps from a logit bank against the live teacher
#
#   THREADS=2                 threads of an operator
set -euo pipefail
cd "$(dirname "$0")/.."

tool=$PWD/.build/release/funmatch
threads=${THREADS:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export FUNMATCH_CACHE=$work/cache

say() { printf 'bench: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}
[ -x "$tool" ] || fail "$tool is not there: run 'make bench' or 'make build'"

seconds() { date +%s.%N; }
# Views of which the teachers computed logits, by a log.
views() { sed -n 's/.*teachers computed logits of \([0-9,]*\) views$/\1/p' "$@" | tr -d , | awk '{ sum += $1 } END { print sum + 0 }'; }
# Percentages of a run's time: teachers, student.
shares() { sed -n 's/.*mixing took \([0-9.]*\) %, the student \([0-9.]*\) %.*/\1 \2/p' "$1" | tail -1; }

# A teacher with weights after one step, which costs as much as any.
make_teacher() { # SPEC RESOLUTION
  cat >"$work/teacher.yaml" <<EOF
data: {train: "fashion-mnist:train[:16]"}
student: {model: $1, resolution: $2}
optimizer: {sgd: {learningRate: 0.001}}
schedule: {steps: 1, warmupSteps: 0}
batchSize: 2
evaluation: {trainingImages: 0}
EOF
  "$tool" train "$work/teacher.yaml" --output "$work/teacher" --threads "$threads" --quiet >/dev/null
}

bench_study() {
  local steps=40 batch=32
  make_teacher '{bit: {depth: [2, 2, 2, 2], width: 1, stem: {small: {stride: 2}}, groups: 8}}' 28
  cat >"$work/student.yaml" <<EOF
data: {train: "fashion-mnist:train[:95%]", validation: "fashion-mnist:train[95%:]", test: "fashion-mnist:test[:1000]"}
teachers: [{weights: "teacher/student.safetensors", resolution: 28}]
student: {model: {bit: {depth: [1, 1], width: 0.25, stem: {small: {stride: 2}}, groups: 4}}, resolution: 28}
views: {crop: {inception: {areaMin: 0.4}}}
schedule: {steps: $steps, warmupSteps: 10}
batchSize: $batch
evaluation: {every: 1000, trainingImages: 0}
EOF
  cat >"$work/study.yaml" <<EOF
recipe: student.yaml
grid:
  optimizer.adam.learningRate: [0.0003, 0.001, 0.003, 0.01]
  optimizer.adam.weightDecay: [1.0e-5, 3.0e-5, 1.0e-4, 3.0e-4, 1.0e-3]
EOF
  say "the study"
  local begin end study single=0
  begin=$(seconds)
  "$tool" study "$work/study.yaml" --output "$work/study" --threads "$threads" --quiet >/dev/null
  end=$(seconds)
  study=$(awk "BEGIN { print $end - $begin }")
  for rate in 0.0003 0.001 0.003 0.01; do
    for decay in 1.0e-5 3.0e-5 1.0e-4 3.0e-4 1.0e-3; do
      local name="learningRate=$rate,weightDecay=$decay"
      say "alone: $name"
      begin=$(seconds)
      "$tool" distill "$work/student.yaml" --output "$work/alone/$name" --threads "$threads" --quiet \
        --set optimizer.adam.learningRate=$rate --set optimizer.adam.weightDecay=$decay >/dev/null
      end=$(seconds)
      single=$(awk "BEGIN { print $single + $end - $begin }")
      cmp -s "$work/alone/$name/student.safetensors" "$work/study/students/$name/student.safetensors" ||
        fail "$name: the study's student has other weights than the one alone"
    done
  done
  local shared alone
  shared=$(views "$work/study/log.txt")
  alone=$(views "$work"/alone/*/log.txt)
  [ "$shared" = $((steps * batch)) ] || fail "the study's teacher computed $shared views, expected $((steps * batch))"
  [ "$alone" = $((20 * steps * batch)) ] || fail "the teachers of single runs computed $alone views, expected $((20 * steps * batch))"
  shares "$work/alone/learningRate=0.001,weightDecay=1.0e-4/log.txt" | awk -v study="$study" -v single="$single" \
    -v shared="$shared" -v alone="$alone" '{
      ratio = $1 / $2
      printf "teacher %.1f times a student'\''s step; 20 single runs %.1f s, one study %.1f s: %.1f %% of the time\n", \
        ratio, single, study, 100 * study / single
      printf "views of which the teacher computed logits: %d and %d; all 20 students have the same weights on both sides\n", alone, shared
      if (ratio < 5) { print "the teacher should be at least 5 times as costly"; exit 1 }
      if (study > 0.3 * single) { print "the study should take at most 30 %"; exit 1 }
    }'
}

bench_bank() {
  say "making a teacher, R152x2"
  make_teacher '{bit: {depth: 152, width: 2}}' 128
  cat >"$work/student.yaml" <<EOF
data: {train: "fashion-mnist:train[:95%]"}
teachers: [{weights: "teacher/student.safetensors", resolution: 128}]
student: {model: {bit: {depth: 50, width: 1}}, resolution: 128}
schedule: {steps: 10, warmupSteps: 2}
batchSize: 16
evaluation: {every: 1000, trainingImages: 0}
EOF
  for name in live bank; do
    say "10 steps: $name"
    "$tool" distill "$work/student.yaml" --output "$work/$name" --threads "$threads" --quiet \
      --set 'bank={precision: f32}' >/dev/null
  done
  [ "$(views "$work/bank/log.txt")" = 0 ] || fail "the teacher computed in the second run"
  python3 - "$work" $(shares "$work/live/log.txt") <<'EOF'
import json
import statistics
import sys

work, teacher, student = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])


def lines(name):
    return [json.loads(line) for line in open(f"{work}/{name}/metrics.jsonl")]


def seconds(name):
    # The first steps set things up.
    return statistics.median(16 / line["imagesPerSecond"] for line in lines(name)[2:])


live, bank = seconds("live"), seconds("bank")
assert [line["distillLoss"] for line in lines("live")] == [line["distillLoss"] for line in lines("bank")], "other losses"
limit = (teacher + student) / student
print(f"live teacher {live:.3f} s a step (teacher {teacher:.1f} %, student {student:.1f} %), from the bank {bank:.3f} s: "
      f"{live / bank:.2f} times the steps/s, {live / bank / limit:.2f} of (T + S) / S; identical losses")
if live / bank < 0.9 * limit:
    sys.exit("it should be at least 0.9 of (T + S) / S")
EOF
}

case ${1:-} in
  study) bench_study ;;
  bank) bench_bank ;;
  *) fail "expected study or bank" ;;
esac
