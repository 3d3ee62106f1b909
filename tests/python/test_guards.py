"""Guards and dispatch on random calls: an entry answers exactly the calls that are like the one it was made for."""

import random

import numpy as np
import pytest

from segue import _segue

DispatchProbe = _segue._testing.DispatchProbe

DTYPES = ["?", "i4", "i8", "f4", "f8", "c16"]


class Odd(str):
    def __eq__(self, other):
        raise AssertionError("guards must not call __eq__")

    def __hash__(self):
        raise AssertionError("guards must not call __hash__")


def random_array(rng):
    shape = tuple(rng.choice([0, 1, 2, 3, 5]) for _ in range(rng.randrange(3)))
    array = np.zeros(shape, rng.choice(DTYPES))
    if rng.random() < 0.2:
        array = np.zeros(shape[::-1], array.dtype).T
    if rng.random() < 0.2:
        array.flags.writeable = False
    return array


def random_argument(rng):
    return rng.choice([
        lambda: random_array(rng),
        lambda: rng.randrange(4),
        lambda: float(rng.randrange(4)),
        lambda: rng.choice(["a", "b", "c"]),
        lambda: rng.choice([None, True, False]),
        lambda: (rng.randrange(2), rng.choice("ab")),
        lambda: np.float64(rng.randrange(2)),
    ])()


def signature(value):
    """What DispatchProbe's guards see of an argument; sizes below 2 only bound from below."""
    if isinstance(value, np.ndarray):
        flags = value.flags
        return (value.dtype, value.ndim, flags.c_contiguous, flags.aligned, flags.writeable)
    return (type(value), value)


def fits(made_for, call):
    """Whether an entry made for one call answers another."""
    if len(made_for) != len(call):
        return len(call) > len(made_for) and fits(made_for, call[: len(made_for)])
    for old, new in zip(made_for, call, strict=True):
        if isinstance(old, np.ndarray) != isinstance(new, np.ndarray) or signature(old) != signature(new):
            return False
        if isinstance(old, np.ndarray) and any(a >= 2 > b for a, b in zip(old.shape, new.shape, strict=True)):
            return False
    return True


@pytest.mark.parametrize("seed", range(30))
def test_an_entry_answers_the_calls_it_fits(seed):
    rng = random.Random(seed)
    probe = DispatchProbe()
    made_for = []
    count = rng.randrange(1, 4)
    hits = 0
    for _ in range(120):
        call = [random_argument(rng) for _ in range(count)]
        if made_for and rng.random() < 0.5:  # one like an earlier call
            call = list(rng.choice(made_for))
            if rng.random() < 0.5:
                call[rng.randrange(count)] = random_argument(rng)
        found = probe.find(*call)
        fitting = [i for i, made in enumerate(made_for) if fits(made, call)]
        if fitting:
            assert found in fitting
            hits += 1
        else:
            assert found is None
            if probe.add(*call):
                made_for.append(call)
                assert probe.find(*call) == len(made_for) - 1
    assert hits > 10


def test_the_limit_keeps_existing_entries():
    probe = DispatchProbe()
    assert all(probe.add(i) for i in range(64))
    assert not probe.add(64)
    assert probe.find(64) is None
    assert [probe.find(i) for i in range(64)] == list(range(64))
    assert probe.describe_limit(64) == "x differs from 64 of 64 entries: it is 64; compiled for: == 0, == 1, == 2, ...".replace(
        "x", "L[0]", 1)


def test_strings_with_an_eq_of_their_own_are_not_asked():
    probe = DispatchProbe()
    for mode in ["a", "b", "c"]:
        probe.add(mode)
    odd = Odd("a")
    assert probe.find(odd) is None


def test_sizes_are_symbolic_from_the_first_call():
    probe = DispatchProbe()
    probe.add(np.zeros((3, 4)))
    assert probe.find(np.zeros((100, 7))) == 0
    assert probe.find(np.zeros((1, 7))) is None
    assert probe.find(np.zeros((0, 7))) is None
    assert probe.program(0) == (
        "r0 = local 0  ; L[0]\n"
        "r0 is an ndarray: numpy.float64, 2 dimensions, C-contiguous, aligned, writeable\n"
        "i0 = size r0 0 >= 2\n"
        "i1 = size r0 1 >= 2\n"
    )


def test_memory_of_a_hundred_guards_stays_small():
    probe = DispatchProbe()
    probe.add(*[np.zeros((3, i)) for i in range(100)])
    assert probe.bytes() < 40 * 1024
