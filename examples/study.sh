# Sourced by the experiments of the study (examples/paper.sh runs them all). They share people and
# checkpoints: what one has made, another does not make again, and a run that was interrupted goes
# on where it stopped.
#
# usage: source examples/study.sh "$@"      with [OPTION...] [DIR [SEED...]]
#
#   --quick           one seed, fewer experiments
#   --base NAME       the model: a shipped name, a folder or a hub id (xmm-base)
#   --people FILE     persona rows of your own; people are drawn if absent
#   --steps N, --lr X, --batch-size N    of every training; those of xmm train if absent
#   --search          find a learning rate first, on the first seed; DIR/settings keeps it
#   --plan            say what would run, about how long it takes here, and how much disk; run nothing
#
# With --base or --people, what they lack (attributes, facts, auxiliary people …) is left out and
# said. JOBS commands run side by side, each on one thread; XMM_LAUNCH starts them on other machines
# (examples/jobs.sh). PEOPLE, AUX and STEPS make it shorter.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=examples/install.sh
source "$root/examples/install.sh" ""
# shellcheck source=examples/jobs.sh
source "$root/examples/jobs.sh"

quick= rows=rows base=xmm-base own_people= other= plan= search= given=(${STEPS:+--steps "$STEPS"})
options=()
while [[ "${1:-}" == --* ]]; do
  case $1 in
    --quick) quick=--quick rows=rows-quick ;;
    --plan) plan=$1 ;;
    --search) search=$1 ;;
    --base | --people | --steps | --lr | --batch-size)
      [ $# -gt 1 ] || { echo "study: $1 needs a value" >&2; exit 2; }
      case $1 in
        --base) base=$2 other=yes ;;
        --people) own_people=$(realpath "$2") other=yes ;;
        *) given+=("$1" "$2") ;;
      esac
      options+=("$1") && shift
      ;;
    *) echo "study: no option $1; see examples/study.sh" >&2 && exit 2 ;;
  esac
  options+=("$1") && shift
