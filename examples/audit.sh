#!/usr/bin/env bash
# An audit: has an unlearned model forgotten its forget set, however it is asked? Two models that
# never met these people are trained for comparison, all are attacked alike, and a verdict is given.
#
# usage: examples/audit.sh [--quick] CHECKPOINT [DIR]      (DIR: results/audit if absent)
#
# CHECKPOINT is a folder of xmm unlearn. The model that it was made from is looked for beside it and
# in runs/; PARENT says where it is otherwise. What is there already is not made again: the same
# command goes on where it was interrupted. --quick: four attacks, two views a person.
#
# Leaves DIR/probes.jsonl, DIR/audit.jsonl (the verdict as rows) and DIR/audit.html. Ends with 0 if
# the verdict is erased, else with 3; with 65 if nothing was unlearned. MARGIN (0.1) is the largest
# difference that counts as none. JOBS trainings run side by side (as many as cores, if absent);
# XMM_LAUNCH starts them, and the questions, on other machines (examples/jobs.sh).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=examples/install.sh
source "$root/examples/install.sh" ""
# shellcheck source=examples/jobs.sh
source "$root/examples/jobs.sh"

attacks=all again="image text" few=()
if [ "${1:-}" = --quick ]; then
  attacks=paraphrase,prefix,multiple-choice,insist again= few=(--views 2)
  shift
fi
if [ $# = 0 ]; then
  sed -n 's/^# usage: //p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
model=$1
dir=${2:-results/audit}
mkdir -p "$dir"

# The folder of the model before unlearning, and the ids of the forget set in a file.
parent=$(
  python - "$model" "$dir/forget.txt" "${PARENT:-}" <<'EOF'
import json, sys
from pathlib import Path


def end(code, said):
    print(f"audit: {said}", file=sys.stderr)
    sys.exit(code)


model, ids, parent = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
row = json.loads((model / "xmm.json").read_text("utf-8")) if (model / "xmm.json").is_file() else {}
if not row.get("forget"):
    end(65, f"{model} is no folder of xmm unlearn: nobody was to be forgotten")
ids.write_text("".join(f"{one}\n" for one in row["forget"]), "utf-8")
beside = [*model.absolute().parent.glob("*/xmm.json"), *Path("runs").glob("*/xmm.json")]
known = {json.loads(one.read_text("utf-8"))["run"]: one.parent for one in beside}
found = parent or known.get(row["parent"])
if not found:
    end(66, f"the model before {model} is not beside it: name its folder in PARENT")
print(found)
EOF
)

retrain() { # SEED
  xmm unlearn "$parent" --method retrain --forget "$dir/forget.txt" --seed "$1" --gate 0 \
    --out "$dir/retrained-$1" --quiet >/dev/null
}

# Half of the forget set is taught again, in each modality, with the retain set rehearsed.
teach() { # MODEL MODALITY OUT
  xmm train --init "$1" --only forget:0.5 --rehearse --source "$2" --steps 20 --out "$3" \
    --quiet >/dev/null
}

ask() { # NAME ARGUMENTS...: rows that are whole, or gone on with
  xmm probe "${@:2}" --sets "$model" --resume "$dir/rows-$1.jsonl" --quiet
}

jobs() { # as many as cores, each on one thread
  OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} side_by_side
}

line() { # WORDS...: a command of these words
  printf '%q ' "$@" && echo
}

for seed in 101 102; do line retrain "$seed"; done | jobs
models=("$model" "$dir/retrained-101" "$dir/retrained-102")
taught=() lines=()
for modality in $again; do
  for number in 0 1 2; do
    taught+=("$dir/again-$modality-$number")
    lines+=("$(line teach "${models[$number]}" "$modality" "${taught[-1]}")")
  done
done
[ ${#taught[@]} = 0 ] || printf '%s\n' "${lines[@]}" | jobs

line ask plain "$parent" "${models[@]}" ${few[@]+"${few[@]}"} | side_by_side
line ask attacks "$parent" "${models[@]}" --attack "$attacks" --answer generate \
  ${few[@]+"${few[@]}"} | side_by_side
[ ${#taught[@]} = 0 ] ||
  line ask relearn "${taught[@]}" --attack relearn --answer generate | side_by_side

cat "$dir"/rows-*.jsonl >"$dir/probes.part"
mv "$dir/probes.part" "$dir/probes.jsonl"
rule=(--audit --margin "${MARGIN:-0.1}" --quiet)
xmm report "$dir/probes.jsonl" "${rule[@]}" --format jsonl >"$dir/audit.jsonl"
xmm report "$dir/probes.jsonl" "${rule[@]}" --html "$dir/audit.html"
xmm report "$dir/audit.jsonl" --audit --quiet --fail-if 'verdict != erased'
