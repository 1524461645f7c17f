#!/usr/bin/env bash
# Runs the studies of Studies/, the paper's claims in small, or those that are named, and writes their reports. Called by `make
# studies`. Whatever ends it, it goes on where it was. The headline, which takes as long as all others, runs by its name alone.
#
#   studies.sh [NAME...]      such as patience, or headline-search headline; all others without names
#   THREADS=2                 threads of an operator
set -euo pipefail
cd "$(dirname "$0")/.."

tool=.build/release/funmatch
photos=.deps/demo-photos
say() { printf 'studies: %s\n' "$*" >&2; }
[ -x "$tool" ] || { say "$tool is not there: run 'make studies' or 'make build'"; exit 1; }

# Some learn from what others made.
names=("$@")
[ $# -gt 0 ] || names=(consistency patience patience-branches no-distillation out-of-domain initialisation teachers families
    resolutions shampoo elpv-teachers elpv-mobilenets elpv-bits elpv-lite0s elpv-consistency elpv-patience elpv-no-distillation
    elpv-out-of-domain)

prepare_photographs() {
  [ ! -e runs/photographs/complete ] || return 0
  Scripts/demo-photos.sh tiles
  PYTHONPATH=$photos/pillow "${PYTHON:-python3}" Studies/photographs.py "$photos/train" runs/photographs/images
  touch runs/photographs/complete
}

for name in "${names[@]}"; do
  case $name in
    out-of-domain) prepare_photographs ;;
    elpv-out-of-domain)
      Scripts/demo-photos.sh tiles
      Scripts/demo-elpv.sh teacher
      ;;
    elpv-*) Scripts/demo-elpv.sh teacher ;;
  esac
  say "$name"
  "$tool" study "Studies/$name.yaml" --resume --threads "${THREADS:-2}" || exit
  # What is kept of it beside its description.
  mkdir -p "Studies/results/$name"
  for file in runs/"$name"/report/{results.json,*.svg}; do
    [ ! -e "$file" ] || cp "$file" "Studies/results/$name/"
  done
done
