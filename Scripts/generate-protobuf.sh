#!/usr/bin/env bash
# Makes the .pb.swift files of the .proto files beside them: TensorBoard's event.proto and onnx.proto. Only whoever
# changes one of these or moves to another swift-protobuf runs this; the result is committed.
#
# protoc has to be there (Debian: apt-get install protobuf-compiler; macOS: brew install protobuf). Its Swift plugin is
# built from the swift-protobuf that Package.resolved names, so that the code fits the library.
set -euo pipefail
cd "$(dirname "$0")/.."

files=(Sources/TensorBoard/event.proto Sources/ONNX/onnx.proto)
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
for file in "${files[@]}"; do
  folder=$(dirname "$file")
  protoc --plugin="$scratch/release/protoc-gen-swift" --proto_path="$folder" \
    --swift_opt=Visibility=Internal --swift_out="$folder" "$file"
done
