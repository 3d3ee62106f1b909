"""What the tests of the evaluator hook share: a scripted frame handler and small functions to run under it."""

import contextlib
import os
import sys

from segue import _segue

testing = _segue._testing
compiled = _segue._make_callable


@contextlib.contextmanager
def handler(**orders):
    """Installs a scripted handler (csrc/bindings/testing.cc); yields a list that afterwards holds the names of the
    frames that were offered."""
    seen = []
    testing.install_handler(**orders)
    try:
        yield seen
    finally:
        seen.extend(testing.remove_handler())


@contextlib.contextmanager
def recursion_limit(limit):
    previous = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(previous)


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def sanitized():
    """True under AddressSanitizer, which keeps freed memory for a while, so that the resident size says nothing, and under
    ThreadSanitizer. Both are slow."""
    return any(name in os.environ.get("LD_PRELOAD", "") for name in ("libasan", "libtsan"))


def double(x):
    return x * 2


def outer(x):
    return double(x) + 1


def simple(a):
    return a
