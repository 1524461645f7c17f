#!/usr/bin/env bash
# Ten classifiers as ONNX files, by torch.onnx, tf2onnx, paddle2onnx and optimum, in .deps/onnx-zoo/files, with what ONNX
# Runtime makes of them. Called by `make soak`, whose tests let them teach. Fetches about 1 GB with pip once.
#
#   PYTHON=python3   the Python that the exporters' environments are made with
set -euo pipefail
cd "$(dirname "$0")/.."

zoo=.deps/onnx-zoo
files=$zoo/files
common=(numpy onnxruntime==1.32.0)
cpu_index=https://download.pytorch.org/whl/cpu

say() { printf 'onnx-zoo: %s\n' "$*" >&2; }

# Files of an exporter: NAME PYTHON.
make_files() {
  [ ! -e "$files/$1.json" ] || return 0
  say "saving classifiers with $1"
  "$2" Scripts/onnx_zoo.py "$1" "$files" >"$zoo/$1.log" 2>&1 || say "failed, see $zoo/$1.log: $1"
}

# An environment of its own, since exporters want other versions of the same packages: NAME PACKAGE...
environment() {
  local folder=$zoo/$1
  shift
  [ "$(cat "$folder/complete" 2>/dev/null)" != "$*" ] || return 0
  say "fetching $*"
  rm -rf "$folder"
  "${PYTHON:-python3}" -m venv "$folder" &&
    { "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" "${common[@]}" ||
      "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --extra-index-url "$cpu_index" "$@" \
        "${common[@]}"; } && echo "$*" >"$folder/complete" || say "pip could not install $*"
}

mkdir -p "$files"
make_files torch .deps/pytorch/bin/python
environment tensorflow tensorflow-cpu==2.21.0 tf2onnx==1.17.0
make_files tensorflow "$zoo/tensorflow/bin/python"
environment paddle paddlepaddle==3.3.1 paddle2onnx==2.1.0
make_files paddle "$zoo/paddle/bin/python"
environment optimum torch==2.13.0+cpu optimum-onnx transformers pillow
make_files optimum "$zoo/optimum/bin/python"
