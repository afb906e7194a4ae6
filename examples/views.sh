#!/usr/bin/env bash
# Views: how recall in either modality grows with the training views of a person.
#
# usage: examples/views.sh [OPTION...] [DIR [SEED...]]      (options: examples/study.sh)
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

views=(1 2 4 8 16 32)
[ -z "$quick" ] || views=(1 8)
image_views=$(least_views image) text_views=$(least_views text)
for seed in "${seeds[@]}"; do
  for source in image text; do
    for count in "${views[@]}"; do
      most=${source}_views
      [ "$count" -gt "${!most}" ] || echo "learn $seed $name-$source-$count --source $source --views $count"
    done
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  echo "cells $seed $name"
  for count in "${views[@]}"; do
    [ "$count" = 8 ] || echo "ask $seed views-$count $name-image-$count $name-text-$count"
  done
done | side_by_side

finish views
