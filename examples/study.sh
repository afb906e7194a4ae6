# Sourced by the experiments of the study (examples/paper.sh runs them all). They share people and
# checkpoints: what one has made, another does not make again, and a run that was interrupted goes
# on where it stopped.
#
# usage: source examples/study.sh "$@"      with [--quick] [DIR [SEED...]]
#
# JOBS commands run side by side, each on one thread; XMM_LAUNCH starts them on other machines
# (examples/jobs.sh). PEOPLE, AUX and STEPS make it shorter.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=examples/install.sh
source "$root/examples/install.sh" ""
# shellcheck source=examples/jobs.sh
source "$root/examples/jobs.sh"

quick= rows=rows
if [ "${1:-}" = --quick ]; then quick=--quick rows=rows-quick && shift; fi
dir=${1:-results/paper}
seeds=("${@:2}")
if [ ${#seeds[@]} -eq 0 ]; then
  seeds=(20 21 22)
  [ -z "$quick" ] || seeds=(20)
fi
export OMP_NUM_THREADS=1

# people SEED: 32 to measure, 64 others, 32 training views and 4 held-out ones
people() {
  xmm gen-personas -n "${PEOPLE:-32}" --aux "${AUX:-64}" --views 32 --heldout 4 --seed "$1" \
    --processes 1 --quiet --out "$dir/seed-$1/people" >/dev/null
}

# learn SEED NAME FLAGS...: a checkpoint of that name; 8 views a person unless FLAGS say otherwise
learn() {
  xmm train "$dir/seed-$1/people/personas.jsonl" --seed "$1" --views 8 --quiet \
    ${STEPS:+--steps "$STEPS"} --out "$dir/seed-$1/$2" "${@:3}" >/dev/null
}

# ask SEED NAME ARGUMENTS...: the rows of that name, whole or not at all; a word that is the name of
# a checkpoint stands for it
ask() {
  local file="$dir/seed-$1/$rows/$2.jsonl" words=() word
  if [ -e "$file" ]; then return; fi
  for word in "${@:3}"; do
    if [ -d "$dir/seed-$1/$word" ]; then words+=("$dir/seed-$1/$word"); else words+=("$word"); fi
  done
  mkdir -p "$dir/seed-$1/$rows"
  xmm probe --quiet "${words[@]}" >"$file.part"
  mv "$file.part" "$file"
}

# cells SEED BASE: what was learned from 8 views, asked in both modalities, and the base untrained
cells() {
  ask "$1" "cells-$2" "$2-image-8" "$2-text-8" --untrained
}

# All rows of these seeds so far, in one file.
gather() {
  local files=() seed
  for seed in "${seeds[@]}"; do files+=("$dir/seed-$seed/$rows"/*.jsonl); done
  cat "${files[@]}" >"$dir/probes.part"
  mv "$dir/probes.part" "$dir/probes.jsonl"
}

# finish [FIGURE]: the findings of all rows so far, and a figure of them
finish() {
  if [ -n "${part_of_paper:-}" ]; then return; fi
  gather
  if [ -n "${1:-}" ]; then
    xmm report "$dir/probes.jsonl" --plot "$dir/$1.png" --figure "$1" --quiet >/dev/null
  fi
  xmm report "$dir/probes.jsonl" --findings
}

for seed in "${seeds[@]}"; do echo "people $seed"; done | side_by_side
