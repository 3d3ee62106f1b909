"""Run by scripts/test --wheel in an environment of the wheel and the packages named: it imports, compiles and reuses.

    python tests/wheel_check.py numpy [llvmlite]
"""

import importlib.metadata
import sys

import numpy as np

import segue
from segue.api import DEFAULT_BACKEND

assert segue.__file__.startswith(sys.prefix), f"not the installed package: {segue.__file__}"
# What virtual environments bring along does not count.
installed = {package.name.lower() for package in importlib.metadata.distributions()} - {"pip", "setuptools"}
wanted = {"segue", *sys.argv[1:]}
assert installed == wanted, f"installed are {sorted(installed)}, not {sorted(wanted)}"
assert DEFAULT_BACKEND == ("native" if "llvmlite" in wanted else "reference"), DEFAULT_BACKEND


@segue.compile
def f(x):
    return np.sqrt(x) * 2 + 1


x = np.arange(4.0)
for _ in range(2):
    assert f(x).tobytes() == f.__wrapped__(x).tobytes()
assert segue.stats()["hits"] == 1, segue.stats()
print(f"wheel: segue {importlib.metadata.version('segue')} with {', '.join(sys.argv[1:])} on Python {sys.version.split()[0]}, backend {DEFAULT_BACKEND}")
