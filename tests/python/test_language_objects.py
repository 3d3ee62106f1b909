"""Dataclasses, named tuples, enums and attributes: what their generated and inherited methods do inside a trace."""

from __future__ import annotations

import collections
import contextlib
import copy
import dataclasses
import enum
import functools
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pytest
from tests.python.language_support import cases, covers

X = np.arange(4.0)


@dataclass
class Options:
    rate: float = 1.0
    size: int = 2
    names: list = field(default_factory=list)


@dataclass(frozen=True)
class Frozen:
    rate: float = 1.0
    size: int = 2


@dataclass(order=True)
class Ranked:
    rank: int
    weight: int = 0


@dataclass
class Derived(Options):
    twice: float = field(init=False, default=0.0)

    def __post_init__(self):
        self.twice = self.rate * 2


@dataclass(slots=True, kw_only=True)
class Slotted:
    rate: float
    size: float = 2.0


class Point(NamedTuple):
    u: int
    v: float = 2.0


Pair = collections.namedtuple("Pair", "left right", defaults=[9])


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Mode(enum.Enum):
    SUM = "sum"
    MEAN = "mean"

    def apply(self, x):
        return x.sum() if self is Mode.SUM else x.mean()

    @property
    def title(self):
        return self.value.title()


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Plain:
    def __init__(self, value):
        self.value = value


@covers("dataclasses")
@cases(
    replace=lambda x, o, f: (dataclasses.replace(o, rate=5.0), dataclasses.replace(f, size=x)),
    repr=lambda x, o, f: (repr(o), f"{f} {f!r}", str(Derived(2.0)), repr(Slotted(rate=1.5))),
    repr_of_a_cycle=lambda x, o, f: (o.names.append(o), repr(o)),
    equality=lambda x, o, f: (o == Options(), o == Options(2.0), f == Frozen(), o == f, f != Frozen(2.0)),
    order=lambda x, o, f: (Ranked(1, 2) < Ranked(1, 3), max(Ranked(1), Ranked(2)), sorted([Ranked(2), Ranked(1)])),
    fields=lambda x, o, f: [(p.name, getattr(o, p.name)) for p in dataclasses.fields(o)],
    is_dataclass=lambda x, o, f: (dataclasses.is_dataclass(o), dataclasses.is_dataclass(x)),
    default_factory=lambda x, o, f: (Options().names is Options().names, Options().names),
    post_init=lambda x, o, f: (Derived(x).twice, Derived(3.0)),
    slots=lambda x, o, f: (Slotted(rate=x), Slotted(rate=1.0, size=x).size),
    asdict=lambda x, o, f: (dataclasses.asdict(f), dataclasses.astuple(f)),
    asdict_of_arrays=lambda x, o, f: dataclasses.asdict(Options(x, 3, [x, 1])),
    hash=lambda x, o, f: hash(f) == hash(Frozen()),
    vars=lambda x, o, f: ({k: v for k, v in vars(o).items() if k != "names"}, "rate" in vars(o), len(o.__dict__)),
    copies=lambda x, o, f: (copy.copy(o), copy.deepcopy(Options(x, names=[x])), copy.copy(f)),
    match=lambda x, o, f: [matched(x, v) for v in (o, f, Ranked(3), Point(1))],
)
def test_dataclasses(f, check):
    report = check(lambda x, o, g: (x + 1, f(x, o, g)), X, Options(), Frozen())
    assert report.breaks == []


def matched(x, value):
    match value:
        case Options(rate=1.0, size=n):
            return x * n
        case Ranked(rank, weight):
            return x * rank + weight
        case Point(u=1, v=v):
            return x - v
        case _:
            return x


@covers("dataclasses")
def test_a_frozen_dataclass_refuses_to_be_set(check):
    def f(x):
        options = Frozen(2.0)
        try:
            options.rate = 3.0
        except dataclasses.FrozenInstanceError as error:
            return x * options.rate, str(error), isinstance(error, AttributeError)

    check(f, X)


