"""Run by scripts/test --wheel in an empty environment with the wheel and NumPy: it imports, compiles and reuses."""

import importlib.metadata
import sys

import numpy as np

import segue

assert segue.__file__.startswith(sys.prefix), f"not the installed package: {segue.__file__}"
# What virtual environments bring along does not count.
installed = {package.name.lower() for package in importlib.metadata.distributions()} - {"pip", "setuptools"}
assert installed == {"numpy", "segue"}, f"more than NumPy is installed: {sorted(installed)}"


@segue.compile
def f(x):
    return np.sin(x) * 2 + 1


x = np.arange(4.0)
for _ in range(2):
    assert f(x).tobytes() == f.__wrapped__(x).tobytes()
assert segue.stats()["hits"] == 1, segue.stats()
print(f"wheel: segue {importlib.metadata.version('segue')} with NumPy {np.__version__} on Python {sys.version.split()[0]}")
