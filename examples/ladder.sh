#!/usr/bin/env bash
# More capable models: the ladder of bases by size and by alignment, and the rank of the adapter.
#
# usage: examples/ladder.sh [--quick] [DIR [SEED...]]
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

bases=(xmm-base-bare xmm-base-xs xmm-base-s xmm-base)
ranks=(64)
if [ -n "$quick" ]; then bases=(xmm-base-bare xmm-base) && ranks=(); fi
for seed in "${seeds[@]}"; do
  for source in image text; do
    for base in "${bases[@]}"; do
      echo "learn $seed $base-$source-8 --source $source --base $base"
    done
    for rank in ${ranks[@]+"${ranks[@]}"}; do
      echo "learn $seed xmm-base-$source-rank-$rank --source $source --rank $rank"
    done
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  for base in "${bases[@]}"; do
    echo "cells $seed $base"
  done
  for rank in ${ranks[@]+"${ranks[@]}"}; do
    echo "ask $seed rank-$rank xmm-base-image-rank-$rank xmm-base-text-rank-$rank"
  done
done | side_by_side

finish ladder