@covers("named tuples")
@cases(
    replace=lambda x, p: (p._replace(v=x), p._replace(u=3).u),
    asdict=lambda x, p: (p._asdict(), Pair(1, x)._asdict(), Pair._fields, Pair(1)),
    make=lambda x, p: Pair._make([x, 2]),
    repr=lambda x, p: (repr(p), f"{Pair(1, 'a')}", str(Pair([1], Point(2)))),
    compare=lambda x, p: (p == (1, 2.0), p == Point(1), p < (2, 0), Pair(1, 2) >= (1, 1)),
    sequence=lambda x, p: (p[0], p[1:], len(p), p + (3,), 1 in p, p.index(2.0), p.count(1), *p),
    hash=lambda x, p: hash(Pair(1, 2)) == hash((1, 2)),
)
def test_named_tuples(f, check):
    report = check(lambda x, p: (x + 1, f(x, p)), X, Point(1))
    assert report.breaks == []


@covers("enums and flags")
@cases(
    parts=lambda x, c: (x * c.value, c.name, Color.GREEN.value, Mode.SUM.title),
    by_value=lambda x, c: (Color(2), Color(c), Mode("mean").apply(x)),
    by_name=lambda x, c: Color["RED"].value,
    iteration=lambda x, c: ([x * m.value for m in Color], len(Color)),
    membership=lambda x, c: (c in Color, isinstance(c, Color), c in (Color.RED,), c == Color.GREEN, c is Color.RED),
    text=lambda x, c: (repr(c), str(c), f"{c}", f"{Mode.SUM.name:>5}"),
    keys=lambda x, c: ({Color.RED: x, Color.GREEN: 2}[c], {Color.RED, c} == {c}, BY_COLOR[c], BY_COLOR.get(Color.GREEN)),
    method=lambda x, c: Mode.MEAN.apply(x),
    flags=lambda x, c: (Access.READ in Access.READ | Access.WRITE, bool(Access.READ & Access.WRITE), (Access.READ | Access.WRITE).value),
    match=lambda x, c: matched_color(x, c),
)
def test_enums(f, check):
    report = check(lambda x, c: (x + 1, f(x, c)), X, Color.RED)
    assert report.breaks == []


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 10


class Kind(str, enum.Enum):
    SUM = "sum"
    MEAN = "mean"


class Bits(enum.IntFlag):
    READ = 1
    WRITE = 2
    BOTH = 3


