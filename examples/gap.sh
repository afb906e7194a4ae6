#!/usr/bin/env bash
# The gap: people learned in one modality, asked about in both; the base alone for comparison.
#
# usage: examples/gap.sh [--quick] [DIR [SEED...]]
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

for seed in "${seeds[@]}"; do
  for source in image text; do
    echo "learn $seed xmm-base-$source-8 --source $source"
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  echo "cells $seed xmm-base"
done | side_by_side

finish cells
