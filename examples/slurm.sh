#!/bin/bash
# Probing on many machines at once, as a SLURM array: each task asks one part of the questions.
#
#   examples/slurm.sh OUT CHECKPOINT...             # sends the array, then a job that joins its parts
#   XMM_SHARDS=32 SBATCH_PARTITION=gpu examples/slurm.sh results/big runs/image runs/text
#
# OUT has part-I-of-N.jsonl while it goes on, and probes.jsonl at the end. A task that was killed goes
# on where it was when it is sent again: the same command sends what is needed, and finished parts
# end at once. SLURM's own variables (SBATCH_PARTITION, SBATCH_TIMELIMIT, SBATCH_ACCOUNT) hold.
# The folders must be seen by all machines. Without SLURM, GNU parallel does the same:
#
#   parallel xmm probe runs/image --shard {}/8 --resume part-{}-of-8.jsonl ::: $(seq 8)
set -euo pipefail

ask() { # OUT N CHECKPOINT...: one part, of the array task's number
  local out=$1 shards=$2
  shift 2
  local part="$SLURM_ARRAY_TASK_ID/$shards"
  xmm probe "$@" --untrained --shard "$part" --resume "$out/part-${part/\//-of-}.jsonl"
}

join() { # OUT N: all parts, in order
  local out=$1 shards=$2 part
  for ((part = 1; part <= shards; part++)); do
    cat "$out/part-$part-of-$shards.jsonl"
  done >"$out/.probes.jsonl"
  mv "$out/.probes.jsonl" "$out/probes.jsonl"
  xmm report "$out/probes.jsonl"
}

send() { # OUT CHECKPOINT...
  local out=$1 shards=${XMM_SHARDS:-8} self array
  self=$(realpath "${BASH_SOURCE[0]}")
  mkdir -p "$out"
  array=$(sbatch --parsable --array="1-$shards" --gres="${XMM_GRES:-gpu:1}" --requeue \
    --job-name=xmm-probe --output="$out/part-%a.log" "$self" --ask "$out" "$shards" "${@:2}")
  sbatch --dependency="afterok:${array%%;*}" --job-name=xmm-join --output="$out/join.log" \
    "$self" --join "$out" "$shards"
}

case ${1:-} in
  --ask) ask "${@:2}" ;;
  --join) join "${@:2}" ;;
  '' | -*)
    echo "usage: $0 OUT CHECKPOINT..." >&2
    exit 2
    ;;
  *)
    [ $# -ge 2 ] || { echo "usage: $0 OUT CHECKPOINT..." >&2; exit 2; }
    send "$@"
    ;;
esac
