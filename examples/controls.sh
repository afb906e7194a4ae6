#!/usr/bin/env bash
# Controls: the base untrained, blank and swapped views, names shuffled among people, people who
# were never trained, what is visible, and the reverse question.
#
# usage: examples/controls.sh [--quick] [DIR [SEED...]]
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

for seed in "${seeds[@]}"; do
  for source in image text; do
    echo "learn $seed xmm-base-$source-8 --source $source"
    echo "learn $seed xmm-base-$source-shuffled --source $source --shuffle-names"
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  runs="xmm-base-image-8 xmm-base-text-8"
  echo "cells $seed xmm-base"
  echo "ask $seed control-shuffled xmm-base-image-shuffled xmm-base-text-shuffled"
  echo "ask $seed control-blank $runs --control blank"
  echo "ask $seed control-swapped $runs --control swapped --views 1"
  echo "ask $seed control-strangers $runs --role aux --views 1"
  echo "ask $seed control-attributes $runs --task attribute --views 1 --untrained"
  echo "ask $seed control-reverse $runs --task reverse --untrained"
done | side_by_side

finish
