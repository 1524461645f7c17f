#!/usr/bin/env bash
# Writes the keys of recipes, as `funmatch recipe` prints them, between the two marker lines of docs/recipes.md.
#
#   TOOL=.build/release/funmatch   the tool, which `make build` builds
set -euo pipefail
cd "$(dirname "$0")/.."

tool=${TOOL:-.build/release/funmatch}
page=docs/recipes.md
[ -x "$tool" ] || {
  echo "update_docs: $tool is not there: run 'make build'" >&2
  exit 1
}
begin='<!-- funmatch recipe -->'
end='<!-- end -->'
for marker in "$begin" "$end"; do
  [ "$(grep -cxF -- "$marker" "$page")" = 1 ] || {
    echo "update_docs: expected one line '$marker' in $page" >&2
    exit 1
  }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$tool" recipe >"$work/keys"
{
  sed "/^$begin\$/q" "$page"
  echo '```yaml'
  # One line break at the end, however many the tool prints.
  printf '%s\n' "$(cat "$work/keys")"
  echo '```'
  sed -n "/^$end\$/,\$p" "$page"
} >"$work/page"
# Written into the file itself, so that its mode stays.
cat "$work/page" >"$page"
