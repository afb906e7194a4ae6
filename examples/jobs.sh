# Sourced by the examples that start several commands. `side_by_side` runs each line of its stdin as
# a command. It fails if one of them fails, after the others have ended.
#
# Where `planned` names a file, the commands are written there instead.
#
# usage: source examples/jobs.sh
#
# XMM_LAUNCH is what starts each command:
#   (empty)                     here, JOBS at once (as many as cores, if absent)
#   srun -n1 --gres=gpu:1       a command that runs the rest of its line elsewhere; JOBS at once
#   parallel --sshlogin a,b     GNU parallel gives each machine its share; JOBS at once on each
# The folders and xmm must be on the same paths there.

# As bash: this folder, the functions of the example, and the variables that they read. A login on
# another machine has none of them. Keys are left out: others could read them in the command line.
example_as_bash() {
  printf 'cd %q\n' "$PWD"
  declare -p PATH OMP_NUM_THREADS XMM_DEVICE XMM_CACHE XMM_CACHE_SIZE HF_HOME HF_HUB_OFFLINE \
    PEOPLE AUX STEPS FORGET dir rows base name own_people other training model parent \
    marks 2>/dev/null || true
  declare -f
}

# A job that ends well leaves a mark in the folder: srun ends with 0 where a node dies, too.
side_by_side() (
  if [ -n "${planned:-}" ]; then cat >>"$planned" && return; fi
  lines=$(cat) code=0
  if [ -z "$lines" ]; then return; fi
  mkdir -p "${dir:-.}"
  marks=$(mktemp -d "${dir:-.}/.marks-XXXXXX")
  trap 'rm -rf "$marks"' EXIT
  # shellcheck disable=SC2086 # a command and its options
  set -- ${XMM_LAUNCH:-}
  case ${1:-} in
    parallel | */parallel) queue=("$@" --quote ${JOBS:+-P "$JOBS"}) && set -- ;;
    *) queue=(xargs -P "${JOBS:-$(getconf _NPROCESSORS_ONLN)}") ;;
  esac
  tr '\n' '\0' <<<"$lines" | "${queue[@]}" -0 -n 1 "$@" bash -euo pipefail -c "$(example_as_bash)
eval \"\$1\"
mktemp \"\$marks/XXXXXX\" >/dev/null" job || code=$?
  count=$(wc -l <<<"$lines") ended=("$marks"/*)
  [ -e "${ended[0]}" ] || ended=()
  if [ $code = 0 ] && [ ${#ended[@]} = "$((count))" ]; then return; fi
  echo "$((count - ${#ended[@]})) of $((count)) jobs failed; the same command goes on" >&2
  [ $code != 0 ] || code=1
  return $code
)
