"""What the tracer makes of objects, containers, exceptions and generators."""

from __future__ import annotations

import enum
import functools
import itertools
import math
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from tests.python.trace_support import body_of, break_of, check_trace, guards_of, trace

X = np.arange(5.0)
COUNT = 3


@dataclass
class Parameters:
    sigma: float = 1.5
    size: int = 3

    def reach(self):
        return self.sigma * self.size

    @property
    def doubled(self):
        return self.size * 2


class Layer:
    def __init__(self, weight):
        self.weight = weight

    def __call__(self, x):
        return x * self.weight


class Biased(Layer):
    def __init__(self, weight):
        super().__init__(weight)
        self.bias = 1

    def __call__(self, x):
        return super().__call__(x) + self.bias


class Point(NamedTuple):
    a: int
    b: float = 2.0

    def total(self):
        return self.a + self.b


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Suppress:
    def __enter__(self):
        return 5

    def __exit__(self, *details):
        return True


def last_lines(function, *args):
    """Writes and exit, without the graph."""
    return body_of(trace(function, *args)).split("}\n", 1)[1].strip()


def test_attribute_writes_are_replayed_and_new_objects_rebuilt():
    def f(x, p):
        p.size = 7
        return x * p.reach() + p.doubled, Parameters(2.0)

    assert last_lines(f, X, Parameters()).splitlines() == [
        "write set_attr #0 object(Parameters) key='sigma' value=2.0",
        "write set_attr #0 key='size' value=3",
        "write set_attr L['p'] key='size' value=7",
        "return #1 tuple(v2, #0)",
    ]


def test_calls_of_instances_and_super_are_inlined():
    def f(x):
        for layer in [Biased(i) for i in range(2)]:
            x = layer(x)
        return x

    check_trace(
        f,
        """
        graph(x: f64[s0]) {
          v0 = multiply x 0
          v1 = add v0 1
          v2 = multiply v1 1
          v3 = add v2 1
          return v3
        }
        return v3
        """,
        X,
    )


def test_an_attribute_that_is_read_is_guarded_and_others_are_not():
    def f(x, p):
        return x * p.size

    guards = "\n".join(guards_of(trace(f, X, Parameters())))
    assert ".size" in guards and "sigma" not in guards


def test_an_append_to_an_argument_stays_an_append():
    def f(x, out):
        for i in range(2):
            out.append(x * i)
        return None

    text = trace(f, X, [])
    assert last_lines(f, X, []).splitlines() == [
        "write append L['out'] value=v0",
        "write append L['out'] value=v1",
        "return None",
    ]
    assert "len ==" not in "\n".join(guards_of(text))


def test_exceptions_are_raised_and_caught_inside():
    def f(x):
        try:
            {}["a"]
        except KeyError:
            y = x + 1
        else:
            y = x
        finally:
            y = y * 2
        try:
            raise ValueError("z")
        except (TypeError, ValueError) as e:
            return y, e.args

    assert last_lines(f, X) == "return #0 tuple(v1, #1 tuple('z'))"


def test_with_of_a_python_context_manager_is_inlined():
    def f(x):
        with Suppress() as five:
            x = x * five
            raise ValueError
        return x

    assert last_lines(f, X) == "return v0"


def test_generators_are_inlined():
    def f(x):
        def each(n):
            for i in range(n):
                yield x * i

        return sum(v for v in each(2)), list(each(2))

    assert last_lines(f, X) == "return #0 tuple(v3, #1 list(v4, v5))"


def test_strings_fold():
    def f(x, s):
        return f"{s}-{x.ndim}-{1.5:.2f}", max(1, x.ndim), math.sqrt(4.0), s.upper().split("-")

    assert last_lines(f, X, "q-r") == "return #0 tuple('q-r-1-1.50', 1, 2.0, #1 list('Q', 'R'))"


@pytest.mark.parametrize(
    ("subject", "result"),
    [({"k": 2}, "multiply x s0"), ((1, 2), "multiply x s0"), (Parameters(), "multiply x c_sigma")],
)
def test_match_statements(subject, result):
    def f(x, c):
        match c:
            case {"k": v}:
                return x * v
            case [a, b]:
                return x * a + b
            case Parameters(sigma=s):
                return x * s
            case _:
                return x

    assert result in trace(f, X, subject)


