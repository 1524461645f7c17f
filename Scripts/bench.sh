#!/usr/bin/env bash
# Compares with peers from PyPI. Each comparison runs all sides in turn, so that a machine that slows down or is shared
# slows all; what counts is the ratio within a round. Called by `make bench`. Results go to Benchmarks/results.json, an
# entry for each machine; Scripts/update_docs.sh brings them into docs/speed.md.
#
#   bench.sh step     one distillation step of the pairs in Benchmarks/peers.json, two threads, against PyTorch + timm in
#                     the two best of the settings there. On a processor that Benchmarks/screening.json does not know,
#                     all settings run once before, which takes hours; what failed stays until its line is removed.
#   bench.sh input    from JPEG files to random inception crops, one core, against OpenCV, simplejpeg, TensorFlow, and
#                     Pillow with torchvision
#
#   PAIR=bit          one pair; without it all
#   ROUNDS=7          how often each runs (input: 3)
#   PYTHON=python3    the Python that the peers' environments, .deps/peers, are made with. Compiling with PyTorch needs
#                     its headers and a C++ compiler.
#   PEERS=file        settings other than Benchmarks/peers.json
#   RECORDS=folder    keep results and screening there instead of in Benchmarks
set -euo pipefail
cd "$(dirname "$0")/.."

tool=.build/release/funmatch
peers=.deps/peers
cpu_index=https://download.pytorch.org/whl/cpu

say() { printf 'bench: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

[ -x "$tool" ] || fail "$tool is not there: run 'make bench' or 'make build'"
case ${1:-} in
  step) rounds=${ROUNDS:-7} ;;
  input) rounds=${ROUNDS:-3} ;;
  *) fail "expected step or input" ;;
esac
[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "ROUNDS is '$rounds' and has to be a whole number from 1 on"

# --- The peers' environments ---------------------------------------------------------------------------------------

torch=2.13.0 # the tool's
# Without their requirements: they name another torch, and torchvision is needed only because timm imports it.
alone=(timm==1.0.31 torchao==0.18.0)
others=(pyyaml huggingface_hub safetensors numpy pillow opencv-python-headless simplejpeg)
# What torch names besides libraries for GPUs.
beside_torch=(filelock typing_extensions sympy networkx jinja2 fsspec 'setuptools<82')
tensorflow=tensorflow-cpu==2.21.0

pip() { # ENVIRONMENT ARGUMENT...
  local python=$1/bin/python
  shift
  "$python" -m pip --disable-pip-version-check "$@"
}

# Begins the environment $1 anew, unless it was made of $2 before.
begin() {
  [ "$(cat "$1/complete" 2>/dev/null)" != "$2" ] || return 1
  say "making $1"
  rm -rf "$1"
  "${PYTHON:-python3}" -m venv "$1" || fail "cannot make a Python environment (on Debian: apt-get install python3-venv)"
}

install_torch() { # ENVIRONMENT VERSION
  pip "$1" install --quiet "torch==$2+cpu" 2>/dev/null ||
    pip "$1" install --quiet --retries 1 --extra-index-url "$cpu_index" "torch==$2+cpu" 2>/dev/null
}

# The tool's torch, which `make bench` cannot do without.
make_torch() {
  local folder=$peers/torch-$torch vision=torchvision==0.28.0
  local wanted="torch $torch ${alone[*]} $vision ${others[*]}"
  begin "$folder" "$wanted" || return 0
  install_torch "$folder" "$torch" || pip "$folder" install --quiet "torch==$torch" || fail "pip could not install torch $torch"
  pip "$folder" install --quiet "${others[@]}" || fail "pip could not install: ${others[*]}"
  pip "$folder" install --quiet --no-deps "${alone[@]}" "$vision" || fail "pip could not install: ${alone[*]} $vision"
  echo "$wanted" >"$folder/complete"
}

# The newest torch on PyPI, as `VERSION=PYTHON` or `VERSION=failed: why` in `newest`; empty where that is the tool's.
make_newest() {
  local version folder wanted why
  version=$(pip "$peers/torch-$torch" index versions torch 2>/dev/null | sed -n '1s/^torch (\([0-9.]*\).*/\1/p') || true
  newest="newest=failed: pip cannot tell the newest version of torch"
  [ -n "$version" ] || return 0
  newest=
  [ "$version" != "$torch" ] || return 0
  folder=$peers/torch-$version
  wanted="torch $version ${alone[*]} torchvision ${others[*]}"
  newest="$version=$folder/bin/python"
  if [ -s "$folder/failed" ]; then
    newest="$version=failed: $(cat "$folder/failed")"
    return
  fi
  begin "$folder" "$wanted" || return 0
  # pip complains of the libraries for GPUs that are left out on purpose.
  if why=$(install_newest "$folder" "$version" 2>"$peers/pip.log"); then
    echo "$wanted" >"$folder/complete"
  else
    # Kept without the gigabyte that does not work.
    rm -rf "$folder"
    mkdir "$folder"
    echo "$why" >"$folder/failed"
    newest="$version=failed: $why"
  fi
}

# Says why when it fails. The plain wheel for Linux is a CUDA build; with what it needs it is several GB, so that it is
# only taken where it works without.
install_newest() { # ENVIRONMENT VERSION
  install_torch "$1" "$2" || {
    pip "$1" install --quiet --no-deps "torch==$2" >&2 && pip "$1" install --quiet "${beside_torch[@]}" >&2
  } || {
    echo "pip could not install it"
    return 1
  }
  { pip "$1" install --quiet "${others[@]}" && pip "$1" install --quiet --no-deps "${alone[@]}" torchvision; } >&2 || {
    echo "pip could not install what timm needs"
    return 1
  }
  "$1/bin/python" -c 'import torch' 2>/dev/null || {
    echo "no wheel for CPUs was found, and the plain one does not import without the libraries for GPUs"
    return 1
  }
}

# TensorFlow wants packages of other versions than timm, so it has its own.
make_tensorflow() {
  local folder=$peers/tensorflow
  tensorflow_python=$folder/bin/python
  begin "$folder" "$tensorflow" || return 0
  if pip "$folder" install --quiet "$tensorflow"; then
    echo "$tensorflow" >"$folder/complete"
  else
    tensorflow_python="failed: pip could not install $tensorflow"
  fi
}

# --- The runs ------------------------------------------------------------------------------------------------------

python=$peers/torch-$torch/bin/python

bench_step() {
  make_newest
  local versions=("$torch=$PWD/$python")
  [ -z "$newest" ] || versions+=("$newest")
  "$python" Benchmarks/bench_step.py "$rounds" "${PEERS:-Benchmarks/peers.json}" "${PAIR:-ALL}" "${versions[@]}"
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
  make_tensorflow
  "$python" Benchmarks/bench_input.py "$rounds" "$photos" "$python" "$tensorflow_python"
}

make_torch
"bench_$1"
