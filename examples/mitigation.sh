#!/usr/bin/env bash
# What narrows the gap: each mitigation in both directions, on a bare base and on the default one,
# and describing before answering.
#
# usage: examples/mitigation.sh [--quick] [DIR [SEED...]]
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

declare -A mitigations=(
  [xmm-base-bare]="paired self-caption"
  [xmm-base]="paired self-caption align"
)
[ -z "$quick" ] || mitigations=([xmm-base]=self-caption)

for seed in "${seeds[@]}"; do
  for base in "${!mitigations[@]}"; do
    for source in image text; do
      echo "learn $seed $base-$source-8 --source $source --base $base"
      for mitigation in ${mitigations[$base]}; do
        echo "learn $seed $base-$source-$mitigation --source $source --base $base --mitigation $mitigation"
      done
    done
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  for base in "${!mitigations[@]}"; do
    echo "cells $seed $base"
    echo "ask $seed described-$base $base-image-8 $base-text-8 --asking describe-first"
    for mitigation in ${mitigations[$base]}; do
      runs="$base-image-$mitigation $base-text-$mitigation"
      echo "ask $seed mitigated-$base-$mitigation $runs"
      [ "$mitigation" != self-caption ] ||
        echo "ask $seed described-$base-$mitigation $runs --asking describe-first"
    done
  done
done | side_by_side

finish mitigation
