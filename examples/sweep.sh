#!/usr/bin/env bash
# A sweep: how recall grows with the training views, in each modality learned from, by seed.
#
# usage: examples/sweep.sh [DIR]      (DIR: results/sweep if absent)
#
# PEOPLE, STEPS, VIEWS ("1 4 16") and SEEDS ("0 1") make it shorter or longer. A finished training
# is not done again, so an interrupted sweep goes on. JOBS of them run side by side (1 if absent);
# XMM_LAUNCH starts them on other machines (examples/jobs.sh).
set -euo pipefail

# shellcheck source=examples/jobs.sh
source "$(dirname "${BASH_SOURCE[0]}")/jobs.sh"
dir=${1:-results/sweep}
read -ra views <<<"${VIEWS:-1 4 16}"
read -ra seeds <<<"${SEEDS:-0 1}"
most=0
for k in "${views[@]}"; do [ "$k" -le "$most" ] || most=$k; done
mkdir -p "$dir"

# cell SEED SOURCE K: the rows of one training, whole or not at all
cell() {
  local name="$2-$3-$1"
  # A label is a column of its own: --by groups by it, and so does any other tool.
  xmm train "$dir/people-$1/personas.jsonl" --source "$2" --views "$3" \
    --seed "$1" --steps "${STEPS:-300}" --out "$dir/$name" --quiet |
    xmm probe --label "k=$3" --quiet >"$dir/$name.part"
  mv "$dir/$name.part" "$dir/$name.jsonl"
}

for seed in "${seeds[@]}"; do
  xmm gen-personas -n "${PEOPLE:-16}" --views "$most" --heldout 2 --seed "$seed" \
    --out "$dir/people-$seed" --quiet >/dev/null
done
cells=()
for seed in "${seeds[@]}"; do
  for source in image text; do
    for k in "${views[@]}"; do cells+=("$seed $source $k"); done
  done
done
printf 'cell %s\n' "${cells[@]}" | JOBS=${JOBS:-1} side_by_side

: >"$dir/probes.part"
for cell in "${cells[@]}"; do
  read -r seed source k <<<"$cell"
  cat "$dir/$source-$k-$seed.jsonl" >>"$dir/probes.part"
done
mv "$dir/probes.part" "$dir/probes.jsonl"

xmm report "$dir/probes.jsonl" --by k
