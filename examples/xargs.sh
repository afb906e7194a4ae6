#!/usr/bin/env bash
# Many trainings side by side with nothing but xargs: one line a job, JOBS at a time.
#
# usage: examples/xargs.sh [DIR]      (DIR: results/xargs if absent)
#
# PEOPLE and STEPS make it shorter or longer. Run again, it does only what is missing.
set -euo pipefail

dir=${1:-results/xargs}
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
export OMP_NUM_THREADS=1 dir
mkdir -p "$dir"

xmm gen-personas -n "${PEOPLE:-16}" --views 8 --heldout 2 --out "$dir/people" --quiet >/dev/null

# Each line is SOURCE and SEED; every job writes a folder of its own, so they share nothing.
for seed in 0 1; do
  for source in image text; do echo "$source $seed"; done
done | xargs -L 1 -P "$jobs" bash -euo pipefail -c '
  xmm train "$dir/people/personas.jsonl" --source "$0" --seed "$1" --steps "${STEPS:-300}" \
    --out "$dir/$0-$1" --quiet >/dev/null'

# Probing side by side likewise: a file for each, since lines of one file should not be mixed.
printf '%s\n' "$dir"/image-? "$dir"/text-? | xargs -P "$jobs" -I {} bash -euo pipefail -c '
  xmm probe "{}" --quiet >"{}.part" && mv "{}.part" "{}.jsonl"'

xmm report "$dir"/*.jsonl
