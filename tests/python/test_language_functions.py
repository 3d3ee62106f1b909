"""Functions: closures, calls of every shape, decorators, functools; comprehensions and match statements."""

from __future__ import annotations

import functools
import operator

import numpy as np
from tests.python.language_support import cases, covers

X = np.arange(4.0)


def message(f, *args):
    """What f raises."""
    try:
        return f(*args)
    except Exception as error:
        return type(error), str(error)


def adder(a):
    def inner(b):
        return a + b

    return inner


def counter():
    n = 0

    def step(by=1):
        nonlocal n
        n += by
        return n

    return step


def read_too_early(x):
    def inner():
        return later

    first = message(inner)
    later = x + 1
    second = inner()
    del later
    return first, second, message(inner), message(lambda: later)


def shared_cell(x):
    total = x

    def add(v):
        nonlocal total
        total = total + v

    def double():
        nonlocal total
        total = total * 2

    add(1)
    double()
    total = total - x
    add(x)
    return total, add.__closure__[0] is double.__closure__[0]


@covers("closures", "nonlocal")
@cases(
    by_default=lambda x: [f(x) for f in [lambda y, i=i: y * i for i in range(3)]],
    late_binding=lambda x: [f() for f in [lambda: i for i in range(3)]],
    nested=lambda x: (adder(x)(1), adder(2)(3), adder(adder(1)(2))(x)),
    counted=lambda x: (lambda step: (step(), step(2), step(), step))(counter()),
    escaping=lambda x: (adder(x), counter()),
    too_early=read_too_early,
    recursive=lambda x: (lambda f: f(f, 4))(lambda f, n: x if n == 0 else f(f, n - 1) * n),
)
def test_closures(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("closures", "nonlocal")
def test_a_cell_is_shared(check):
    def f(x):
        total = x

        def add(v):
            nonlocal total
            total = total + v

        def double():
            nonlocal total
            total = total * 2

        add(1)
        double()
        total = total - x
        add(x)
        return total, add, double

    check(f, X)


def shape(a, /, b, c=3, *args, d, e=5, **kw):
    return a, b, c, args, d, e, kw


@covers("call shapes")
@cases(
    keywords=lambda x: (shape(1, 2, d=x), shape(1, d=4, c=x, b=2, z=1)),
    stars=lambda x: (shape(*(1, x), **{"d": 4, "z": x}), shape(1, *[2, 3], 9, d=1, **{"q": 2}), shape(*[1], b=2, d=3, a=9)),
    many_stars=lambda x: shape(*(1,), *[2], *{3: x}, **{"d": 1}, **{"f": x}),
    of_anything=lambda x: (lambda *a, **k: (a, k))(*"ab", *range(2), *(v * 2 for v in [x]), y=1),
    order=lambda x: (lambda log: (shape(log.append(1), b=log.append(2), *[log.append(3)][1:], d=log.append(4)), log))([]),
    unpacked=lambda x: (lambda a, *b: (a, b))(*"abc"),
    bound=lambda x: (lambda items: (items.append(1), items))([x]),
    nested_calls=lambda x: max(min(3, 4), abs(-2), key=lambda v: -v) * x,
)
def test_calls(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("call shapes", breaks={"exception-escapes": "a call that does not fit the signature: CPython words the TypeError"})
@cases(
    too_few=lambda: shape(1),
    missing_keyword=lambda: shape(1, 2, 3),
    twice=lambda: shape(1, 2, d=1, b=3),
    positional_by_name=lambda: (lambda a, /: a)(a=1),
    too_many=lambda: (lambda: 1)(2),
)
def test_calls_that_do_not_fit(f, check):
    check(lambda x: (x * 2, message(f), x + 1), X)


@covers("comprehensions")
@cases(
    lists=lambda x: [x * a + b for a in range(3) for b in range(a) if b],
    nested=lambda x: [[y * x for y in range(n)] for n in range(3)],
    dicts=lambda x: {k: v * x for k, v in zip("ab", (1, 2))},
    sets=lambda x: sorted({v % 3 for v in range(7)}),
    generators=lambda x: (sum(v * x for v in [1, 2]), list(v for v in (w + 1 for w in [1]))),
    named=lambda x: ([last := v * x for v in [1, 2]], last),
    closures=lambda x: [g() for g in [lambda: (x, i) for i in range(2)]],
    unpacking=lambda x: [*(v for v in [1]), *[x]] + [{**d, "z": 1} for d in [{"a": x}]],
)
def test_comprehensions(f, check):
    check(lambda x: (x + 1, f(x)), X)


class Square:
    __match_args__ = ("side",)

    def __init__(self, side):
        self.side = side


def matched(v):
    match v:
        case []:
            return "empty"
        case [a, *rest] if rest:
            return "sequence", a, rest
        case {"a": a, **rest}:
            return "mapping", a, rest
        case Square(side) | (("s", Square(side=side))):
            return "square", side
        case bool() | None:
            return "singleton", v
        case int(n) if n > 2:
            return "int", n
        case str() as s:
            return "str", s
        case 1 | 2.5 | -1j:
            return "number"
        case _:
            return "other"


@covers("match statements")
@cases(
    sequences=lambda x: [matched(v) for v in ([], [1], [1, x, 3], (1, (2, 3)), range(3))],
    mappings=lambda x: [matched(v) for v in ({"a": x, "b": 2}, {"b": 1}, {"a": 1})],
    classes=lambda x: [matched(v) for v in (Square(x), Square(2))],
    values=lambda x: [matched(v) for v in (True, None, 3, "s", 1, 2.5, -1j, b"x")],
)
def test_match(f, check):
    check(lambda x: (x + 1, f(x)), X)


# --- decorators and functools --------------------------------------------------------------------------------------------


def scaled(by):
    def decorate(function):
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs) * by

        return wrapper

    return decorate


def decorated_inside(x):
    @scaled(2)
    @scaled(3)
    def local(y, z=1):
        return y + z

    return local(x), local(x, z=2)


class Shifted:
    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args) + self.calls


