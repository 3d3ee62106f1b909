"""backend="native": large results, which kernels store past the caches."""

from __future__ import annotations

import contextlib
import re

import numpy as np
import pytest
from tests import guard_pages
from tests.python.kernel_cache_support import cache, events, unique_kernel  # noqa: F401
from tests.python.native_support import ALL, NATIVE, check, values
from tests.python.native_threads_support import threads

import segue
from segue import _segue

testing = _segue._testing
# Results that are kept for the next ones start at a cache line; that of bools takes more elements.
COUNT = 150_001


@contextlib.contextmanager
def streams(expected=None, from_bytes=1):
    """Also of small arrays; how many runs store so (at least one: None)."""
    before = testing.set_streamed_bytes(from_bytes)
    try:
        yield
        runs = testing.streamed_runs()
        # Between guard pages it is chance which results start at a cache line.
        assert guard_pages.wanted() or runs > 0 if expected is None else runs == expected
    finally:
        testing.set_streamed_bytes(before)


@pytest.mark.parametrize("dtype", ALL)
def test_elements(dtype):
    x, y = values(dtype, COUNT), values(dtype, COUNT, seed=1)
    with streams(), np.errstate(all="ignore"):
        check(lambda x, y: (x + y, x > y), x, y)
        check(lambda x, y: np.where(x != y, x, y), x, y)


@pytest.mark.parametrize("count", [COUNT + rest for rest in (0, 1, 7, 8, 15, 16, 63, 64)])
def test_what_is_left_over(count):
    x, y = np.arange(float(count)), np.ones(count, "f4")
    with streams():
        check(lambda x, y: (x * y + 1, y * y), x, y)
        check(lambda x: -x, np.asfortranarray(x.reshape(1, -1)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_in_several_threads(count):
    x, y = np.arange(float(COUNT)), np.ones(COUNT)
    with threads(count), streams():
        check(lambda x, y: (x * y + 1, x - y), x, y)


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
def test_conditions(setting):
    x = np.full(COUNT, 1e308)
    with streams(), np.errstate(all=setting):
        check(lambda x: x + x, x, hits=setting == "ignore")


def test_what_is_not_stored_so():
    x, out = np.arange(float(COUNT)), np.empty(COUNT + 1)[1:]
    aligned = out.ctypes.data % 64 == 0
    with streams(0):
        check(lambda x: np.exp(x * 1e-6) + np.sin(x), x, mode="default", ulps=8)   # time goes to computing
        check(lambda x: x.sum(), x)
        check(lambda x: x[:-1] + x[1:], x[:4000])
        check(lambda x: x.reshape(-1, 3)[:, 1:] * 2.0, x[:150_000])                 # rows
        compiled = segue.compile(lambda x: x + 1.0, **NATIVE)
        compiled(x[:1000])
    with streams(0, from_bytes=16 * COUNT + 1):
        compiled(x)
    with streams(1, from_bytes=16 * COUNT):
        compiled(x)
    assert not aligned

    def doubled(x):
        x *= 2.0   # what has been read is in the caches

    with streams(0):
        check(doubled, x)
        check(lambda x, out: np.multiply(x, 2.0, out=out), x, out)


def test_only_flat_and_cheap_kernels_have_that_form(cache):  # noqa: F811
    def modules(function, *args):
        with events("ir") as seen:
            segue.compile(function, backend="native", mode="default")(*args)
        return [fields["text"] for _, fields in seen if "segue_kernel" in fields["text"]]

    x = np.ones((10, 10))
    (module,) = modules(unique_kernel(), x)
    stores = [line for line in module.splitlines() if "!nontemporal" in line]
    assert len(stores) == 1 and re.search(r"align 64, !nontemporal !0$", stores[0])
    scale = 1000.5
    for function in (eval(f"lambda x: x[:, 1:] * {scale}"), eval(f"lambda x: np.exp(x * {scale})", {"np": np}),
                     eval(f"lambda x: np.sqrt(x * {scale}) / (x + {scale}) / (x - {scale}) / (x * x)", {"np": np})):
        assert "nontemporal" not in "".join(modules(function, x))
