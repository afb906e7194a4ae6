#!/usr/bin/env bash
# Two hops: names learned from views, facts learned in text by name. Who is shown or described, what
# is known of a name, and what is known of the one who is shown or described.
#
# usage: examples/multihop.sh [OPTION...] [DIR [SEED...]]      (options: examples/study.sh)
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

for seed in "${seeds[@]}"; do
  for source in image text; do
    echo "learn $seed $name-$source-facts --source $source --facts"
  done
done | side_by_side
for seed in "${seeds[@]}"; do
  runs="$name-image-facts $name-text-facts"
  echo "ask $seed facts-name $runs --task name"
  echo "ask $seed facts-fact $runs --task fact --views 2"
  echo "ask $seed facts-named-first $runs --task fact --views 2 --asking name-first"
  echo "ask $seed facts-hop-by-hop $runs --task fact --views 2 --asking hop-by-hop"
done | side_by_side

finish
