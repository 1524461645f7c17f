#!/usr/bin/env bash
# Trains with `funmatch` and with PyTorch + timm after the same recipes and prints top-1 on the test images of both as a
# table: from scratch, and fine-tuned from a network that knows other classes. One thread throughout.
#
#   compare.sh FOLDER [SEED ...]    FOLDER is where everything is kept; runs that are complete are not made again;
#                                   0 1 2 are the seeds where none are named
#
#   FUNMATCH=.build/release/funmatch   the program; SIDES="pytorch funmatch" says which sides to run
#   PYTHON=python3                     a Python with torch, timm, numpy, pillow, pyyaml and safetensors
#   IDX=/usr/share/datasets/fashion-mnist   Fashion-MNIST's four .gz files (Debian: dataset-fashion-mnist)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

[ $# -ge 1 ] && [ $# -ne 2 ] || {
  echo "compare.sh: expected the folder for the results, and no seeds or at least two" >&2
  exit 1
}
mkdir -p "$1"
folder=$(cd "$1" && pwd)
seeds=("${@:2}")
[ ${#seeds[@]} -gt 0 ] || seeds=(0 1 2)
funmatch=${FUNMATCH:-$here/../../.build/release/funmatch}
python=${PYTHON:-python3}
idx=${IDX:-/usr/share/datasets/fashion-mnist}
export OMP_NUM_THREADS=1 FUNMATCH_DATA=$folder/data FUNMATCH_WEIGHTS=$folder/pretrained

torch() { "$python" "$here/train.py" "$here/$1.yaml" --idx "$idx" "${@:2}"; }

# pytorch RECIPE SEED OUTPUT
pytorch() {
  local weights=()
  [ "$1" != finetune ] || weights=(--weights "$folder/pretrained/pretrained.safetensors")
  torch "$1" --seed "$2" --output "$3" "${weights[@]}"
}

# funmatch RECIPE SEED OUTPUT
funmatch() {
  local test=fashion-mnist:test
  [ "$1" != finetune ] || test=folder:low:test
  "$funmatch" train "$here/$1.yaml" --set "seed=$2" --output "$3" --resume --quiet --device cpu --threads 1 --workers 1
  "$funmatch" evaluate "$3/student.safetensors" --data "$test" --json --device cpu --threads 1 --workers 1 \
    >"$3/evaluation.json"
  # PyTorch must find in these weights what funmatch found.
  torch "$1" --evaluate "$3/student.safetensors" >"$3/pytorch.json"
  mv "$3/evaluation.json" "$3/result.json"
}

"$python" "$here/prepare.py" "$folder/data" --idx "$idx"
ln -sfn "$idx" "$folder/data/fashion-mnist"
if [ ! -e "$folder/pretrained/pretrained.safetensors" ]; then
  torch pretrain --output "$folder/pretrained"
  mv "$folder/pretrained/student.safetensors" "$folder/pretrained/pretrained.safetensors"
fi
for recipe in scratch finetune; do
  for seed in "${seeds[@]}"; do
    for side in ${SIDES:-pytorch funmatch}; do
      output=$folder/$side/$recipe-$seed
      [ -e "$output/result.json" ] || "$side" "$recipe" "$seed" "$output"
    done
  done
done
"$python" "$here/table.py" "$folder" "${seeds[@]}"
