"""scipy's distributions, without the rest of `scipy.special`.

That package also loads all of numpy, its Fortran tools included, to work with arrays of other
libraries. This takes a quarter of a second, longer than the intervals of most tables. What works
with numpy's arrays is in one module of it.
"""

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = "scipy.special"


@cache
def special() -> Any:
    """The module with `ndtr`, `ndtri`, `stdtrit`, `chdtri` and `betaincinv`."""
    import scipy

    if PACKAGE in sys.modules:
        return sys.modules[PACKAGE]
    # while that module is loaded, a package of the same folder that runs nothing stands in
    bare = ModuleType(PACKAGE)
    bare.__path__ = [str(Path(scipy.__file__).parent / "special")]
    sys.modules[PACKAGE] = bare
    try:
        return import_module(f"{PACKAGE}._ufuncs")
    except ImportError:
        del sys.modules[PACKAGE]
        return import_module(PACKAGE)
    finally:
        if sys.modules.get(PACKAGE) is bare:
            del sys.modules[PACKAGE]
