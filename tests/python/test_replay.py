"""What a commit does to Python objects: writes in program order, objects that end, and objects that are made."""

import types
import weakref

import numpy as np
import pytest
from tests.python.engine_support import Loud, counts, fresh  # noqa: F401

from segue import api


class Box:
    def __init__(self):
        self.items, self.total, self.table = [], 0, {}


def test_writes_are_replayed_in_order():
    @api.compile
    def f(box, x):
        box.total = box.total + 1
        box.items.append(x * 2)
        box.items.append(box.total)
        box.table["sum"] = x.sum()
        return len(box.items)

    box, x = Box(), np.arange(3.0)
    assert [f(box, x) for _ in range(3)] == [2, 4, 6]
    assert box.total == 3 and box.table == {"sum": 3.0} and [i for i in box.items if isinstance(i, int)] == [1, 2, 3]


def replaced(make, function):
    """What the ends of replaced objects saw, over three calls."""
    seen = []
    for _ in range(3):
        box = {"b": 1}
        box["a"] = make(box, lambda: seen.append((box["a"] is None, box["b"])))
        function(box, np.ones(2))
        box.clear()
    return seen


class Watched:
    pass


def watched(box, tell):
    value = Watched()
    box["watcher"] = weakref.ref(value, lambda _: tell())
    return value


ENDS = {
    "finalizer": lambda box, tell: Loud(tell),
    "finalizer inside": lambda box, tell: [(Loud(tell),)],
    "finalizer behind an attribute": lambda box, tell: types.SimpleNamespace(x=Loud(tell)),
    "weak reference": watched,
}


@pytest.mark.parametrize("end", ENDS)
def test_ends_that_run_code_come_where_they_do_in_plain_code(end):
    def f(box, x):
        y = x + 1
        box["a"] = None
        box["b"] = 2
        return y

    assert replaced(ENDS[end], api.compile(f)) == replaced(ENDS[end], f) == [(True, 1)] * 3


class Owner:
    pass


class Noisy:
    def __init__(self, log):
        self.log = log

    def __del__(self):
        self.log.append("gone")


@pytest.mark.parametrize("attributes", [False, True], ids=["dict", "instance"])
def test_a_dropped_run_leaves_the_order_of_keys(attributes):
    def deletes(x, items, owner):
        before = list(items)
        del items["a"]
        items["b"] = x + 1   # what it replaces runs code as it dies: CPython has to do all this
        return before, list(items)

    def deletes_attributes(x, items, owner):
        before = list(vars(owner))
        del owner.a
        owner.b = x + 1
        return before, owner.b

    function = deletes_attributes if attributes else deletes

    def calls(f):
        log = []
        for noisy in (False, True, False):
            owner = Owner()
            items = vars(owner) if attributes else {}
            for name, value in [("a", 1), ("b", Noisy(log) if noisy else 2), ("c", 3)]:
                setattr(owner, name, value) if attributes else items.__setitem__(name, value)
            yield repr(f(np.ones(2), items, owner)), list(items), list(log)

    assert list(calls(api.compile(function))) == list(calls(function))
    assert counts("reruns") == (1,)


def test_replacing_what_ends_silently_is_captured():
    @api.compile
    def f(box, x):
        box["a"] = [x + 1, {"k": x}]
        box["b"] = x * 2
        return x

    box, x = {"a": None, "b": None}, np.ones(2)
    for _ in range(4):
        f(box, x)
    assert counts("hits", "reruns", "eager") == (3, 0, 0)


def test_containers_keep_identity():
    @api.compile
    def f(x):
        pair = [x + 1]
        return pair, (pair, pair), {"p": pair}

    for _ in range(2):
        a, (b, c), d = f(np.ones(3))
        assert a is b is c is d["p"]


def test_closures_made_in_the_segment():
    @api.compile
    def f(x, k):
        y = x * 2

        def inner(z, scale=3):
            return y + z * scale + k

        return inner

    for _ in range(2):
        inner = f(np.ones(2), 5)
        assert inner(1).tolist() == [10.0, 10.0]
        assert inner.__name__ == "inner" and inner.__defaults__ == (3,)
