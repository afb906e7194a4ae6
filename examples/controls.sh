#!/usr/bin/env bash
# Controls: the base untrained, blank and swapped views, names shuffled among people, people who
# were never trained, what is visible, and the reverse question.
#
# usage: examples/controls.sh [OPTION...] [DIR [SEED...]]      (options: examples/study.sh)
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

for seed in "${seeds[@]}"; do
  for source in image text; do
    echo "learn $seed $name-$source-8 --source $source"
    echo "learn $seed $name-$source-shuffled --source $source --shuffle-names"
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  runs="$name-image-8 $name-text-8"
  echo "cells $seed $name"
  echo "ask $seed control-shuffled $name-image-shuffled $name-text-shuffled"
  echo "ask $seed control-blank $runs --control blank"
  echo "ask $seed control-swapped $runs --control swapped --views 1"
  echo "ask $seed control-strangers $runs --role aux --views 1"
  echo "ask $seed control-attributes $runs --task attribute --views 1 --untrained"
  echo "ask $seed control-reverse $runs --task reverse --untrained"
done | side_by_side

finish
