"""Functions: closures, calls of every shape, decorators, functools; comprehensions and match statements."""

from __future__ import annotations

import functools
import operator
import types

import numpy as np
import segue
from tests.python.language_support import cases, covers, message

X = np.arange(4.0)


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


def test_a_cell_as_an_object_is_told_from_others():
    def f(x, held):
        return x[0] + 1, isinstance(held, int), held

    compiled = segue.compile(f)
    for held in types.CellType(), types.CellType(2), 7, "text":
        assert compiled(X, held) == f(X, held)


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
    bound=lambda x: (lambda m: (m(1), m.__self__))([x].append),
    nested_calls=lambda x: max(min(3, 4), abs(-2), key=lambda v: -v) * x,
)
def test_calls(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("call shapes", breaks={"builtin-not-modelled": "print", "opaque-value": "what CPython has bound", "unsupported-operation": "calling that"})
def test_a_bound_method_that_is_alive_at_a_break(check):
    def f(x):
        items = []
        add = items.append
        add(x * 2)
        print(end="")
        add(1)
        return items, add.__self__ is items, x + 1

    check(f, X)


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


# --- functools --------------------------------------------------------------------------------------------------------


def tripling(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        "Of the wrapper."
        wrapper.calls += 1
        return function(*args, **kwargs) * 3

    wrapper.calls = 0
    return wrapper


def plain(y: float, z=1) -> float:
    """Adds."""
    return y + z


plain.extra = "copied"


def wrapped_inside(x):
    @tripling
    def local(y: int):
        """Doubles."""
        return y * 2

    facts = local.__name__, local.__qualname__, local.__doc__, local.__module__, local.__annotations__
    return local(x), local(1), local.calls, facts, local.__wrapped__(1), sorted(vars(local)), local.__wrapped__ is local


def wrapped_from_outside(x):
    again = tripling(plain)
    facts = again.__name__, again.__doc__, again.extra, again.__wrapped__ is plain
    return again(x), facts, again.__annotations__ is plain.__annotations__, hasattr(again, "nothing")


def labelled(x):
    def local():
        "Here."
        return x

    before = hasattr(local, "label"), local.__doc__, local.__dict__ == {}
    local.label = x
    local.__name__ = "renamed"
    local.__doc__ = None
    local.again = 1
    del local.again
    local.__dict__["other"] = 2
    return before, local(), local.__name__, local.__doc__, local.other, list(local.__dict__), message(lambda: local.again), local


def traced(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) * 3

    return wrapper


@covers("functools.wraps", "decorators")
@cases(
    inside=wrapped_inside,
    escaping=lambda x: traced(lambda y: y + 1),
    attributes=labelled,
)
def test_wraps(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("functools.wraps", breaks={"attribute-lookup": "the annotations of a function from outside"})
def test_wraps_of_a_function_from_outside(check):
    def f(x):
        y = x * 2
        again = traced(plain)
        facts = again.__name__, again.__doc__, again.extra, again.__wrapped__ is plain, again.__annotations__ is plain.__annotations__
        return facts, y + 1

    check(f, X)


def test_a_function_that_holds_itself_is_left_to_cpython(check):
    def f(x):
        y = x * 2

        def local():
            return local

        local.me = local
        print(end="")
        return y + 1, local, local() is local, local.me is local

    check(f, X, breaks=True)


@covers("functools.wraps", breaks={"attribute-write": "setting what a function is called with, or one from outside"})
def test_what_a_function_is_called_with_is_set_by_cpython(check):
    def f(x):
        def local(y=1):
            return y

        z = x * 2
        local.__defaults__ = (5,)
        return z + local(), local()

    check(f, X)


def multiplied(x, by=None):
    return x if by is None else x * by


def shifted(x, by=None):
    return x if by is None else x + by


shifted.__defaults__ = (*shifted.__defaults__, None)[1:]   # equal to those of `multiplied`, and another tuple


@covers("call shapes")
def test_equal_defaults_of_two_functions_are_two_tuples(check):
    def f(x, function):
        given = function.__defaults__
        return multiplied(x) * 2, shifted(x), function(x), multiplied.__defaults__ is given, shifted.__defaults__ is given

    check(f, X, shifted)
    check(f, X, multiplied)


@functools.lru_cache(maxsize=2)
def cached(n):
    return n * 2


@covers(
    "functools.lru_cache and cache",
    breaks={"unsupported-operation": "a call: the cache and its counters are in C; what it calls is captured on its own"},
)
def test_cached_functions(check):
    check(lambda x: (x * 2, cached(3), x + 1), X)


@functools.singledispatch
def described(v):
    return "other"


@described.register
def _(v: int):
    return "int"


@described.register(np.ndarray)
def _(v):
    return v * 2


@covers("functools.singledispatch", breaks={"builtin-not-modelled": "looking the function up, in a cache of weak references"})
def test_single_dispatch(check):
    assert [described(X)[1], described(3), described("a")] == [2, "int", "other"]  # which fills its cache
    check(lambda x: (x * 2, described(x), described(3), described("a"), x + 1), X, hits=False)  # from the third call on


def by_size(a, b):
    return len(a) - len(b)


@covers("functools.cmp_to_key")
@cases(
    sorted=lambda x: sorted(["ccc", "a", "bb", "d"], key=functools.cmp_to_key(by_size)),
    reversed=lambda x: sorted([1, 3, 2], key=functools.cmp_to_key(lambda a, b: b - a), reverse=True),
    least=lambda x: min(["bb", "a"], key=functools.cmp_to_key(by_size)),
    compared=lambda x: (lambda k: (k("a") < k("bb"), k("a") == k("b"), k("a") >= k("bb"), k(x).obj is x))(functools.cmp_to_key(by_size)),
    raising=lambda x: message(lambda: sorted(["a", 1], key=functools.cmp_to_key(by_size))),
)
def test_cmp_to_key(f, check):
    check(lambda x: (x + 1, f(x)), X)
