#!/usr/bin/env bash
# What narrows the gap: each mitigation in both directions, on a bare base and on the default one,
# and describing before answering.
#
# usage: examples/mitigation.sh [--quick] [DIR [SEED...]]
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

bases=(xmm-base-bare xmm-base)
[ -z "$quick" ] || bases=(xmm-base)

# mitigations BASE: those that are tried on it
mitigations() {
  if [ -n "$quick" ]; then
    echo self-caption
  elif [ "$1" = xmm-base ]; then
    echo paired self-caption align
  else
    echo paired self-caption
  fi
}

for seed in "${seeds[@]}"; do
  for base in "${bases[@]}"; do
    for source in image text; do
      echo "learn $seed $base-$source-8 --source $source --base $base"
      for mitigation in $(mitigations "$base"); do
        echo "learn $seed $base-$source-$mitigation --source $source --base $base --mitigation $mitigation"
      done
    done
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  for base in "${bases[@]}"; do
    echo "cells $seed $base"
    echo "ask $seed described-$base $base-image-8 $base-text-8 --asking describe-first"
    for mitigation in $(mitigations "$base"); do
      runs="$base-image-$mitigation $base-text-$mitigation"
      echo "ask $seed mitigated-$base-$mitigation $runs"
      [ "$mitigation" != self-caption ] ||
        echo "ask $seed described-$base-$mitigation $runs --asking describe-first"
    done
  done
done | side_by_side

finish mitigation
