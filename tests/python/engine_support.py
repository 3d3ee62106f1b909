"""What tests of compiled calls share: an engine without entries, its counts, and functions to compile."""

import gc
import os
import subprocess
import sys

import numpy as np
import pytest

import segue

X = np.arange(6.0).reshape(2, 3)


def double(x):
    """Doubled."""
    return x * 2


def branch(x):
    y = x + 1
    if y.sum():
        return y
    return -y


@segue.disable
def opaque(value=None):
    """Nothing that the tracer follows: kept out of capture."""
    return value


@segue.disable
def note(*values):
    """Runs as it is and keeps nothing."""
    return values[0] if values else None


class Loud:
    """Tells of its death."""

    def __init__(self, tell):
        self.tell = tell

    def __del__(self):
        self.tell()


@pytest.fixture(autouse=True)
def fresh():
    segue.reset()
    gc.collect()  # a compiled function that is collected takes its code's entries along
    yield
    segue.reset()


def counts(*names):
    stats = segue.stats()
    return tuple(stats[name] for name in names)


def delta(call):
    """How the counts change over a call."""
    before = segue.stats()
    call()
    return {name: value - before[name] for name, value in segue.stats().items()}


# The test run's own: where its kernels are, and the fault that it plants.
KEPT = {"SEGUE_CACHE_DIR", "SEGUE_FAULT", "SEGUE_FAULT_REACHED"}


def run_script(source, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEGUE_") or name in KEPT}
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env={**kept, **environment})
