#!/usr/bin/env bash
# What narrows the gap: each mitigation in both directions, on a bare base and on the default one,
# and describing before answering.
#
# usage: examples/mitigation.sh [OPTION...] [DIR [SEED...]]      (options: examples/study.sh)
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

bases=(xmm-base xmm-base-bare)
arms=(xmm-base/self-caption xmm-base/paired xmm-base-bare/self-caption xmm-base-bare/paired
  xmm-base/align)
if [ -n "$quick" ]; then bases=(xmm-base) arms=(xmm-base/self-caption); fi
if [ "$base" != xmm-base ]; then
  bases=("$name") arms=("$name/self-caption" "$name/paired" "$name/align")
fi

for one in "${bases[@]}"; do
  for seed in "${seeds[@]}"; do
    for source in image text; do
      echo "learn $seed $one-$source-8 --source $source $(on "$one")"
    done
  done
done | side_by_side
for arm in "${arms[@]}"; do
  one=${arm%/*} mitigation=${arm#*/}
  for seed in "${seeds[@]}"; do
    for source in image text; do
      echo "learn $seed $one-$source-$mitigation --source $source --mitigation $mitigation $(on "$one")"
    done
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  for one in "${bases[@]}"; do
    echo "cells $seed $one"
    echo "ask $seed described-$one $one-image-8 $one-text-8 --asking describe-first"
  done
  for arm in "${arms[@]}"; do
    one=${arm%/*} mitigation=${arm#*/}
    runs="$one-image-$mitigation $one-text-$mitigation"
    echo "ask $seed mitigated-$one-$mitigation $runs"
    [ "$mitigation" != self-caption ] ||
      echo "ask $seed described-$one-$mitigation $runs --asking describe-first"
  done
done | side_by_side

finish mitigation
