#!/usr/bin/env bash
# Runs tests, shows what they print, and then tells which suites and which tests took longest. Ends as they did.
#
#   slowest.sh swift test --no-parallel ...
#
# Only where tests run one after another is the time that the log tells of one its own.
set -uo pipefail
export LC_ALL=C

log=$(mktemp) || exit
trap 'rm -f "$log"' EXIT
"$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

awk '
  /Test run with [0-9]+ test/ { closing = $0; next }

  {
    sub(/^[^A-Za-z]*/, "")
    if (!/^(Suite|Test) .* (passed|failed) after [0-9.]+ seconds/) next
    kind = $1
    match($0, / after [0-9.]+ seconds/)
    seconds = substr($0, RSTART + 7) + 0
    sub(/ (with [0-9]+ test cases? )?(passed|failed) after .*/, "")
    entry = sprintf("%9.3f s  %s", seconds, substr($0, length(kind) + 2))
    if (kind == "Suite") {
      suites[++suiteCount] = entry
      # Its tests came before it.
      for (; named < testCount; named++) tests[named + 1] = tests[named + 1] " of " $2
    } else {
      tests[++testCount] = entry
    }
  }

  function longest(title, lines, count,    i) {
    if (count == 0) return
    print title
    fflush()
    for (i = 1; i <= count; i++) print lines[i] | "sort -rn | head -n 10"
    close("sort -rn | head -n 10")
  }

  END {
    longest("The suites that took longest:", suites, suiteCount)
    longest("The tests that took longest:", tests, testCount)
    if (closing != "") print closing
  }
' "$log"
exit "$status"
