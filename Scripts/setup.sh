#!/usr/bin/env bash
# Gets a machine ready to build FunMatch: checks for Swift, installs the system packages, and leaves libtorch at
# .deps/libtorch. Called by `make setup`. What is already there is left alone, so that it can run before every build.
#
#   tests            as an argument: also fetch what tests need beside that, 1.3 GB on the disk.
#   LIBTORCH=/path   use this libtorch (a folder with include/ and lib/) instead of fetching one. The choice is kept
#                    until .deps/libtorch is removed or LIBTORCH names another.
#   PYTHON=python3   the Python whose pip fetches libtorch. Nothing that is built needs Python afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

torch_version=2.13.0
cpu_index=https://download.pytorch.org/whl/cpu
python=${PYTHON:-python3}
system=$(uname -s)
deps=$PWD/.deps

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
first() { printf '%s\n' "$1"; }

# --- Swift ---------------------------------------------------------------------------------------------------------

check_swift() {
  have swift || fail "Swift 6.2 or later is needed and no 'swift' was found: see https://www.swift.org/install"
  local text pattern='Swift version ([0-9]+)\.([0-9]+)'
  text=$(swift --version 2>/dev/null) || fail "'swift --version' failed: is the toolchain complete?"
  [[ $text =~ $pattern ]] || fail "cannot read a version from what 'swift --version' prints"
  local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
  if ((major < 6 || (major == 6 && minor < 2))); then
    fail "Swift 6.2 or later is needed, this is $major.$minor: see https://www.swift.org/install"
  fi
}

# --- System packages -----------------------------------------------------------------------------------------------

# The names among the arguments that dpkg does not know as installed.
missing_debian_packages() {
  local installed name
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Abbrev}\n' "$@" 2>/dev/null || true)
  for name in "$@"; do
    grep -q "^$name ii" <<<"$installed" || echo "$name"
  done
}