done
dir=${1:-results/paper}
seeds=("${@:2}")
if [ ${#seeds[@]} -eq 0 ]; then
  seeds=(20 21 22)
  [ -z "$quick" ] || seeds=(20)
fi
name=$(basename "$base")
training="${given[*]-}"
if [ -n "$plan" ]; then export planned=${planned:-$(mktemp)}; fi
export OMP_NUM_THREADS=1

# people SEED: 32 to measure, 64 others, 32 training views and 4 held-out ones
people() {
  [ -n "$own_people" ] || xmm gen-personas -n "${PEOPLE:-32}" --aux "${AUX:-64}" --views 32 \
    --heldout 4 --seed "$1" --processes 1 --quiet --out "$dir/seed-$1/people" >/dev/null
}

# lacks CODE WORDS...: whether that code says that these people or this base lack what is asked for.
# Then it is left out, and said. Any other code ends the study, and so does this one with drawn
# people on a shipped base, which lack nothing.
lacks() {
  if [ -z "$other" ] || [[ $1 != 65 && $1 != 69 ]]; then return "$1"; fi
  echo "left out: ${*:2}" >&2
}

# learn SEED NAME FLAGS...: a checkpoint of that name; 8 views a person unless FLAGS say otherwise
learn() {
  local people="$dir/seed-$1/people/personas.jsonl" views=(--views 8)
  if [ -n "$own_people" ]; then people=$own_people views=(); fi
  # shellcheck disable=SC2086 # options
  xmm train "$people" --seed "$1" --base "$base" ${views[@]+"${views[@]}"} $training --quiet \
    --out "$dir/seed-$1/$2" "${@:3}" >/dev/null || lacks $? learn "$@"
}

# ask SEED NAME ARGUMENTS...: the rows of that name, whole or not at all; a word that is the name of
# a checkpoint stands for it, and is left out where there is none
ask() {
  local file="$dir/seed-$1/$rows/$2.jsonl" words=() runs=0 code=0 word
  if [ -e "$file" ]; then return; fi
  for word in "${@:3}"; do
    if [ -e "$dir/seed-$1/$word" ]; then
      words+=("$dir/seed-$1/$word") runs=$((runs + 1))
    elif [[ $word == *.jsonl ]]; then
      words+=("$word") runs=$((runs + 1))
    elif [[ $word != "$name"-* && $word != xmm-base* ]]; then
      words+=("$word")
    fi
  done
  if [ $runs = 0 ]; then return; fi
  mkdir -p "$dir/seed-$1/$rows"
  xmm probe --quiet "${words[@]}" >"$file.part" || code=$?
  # 4: some views could not be asked about, which xmm said; the rows of the others are whole
  if [ $code = 0 ] || { [ $code = 4 ] && [ -n "$other" ]; }; then
    mv "$file.part" "$file"
  else
    rm "$file.part"
    lacks $code ask "$@"
  fi
}

# cells SEED BASE: what was learned from 8 views, asked in both modalities, and the base untrained
cells() {
  ask "$1" "cells-$2" "$2-image-8" "$2-text-8" --untrained
}

# least_views MODALITY: the training views that every person to measure has
least_views() {
  if [ -z "$own_people" ]; then echo 32 && return; fi
  python - "$own_people" "$1s" <<'EOF'
import json, sys

rows = map(json.loads, open(sys.argv[1], encoding="utf-8"))
people = [row for row in rows if row["kind"] == "persona" and row.get("role", "eval") == "eval"]
print(min(sum(view["split"] == "train" for view in row[sys.argv[2]]) for row in people))
EOF
}

# on BASE: the option of xmm train for a base that is not the study's own
on() {
  [ "$1" = "$name" ] || echo "--base $1"
}

# All rows of these seeds so far, in one file.
gather() {
  local files=() seed
  for seed in "${seeds[@]}"; do files+=("$dir/seed-$seed/$rows"/*.jsonl); done
  cat "${files[@]}" >"$dir/probes.part"
  mv "$dir/probes.part" "$dir/probes.jsonl"
}

# say_plan: what the jobs noted so far would take
say_plan() {
  # shellcheck disable=SC2086 # options
  python "$root/examples/plan.py" "${own_people:-${PEOPLE:-32}}" \
    "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" "$dir" "$rows" \
    --base "$base" $training <"$planned"
  rm "$planned"
}

# finish [FIGURE]: the findings of all rows so far, and a figure of them
finish() {
  if [ -n "${part_of_paper:-}" ]; then return; fi
  if [ -n "$plan" ]; then say_plan && return; fi
  gather
  if [ -n "${1:-}" ]; then
    xmm report "$dir/probes.jsonl" --plot "$dir/$1.png" --figure "$1" --quiet >/dev/null ||
      lacks $? "figure $1"
  fi
  xmm report "$dir/probes.jsonl" --findings
}

# settings: the learning rate, of five, with which most is recalled in the learned modality, on the
# first seed. It is looked for once, and kept in a file.
settings() {
  if [ ! -e "$dir/settings" ]; then
    # its rows lie apart: these models are no part of the study
    local rate source rows=search first=${seeds[0]} rates="1e-4 3e-4 1e-3 2e-3 3e-3"
    for rate in $rates; do
      for source in image text; do
        echo "learn $first $name-$source-lr-$rate --source $source --lr $rate"
      done
    done | side_by_side
    for rate in $rates; do
      for source in image text; do
        echo "ask $first lr-$rate-$source $name-$source-lr-$rate --modality $source --views 2 --answer generate"
      done
    done | side_by_side
    [ -z "$plan" ] || return 0
    python - "$dir/seed-$first/$rows" $rates >"$dir/settings.part" <<'EOF'
import json, sys
from pathlib import Path


def recall(rate):
    files = [Path(sys.argv[1]) / f"lr-{rate}-{source}.jsonl" for source in ("image", "text")]
    rows = [json.loads(line) for file in files if file.is_file() for line in file.open()]
    asked = [row["correct"] for row in rows if row["kind"] == "probe"]
    return sum(asked) / len(asked) if asked else -1.0


found = {rate: recall(rate) for rate in sys.argv[2:]}
best = max(found, key=found.get)
print("; ".join(f"{rate} {share:.3f}" for rate, share in found.items()), file=sys.stderr)
print(f"--lr {best}")
EOF
    mv "$dir/settings.part" "$dir/settings"
  fi
  training+=" $(cat "$dir/settings")"
}

for seed in "${seeds[@]}"; do echo "people $seed"; done | side_by_side
if [ -n "$search" ]; then settings; fi
