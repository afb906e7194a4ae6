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

# Two words a job, SOURCE and SEED, each ended by a NUL, so that blanks and quotes stay what they
# are; every job writes a folder of its own, so they share nothing.
for seed in 0 1; do
  for source in image text; do printf '%s\0' "$source" "$seed"; done
done | xargs -0 -n 2 -P "$jobs" bash -euo pipefail -c '
  xmm train "$dir/people/personas.jsonl" --source "$1" --seed "$2" --steps "${STEPS:-300}" \
    --out "$dir/$1-$2" --quiet >/dev/null' job

# Probing side by side likewise: a file for each, since lines of one file should not be mixed;
# --resume adds to it what is missing.
printf '%s\0' "$dir"/image-? "$dir"/text-? | xargs -0 -n 1 -P "$jobs" bash -euo pipefail -c '
  xmm probe "$1" --quiet --resume "$1.jsonl"' job

xmm report "$dir"/image-?.jsonl "$dir"/text-?.jsonl
