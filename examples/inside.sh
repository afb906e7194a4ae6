#!/usr/bin/env bash
# Where it gets lost: layer by layer, how alike the two modalities are for one person, and from
# where on the name can be read.
#
# usage: examples/inside.sh [OPTION...] [DIR [SEED...]]      (options: examples/study.sh)
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

for seed in "${seeds[@]}"; do
  for source in image text; do
    echo "learn $seed $name-$source-8 --source $source"
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  echo "ask $seed trace $name-image-8 $name-text-8 --trace --untrained"
done | side_by_side

finish layers
