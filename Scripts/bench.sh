#!/usr/bin/env bash
# Compares one distillation step (BiT R152x2 teaching BiT R50x1, 128 px, batch 16, two threads) with the same step in
# PyTorch + timm: once all in autocast, once with the teacher converted to bf16 as a whole, which is the faster of
# what timm offers. They run in turn, so that a machine that slows down or is shared slows all; what counts is the
# ratio within a round. Called by `make bench`.
#
#   ROUNDS=3          how often each runs
#   PYTHON=python3    the Python that the peer's environment, .deps/peers, is made with
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

# --- The peer's environment ----------------------------------------------------------------------------------------

torch=2.13.0
# Without their requirements: they name another torch, and torchvision is needed only because timm imports it.
alone=(timm==1.0.31 torchvision==0.28.0)
others=(pyyaml huggingface_hub safetensors numpy pillow)

make_environment() {
  local wanted="torch $torch ${alone[*]} ${others[*]}"
  [ "$(cat "$peers/complete" 2>/dev/null)" != "$wanted" ] || return 0
  say "making the peer's Python environment in $peers"
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

make_environment
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
