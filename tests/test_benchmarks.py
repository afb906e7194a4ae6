"""The benchmarks are no part of the tests, but they have to keep up with what they measure."""

from importlib import import_module
from pathlib import Path

import pytest

from tests.benchmarks import __file__ as package
from tests.benchmarks.__main__ import ROWS

MODULES = sorted(file.stem for file in Path(package).parent.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_what_a_benchmark_uses_is_there(name):
    import_module(f"tests.benchmarks.{name}")


@pytest.mark.parametrize("target", ROWS.values())
def test_every_row_of_the_table_has_its_benchmark(target):
    module, _, function = target.partition(":")
    assert callable(getattr(import_module(f"tests.benchmarks.{module}"), function))
