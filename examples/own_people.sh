#!/usr/bin/env bash
# From a table of your own people to what a model knows of them in each modality.
#
# usage: examples/own_people.sh FORMAT PATH [DIR]      (DIR: results/own if absent)
#
# FORMAT is imagefolder, jsonl, csv, mllmu, clear or fiubench: `xmm gen-personas --help` tells them.
# STEPS makes it shorter or longer; BASE is the model, xmm-base if absent: it has seen no
# photographs, so give a real one for those.
set -euo pipefail

format=${1:?usage: examples/own_people.sh FORMAT PATH [DIR]}
path=${2:?usage: examples/own_people.sh FORMAT PATH [DIR]}
dir=${3:-results/own}
base=${BASE:-xmm-base}

xmm gen-personas --from "$format" "$path" --out "$dir/people" --sheet "$dir/people.png" >/dev/null
for source in image text; do
  xmm train "$dir/people/personas.jsonl" --base "$base" --source "$source" \
    --steps "${STEPS:-300}" --out "$dir/$source" >/dev/null
done
xmm probe "$dir/image" "$dir/text" --untrained >"$dir/probes.part"
mv "$dir/probes.part" "$dir/probes.jsonl"
xmm report "$dir/probes.jsonl"