@covers("enums and flags")
@cases(
    arithmetic=lambda x, v: (v + 1, 1 + v, v * 2.5, v - Level.LOW, -v, v // 3, 2**v, v % 4),
    comparison=lambda x, v: (v > Level.LOW, v == 10, 10 == v, v != Level.HIGH, v < 5, 3 < v, max(v, 11), sorted([v, 2, Level.LOW])),
    identity=lambda x, v: (v is Level.HIGH, v in (1, 2, 10), isinstance(v, int), type(v) is Level, bool(v)),
    parts=lambda x, v: (v.name, v.value, Level(1), Level["LOW"].value, [m.value for m in Level], hash(v) == hash(10)),
    indices=lambda x, v: ([1, 2, 3][Level.LOW], list(range(Level.LOW, 3)), int(v), {1: "a", 10: "b"}[v]),
    text=lambda x, v: (repr(v), str(v), f"{v}", f"{v:>4}", f"{v!r}", "%d" % Level.LOW.value),
    strings=lambda x, v: (Kind.SUM == "sum", Kind("mean") is Kind.MEAN, {"sum": 1}[Kind.SUM], len(Kind.SUM), "u" in Kind.SUM, repr(Kind.SUM)),
    flags=lambda x, v: (Bits.READ | Bits.WRITE, Bits.BOTH & Bits.READ, Bits.READ in Bits.BOTH, bool(Bits.READ & Bits.WRITE)),
)
def test_enums_of_ints_and_strings(f, check):
    report = check(lambda x, v: (x + 1, f(x, v)), X, Level.HIGH)
    assert report.breaks == []


BY_COLOR = {Color.RED: 3.0}
BY_CLASS = {int: 2, np.ndarray: 3, Plain: 4}
BY_FUNCTION = {np.sin: "sin", len: "len", matched: "matched"}


def matched_color(x, color):
    match color:
        case Color.RED:
            return x * 2
        case Color.GREEN:
            return x * 3


@covers("enums and flags")
def test_an_unknown_value_of_an_enum(check):
    def f(x):
        try:
            Color(7)
        except ValueError as error:
            return x + 1, str(error)

    check(f, X)


@pytest.mark.parametrize("key", [X, 3, Plain(1)], ids=["array", "int", "instance"])
def test_registries_by_class(key, check):
    assert check(lambda x, key: x * BY_CLASS[type(key)], X, key).breaks == []


def test_dicts_with_classes_and_functions_as_keys(check):
    def f(x, registry):
        return [x * v for v in BY_CLASS.values()], registry.get(float), int in registry, len(registry), {len: x}[len]

    assert check(f, X, {int: 1, np.float64: 2}).breaks == []


# --- attributes --------------------------------------------------------------------------------------------------------


def test_instance_dicts(check):
    def f(x, p):
        made = Plain(x)
        made.__dict__["extra"] = x + 1
        made.__dict__.update(more=2)
        p.__dict__["extra"] = x * 2
        del vars(p)["value"]
        return made.extra, list(vars(made)), made, p.extra, hasattr(p, "value"), vars(p).get("value", 5)

    check(f, X, Plain(1))


def test_an_instance_dict_that_escapes(check):
    check(lambda x, p: (x + 1, p.__dict__, p.__dict__ is vars(p)), X, Plain(1))


def test_attributes_by_name(check):
    def f(x, p):
        setattr(p, "extra", x + 1)
        delattr(p, "value")
        return p.extra, hasattr(p, "value"), getattr(p, "value", None)

    check(f, X, Plain(1))


@contextlib.contextmanager
def documented():
    """What it does."""
    yield


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs) * wrapper.factor

    wrapper.factor = 3
    return wrapper


@decorated
def doubled(x):
    """Twice."""
    return x * 2


def test_attributes_of_functions_and_classes(check):
    def f(x):
        def local():
            "Here."

        names = doubled.__name__, doubled.__qualname__, doubled.__doc__, doubled.__module__, doubled.__wrapped__ is doubled
        mine = local.__name__, local.__qualname__, local.__doc__, local.__module__
        classes = Plain.__name__, Plain.__qualname__, Plain.__module__, Plain.__doc__, int.__name__, type(x).__name__
        return doubled(x), names, mine, classes, len.__name__, documented.__doc__, Plain.__mro__, repr(Plain), hasattr(doubled, "no")

    assert check(f, X).breaks == []


def test_names_and_attributes_of_functions_may_change(check):
    import segue

    @segue.compile
    def f(x):
        return x * doubled.factor, doubled.__name__, Plain.__name__

    assert f(X)[1:] == ("doubled", "Plain") == f(X)[1:]
    try:
        doubled.__name__, Plain.__name__, doubled.factor = "other", "Changed", 5
        result, *names = f(X)
        assert names == ["other", "Changed"] and np.array_equal(result, X * 5)
    finally:
        doubled.__name__, Plain.__name__, doubled.factor = "doubled", "Plain", 3


class Meta(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.touched = True
        return made

    def __len__(cls):
        return 3

    def __getitem__(cls, key):
        return key


class WithMeta(metaclass=Meta):
    def __init__(self, value):
        self.value = value


@covers("metaclasses")
def test_metaclasses(check):
    check(lambda x: (x * WithMeta(3).value, WithMeta(x), len(WithMeta), WithMeta["k"], bool(WithMeta)), X)


@covers("isinstance and issubclass")
def test_classes_as_arguments_of_isinstance_and_issubclass(check):
    def f(x, p):
        return x + 1, isinstance(p, (int, Plain)), issubclass(Derived, Options), issubclass(int, (str, float)), isinstance(Color.RED, Color)

    check(f, X, Plain(1))