def test_closures_are_rebuilt_with_their_cells():
    def f(x):
        n = 0

        def increment():
            nonlocal n
            n += 1
            return n

        increment()
        return x * increment(), increment

    assert "cell(2)" in last_lines(f, X)


def count_up(x):
    global COUNT
    COUNT = COUNT + 1
    return x * COUNT


def test_writes_to_globals_are_staged_and_replayed():
    text = trace(count_up, X)
    assert "write set_item G key='COUNT' value=int(s0 + 1)" in text
    assert COUNT == 3


def test_arrays_that_are_written_must_not_overlap_others():
    def f(x, y):
        x += 1
        return x + y

    base = np.arange(6.0)
    assert break_of(f, base[:5], base[1:]) == "overlapping-arrays"
    assert any("shares no memory" in line for line in guards_of(trace(f, base[:3], base[3:])))


def test_named_tuples():
    def f(x, p):
        return x * p.a * Point(3).total(), Point(3), p._replace(a=9)

    assert last_lines(f, X, Point(1)) == (
        "return #0 tuple(v1, #1 structseq(Point, 3, 2.0), #2 structseq(Point, 9, L['p'][1]))"
    )


@pytest.mark.parametrize(("color", "factor"), [(Color.RED, 5), (Color.BLUE, "s1")])
def test_enums(color, factor):
    def f(x, c):
        if c is Color.RED:
            return x * 5
        return x * c.value

    assert f"multiply x {factor}\n" in trace(f, X, color)


def test_partial_and_itertools():
    def f(x, add_one):
        times = functools.partial(lambda a, b, c=1: a * b * c, x, c=2)
        for i, j in itertools.product(range(2), [5, 6]):
            x = x + i * j
        for i in itertools.islice(itertools.count(3), 2, 6, 2):
            x = x * i
        return times(3), add_one(x), list(itertools.chain([1], (2,))), functools.reduce(lambda a, b: a + b, [1, 2, 3])

    check_trace(
        f,
        """
        graph(x: f64[s0]) {
          v0 = add x 0
          v1 = add v0 0
          v2 = add v1 5
          v3 = add v2 6
          v4 = multiply v3 5
          v5 = multiply v4 7
          v6 = multiply x 3
          v7 = multiply v6 2
          v8 = add s1 v5
          return v7, v8
        }
        return #0 tuple(v7, v8, #1 list(1, 2), 6)
        """,
        X,
        functools.partial(np.add, 1),
    )


def test_deques():
    def f(x, live):
        recent = deque([1, 2, 3], maxlen=3)
        recent.append(x)
        recent.appendleft(0)
        live.append(x + 1)
        return recent, recent.popleft(), len(recent), [i for i in recent]

    assert last_lines(f, X, deque()).splitlines() == [
        "write append_deque L['live'] value=v0",
        "return #0 tuple(#1 deque(2, 3, 3), 0, 2, #2 list(2, 3))",
    ]


def test_defaultdicts():
    def f(x, live):
        groups = defaultdict(list)
        groups["a"].append(x)
        groups["a"].append(x * 2)
        live["k"] = 1
        return groups, live["z"]

    assert last_lines(f, X, defaultdict(int, z=3)).splitlines() == [
        "write set_item L['live'] key='k' value=1",
        "return #0 tuple(#1 defaultdict(list, 'a', #2 list(L['x'], v0)), L['live']['z'])",
    ]


def test_sorting_by_constants_is_cpythons():
    def f(x):
        return sorted([3, 1, 2], key=lambda v: -v), sorted("bca"), sorted([2.0, float("nan"), 1.0]), x

    assert last_lines(f, X) == (
        "return #0 tuple(#1 list(3, 2, 1), #2 list('a', 'b', 'c'), #3 list(2.0, nan, 1.0), L['x'])"
    )


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: [x for _ in range(100)], "loop-not-unrolled"),
        (lambda x: x if x.sum() else None, "data-dependent-branch"),
        (lambda x: print(x), "builtin-not-modelled"),
        (lambda x: {x: 1}, "unhashable-key"),
        (lambda x: "a" * 10**9, "fold-too-large"),
        (lambda x: x + object(), "unsupported-operation"),
        (lambda x: {}["a"], "exception-escapes"),
        (lambda x: np.datetime_as_string(np.datetime64("2024-05-17")), "numpy-not-modelled"),
    ],
)
def test_breaks(function, reason):
    assert break_of(function, X) == reason
