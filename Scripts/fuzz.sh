#!/usr/bin/env bash
# Hands damaged files to every reader: libFuzzer, with the address sanitizer over Swift and C and the undefined-behaviour
# sanitizer over the shims. clang and libFuzzer come with the Swift toolchain.
#
#   Scripts/fuzz.sh              every reader, 10 minutes each
#   Scripts/fuzz.sh jpeg tar     these
#   Scripts/fuzz.sh threads      Datasets and Views under the thread sanitizer instead
#   SECONDS_EACH=600             how long a reader
#   SECONDS_ALL=60               how long all of them together, in place of that
#   JOBS=1                       how many at a time
#
# What a reader learnt is kept in .build-fuzz/corpus for the next time. A file that crashed it goes to
# Tests/Regressions/<reader>, to be committed with the correction.
set -euo pipefail
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
place=$PWD/.build-fuzz
if [[ $(uname -s) != Linux ]]; then
  echo "fuzz: needs Linux, where Swift's toolchain has libFuzzer" >&2
  exit 1
fi

if [[ ${1:-} == threads ]]; then
  FUNMATCH_FUZZ=thread "$swift" build -c release --scratch-path .build-threads --sanitize thread \
    -Xswiftc -use-ld=lld --product threads
  TSAN_OPTIONS="halt_on_error=1 ${TSAN_OPTIONS:-}" exec .build-threads/release/threads
fi

program=$place/release/fuzz
export ASAN_OPTIONS="detect_leaks=0:detect_container_overflow=0:detect_odr_violation=0:allocator_may_return_null=1:handle_abort=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
export OMP_NUM_THREADS=1

# Image files that the tests keep in an array each.
unpack() {
  python3 - "$place/images" Tests/ImagesTests/Fixtures/{formats,xmp}.npz <<'END'
import pathlib, sys, zipfile
for path in map(pathlib.Path, sys.argv[2:]):
    archive, folder = zipfile.ZipFile(path), pathlib.Path(sys.argv[1]) / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    for name in archive.namelist():
        if name.startswith("file/"):
            data = archive.read(name)
            (folder / name[5:-4]).write_bytes(data[10 + data[8] + 256 * data[9]:])
END
}

# The files that a reader begins with: fixtures of the tests, which are real files and small, and Fuzz/Seeds.
seeds() {
  local small=(-type f -size -64k) images=(Tests "$place/images")
  case $1 in
    jpeg) find "${images[@]}" "${small[@]}" -name '*.jpg' ;;
    heif) find "${images[@]}" "${small[@]}" \( -name '*.hei[fc]' -o -name '*.avif' \) ;;
    bmp) find "${images[@]}" "${small[@]}" \( -name '*.bmp' -o -name '*.dib' \) ;;
    tiff) find "${images[@]}" "${small[@]}" -name '*.tif' ;;
    png | gif | webp) find "${images[@]}" "${small[@]}" -name "*.$1" ;;
    pth) find Tests "${small[@]}" \( -name '*.pth' -o -name '*.pt' \) ;;
    model) find Tests Recipes "${small[@]}" -name '*.safetensors' ;;
    checkpoint) find Tests "${small[@]}" -name 'checkpoint.safetensors' ;;
    recipe) find Recipes Examples "${small[@]}" -name '*.yaml' ;;
    study) find Studies Examples "${small[@]}" -name '*.yaml' ;;
    *) find Tests "${small[@]}" -name "*.$1" ;;
  esac
  find "Fuzz/Seeds/$1" "Tests/Regressions/$1" -type f 2>/dev/null || true
}

fuzz() {
  local reader=$1 corpus=$place/corpus/$1 seeds=$place/seeds/$1 found=$place/found/$1 log=$place/$1.log
  rm -rf "$seeds" "$found"
  mkdir -p "$corpus" "$seeds" "$found"
  local number=0 file status=0 count
  while IFS= read -r file; do
    number=$((number + 1))
    cp "$file" "$seeds/$number-$(basename "$file")"
  done < <(seeds "$reader")
  READER=$reader "$program" -max_total_time="$each" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 \
    -max_len=65536 -print_final_stats=1 -artifact_prefix="$found/" "$corpus" "$seeds" >"$log" 2>&1 || status=$?
  count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  if [[ $status == 0 ]]; then
    printf 'fuzz: %-12s %9s files, none a fault\n' "$reader" "$count"
    return 0
  fi
  printf 'fuzz: %-12s A FAULT, see %s\n' "$reader" "$log"
  grep -E -m 3 'ERROR:|SUMMARY:|Fatal error|runtime error' "$log" || true
  mkdir -p "Tests/Regressions/$reader"
  find "$found" -type f -exec cp {} "Tests/Regressions/$reader/" \;
  return 1
}

if [[ ${1:-} == --one ]]; then
  fuzz "$2"
  exit
fi

# A reader that crashed leaves its folder in memory.
trap 'rm -rf /dev/shm/funmatch-fuzz-*' EXIT
FUNMATCH_FUZZ=address "$swift" build -c release --scratch-path "$place" --sanitize address \
  -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld --product fuzz
unpack
read -r -a readers <<<"${*:-$("$program")}"
export each=${SECONDS_EACH:-600}
if [[ -n ${SECONDS_ALL:-} ]]; then
  each=$((SECONDS_ALL * ${JOBS:-1} / ${#readers[@]}))
  ((each > 0)) || each=1
fi
printf '%s\n' "${readers[@]}" | xargs -P "${JOBS:-1}" -n 1 "$PWD/Scripts/fuzz.sh" --one
