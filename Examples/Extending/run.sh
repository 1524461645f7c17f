#!/usr/bin/env bash
# Builds the tool and checks that what this package adds is known to recipes, runs, evaluations, studies and exports. Runs
# happen in a temporary folder; what is built stays in .build/extending of the repository.
set -euo pipefail
cd "$(dirname "$0")"

build=(swift build -c release --scratch-path ../../.build/extending)
"${build[@]}"
extending=$("${build[@]}" --show-bin-path)/extending
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp ./*.yaml "$folder"
cd "$folder"
checks=0
# A second thread has little to do in networks as small as these.
one=(--threads 1)

fail() {
  echo "extending: $*" >&2
  exit 1
}

# tool STATUS OUTPUT ARGUMENT... runs the tool, which has to end with this status; OUTPUT is all that it writes.
tool() {
  local wanted=$1 output=$2 status=0
  shift 2
  "$extending" "$@" >"$output" 2>&1 || status=$?
  [ "$status" = "$wanted" ] || { cat "$output" >&2; fail "'$*' ended with $status, expected $wanted"; }
  checks=$((checks + 1))
}

# has FILE TEXT... checks that a file has each of some texts.
has() {
  local file=$1 text
  shift
  for text; do
    grep -qF -- "$text" "$file" || { cat "$file" >&2; fail "$file lacks $text"; }
    checks=$((checks + 1))
  done
}

# above FILE KEY LEAST checks a number of a JSON line, the first of this key.
above() {
  local value
  value=$(grep -o "\"$2\":[0-9.]*" "$1" | head -n 1 | cut -d: -f2)
  awk -v value="$value" -v least="$3" 'BEGIN { exit !(value != "" && value + 0 >= least) }' \
    || fail "$2 in $1 is ${value:-missing}, expected at least $3"
  checks=$((checks + 1))
}

tool 0 schema.json recipe --json
has schema.json '"stripes:train"' '"plain"' '"plain-small"' '"upright"' '"square"' '"jensenShannon"' '"lion"'

tool 0 data.txt data list
has data.txt 'stripes       here'

tool 0 teacher.txt train teacher.yaml --output runs/teacher "${one[@]}"
tool 0 student.txt distill recipe.yaml --output runs/student "${one[@]}"
has student.txt 'mean reciprocal rank'
has runs/student/metrics.jsonl '"validation.reciprocalRank"' '"validation.teacherReciprocalRank"'
has runs/student/recipe.yaml 'stripes:train' 'plain:' 'policy: upright' 'square:' 'jensenShannon:' 'lion:'
has runs/student/report/index.html 'mean reciprocal rank'

# The optimizer's state is saved and restored: a run that stopped in between ends with the same bits.
tool 0 stopped.txt distill recipe.yaml --output runs/resumed --stop-after 1s "${one[@]}"
tool 0 resumed.txt distill recipe.yaml --output runs/resumed --resume "${one[@]}"
cmp runs/student/student.safetensors runs/resumed/student.safetensors || fail "resuming is not exact"
checks=$((checks + 1))

tool 0 evaluation.json evaluate runs/student/student.safetensors --teacher runs/teacher/student.safetensors \
  --data stripes:test --json "${one[@]}"
has evaluation.json '"reciprocalRank":'
above evaluation.json top1 0.6
above evaluation.json agreement 0.6

tool 0 study.txt study study.yaml --output runs/study --json "${one[@]}"
has study.txt 'mean reciprocal rank' '"jensenShannon"' '"kl"'
has runs/study/students/jensenShannon/metrics.jsonl '"validation.reciprocalRank"'
has runs/study/report/index.html 'mean reciprocal rank'

tool 0 export.txt export runs/student/student.safetensors --format onnx --output student.onnx
has student.onnx 'blocks.0.conv.weight'

tool 1 unknown.txt distill recipe.yaml --output runs/unknown --set optimizer=lyon
has unknown.txt 'lion'

echo "extending: $checks checks passed"