def decorated_by_a_class(x):
    @Shifted
    def local(y):
        return y * 2

    return local(x), local(x), local.calls


@covers("decorators")
@cases(stacked=decorated_inside, by_a_class=decorated_by_a_class, outside=lambda x: scaled(3)(lambda y: y)(x))
def test_decorators(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("functools.partial", "functools.reduce")
@cases(
    partial=lambda x: functools.partial(shape, 1, d=x)(2, e=4),
    of_a_partial=lambda x: functools.partial(functools.partial(shape, 1, d=2, f=3), 2, d=x)(),
    overridden=lambda x: functools.partial(shape, 1, 2, d=x)(d=3),
    parts=lambda x: (lambda p: (p.func is shape, p.args, p.keywords))(functools.partial(shape, x, b=2)),
    escaping=lambda x: functools.partial(shape, x, d=1),
    reduce=lambda x: functools.reduce(operator.add, [x, 1, 2]),
    reduce_from=lambda x: functools.reduce(lambda a, b: a + [b], [1, x], []),
    reduce_nothing=lambda x: message(functools.reduce, operator.add, []),
)
def test_partial_and_reduce(f, check):
    check(lambda x: (x + 1, f(x)), X)


@functools.total_ordering
class Ranked:
    def __init__(self, rank):
        self.rank = rank

    def __eq__(self, other):
        return self.rank == other.rank if isinstance(other, Ranked) else NotImplemented

    def __lt__(self, other):
        return self.rank < other.rank if isinstance(other, Ranked) else NotImplemented


@covers("functools.total_ordering")
@cases(
    all=lambda a, b: (a < b, a <= b, a > b, a >= b, a == b, a != b, a <= a),
    sorted=lambda a, b: [v.rank for v in sorted([b, a], reverse=True)],
    max=lambda a, b: max(a, b).rank,
    other=lambda a, b: (a == 3, message(lambda: a <= 3)),
)
def test_total_ordering(f, check):
    check(lambda x: (x + 1, f(Ranked(1), Ranked(2))), X)


@covers("zip", "map", "filter", "enumerate", "sorted", "sum", "any and all")
@cases(
    zip=lambda x: (list(zip("ab", [1, x])), list(zip([1], [x], strict=True)), list(zip())),
    map=lambda x: list(map(lambda a, b: a * b, [x, 2], [1, 2, 3])),
    filter=lambda x: (list(filter(None, [0, 1])), list(filter(lambda v: v > 1, [1, 2]))),
    enumerate=lambda x: list(enumerate([x, 1], start=2)),
    sorted=lambda x: (sorted([3, 1, 2], reverse=True), sorted("bca", key=ord), sorted({"b": 1, "a": 2})),
    sorted_is_stable=lambda x: (sorted([(1, "b"), (0, "z"), (1, "a")], key=lambda p: p[0], reverse=True), sorted([2, True, 1])),
    sorted_fails=lambda x: message(sorted, [1, "a"]),
    sum=lambda x: (sum([x, x], x), sum([[1], [2]], []), sum([0.1] * 10), sum([1, 0.5, 2])),
    any_all=lambda x: (any([0, 1]), all([]), any(v > 2 for v in [1, 3]), all(iter([1, 0]))),
    any_stops=lambda x: (lambda it: (any(it), list(it)))(iter([0, 1, 2])),
)
def test_functions_of_iterables(f, check):
    check(lambda x: (x + 1, f(x)), X)
