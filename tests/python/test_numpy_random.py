"""numpy.random in compiled code: draws are operators, and the generator's state is NumPy's at every exit."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

import segue

BIT_GENERATORS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]


def state_of(generator):
    """Comparable; arrays as lists."""
    if isinstance(generator, np.random.RandomState):
        return repr(generator.get_state(legacy=False))
    return repr(generator.bit_generator.state)


def agree(f, make, *args, calls=3):
    """Runs f plainly and compiled, each with a generator of its own, and compares results and states after every call."""
    segue.reset()
    plain, own, compiled = make(), make(), segue.compile(f)
    for _ in range(calls):
        outcomes = []
        for function, generator in ((f, plain), (compiled, own)):
            own_args = copy.deepcopy(args)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    result = function(generator, *own_args)
                except Exception as error:
                    result = repr(error)
            outcomes.append((repr(result), repr(own_args), [str(w.message) for w in caught], state_of(generator)))
        assert outcomes[0] == outcomes[1]
    return segue.stats()


def draws(rng, x):
    a = rng.normal(size=3)
    b = rng.standard_normal(size=x.shape)
    c = rng.poisson(3.0) + rng.uniform()
    return a.sum(), b * x + c


@pytest.mark.parametrize("bits", BIT_GENERATORS)
@pytest.mark.parametrize("kind", [np.random.Generator, np.random.RandomState])
def test_draws_advance_the_state_as_plainly(kind, bits):
    stats = agree(draws, lambda: kind(bits(7)), np.ones((2, 3)))
    assert stats["segments"] == 3 and stats["reruns"] == 0


def divides(rng, x):
    a = rng.normal(size=3) + rng.random()
    b = rng.integers(0, 10, size=3) if isinstance(rng, np.random.Generator) else rng.randint(0, 10, size=3)
    return a / x, b


@pytest.mark.parametrize("bits", BIT_GENERATORS)
@pytest.mark.parametrize("kind", [np.random.Generator, np.random.RandomState])
def test_a_run_that_is_dropped_behind_draws_puts_the_state_back(kind, bits):
    stats = agree(divides, lambda: kind(bits(7)), np.zeros(3))
    assert stats["reruns"] >= 1


def test_a_shuffle_that_is_dropped_is_taken_back():
    def f(rng, x, y):
        rng.shuffle(x)
        return x / y

    assert agree(f, lambda: np.random.default_rng(1), np.arange(6.0), np.zeros(6))["reruns"] >= 1


def test_one_state_behind_two_generators_is_put_back():
    def f(pair, x):
        a = pair[0].normal(size=3)
        return (a + pair[1].normal(size=3)) / x

    def on_both(rng, x):
        return f((rng, np.random.Generator(rng.bit_generator)), x)

    compiled = segue.compile(f)

    def compiled_on_both(rng, x):
        return compiled((rng, np.random.Generator(rng.bit_generator)), x)

    plain, own = np.random.default_rng(3), np.random.default_rng(3)
    for x in (np.ones(3), np.zeros(3), np.ones(3)):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(on_both(plain, x), compiled_on_both(own, x))
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            np.testing.assert_array_equal(on_both(plain, np.zeros(3)), compiled_on_both(own, np.zeros(3)))
        assert state_of(plain) == state_of(own)


def test_every_generator_of_a_dropped_run_is_put_back():
    def f(rng, other, x):
        return (rng.normal(size=3) + other.normal(size=3)) / x

    segue.reset()
    compiled = segue.compile(f)
    plain, own = ([np.random.default_rng(3), np.random.default_rng(4)] for _ in range(2))
    for _ in range(3):
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            assert compiled(*own, np.zeros(3)).tobytes() == f(*plain, np.zeros(3)).tobytes()
        assert [state_of(rng) for rng in own] == [state_of(rng) for rng in plain]
    assert segue.stats()["reruns"] >= 1


def test_a_parameter_out_of_range_raises_and_draws_nothing():
    agree(lambda rng, scale: (rng.random(), rng.normal(0.0, scale)), lambda: np.random.default_rng(1), -1.0)


def test_draws_break_where_the_rest_does():
    def f(rng, x):
        a = rng.random(3)
        print(end="")
        return a + rng.random(3) * x

    assert agree(f, lambda: np.random.default_rng(1), np.ones(3))["segments"] > 0


def test_shuffling_writes_the_array(check):
    def f(rng, x, y):
        rng.shuffle(x)
        rng.shuffle(y[1:])
        return x[0], rng.permutation(y)

    assert check(f, np.random.default_rng(4), np.arange(6), np.arange(8.0).reshape(4, 2), breaks=True).op_count >= 2


def test_the_legacy_functions_draw_from_their_own_state(check):
    def f(x):
        np.random.shuffle(x)
        return np.random.rand(2, 3), np.random.randn(), np.random.rand(), np.random.normal(x), np.random.sample(2), np.random.randint(5)

    assert check(f, np.arange(5.0)).breaks == []


def test_legacy_draws_in_a_loop(check):
    def f(x):
        for i in range(3):
            x = x * np.random.uniform(0.5, 1.5, size=3) + i
        return x

    assert check(f, np.ones(3)).op_count == 9


class Counting(np.random.Generator):
    def normal(self, *args, **kwargs):
        return 1.0


def test_a_subclass_of_the_generator_is_the_programs():
    agree(lambda rng, x: rng.normal() + x, lambda: Counting(np.random.PCG64(1)), np.ones(3))


class Logged(np.random.PCG64):
    pass


def test_a_bit_generator_of_the_programs_is_left_to_cpython():
    def f(rng, x):
        return rng.normal(size=3) + x

    agree(f, lambda: np.random.Generator(Logged(3)), np.ones(3))
    compiled, known = segue.compile(f), np.random.default_rng(3)
    compiled(known, np.ones(3))
    foreign, plain = np.random.Generator(Logged(3)), np.random.Generator(Logged(3))
    for _ in range(3):
        np.testing.assert_array_equal(compiled(foreign, np.ones(3)), f(plain, np.ones(3)))


def test_what_a_draw_with_a_dtype_gives_is_told_where_it_is_an_array(check):
    def f(rng, x):
        return rng.integers(5, size=3, dtype=np.uint8), rng.random(2, dtype=np.float32), x + 1

    assert check(f, np.random.default_rng(2), np.ones(2)).breaks == []
    assert check(lambda rng, x: (rng.integers(5, dtype=int), x + 1), np.random.default_rng(2), np.ones(2), breaks=True).breaks
