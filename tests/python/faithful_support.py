"""Calls in sequence, each compared with the plain function."""

import numpy as np

import segue
from segue.testing import compare, observe
from segue.testing.checking import segments_run


def alike(fn, *calls, first_hits=True):
    """Makes each call plainly and compiled and compares; a call is a callable that makes the arguments.

    The first call is made twice, and its repetition must run a segment (unless `first_hits` is False), so that a case
    cannot pass by running eagerly.
    """
    compiled = segue.compile(fn)
    for number, make in enumerate([calls[0], *calls, calls[0]]):
        before = segments_run(segue.stats())
        plain = observe(fn, tuple(make()), {})
        seen = observe(compiled, tuple(make()), {})
        assert compare(plain, seen, references=number > 0) == [], f"call {number}"
        if number == 1 and first_hits:
            assert segments_run(segue.stats()) > before, "the repeated call ran no segment"


def slug(case):
    return case.replace(" ", "_")


def a(*shape, dtype="f8", start=1):
    return (np.arange(np.prod(shape, dtype=int)) + start).reshape(shape).astype(dtype)


class Point:
    def __init__(self, x, scale=2):
        self.x = x
        self.scale = scale
