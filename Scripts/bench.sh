#!/usr/bin/env bash
# Compares with peers from PyPI. Each comparison runs all sides in turn, so that a machine that slows down or is shared
# slows all; what counts is the ratio within a round. Called by `make bench`.
#
#   bench.sh step     one distillation step (BiT R152x2 teaching BiT R50x1, 128 px, batch 16, two threads) against the
#                     same in PyTorch + timm: once all in autocast, once with the teacher converted to bf16 as a whole,
#                     which is the faster of what timm offers
#   bench.sh input    from JPEG files to random inception crops, one core, against OpenCV, and Pillow with torchvision
#
#   ROUNDS=3          how often each runs
#   PYTHON=python3    the Python that the peers' environment, .deps/peers, is made with
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${ROUNDS:-3}
tool=.build/release/funmatch
peers=.deps/peers

say() { printf 'bench: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

[ -x "$tool" ] || fail "$tool is not there: run 'make bench' or 'make build'"
[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "ROUNDS is '$rounds' and has to be a whole number from 1 on"

# --- The peers' environment ----------------------------------------------------------------------------------------

torch=2.13.0
# Without their requirements: they name another torch, and torchvision is needed only because timm imports it.
alone=(timm==1.0.31 torchvision==0.28.0)
others=(pyyaml huggingface_hub safetensors numpy pillow opencv-python-headless)

make_environment() {
  local wanted="torch $torch ${alone[*]} ${others[*]}"
  [ "$(cat "$peers/complete" 2>/dev/null)" != "$wanted" ] || return 0
  say "making the peers' Python environment in $peers"
  rm -rf "$peers"
  "${PYTHON:-python3}" -m venv "$peers" ||
    fail "cannot make a Python environment (on Debian: apt-get install python3-venv)"
  local pip=("$peers/bin/python" -m pip install --quiet --disable-pip-version-check)
  "${pip[@]}" "torch==$torch+cpu" 2>/dev/null ||
    "${pip[@]}" --retries 1 --extra-index-url https://download.pytorch.org/whl/cpu "torch==$torch+cpu" 2>/dev/null ||
    "${pip[@]}" "torch==$torch" || fail "pip could not install torch $torch"
  "${pip[@]}" "${others[@]}" || fail "pip could not install: ${others[*]}"
  "${pip[@]}" --no-deps "${alone[@]}" || fail "pip could not install: ${alone[*]}"
  echo "$wanted" >"$peers/complete"
}

# --- The runs ------------------------------------------------------------------------------------------------------

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
python=$peers/bin/python

bench_step() {
  say "choosing the peer's memory layout"
  "$python" Benchmarks/timm_step.py --warm-up 0 --steps 1 >"$results/layout.json" || fail "the peer failed"
  layout=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["layout"])' "$results/layout.json")

  for ((round = 1; round <= rounds; round++)); do
    say "round $round of $rounds: funmatch"
    "$tool" bench step --json >"$results/funmatch-$round.txt" || fail "'$tool bench step --json' failed"
    for dtype in float32 bfloat16; do
      say "round $round of $rounds: PyTorch + timm, teacher's weights in $dtype"
      "$python" Benchmarks/timm_step.py --layout "$layout" --teacher-dtype "$dtype" >"$results/$dtype-$round.txt" ||
        fail "the peer failed"
    done
  done
  "$python" Benchmarks/compare.py "$results" "$rounds"
}

bench_input() {
  photos=.deps/photos
  if [ ! -e "$photos/complete" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
      say "installing photographs (mate-backgrounds, plasma-workspace-wallpapers)"
      apt-get -qq install -y --no-install-recommends mate-backgrounds plasma-workspace-wallpapers >/dev/null ||
        say "apt could not install photographs, going on with those that are here"
    fi
    "$python" Benchmarks/tiles.py "$photos" ||
      fail "there are no photographs (on Debian: apt-get install mate-backgrounds plasma-workspace-wallpapers)"
    touch "$photos/complete"
  fi
  for ((round = 1; round <= rounds; round++)); do
    for set in tiles originals; do
      say "round $round of $rounds: $set"
      "$tool" bench input --data "photos:$photos/$set" --rounds 1 --json >"$results/funmatch-$set-$round.txt" ||
        fail "'$tool bench input' failed"
      "$python" Benchmarks/input_peers.py "$photos/$set" >"$results/peers-$set-$round.json" || fail "the peers failed"
    done
  done
  "$python" Benchmarks/compare_input.py "$results" "$rounds"
}

make_environment
case ${1:-} in
  step) bench_step ;;
  input) bench_input ;;
  *) fail "expected step or input" ;;
esac
