#!/usr/bin/env bash
# Makes Sources/Experiments/TensorBoard/event.pb.swift from event.proto beside it. Only whoever changes event.proto or
# moves to another swift-protobuf runs this; the result is committed.
#
# protoc has to be there (Debian: apt-get install protobuf-compiler; macOS: brew install protobuf). Its Swift plugin is
# built from the swift-protobuf that Package.resolved names, so that the code fits the library.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=Sources/Experiments/TensorBoard
checkout=.build/checkouts/swift-protobuf
scratch=$PWD/.build/protobuf-plugin

say() { printf 'generate-protobuf: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

command -v protoc >/dev/null ||
  fail "protoc is missing (Debian: apt-get install protobuf-compiler; macOS: brew install protobuf)"
swift package resolve >/dev/null
say "building protoc-gen-swift (some minutes the first time)"
swift build -c release --package-path "$checkout" --scratch-path "$scratch" --product protoc-gen-swift >/dev/null ||
  fail "protoc-gen-swift did not build"
protoc --plugin="$scratch/release/protoc-gen-swift" --proto_path="$folder" \
  --swift_opt=Visibility=Internal --swift_out="$folder" "$folder/event.proto"
