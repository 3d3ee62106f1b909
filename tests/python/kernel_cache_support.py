"""What tests of the way of kernels from LLVM's assembly to code share: a process that compiles two kernels and says how, caches, and what
is put in LLVM's place."""

from __future__ import annotations

import contextlib
import json

import pytest
from tests.python.engine_support import run_script

import segue
from segue import _segue, native

pytest.importorskip("llvmlite", reason="the native backend needs llvmlite", exc_type=ImportError)

# Two kernels: one of two operators, one of three.
PROGRAM = """
import json, os, sys, warnings
import numpy as np
import segue
from segue import _segue

if {maker!r}:
    import segue.native
    segue.native.maker = lambda: {maker!r}
if {hidden!r}:
    sys.modules["llvmlite"] = None

def compute(x, m):
    return x * 2.0 + 1.0, (m - x.sum()) * m - 0.5

events = []
_segue._log_callback(lambda channel, fields: events.append([channel, fields]))
compiled = segue.compile(compute, backend="native")
x, m = np.arange(5.0), np.linspace(-1, 1, 7).reshape(7, 1)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    results = [np.array_equal(own, plain) for _ in range(2) for own, plain in zip(compiled(x, m), compute(x, m), strict=True)]
kernels = [fields for channel, fields in events if channel == "kernels"]
print(json.dumps(dict(
    results=results,
    origins=[fields["origin"] for fields in kernels if "origin" in fields],
    names=[fields["name"] for fields in kernels if "origin" in fields],
    said=[fields["cache"] for fields in kernels if "cache" in fields],
    warned=[str(warning.message) for warning in caught],
    imported=[name for name in ("llvmlite", "llvmlite.binding") if sys.modules.get(name)],
    hits=segue.stats()["hits"],
)))
"""


class Seen:
    """What a process of PROGRAM has seen."""

    def __init__(self, done):
        assert done.returncode == 0, done.stderr
        self.__dict__.update(json.loads(done.stdout))
        assert self.results == [True] * 4 and self.hits == 1


def run(cache, maker="", hidden=False, **environment):
    return Seen(run_script(PROGRAM.format(maker=maker, hidden=hidden), **{"SEGUE_CACHE_DIR": str(cache), "SEGUE_STRICT": "1", **environment}))


COMPILED, CACHED = ["compiled"] * 2, ["from the cache"] * 2


@contextlib.contextmanager
def events(*channels):
    """(channel, fields) of what is logged meanwhile."""
    seen = []
    previous = _segue._log_callback(lambda channel, fields: seen.append((channel, fields)) if channel in channels else None)
    try:
        yield seen
    finally:
        _segue._log_callback(previous)


@contextlib.contextmanager
def patched(name, replacement):
    original = getattr(native, name)
    setattr(native, name, replacement)
    try:
        yield original
    finally:
        setattr(native, name, original)


@pytest.fixture
def cache(tmp_path):
    """An empty folder that this process's kernels go to."""
    with segue.config.patch(cache_dir=tmp_path / "kernels"):
        yield tmp_path / "kernels"


@pytest.fixture
def lenient():
    before = _segue._testing.set_strict(False)
    yield
    _segue._testing.set_strict(before)


def unique_kernel(number=iter(range(1, 1000))):
    """A function that no test has compiled: kernels are known to a process for good. (A variable would be an input of the kernel.)"""
    return eval(f"lambda x: x * {1000.5 + next(number)} - 1.0")


def files(folder, suffix=".kernel"):
    return sorted(path for path in folder.iterdir() if path.suffix == suffix)
