#!/usr/bin/env bash
# The main experiment on a laptop: people learned from pictures, or from descriptions, and asked
# about in both. Installs xmm first if it is not there.
#
# usage: examples/quickstart.sh [DIR [SEED...]]
#
# DIR (default results/quickstart) gets probes.jsonl: one row for each question asked. Run again, it
# does only what is missing. With several seeds, each has people and trainings of its own.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=examples/install.sh
source "$root/examples/install.sh" ""  # without it, the arguments of this script would be its

dir=${1:-results/quickstart}
seeds=("${@:2}")
[ ${#seeds[@]} -gt 0 ] || seeds=(0)

for seed in "${seeds[@]}"; do
  part=$dir/seed-$seed
  mkdir -p "$part"
  xmm gen-personas -n 32 --views 8 --heldout 8 --seed "$seed" \
    --out "$part/people" --sheet "$part/people.png" >/dev/null
  for source in image text; do
    xmm train "$part/people/personas.jsonl" --source "$source" --seed "$seed" \
      --out "$part/$source" >/dev/null
  done
  if [ ! -e "$part/probes.jsonl" ]; then
    xmm probe "$part/image" "$part/text" --untrained >"$part/probes.part"
    mv "$part/probes.part" "$part/probes.jsonl"
  fi
done

parts=()
for seed in "${seeds[@]}"; do parts+=("$dir/seed-$seed/probes.jsonl"); done
cat "${parts[@]}" >"$dir/probes.part"
mv "$dir/probes.part" "$dir/probes.jsonl"
xmm report "$dir/probes.jsonl" --by base
