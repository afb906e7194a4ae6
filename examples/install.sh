# Sourced by the scripts that start from nothing: an environment with xmm in it.
# usage: source examples/install.sh [EXTRAS]      (EXTRAS such as [dev])
#
# A virtual environment that is active is used; otherwise .venv is made and used. On a machine
# without an NVIDIA driver the CPU build of torch is taken.

xmm_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
xmm_extras=${1:-}

if [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ]; then
  if [ ! -x "$xmm_root/.venv/bin/python" ]; then
    xmm_python=
    for xmm_try in python3 python3.13 python3.12 python3.11; do
      if "$xmm_try" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        xmm_python=$xmm_try
        break
      fi
    done
    [ -n "$xmm_python" ] || { echo "xmm needs Python 3.11 or newer, and found none" >&2; exit 69; }
    echo "making $xmm_root/.venv" >&2
    "$xmm_python" -m venv "$xmm_root/.venv"
  fi
  # shellcheck disable=SC1091
  source "$xmm_root/.venv/bin/activate"
fi

xmm_needed=xmm_cli
[ "$xmm_extras" = "[dev]" ] && xmm_needed="xmm_cli, hypothesis, pytest, mypy, datasets, diffusers, tensorboard"
if ! (cd / && python -c "import $xmm_needed, torch, transformers, peft, scipy, resvg_py, typer") >/dev/null 2>&1; then
  xmm_constraints=()
  command -v nvidia-smi >/dev/null || xmm_constraints=(-c "$xmm_root/constraints-cpu.txt")
  [ "$xmm_extras" = "[dev]" ] && xmm_constraints+=(-c "$xmm_root/tests/constraints.txt")
  echo "installing xmm$xmm_extras" >&2
  python -m pip install --quiet --disable-pip-version-check \
    ${xmm_constraints[@]+"${xmm_constraints[@]}"} -e "$xmm_root$xmm_extras"
fi
