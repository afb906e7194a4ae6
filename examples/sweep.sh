#!/usr/bin/env bash
# A sweep: how recall grows with the training views, in each modality learned from, by seed.
#
# usage: examples/sweep.sh [DIR]      (DIR: results/sweep if absent)
#
# PEOPLE, STEPS, VIEWS ("1 4 16") and SEEDS ("0 1") make it shorter or longer. A finished training
# is not done again, so an interrupted sweep goes on. JOBS of them run side by side (1 if absent),
# each started by XMM_LAUNCH: nothing, which is here, or a command such as `srun -n1 --gres=gpu:1`.
set -euo pipefail

dir=${1:-results/sweep}
read -ra views <<<"${VIEWS:-1 4 16}"
read -ra seeds <<<"${SEEDS:-0 1}"
most=0
for k in "${views[@]}"; do [ "$k" -le "$most" ] || most=$k; done
mkdir -p "$dir"
export dir

# cell SEED SOURCE K: the rows of one training, whole or not at all
cell() {
  local name="$2-$3-$1"
  # A label is a column of its own: --by groups by it, and so does any other tool.
  xmm train "$dir/people-$1/personas.jsonl" --source "$2" --views "$3" \
    --seed "$1" --steps "${STEPS:-300}" --out "$dir/$name" --quiet |
    xmm probe --label "k=$3" --quiet >"$dir/$name.part"
  mv "$dir/$name.part" "$dir/$name.jsonl"
}
export -f cell

cells=()
for seed in "${seeds[@]}"; do
  xmm gen-personas -n "${PEOPLE:-16}" --views "$most" --heldout 2 --seed "$seed" \
    --out "$dir/people-$seed" --quiet >/dev/null
  for source in image text; do
    for k in "${views[@]}"; do cells+=("$seed" "$source" "$k"); done
  done
done
# shellcheck disable=SC2086 # a command and its options
printf '%s\0' "${cells[@]}" |
  xargs -0 -n 3 -P "${JOBS:-1}" ${XMM_LAUNCH:-} bash -euo pipefail -c 'cell "$@"' cell

: >"$dir/probes.part"
printf '%s %s %s\n' "${cells[@]}" | while read -r seed source k; do
  cat "$dir/$source-$k-$seed.jsonl" >>"$dir/probes.part"
done
mv "$dir/probes.part" "$dir/probes.jsonl"

xmm report "$dir/probes.jsonl" --by k
