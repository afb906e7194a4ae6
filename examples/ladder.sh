#!/usr/bin/env bash
# More capable models: the ladder of bases by size and by alignment, and the rank of the adapter.
#
# usage: examples/ladder.sh [OPTION...] [DIR [SEED...]]      (options: examples/study.sh)
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

bases=(xmm-base-bare xmm-base-xs xmm-base-s xmm-base)
ranks=(64)
if [ -n "$quick" ]; then bases=(xmm-base-bare xmm-base) && ranks=(); fi
# another model is a ladder of one: run again with the next, in the same DIR
if [ "$base" != xmm-base ]; then bases=("$name"); fi
for seed in "${seeds[@]}"; do
  for source in image text; do
    for one in "${bases[@]}"; do
      echo "learn $seed $one-$source-8 --source $source $(on "$one")"
    done
    for rank in ${ranks[@]+"${ranks[@]}"}; do
      echo "learn $seed $name-$source-rank-$rank --source $source --rank $rank"
    done
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  for one in "${bases[@]}"; do
    echo "cells $seed $one"
  done
  for rank in ${ranks[@]+"${ranks[@]}"}; do
    echo "ask $seed rank-$rank $name-image-rank-$rank $name-text-rank-$rank"
  done
done | side_by_side

finish ladder
