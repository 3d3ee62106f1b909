"""Classes that derive from built-in containers, and the containers of `collections` and `types` that are written like these."""

from __future__ import annotations

import collections
import types

import numpy as np
from tests.python.language_support import cases, covers, message

import segue

X = np.arange(4.0)


class Totals(dict):
    unit = "kg"

    def total(self):
        return sum(self.values())


class Doubling(dict):
    """Overrides what programs use, and counts on what dict itself does not use."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.log = []

    def __getitem__(self, key):
        self.log.append(key)
        return super().__getitem__(key)

    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)

    def __missing__(self, key):
        return "missing " + key

    def __contains__(self, key):
        return key == "always" or super().__contains__(key)

    def __len__(self):
        return 100


class Settings(dict):
    """The usual way to write d.key for d["key"]."""

    __setattr__ = dict.__setitem__
    __delattr__ = dict.__delitem__

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def written(x, d):
    d["c"] = x
    d["a"] += 1
    d.note = x * 2
    del d["b"]
    d.update(e=5)
    return d.setdefault("f", []), d.pop("e"), list(d), d.note, d


def doubled(x, d):
    d["k"] = x
    return d["k"], d["q"], "always" in d, "q" in d, len(d), d.log, d.get("q"), list(d.items()), bool(d)


@covers("subclasses of dict")
@cases(
    read=lambda x, d: (x * d["a"], d.total(), len(d), "a" in d, d.get("z", 3), list(d), list(d.items()), d.unit, bool(d)),
    written=written,
    missing=lambda x, d: (message(lambda: d["z"]), message(d.pop, "z"), d.get("z")),
    compared=lambda x, d: (d == {"a": 1, "b": 2}, {"a": 1, "b": 2} == d, d == Totals(d), d != {}, d == [], message(lambda: d < d)),
    merged=lambda x, d: (d | {"c": 1}, {"c": x} | dict(d), {**d, "z": 1}, dict(d, k=2), type(d.copy()), (lambda **k: k)(**d)),
    in_place=lambda x, d: (d.__ior__({"c": x}) is d, d),
    text=lambda x, d: (repr(d), str(d), f"{d}"),
    kinds=lambda x, d: (isinstance(d, dict), type(d) is Totals, isinstance({}, Totals), issubclass(Totals, dict)),
    attributes=lambda x, d: (setattr(d, "k", x), d.k, hasattr(d, "q"), dict(vars(d)), message(lambda: d.q)),
)
def test_subclasses_of_dict(f, check):
    check(lambda x, d: (x + 1, f(x, d), d), X, Totals(a=1, b=2))
    check(lambda x: (x + 1, f(x, d := Totals(a=1, b=2)), d), X)


@covers("subclasses of dict")
def test_overridden_methods_of_dict(check):
    check(lambda x, d: (x + 1, doubled(x, d), d), X, Doubling(a=1))
    check(lambda x: (x + 1, doubled(x, d := Doubling(a=1)), d), X)
    check(lambda x, d: (x + 1, {**d}, dict(d), d.copy(), list(d.values())), X, Doubling(a=1))


@covers("subclasses of dict", "__getattr__", "__setattr__")
def test_items_as_attributes(check):
    def f(x, s):
        s.rate = x * s.size
        s.size += 1
        del s.name
        made = Settings(a=1)
        made.b = x
        return s.rate, s, made, made.a, "name" in s, message(lambda: s.nothing)

    check(f, X, Settings(size=2, name="n"))


class Stack(list):
    def top(self):
        return self[-1]

    def push(self, item):
        self.append(item)
        return self


class Loud(list):
    def top(self):
        return self[-1]

    def __getitem__(self, index):
        return "item", super().__getitem__(index)

    def __len__(self):
        return 50

    def __iter__(self):
        return iter("abc")


@covers(
    "subclasses of list",
    breaks={
        "unsupported-operation": "items, iteration, length: only lists proper are modelled",
        "opaque-value": "its attributes",
    },
)
@cases(
    plain=lambda s: (s.top(), s[0], len(s), [v for v in s], s == [1, 2]),
    written=lambda s: (s.push(3), s.append(4), s.pop(0)),
)
def test_subclasses_of_list(f, check):
    check(lambda x, s: (x * 2, f(s), s, x + 1), X, Stack([1, 2]))
    check(lambda x, s: (x * 2, s[0], s.top(), x + 1), X, Loud([1, 2]))


def test_two_names_of_one_instance_are_told_from_two_instances():
    def f(x, a, b):
        a["k"] = 5
        a.mark = 7
        return x * b.get("k", 1), getattr(b, "mark", 0)

    compiled = segue.compile(f)
    for _ in range(2):
        assert np.array_equal(compiled(X, Totals(), Totals())[0], X)
        one = Totals()
        result = compiled(X, one, one)
        assert np.array_equal(result[0], X * 5) and result[1] == 7


class Triple(tuple):
    def total(self):
        return sum(self)


class Meters(int):
    def doubled(self):
        return self * 2


class Name(str):
    def loud(self):
        return self.upper() + "!"


TRIPLE, METERS, NAME = Triple((1, 2, 3)), Meters(5), Name("abc")


@covers("subclasses of tuple", breaks={"unsupported-operation": "its items: only named tuples are modelled"})
def test_subclasses_of_tuple(check):
    check(lambda x: (x * 2, TRIPLE[0], x + 1), X)


@covers("subclasses of int", breaks={"opaque-value": "arithmetic with one, or its methods: its number is not guarded"})
def test_subclasses_of_int(check):
    check(lambda x: (x * 2, METERS.doubled(), METERS == 5, x + 1), X)


@covers("subclasses of str", breaks={"opaque-value": "its methods and comparisons: its text is not guarded"})
def test_subclasses_of_str(check):
    check(lambda x: (x * 2, NAME == "abc", x + 1), X)


class Registry(collections.UserDict):
    def __setitem__(self, key, value):
        super().__setitem__(key.upper(), value)


@covers("UserDict")
@cases(
    read=lambda x, r: (r["A"], len(r), "A" in r, list(r), r.get("z", 2), dict(r.items()), r == {"A": 1}),
    written=lambda x, r: (r.update({"b": x}), r.setdefault("C", 3), r.pop("A"), r.data),
    made=lambda x, r: (Registry(a=x).data, Registry({"q": 1})["Q"], message(lambda: Registry()["k"])),
)
def test_user_dicts(f, check):
    check(lambda x, r: (x + 1, f(x, r)), X, Registry(a=1))


@covers("ChainMap")
@cases(
    found=lambda x, c: (c["a"], c["b"], c.get("z"), "b" in c, len(c), message(lambda: c["z"])),
    written=lambda x, c: (c.__setitem__("b", x), c["b"], c.maps),
    child=lambda x, c: (lambda child: (child["a"], child.parents["a"], child.maps[0]))(c.new_child({"a": x})),
    made=lambda x, c: collections.ChainMap({"k": x})["k"],
)
def test_chain_maps(f, check):
    check(lambda x, c: (x + 1, f(x, c)), X, collections.ChainMap({"a": 1}, {"a": 2, "b": 3}))


def namespace_written(x, n):
    n.a = x
    n.c = n.b + 1
    del n.b
    return n.a, n.c, hasattr(n, "b"), vars(n), n.__dict__ is vars(n), message(lambda: n.b)


@covers("SimpleNamespace")
@cases(
    read=lambda x, n: (x * n.a, n.b, getattr(n, "z", 3)),
    written=namespace_written,
    made=lambda x, n: (lambda made: (made.k, made, made is made))(types.SimpleNamespace(k=x, n=n)),
)
def test_namespaces(f, check):
    check(lambda x, n: (x + 1, f(x, n), n), X, types.SimpleNamespace(a=2, b=3))


@covers("SimpleNamespace", breaks={"builtin-not-modelled": "comparing two: CPython compares their dicts"})
def test_namespaces_are_compared_by_cpython(check):
    check(lambda x, n: (x * 2, n == types.SimpleNamespace(a=1), x + 1), X, types.SimpleNamespace(a=1))


@covers(
    "OrderedDict",
    breaks={
        "builtin-not-modelled": "making one, and its methods: the order is kept in C, beside the dict",
        "opaque-value": "its attributes, for the same reason",
    },
)
def test_ordered_dicts(check):
    def f(x):
        d = collections.OrderedDict(a=1, b=2)
        y = x * 2
        d.move_to_end("a")
        return y + 1

    check(f, X)


@covers("Counter")
@cases(
    counted=lambda x, c: (collections.Counter({"a": 2}), collections.Counter(a=2, b=1), collections.Counter(c)),
    read=lambda x, c: (c["a"], c["missing"], len(c), "missing" in c, sum(c.values()), list(c.elements())),
    common=lambda x, c: (c.most_common(), c.most_common(1)),
    written=lambda x, c: (c.update({"a": 2}), c.subtract(c), c.__setitem__("z", 4), c.pop("a"), c),
    arithmetic=lambda x, c: (c + collections.Counter(a=1), c - collections.Counter(a=1), c & c, c | c, +c),
    text=lambda x, c: repr(c),
)
def test_counters(f, check):
    check(lambda x, c: (x + 1, f(x, c)), X, collections.Counter(a=3, b=1))


@covers("Counter")
def test_counting_an_iterable(check):
    check(lambda x: (x * 2, collections.Counter("abca"), x + 1), X)


def test_instances_live_as_long_as_they_are_held(check):
    check(lambda x, made: (made.append(Totals()), made.clear(), x + 1), X, [])


def test_a_counter_equals_the_dict_of_its_items(check):
    def f(x):
        counts = collections.Counter("aab")
        y = x + 1
        return y, counts == {"a": 2, "b": 1}, {"a": 2, "b": 1} == counts, counts != {"a": 2, "b": 1}, counts == {"a": 1}

    check(f, X, breaks=True)
