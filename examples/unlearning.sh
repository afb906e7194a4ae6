#!/usr/bin/env bash
# Unlearning: a quarter of the people, learned in both modalities, are unlearned through one. What is left of
# them in the other, along the run; what the attack of teaching some of them again brings back; and
# the model that never saw them, for comparison. Then the same for people learned in one modality,
# and on the bare base.
#
# usage: examples/unlearning.sh [OPTION...] [DIR [SEED...]]      (options: examples/study.sh)
source "$(dirname "${BASH_SOURCE[0]}")/study.sh" "$@"

image="ga graddiff kl npo simnpo idk dpo rmu undial wga satimp pdu ceu randomlabel mmunlearner"
text="graddiff npo idk dpo rmu randomlabel"
gentle="graddiff npo idk dpo"
attacked=(npo)
taught="image text"
crossed=(idk)
if [ "$base" != xmm-base ]; then crossed=(); fi
if [ -n "$quick" ]; then image="npo idk" text=npo gentle=idk taught=image crossed=(); fi

# methods THROUGH: those that are tried through that modality
methods() {
  if [ "$1" = image ]; then echo "$image"; else echo "$text"; fi
}

# forget SEED PARENT METHOD THROUGH [gentle]: checkpoints along the run, and their rows in one file;
# gently at a tenth of the learning rate. People who were not learned cannot be unlearned: then there
# is no file. The bare base learns descriptions less well.
forget() {
  local out="$dir/seed-$1/$2-$3-$4${5:+-$5}" flags=() code=0
  [ "$3" = retrain ] || flags=(--through "$4" --steps 40 --batch-size 8 --save-every 8)
  [ "${5:-}" != gentle ] || flags=(--through "$4" --steps 60 --batch-size 8 --save-every 10 --lr 3e-4)
  case $2 in *bare*) flags+=(--gate 0.7) ;; esac
  xmm unlearn "$dir/seed-$1/$2" --method "$3" --forget "${FORGET:-0.25}" --seed "$1" --quiet \
    ${flags[@]+"${flags[@]}"} --out "$out" >"$out.part" || code=$?
  if [ $code = 0 ]; then mv "$out.part" "$out.jsonl"; else rm "$out.part"; fi
  [ $code = 3 ] || return $code
}

# again SEED PARENT: a second model that never met the forget set, under another seed. By how much
# two such models differ is what an unlearned one may differ too.
again() {
  local first="$dir/seed-$1/$2-retrain-both" ids
  [ -e "$first" ] || return 0
  ids=$(python -c 'import json, sys; print(",".join(json.load(sys.stdin)["forget"]))' \
    <"$first/xmm.json")
  xmm unlearn "$dir/seed-$1/$2" --method retrain --forget "$ids" --seed $((1000 + $1)) --quiet \
    --out "$first-2" >/dev/null
}

# relearn SEED NAME MODALITY: half of the forget set is taught again, for a few steps; of a model
# that is not there, nothing
relearn() {
  local out="$dir/seed-$1/$2-relearned-$3"
  [ -e "$dir/seed-$1/$2" ] || return 0
  xmm train --init "$dir/seed-$1/$2" --only forget:0.5 --source "$3" --views 8 --steps 20 \
    --save-every 5 --seed "$1" --quiet --out "$out" >"$out.part"
  mv "$out.part" "$out.jsonl"
}

# along SEED NAME RUN...: the names, generated, after every saved step of these runs
along() {
  local files=() run
  for run in "${@:3}"; do
    if [ -e "$dir/seed-$1/$run.jsonl" ]; then files+=("$dir/seed-$1/$run.jsonl"); fi
  done
  if [ ${#files[@]} -gt 0 ]; then ask "$1" "$2" "${files[@]}" --answer generate --views 2; fi
}

for seed in "${seeds[@]}"; do
  echo "learn $seed $name-both-8 --source both"
  if [ ${#crossed[@]} -gt 0 ]; then
    echo "learn $seed xmm-base-bare-both --source both --base xmm-base-bare --steps 600"
    for source in image text; do echo "learn $seed $name-$source-8 --source $source"; done
  fi
done | side_by_side

for seed in "${seeds[@]}"; do
  echo "forget $seed $name-both-8 retrain both"
  for through in image text; do
    for method in $(methods "$through"); do
      echo "forget $seed $name-both-8 $method $through"
    done
    for method in $gentle; do
      echo "forget $seed $name-both-8 $method $through gentle"
    done
    for method in ${crossed[@]+"${crossed[@]}"}; do
      echo "forget $seed xmm-base-bare-both $method $through"
      echo "forget $seed $name-$through-8 $method $through"
    done
  done
done | side_by_side

for seed in "${seeds[@]}"; do
  echo "again $seed $name-both-8"
  for modality in $taught; do
    for run in "${attacked[@]/%/-image}" retrain-both; do
      echo "relearn $seed $name-both-8-$run $modality"
    done
  done
done | side_by_side

for seed in "${seeds[@]}"; do
  echo "ask $seed both $name-both-8 --untrained"
  echo "ask $seed both-seen $name-both-8 $name-both-8-retrain-both --task attribute --views 1 --answer generate"
  echo "ask $seed retrain $name-both-8-retrain-both $name-both-8-retrain-both-2"
  for through in image text; do
    runs=()
    for method in $(methods "$through"); do runs+=("$name-both-8-$method-$through"); done
    echo "along $seed unlearned-$through ${runs[*]}"
    echo "ask $seed unlearned-$through-ranked ${runs[*]} --answer rank --views 2"
    echo "ask $seed unlearned-$through-seen ${runs[*]} --task attribute --views 1 --answer generate"
    runs=()
    for method in $gentle; do runs+=("$name-both-8-$method-$through-gentle"); done
    echo "along $seed unlearned-$through-gentle ${runs[*]}"
    for method in ${crossed[@]+"${crossed[@]}"}; do
      echo "along $seed crossed-$method-$through xmm-base-bare-both-$method-$through $name-$through-8-$method-$through"
    done
  done
  for modality in $taught; do
    runs=("${attacked[@]/%/-image-relearned-$modality}" "retrain-both-relearned-$modality")
    echo "along $seed relearned-$modality ${runs[*]/#/"$name"-both-8-}"
  done
  [ ${#crossed[@]} -eq 0 ] || echo "ask $seed bare-both xmm-base-bare-both --untrained"
done | side_by_side

finish unlearning
