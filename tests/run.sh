#!/usr/bin/env bash
# All fast tests and static checks, in an environment that is made if none is active.
#
# usage: tests/run.sh [PYTEST ARGUMENTS...]      e.g. tests/run.sh -m slow
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=examples/install.sh
source examples/install.sh "[dev]"

ruff check .
ruff format --check .
mypy
# what starts processes and kills them comes first, beside the rest: see tests/conftest.py
python -m pytest -n auto --dist worksteal "$@"
