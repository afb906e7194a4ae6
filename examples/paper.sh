#!/usr/bin/env bash
# Every experiment of the paper, and those it left open. Ends in the table of findings.
#
# usage: examples/paper.sh [--only gap,views,...] [OPTION...] [DIR [SEED...]]
#
# DIR (default results/paper) gets probes.jsonl, a row for each question; findings.json, the table;
# and the figures. Run again, it does only what is missing. JOBS commands run side by side. --only
# names experiments: gap, views, ladder, unlearning, multihop, controls, inside, mitigation. The
# other options (--quick, --base, --people, --plan …) are told in examples/study.sh.
experiments=(gap views ladder unlearning multihop controls inside mitigation) part=
if [ "${1:-}" = --only ]; then
  IFS=, read -ra experiments <<<"${2:?examples/paper.sh: --only needs names by comma}"
  shift 2 && part=yes
fi
for experiment in "${experiments[@]}"; do
  if [ ! -f "$(dirname "${BASH_SOURCE[0]}")/$experiment.sh" ]; then
    echo "examples/paper.sh: no experiment $experiment" >&2 && exit 2
  fi
done
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"
other=${other:-$part} # a part of the study has not all figures

export part_of_paper=yes
for experiment in "${experiments[@]}"; do
  [ -n "$plan" ] || echo "$experiment" >&2
  "$root/examples/$experiment.sh" ${options[@]+"${options[@]}"} "$dir" "${seeds[@]}" >/dev/null
done
if [ -n "$plan" ]; then say_plan && exit; fi

gather
for figure in cells views ladder unlearning mitigation layers; do
  xmm report "$dir/probes.jsonl" --plot "$dir/$figure.png" --figure "$figure" --quiet >/dev/null ||
    lacks $? "figure $figure"
done
xmm report "$dir/probes.jsonl" --findings --format json >"$dir/findings.part"
mv "$dir/findings.part" "$dir/findings.json"
xmm report "$dir/probes.jsonl" --findings
