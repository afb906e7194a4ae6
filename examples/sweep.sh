#!/usr/bin/env bash
# A sweep: how recall grows with the training views, in each modality learned from, by seed.
#
# usage: examples/sweep.sh [DIR]      (DIR: results/sweep if absent)
#
# PEOPLE, STEPS, VIEWS ("1 4 16") and SEEDS ("0 1") make it shorter or longer. A finished training
# is not done again, so an interrupted sweep goes on.
set -euo pipefail

dir=${1:-results/sweep}
read -ra views <<<"${VIEWS:-1 4 16}"
read -ra seeds <<<"${SEEDS:-0 1}"
most=0
for k in "${views[@]}"; do [ "$k" -le "$most" ] || most=$k; done
mkdir -p "$dir"
: >"$dir/probes.part"

for seed in "${seeds[@]}"; do
  xmm gen-personas -n "${PEOPLE:-16}" --views "$most" --heldout 2 --seed "$seed" \
    --out "$dir/people-$seed" --quiet >/dev/null
  for source in image text; do
    for k in "${views[@]}"; do
      # A label is a column of its own: --by groups by it, and so does any other tool.
      xmm train "$dir/people-$seed/personas.jsonl" --source "$source" --views "$k" \
        --seed "$seed" --steps "${STEPS:-300}" --out "$dir/$source-$k-$seed" --quiet |
        xmm probe --label "k=$k" --quiet >>"$dir/probes.part"
    done
  done
done
mv "$dir/probes.part" "$dir/probes.jsonl"

xmm report "$dir/probes.jsonl" --by k
