#!/usr/bin/env bash
# Distils the committed teacher into a small student on Fashion-MNIST and compares the two on the test images. The last
# line is one JSON object. Called by `make demo`, which has set everything up and built the tool.
#
#   OUTPUT=runs/demo   the run's folder; one that is there already is replaced
set -euo pipefail
cd "$(dirname "$0")/.."

tool=.build/release/funmatch
output=${OUTPUT:-runs/demo}
recipe=Recipes/fashion-mnist.yaml

[ -x "$tool" ] || {
  echo "demo: $tool is not there: run 'make demo' or 'make build'" >&2
  exit 1
}
# Only a folder that is a run is removed: OUTPUT may have been mistyped.
if [ -e "$output" ]; then
  [ -e "$output/recipe.yaml" ] || {
    echo "demo: $output exists and is no run; name another folder with OUTPUT=" >&2
    exit 1
  }
  rm -rf "$output"
fi

started=$(date +%s.%N)
"$tool" distill "$recipe" --output "$output" >/dev/null
seconds=$(awk -v a="$started" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')

echo
echo "What the student learnt in $seconds s, without a label, on pictures that it never saw:"
echo
compare() {
  "$tool" evaluate "$output/student.safetensors" --data fashion-mnist:test \
    --teacher Recipes/fashion-mnist-teacher.safetensors "$@"
}
compare | sed -n 1,4p
echo
echo "student, a model file:     $output/student.safetensors"
echo "one line a step:           $output/metrics.jsonl"
[ ! -e "$output/report/accuracy.svg" ] || echo "accuracy over the steps:   $output/report/accuracy.svg"
json=$(compare --json)
echo "${json%\}},\"seconds\":$seconds}"
