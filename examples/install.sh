# Sourced by the scripts that start from nothing: an environment with xmm in it.
# usage: source examples/install.sh EXTRAS      (such as "[dev]", or "" for none)
#
# A virtual environment that is active is used, and so is one of conda's, but for its base, which is
# active in every shell; otherwise .venv is made and used. On a machine without an NVIDIA driver
# torch is of the version that the tests run with. Which build of it comes is up to the package
# index: PyPI's for Linux has CUDA's libraries in it, some gigabytes.

xmm_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
xmm_extras=${1:-}
xmm_active=${VIRTUAL_ENV:-}
[ "${CONDA_DEFAULT_ENV:-}" = base ] || xmm_active=$xmm_active${CONDA_PREFIX:-}

if [ -z "$xmm_active" ]; then
  if [ ! -x "$xmm_root/.venv/bin/python" ]; then
    xmm_python=
    for xmm_try in python3 python3.14 python3.13 python3.12 python3.11; do
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

xmm_needed="xmm_cli, torch, transformers, peft, scipy, resvg_py, typer"
if [ "$xmm_extras" = "[dev]" ]; then
  xmm_needed+=", datasets, diffusers, hypothesis, mypy, num2words, pandas, pyarrow, pytest, ruff, xdist"
  xmm_needed+=", tensorboard"
fi
if ! (cd / && python -c "import $xmm_needed") >/dev/null 2>&1; then
  xmm_flags=(--disable-pip-version-check)
  [ -t 2 ] || xmm_flags+=(--quiet)
  command -v nvidia-smi >/dev/null || xmm_flags+=(-c "$xmm_root/constraints-cpu.txt")
  [ "$xmm_extras" = "[dev]" ] && xmm_flags+=(-c "$xmm_root/tests/constraints.txt")
  echo "installing xmm$xmm_extras" >&2
  python -m pip install "${xmm_flags[@]}" -e "$xmm_root$xmm_extras" >&2
fi
