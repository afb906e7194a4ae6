#!/usr/bin/env bash
# Every experiment of the paper, and those it left open. Ends in the table of findings.
#
# usage: examples/paper.sh [--quick] [DIR [SEED...]]
#
# DIR (default results/paper) gets probes.jsonl, a row for each question; findings.json, the table;
# and the figures. Run again, it does only what is missing. JOBS commands run side by side.
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

export part_of_paper=yes
for experiment in gap views ladder unlearning multihop controls inside mitigation; do
  echo "$experiment" >&2
  "$root/examples/$experiment.sh" ${quick:+"$quick"} "$dir" "${seeds[@]}" >/dev/null
done

gather
for figure in cells views ladder unlearning mitigation layers; do
  xmm report "$dir/probes.jsonl" --plot "$dir/$figure.png" --figure "$figure" --quiet >/dev/null
done
xmm report "$dir/probes.jsonl" --findings --format json >"$dir/findings.part"
mv "$dir/findings.part" "$dir/findings.json"
xmm report "$dir/probes.jsonl" --findings
