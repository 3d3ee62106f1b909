"""Floating-point status and control of kernels that run in several threads."""

from __future__ import annotations

import ctypes
import os
import sys

import numpy as np
import pytest
from tests.python.native_support import NATIVE
from tests.python.native_threads_support import COUNTS, bits, in_place, normalized, threads, until_workers_ran

import segue


def overflows(fn, x):
    """A call that has to raise. Compiled anew: a segment that has been dropped for a condition twice is not tried again."""
    def call():
        segue.reset()
        with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            segue.compile(fn, **NATIVE)(x)

    return call


@pytest.mark.parametrize("place", [0, 100_000, 150_000, 199_999])
def test_conditions_of_any_part_are_reported(place):
    x = np.ones(200_000)
    x[place] = 1e300
    with threads(2):
        until_workers_ran(overflows(lambda x: np.sqrt(x * x * x) + 1, x))


@pytest.mark.parametrize("place", [0, 199_999])
def test_conditions_of_rows_are_reported(place):
    x = np.ones((2000, 100)) + np.arange(100)
    x.flat[place] = 1e300
    with threads(2):
        until_workers_ran(overflows(normalized, x))


@pytest.mark.parametrize("place", [0, 199_999])
def test_conditions_of_writes_to_arguments_are_reported(place):
    x = np.ones(200_000)
    x[place] = 1e300

    def call():
        segue.reset()
        z = x.copy()
        with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            segue.compile(in_place, **NATIVE)(z, x)

    with threads(2):
        until_workers_ran(call)


def test_conditions_of_the_sum_of_parts_are_reported():
    x = np.full(100_000, 1.2e308 / 50_000)
    for count in COUNTS:
        with threads(count), np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            segue.compile(lambda x: (x * 1).sum(), **NATIVE)(x)


def test_conditions_do_not_outlive_their_run():
    """Of neither the caller's nor workers': or runs that set none would be done again by NumPy."""
    good, bad = np.ones(200_000), np.full(200_000, 1e300)
    compiled = segue.compile(lambda x: x * x * 1.5, **NATIVE)
    with threads(2):
        for _ in range(20):
            with np.errstate(all="ignore"):
                compiled(bad)
            before = segue.stats()["reruns"]
            with np.errstate(all="raise"):
                compiled(good)
            assert segue.stats()["reruns"] == before
        until_workers_ran(lambda: compiled(good))


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.uname().machine != "x86_64", reason="the numbers of rounding modes are its")
def test_workers_round_as_the_caller_does():
    libm = ctypes.CDLL("libm.so.6")
    upward = 0x800
    x, y = np.random.default_rng(3).normal(size=(2, 200_000))
    compiled = segue.compile(lambda x, y: x * y + x / y, **NATIVE)
    with threads(2):
        nearest = compiled(x, y)   # workers have been started
        assert libm.fegetround() == 0
        with threads(1):
            libm.fesetround(upward)
            try:
                expected = compiled(x, y)
            finally:
                libm.fesetround(0)
        assert (nearest != expected).any()

        def call():
            libm.fesetround(upward)
            try:
                result = compiled(x, y)
            finally:
                libm.fesetround(0)
            assert bits(result) == bits(expected)

        until_workers_ran(call)
        assert bits(compiled(x, y)) == bits(nearest)
