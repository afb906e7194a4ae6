#!/usr/bin/env bash
# The whole measurement as one pipe, and what other tools make of its rows on the way.
#
# usage: examples/pipes.sh [DIR]      (DIR: results/pipes if absent)
#
# PEOPLE, VIEWS and STEPS make it shorter or longer.
set -euo pipefail

dir=${1:-results/pipes}
mkdir -p "$dir"

# A row is a line, so tee keeps any stage for later.
xmm gen-personas -n "${PEOPLE:-16}" --views "${VIEWS:-8}" --heldout 2 --out "$dir/people" |
  xmm train --source text --steps "${STEPS:-300}" --out "$dir/text" |
  tee "$dir/checkpoint.jsonl" |
  xmm probe --untrained |
  tee "$dir/probes.jsonl" |
  xmm score |
  xmm report

# Lines are counted, cut and searched by what is there anyway.
echo "questions asked: $(grep -c '"kind":"probe"' "$dir/probes.jsonl")"
echo "not answered right: $(grep -c '"correct":false' "$dir/probes.jsonl" || true)"

# A reader that has seen enough ends the command before it, quietly.
xmm probe "$dir/text" --quiet | head -n 1 >"$dir/first.jsonl"

# Two measurements are one by cat.
cat "$dir/probes.jsonl" | xmm report --format csv >"$dir/table.csv"
