"""scipy's distributions, loaded without the package around them."""

import subprocess
import sys

import pytest

LOADS = """
import sys
from xmm_cli.scoring.special import special
first = special()
print("scipy.special" in sys.modules, "numpy.f2py" in sys.modules)
import scipy.special, scipy.stats
names = ("ndtr", "ndtri", "stdtrit", "chdtri", "betaincinv")
print(all(getattr(first, name) is getattr(scipy.special, name) for name in names))
print(scipy.stats.t.ppf(0.975, 3) == first.stdtrit(3, 0.975))
"""
WHERE_IT_MOVED = """
import sys
from xmm_cli.scoring import special as made
real = made.import_module
def moved(name):
    if name.endswith("._ufuncs"):
        raise ImportError(name)
    return real(name)
made.import_module = moved
print(made.special().__name__, made.special().ndtri(0.5))
"""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (LOADS, ["False False", "True", "True"]),
        (WHERE_IT_MOVED, ["scipy.special 0.0"]),
    ],
)
def test_the_functions_are_those_of_the_whole_package(script, said):
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == said
