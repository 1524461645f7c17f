#!/usr/bin/env bash
# Writes what is generated between the marker lines of pages: the keys of recipes, as `funmatch recipe` prints them, into
# docs/recipes.md, and the tables of Benchmarks/results.json into docs/speed.md.
#
#   update_docs.sh recipes|speed   only one of them
#   TOOL=.build/release/funmatch   the tool, which `make build` builds
#   PYTHON=python3                 makes the tables
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "update_docs: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Puts the file $3 between the line $2 and the next end marker of the page $1.
put() {
  local page=$1 begin=$2 end='<!-- end -->'
  [ "$(grep -cxF -- "$begin" "$page")" = 1 ] || fail "expected one line '$begin' in $page"
  sed "1,/^$begin\$/d" "$page" >"$work/rest"
  grep -qxF -- "$end" "$work/rest" || fail "expected a line '$end' after '$begin' in $page"
  {
    sed "/^$begin\$/q" "$page"
    cat "$3"
    sed -n "/^$end\$/,\$p" "$work/rest"
  } >"$work/page"
  # Written into the file itself, so that its mode stays.
  cat "$work/page" >"$page"
}

recipes() {
  local tool=${TOOL:-.build/release/funmatch}
  [ -x "$tool" ] || fail "$tool is not there: run 'make build'"
  "$tool" recipe >"$work/keys"
  # One line break at the end, however many the tool prints.
  printf '```yaml\n%s\n```\n' "$(cat "$work/keys")" >"$work/text"
  put docs/recipes.md '<!-- funmatch recipe -->' "$work/text"
}

# A part that was never measured leaves the page as it is.
speed() {
  local part
  for part in steps input; do
    "${PYTHON:-python3}" Benchmarks/page.py "$part" >"$work/tables"
    [ -s "$work/tables" ] || continue
    { echo; cat "$work/tables"; echo; } >"$work/text"
    put docs/speed.md "<!-- make bench: $part -->" "$work/text"
  done
}

case ${1:-} in
  recipes | speed) "$1" ;;
  '')
    recipes
    speed
    ;;
  *) fail "expected recipes or speed" ;;
esac
