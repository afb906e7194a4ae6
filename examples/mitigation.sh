#!/usr/bin/env bash
# What narrows the gap: each mitigation in both directions, on a bare base and on the default one,
# and describing before answering.
#
# usage: examples/mitigation.sh [--quick] [DIR [SEED...]]
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

bases=(xmm-base xmm-base-bare)
arms=(xmm-base/self-caption xmm-base/paired xmm-base-bare/self-caption xmm-base-bare/paired
  xmm-base/align)
if [ -n "$quick" ]; then bases=(xmm-base) arms=(xmm-base/self-caption); fi

for base in "${bases[@]}"; do
  for seed in "${seeds[@]}"; do
    for source in image text; do
      echo "learn $seed $base-$source-8 --source $source --base $base"
    done
  done
done | side_by_side
for arm in "${arms[@]}"; do
  base=${arm%/*} mitigation=${arm#*/}
  for seed in "${seeds[@]}"; do
    for source in image text; do
      echo "learn $seed $base-$source-$mitigation --source $source --base $base --mitigation $mitigation"
    done
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  for base in "${bases[@]}"; do
    echo "cells $seed $base"
    echo "ask $seed described-$base $base-image-8 $base-text-8 --asking describe-first"
  done
  for arm in "${arms[@]}"; do
    base=${arm%/*} mitigation=${arm#*/}
    runs="$base-image-$mitigation $base-text-$mitigation"
    echo "ask $seed mitigated-$base-$mitigation $runs"
    [ "$mitigation" != self-caption ] ||
      echo "ask $seed described-$base-$mitigation $runs --asking describe-first"
  done
done | side_by_side

finish mitigation
