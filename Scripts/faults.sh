#!/usr/bin/env bash
# Makes the system calls of the tool fail, one after another: see Scripts/faults/faults.py, whose options this takes.
#
#   FUNMATCH   the tool; .build/release/funmatch without it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
[[ $(uname -s) == Linux ]] || { echo "faults: needs Linux (LD_PRELOAD)" >&2; exit 1; }
exec "${PYTHON:-python3}" "$root/Scripts/faults/faults.py" "${FUNMATCH:-$root/.build/release/funmatch}" "$@"
