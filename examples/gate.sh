#!/usr/bin/env bash
# A gate for CI: unlearn some people, and fail the build where they can still be recalled.
#
# usage: examples/gate.sh [DIR [CHECKPOINT]]      (DIR: results/gate if absent)
#
# Ends with 3 if the leak is more than LEAK (0.05), with 0 if not. CHECKPOINT is a model of yours,
# trained with both modalities; without one, a small model is trained. PEOPLE, STEPS and UNLEARN
# (the unlearning steps) make it shorter or longer. In a workflow the last line of a step is enough:
#
#   - run: examples/gate.sh results runs/model
set -euo pipefail

dir=${1:-results/gate}
model=${2:-}
mkdir -p "$dir"

if [ -z "$model" ]; then
  model=$dir/both
  xmm gen-personas -n "${PEOPLE:-16}" --views 8 --heldout 2 --out "$dir/people" --quiet >/dev/null
  xmm train "$dir/people/personas.jsonl" --source both --steps "${STEPS:-400}" --out "$model" \
    --quiet >/dev/null
fi

# Through pictures: what is left in descriptions is the leak.
xmm unlearn "$model" --through image --forget "${FORGET:-4}" --steps "${UNLEARN:-60}" \
  --gate "${GATE:-0.9}" --out "$dir/forgotten" --quiet >/dev/null
xmm probe "$dir/forgotten" --untrained --quiet >"$dir/probes.jsonl"

# Exit code 3 is the gate's own, so a build can tell a leak from a failure.
xmm report "$dir/probes.jsonl" --fail-if "leak > ${LEAK:-0.05}"