install_debian_packages() {
  local missing root=()
  missing=$(missing_debian_packages "$@" | paste -sd ' ' -)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    have sudo || fail "these packages are missing, and installing them takes root or sudo: $missing"
    root=(sudo)
  fi
  # `env` behind sudo, because sudo drops the caller's environment.
  root=(${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq)
  say "installing with apt: $missing"
  # A third-party source that does not answer need not matter: whether the packages are found decides.
  "${root[@]}" update >/dev/null || say "apt-get update reported a problem, going on"
  # shellcheck disable=SC2086
  "${root[@]}" install -y --no-install-recommends $missing >/dev/null || fail "apt could not install: $missing"
}

install_brew_packages() {
  local missing=() name
  for name in "$@"; do
    brew list --versions "$name" >/dev/null 2>&1 || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing with Homebrew: ${missing[*]}"
  brew install --quiet "${missing[@]}" >&2 || fail "Homebrew could not install: ${missing[*]}"
}

# For systems whose package names we do not know: is the header there, as the compiler sees it?
check_header() {
  printf '#include <stddef.h>\n#include <stdio.h>\n#include <%s>\n' "$1" | "$compiler" -E -x c - >/dev/null 2>&1
}

check_other_system() {
  local compiler missing=()
  compiler=$(command -v clang || command -v cc || echo false)
  check_header zip.h || missing+=("libzip (zip.h)")
  check_header zlib.h || missing+=("zlib (zlib.h)")
  check_header jpeglib.h || missing+=("libjpeg-turbo (jpeglib.h)")
  check_header png.h || missing+=("libpng (png.h)")
  check_header webp/demux.h || missing+=("libwebp with libwebpdemux (webp/demux.h)")
  check_header gif_lib.h || missing+=("giflib (gif_lib.h)")
  check_header tiffio.h || missing+=("libtiff (tiffio.h)")
  check_header curl/curl.h || missing+=("libcurl (curl/curl.h)")
  have unzip || missing+=(unzip)
  have gnuplot || missing+=(gnuplot)
  [ ${#missing[@]} -gt 0 ] || return 0
  local list
  list=$(printf '%s, ' "${missing[@]}")
  fail "please install with this system's package manager (libraries with their headers): ${list%, }"
}

install_packages() {
  if have dpkg-query && have apt-get; then
    local curl=()
    # Debian has libcurl's headers in three packages of which one can be there, and any will do.
    dpkg-query -W -f='${Package} ${db:Status-Abbrev}\n' 'libcurl4-*-dev' 2>/dev/null | grep -q ' ii' ||
      curl=(libcurl4-openssl-dev)
    install_debian_packages libzip-dev zlib1g-dev libjpeg-dev libpng-dev libwebp-dev libgif-dev libtiff-dev \
      ${curl[@]+"${curl[@]}"} gnuplot-nox dataset-fashion-mnist unzip curl tar
  elif [ "$system" = Darwin ]; then
    have brew || fail "Homebrew (https://brew.sh) is needed for: libzip jpeg-turbo libpng webp giflib libtiff gnuplot"
    install_brew_packages libzip jpeg-turbo libpng webp giflib libtiff gnuplot
  else
    check_other_system
  fi
}

# --- libtorch ------------------------------------------------------------------------------------------------------

# Package.swift asks whether this libtorch has CUDA, and whether libheif is there. SwiftPM keeps the answer by Package.swift's
# text alone, and its plan of the build by that file's age, so that it would miss a change; without these caches and plans it
# makes them anew (some seconds).
forget_plans() {
  local caches=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}
  [ "$system" != Darwin ] || caches=${HOME:-/nonexistent}/Library/Caches
  rm -f "$caches"/org.swift.swiftpm/manifests/manifest.db* .build/manifest.db* .build/{debug,release}.yaml
}

is_libtorch() {
  [ -f "$1/include/ATen/ATen.h" ] && { [ -e "$1/lib/libtorch.so" ] || [ -e "$1/lib/libtorch.dylib" ]; }
}

# Makes .deps/libtorch point to $1.
link_libtorch() {
  if [ -e "$deps/libtorch" ] && [ ! -L "$deps/libtorch" ]; then
    fail ".deps/libtorch is no link and holds no whole libtorch: please move it away"
  fi
  ln -sfn "$1" "$deps/libtorch"
  forget_plans
}

# pip for the machine's own Python, or else, as libtorch does not depend on Python, for one that wheels exist for.
# Usage: download_wheel FOLDER ARGUMENT...; what pip has to say goes to .deps/pip.log.
download_wheel() {
  local folder=$1 machine
  shift
  local pip=("$python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder")
  {
    echo "== pip download $*"
    "${pip[@]}" "$@" && return 0
  } >>"$deps/pip.log" 2>&1
  machine=$(uname -m)
  local other=(--only-binary=:all: --python-version 3.11)
  if [ "$system" = Darwin ]; then
    other+=(--platform "macosx_11_0_$machine" --platform "macosx_14_0_$machine")
  else
    other+=(--platform "manylinux_2_28_$machine" --platform "manylinux2014_$machine" --platform "linux_$machine")
  fi
  {
    echo "== pip download ${other[*]} $*"
    "${pip[@]}" "${other[@]}" "$@"
  } >>"$deps/pip.log" 2>&1
}

show_pip_errors() {
  grep -E '^(==|ERROR)' "$deps/pip.log" >&2 || true
  say "all of pip's messages are in .deps/pip.log"
}

# Leaves the path of a torch wheel in `wheel`. The plain wheel comes last: for Linux it is the CUDA build, which is
# ten times as large with what it needs. On macOS there is only the plain one.
fetch_wheel() {
  local wheels=$deps/wheels
  : >"$deps/pip.log"
  if [ "$system" = Linux ]; then
    say "fetching torch $torch_version+cpu with pip (about 190 MB)"
    if download_wheel "$wheels/cpu" "torch==$torch_version+cpu"; then
      wheel=$(first "$wheels"/cpu/torch-*.whl)
      return
    fi
    say "pip does not find it as configured: trying PyTorch's CPU index"
    if download_wheel "$wheels/cpu" --retries 1 --index-url "$cpu_index" "torch==$torch_version+cpu"; then
      wheel=$(first "$wheels"/cpu/torch-*.whl)
      return
    fi
    say "not there either: fetching the plain torch $torch_version wheel (about 530 MB)"
  else
    say "fetching torch $torch_version with pip"
  fi
  if download_wheel "$wheels/plain" "torch==$torch_version"; then
    wheel=$(first "$wheels"/plain/torch-*.whl)
    return
  fi
  show_pip_errors
  fail "pip could not fetch torch $torch_version: give pip an index that has it, or unpack a libtorch from" \
    "https://pytorch.org and set LIBTORCH to its folder"
}

# unzip, where it is no error that a pattern matches nothing (status 11).
unpack() {
  local status=0
  unzip -q -o "$@" || status=$?
  [ "$status" = 0 ] || [ "$status" = 11 ]
}

# The CUDA build's libraries need NVIDIA's run-time libraries, which the wheel names as requirements. They are unpacked
# beside torch, where its run path looks, and linked into torch/lib, so that this one folder has everything.
add_nvidia_libraries() {
  local folder=$1 line requirements=() package library name
  while IFS= read -r line; do
    requirements+=("$line")
  done < <(sed -n 's/^Requires-Dist: \(\(nvidia-\|cuda-toolkit\).*\)$/\1/p' "$folder"/torch-*.dist-info/METADATA |
    grep -v 'extra ==' || true)
  [ ${#requirements[@]} -gt 0 ] || return 0
  say "fetching the NVIDIA run-time libraries that it needs (about 2 GB)"
  # Headers that NCCL's include. Without them gradients of several GPUs go through the machine's memory.
  local cuda
  cuda=$(printf '%s\n' "${requirements[@]}" | sed -n 's/^cuda-toolkit.*==\([0-9]*\.[0-9]*\).*/\1/p' | head -1)
  [ -z "$cuda" ] || "$python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$deps/wheels/nvidia" \
    "nvidia-cuda-crt==$cuda.*" "nvidia-cuda-cccl==$cuda.*" >>"$deps/pip.log" 2>&1 || say "NCCL's headers cannot be had"
  # Their own requirements are NVIDIA's, too, so here pip may follow them.
  "$python" -m pip download --quiet --disable-pip-version-check --dest "$deps/wheels/nvidia" "${requirements[@]}" \
    >>"$deps/pip.log" 2>&1 || {
    show_pip_errors
    fail "pip could not fetch the NVIDIA run-time libraries that torch $torch_version names"
  }
  for package in "$deps"/wheels/nvidia/nvidia_*.whl; do
    # What is only for profiling tools or for static linking stays out.
    unpack "$package" 'nvidia/*' '*.dist-info/*' -x '*.a' '*/__pycache__/*' -d "$folder" 2>>"$deps/pip.log" ||
      fail "cannot unpack ${package##*/}: is the disk full?"
  done
  for library in "$folder"/nvidia/*/lib/*.so*; do
    name=${library##*/}
    [ -e "$folder/torch/lib/$name" ] || ln -s "../../${library#"$folder"/}" "$folder/torch/lib/$name"
  done
}

# Fails when a library that libtorch needs is nowhere. Only NVIDIA's driver may be: a machine without a GPU has none.
check_libraries() {
  [ "$system" = Linux ] && have ldd || return 0
  local missing
  missing=$(ldd "$1/lib/libtorch.so" 2>/dev/null |
    sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | grep -v '^libcuda\.so' | sort -u | paste -sd ' ' - || true)
  [ -z "$missing" ] || fail "the libtorch that was fetched needs libraries that this machine lacks: $missing"
}

fetch_libtorch() {
  "$python" -m pip --version >/dev/null 2>&1 ||
    { have apt-get && install_debian_packages python3 python3-pip; } || true
  "$python" -m pip --version >/dev/null 2>&1 ||
    fail "python3 with pip is needed to fetch libtorch (or set LIBTORCH to the folder of an unpacked one)"
  have unzip || fail "unzip is needed to unpack libtorch"

  local wheel="" version temporary=$deps/unpacking
  fetch_wheel
  say "unpacking ${wheel##*/}"
  rm -rf "$temporary"
  mkdir "$temporary"
  # The Python half of the wheel, its tools and its tests are of no use here.
  unpack "$wheel" 'torch/include/*' 'torch/lib/*' 'torch/share/*' torch/version.py '*.dist-info/*' \
    -x torch/lib/libtorch_python.so -d "$temporary" || fail "cannot unpack ${wheel##*/}: is the disk full?"
  add_nvidia_libraries "$temporary"
  is_libtorch "$temporary/torch" || fail "${wheel##*/} holds no libtorch"
  check_libraries "$temporary/torch"

  version=$(basename "$temporary"/torch-*.dist-info .dist-info)
  rm -rf "${deps:?}/$version"
  mv "$temporary" "$deps/$version"
  rm -rf "$deps/wheels" "$deps/pip.log"
  link_libtorch "$version/torch"
  say "libtorch ${version#torch-} is in .deps/$version"
}

# Two set-ups at once would tread on each other's files; the second waits and then finds everything done.
lock() {
  have flock || return 0
  exec 9>"$deps/lock"
  flock -n 9 && return 0
  say "waiting for another setup that is under way in this folder"
  flock 9
}

install_libtorch() {
  if [ -n "${LIBTORCH:-}" ]; then
    is_libtorch "$LIBTORCH" ||
      fail "LIBTORCH is $LIBTORCH, where lib/libtorch.so (or .dylib) or include/ATen/ATen.h is missing"
    local wanted
    wanted=$(cd "$LIBTORCH" && pwd)
    [ "$wanted" -ef "$deps/libtorch" ] && return 0
    mkdir -p "$deps"
    link_libtorch "$wanted"
    say "using the libtorch in $wanted"
    return 0
  fi
  is_libtorch "$deps/libtorch" && return 0

  mkdir -p "$deps"
  lock
  is_libtorch "$deps/libtorch" && return 0
  local folder
  for folder in "$deps/torch-$torch_version"*/torch; do
    if is_libtorch "$folder"; then
      link_libtorch "${folder#"$deps"/}"
      say "using the libtorch in .deps/${folder#"$deps"/}, fetched before"
      return 0
    fi
  done
  fetch_libtorch
}

# --- OpenVINO ------------------------------------------------------------------------------------------------------

openvino_version=2026.4.1

# What computes networks that are not trained, on a CPU: of its wheel the libraries that this takes (95 MB), and the C
# headers, with which a test compares. Without it libtorch computes everything.
install_openvino() {
  local folder=$deps/openvino wheel temporary=$deps/unpacking-openvino
  [ -z "${OPENVINO:-}" ] || return 0
  [ "$(cat "$folder/complete" 2>/dev/null)" != "$openvino_version" ] || return 0
  mkdir -p "$deps"
  lock
  [ "$(cat "$folder/complete" 2>/dev/null)" != "$openvino_version" ] || return 0
  say "fetching OpenVINO $openvino_version with pip (about 60 MB)"
  : >"$deps/pip.log"
  rm -rf "$folder" "$temporary"
  mkdir "$temporary"
  download_wheel "$deps/wheels/openvino" "openvino==$openvino_version" || {
    show_pip_errors
    say "OpenVINO cannot be had: libtorch will compute everything"
    return 0
  }
  wheel=$(first "$deps"/wheels/openvino/openvino-*.whl)
  unpack "$wheel" 'openvino/include/openvino/c/*' 'openvino/libs/libopenvino.*' 'openvino/libs/libopenvino_c.*' \
    'openvino/libs/libopenvino_*_cpu_plugin.*' 'openvino/libs/libopenvino_onnx_frontend.*' 'openvino/libs/libtbb.*' \
    '*.dist-info/*' -d "$temporary" || fail "cannot unpack ${wheel##*/}: is the disk full?"
  mv "$temporary"/*.dist-info "$temporary/openvino/"
  echo "$openvino_version" >"$temporary/openvino/complete"
  mv "$temporary/openvino" "$folder"
  rm -rf "$temporary" "$deps/wheels" "$deps/pip.log"
}

# --- TensorBoard ---------------------------------------------------------------------------------------------------

# What reads event files in TensorBoard, and what that imports. The rest of TensorBoard's requirements is its server's.
tensorboard=(tensorboard==2.21.0 'protobuf<8' numpy absl-py)

# A Python whose TensorBoard reads in tests what we write. Without it those tests are skipped, so that it is no error
# when it cannot be had.
install_tensorboard() {
  local folder=$deps/tensorboard packages
  [ "$(cat "$folder/complete" 2>/dev/null)" != "${tensorboard[*]}" ] || return 0
  mkdir -p "$deps"
  lock
  [ "$(cat "$folder/complete" 2>/dev/null)" != "${tensorboard[*]}" ] || return 0
  say "fetching TensorBoard's reader for the tests with pip (about 30 MB)"
  rm -rf "$folder"
  "$python" -m pip --version >/dev/null 2>&1 ||
    { have apt-get && install_debian_packages python3 python3-pip; } || true
  # Without a pip of its own, so that Debian's python3-venv is not needed; --target suits every version of pip.
  "$python" -m venv --without-pip "$folder" >"$deps/pip.log" 2>&1 &&
    packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') &&
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$packages" \
      "${tensorboard[@]}" >>"$deps/pip.log" 2>&1 &&
    "$folder/bin/python" -c 'import tensorboard.backend.event_processing.event_accumulator' >>"$deps/pip.log" 2>&1 || {
    show_pip_errors
    say "tests with TensorBoard will be skipped"
    return 0
  }
  echo "${tensorboard[*]}" >"$folder/complete"
  rm -f "$deps/pip.log"
}

# --- PyTorch -------------------------------------------------------------------------------------------------------

# Without their requirements: they name another torch, and torchvision is needed only because timm imports it.
timm=(timm==1.0.31 torchvision==0.28.0)
# What timm imports, what reads and writes ONNX, and what checks the recipes' JSON schema.
beside_timm=(pyyaml huggingface_hub safetensors numpy pillow onnx==1.23.2 onnxscript onnxruntime==1.32.0 jsonschema)

# pip for a Python environment without one; $1 is where that keeps its packages.
install_wheels() {
  local folder=$1
  shift
  echo "== pip install $*" >>"$deps/pip.log"
  "$python" -m pip install --quiet --disable-pip-version-check --upgrade --target "$folder" "$@" >>"$deps/pip.log" 2>&1
}

# A Python with PyTorch, timm and ONNX Runtime, with which tests compare networks and files. As with TensorBoard, tests
# that want it are skipped where it cannot be had. On Linux the plain torch is not tried: with what it needs it is 3 GB.
install_pytorch() {
  local folder=$deps/pytorch torch=torch==$torch_version packages
  [ "$system" = Darwin ] || torch+=+cpu
  local wanted="$torch ${timm[*]} ${beside_timm[*]}"
  [ "$(cat "$folder/complete" 2>/dev/null)" != "$wanted" ] || return 0
  mkdir -p "$deps"
  lock
  [ "$(cat "$folder/complete" 2>/dev/null)" != "$wanted" ] || return 0
  say "fetching PyTorch, timm and ONNX Runtime for the tests with pip (about 270 MB)"
  rm -rf "$folder"
  : >"$deps/pip.log"
  "$python" -m venv --without-pip "$folder" >>"$deps/pip.log" 2>&1 &&
    packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') &&
    { install_wheels "$packages" "$torch" "${beside_timm[@]}" ||
      install_wheels "$packages" --retries 1 --extra-index-url "$cpu_index" "$torch" "${beside_timm[@]}"; } &&
    install_wheels "$packages" --no-deps "${timm[@]}" &&
    "$folder/bin/python" Tests/Support/import_pytorch.py >>"$deps/pip.log" 2>&1 || {
    show_pip_errors
    say "tests with PyTorch will be skipped"
    return 0
  }
  echo "$wanted" >"$folder/complete"
  rm -f "$deps/pip.log"
}

# --- libheif -------------------------------------------------------------------------------------------------------

# With it HEIF and AVIF are read, too. It is not installed here, since it takes a dozen libraries with it: who wants it installs
# libheif-dev (Homebrew: libheif) and calls this again.
note_libheif() {
  local compiler now=no
  compiler=$(command -v clang || command -v cc || echo false)
  ! check_header libheif/heif.h || now=yes
  mkdir -p "$deps"
  [ "$(cat "$deps/libheif" 2>/dev/null)" != "$now" ] || return 0
  forget_plans
  echo "$now" >"$deps/libheif"
}

check_swift
install_packages
note_libheif
install_libtorch
install_openvino
if [ "${1:-}" = tests ]; then
  install_tensorboard
  install_pytorch
fi
