#!/usr/bin/env bash
# The same with GNU parallel, which keeps a log of jobs and goes on where it was stopped.
#
# usage: examples/parallel.sh [DIR]      (DIR: results/parallel if absent)
#
# PEOPLE and STEPS make it shorter or longer. Run again, it does only what is missing.
set -euo pipefail

dir=${1:-results/parallel}
command -v parallel >/dev/null || { echo "GNU parallel is not installed" >&2; exit 69; }
export OMP_NUM_THREADS=1
mkdir -p "$dir"

xmm gen-personas -n "${PEOPLE:-16}" --views 8 --heldout 2 --out "$dir/people" --quiet >/dev/null

# --quote: each word stays one, whatever is in DIR. --halt: the first job that fails ends the rest,
# with its exit code.
parallel --quote --jobs "${JOBS:-100%}" --joblog "$dir/jobs.log" --resume-failed \
  --halt now,fail=1 xmm train "$dir/people/personas.jsonl" --source {1} --seed {2} \
  --steps "${STEPS:-300}" --out "$dir/{1}-{2}" --quiet ::: image text ::: 0 1 >/dev/null

# --resume: a file for each, which is added to until no answer is missing.
parallel --quote --jobs "${JOBS:-100%}" --halt now,fail=1 \
  xmm probe {} --quiet --resume {}.jsonl ::: "$dir"/image-? "$dir"/text-?

cat "$dir"/image-?.jsonl "$dir"/text-?.jsonl >"$dir/probes.part"
mv "$dir/probes.part" "$dir/probes.jsonl"
xmm report "$dir/probes.jsonl"
