#!/usr/bin/env bash
# Views: how recall in either modality grows with the training views of a person.
#
# usage: examples/views.sh [--quick] [DIR [SEED...]]
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

views=(1 2 4 8 16 32)
[ -z "$quick" ] || views=(1 8)
for seed in "${seeds[@]}"; do
  for source in image text; do
    for count in "${views[@]}"; do
      echo "learn $seed xmm-base-$source-$count --source $source --views $count"
    done
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  echo "cells $seed xmm-base"
  for count in "${views[@]}"; do
    [ "$count" = 8 ] || echo "ask $seed views-$count xmm-base-image-$count xmm-base-text-$count"
  done
done | side_by_side

finish views
