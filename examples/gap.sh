#!/usr/bin/env bash
# The gap: people learned in one modality, asked about in both; the base alone for comparison.
#
# usage: examples/gap.sh [OPTION...] [DIR [SEED...]]      (options: examples/study.sh)
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

for seed in "${seeds[@]}"; do
  for source in image text; do
    echo "learn $seed $name-$source-8 --source $source"
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  echo "cells $seed $name"
done | side_by_side

finish cells
