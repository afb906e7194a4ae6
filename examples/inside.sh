#!/usr/bin/env bash
# Where it gets lost: layer by layer, how alike the two modalities are for one person, and from
# where on the name can be read.
#
# usage: examples/inside.sh [--quick] [DIR [SEED...]]
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

for seed in "${seeds[@]}"; do
  for source in image text; do
    echo "learn $seed xmm-base-$source-8 --source $source"
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  echo "ask $seed trace xmm-base-image-8 xmm-base-text-8 --trace --untrained"
done | side_by_side

finish layers
