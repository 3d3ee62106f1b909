"""Lists, dicts, sets and deques: methods, operators and slices, of containers made in a trace and of arguments."""

from __future__ import annotations

import types
from collections import defaultdict, deque

import numpy as np
import pytest
from tests.python.language_support import cases, covers

import segue

X = np.arange(4.0)


def set_slice(items, where, values):
    items[where] = values


def delete(items, where):
    del items[where]


def combine(items, operator, other):
    match operator:
        case "|":
            items |= other
        case "&":
            items &= other
        case "-":
            items -= other
        case "^":
            items ^= other
        case "*":
            items *= other
    return items


@covers("list")
@cases(
    slice=lambda x, items: set_slice(items, slice(1, 3), [x, 7, 8]),
    empty_slice=lambda x, items: set_slice(items, slice(0, 0), [x]),
    extended_slice=lambda x, items: set_slice(items, slice(None, None, 2), [x, 0, 1]),
    backwards=lambda x, items: set_slice(items, slice(None, None, -2), [x, 0, 1]),
    whole=lambda x, items: set_slice(items, slice(None), [v * 2 for v in items]),
    itself=lambda x, items: set_slice(items, slice(1, 2), items),
    deleted=lambda x, items: delete(items, slice(1, 3)),
    deleted_steps=lambda x, items: delete(items, slice(None, None, -2)),
    repeated=lambda x, items: combine(items, "*", 2),
    index=lambda x, items: (items.index(3), items.index(4, 1), items.index(2, 0, -1)),
    wrong_size=lambda x, items: size_error(items),
)
def test_lists(f, check):
    check(lambda x, items: (x + 1, f(x, items), items), X, [1, 2, 3, 4, 5])
    check(lambda x: (x + 1, f(x, items := [1, 2, 3, 4, 5]), items), X)


def size_error(items):
    try:
        items[::2] = [1]
    except ValueError as error:
        return str(error)


@covers("dict")
@cases(
    update=lambda x, d: (d.update(c=3), d.update([("e", x)]), d.update({"a": 0})),
    pop=lambda x, d: (d.pop("a"), d.popitem(), d.pop("z", 5)),
    setdefault=lambda x, d: (d.setdefault("f", []).append(x), d["f"]),
    merge=lambda x, d: (d | {"c": x}, {**d, "z": 1}),
    merge_in_place=lambda x, d: combine(d, "|", {"z": x}),
    from_keys=lambda x, d: (dict.fromkeys("ab", x), dict.fromkeys(d), dict(d, k=1), dict(zip("ab", [1, x]))),
    views=lambda x, d: ("a" in d.keys(), sorted(d.items()), len(d.values()), list(reversed(d)), 2 in d.values()),
    order=lambda x, d: (d.__setitem__("a", d.pop("a")), list(d)),
)
def test_dicts(f, check):
    check(lambda x, d: (x + 1, f(x, d), d), X, {"a": 1, "b": 2})
    check(lambda x: (x + 1, f(x, d := {"a": 1, "b": 2}), d), X)


@covers("dict")
def test_new_keys_come_last_in_the_order_they_are_set(check):
    def f(x, d):
        missing = "q" in d, d.get("p")
        d["z"] = x + 1
        d["q"] = 5
        d["p"] = d.pop("a")
        return missing, list(d.items())

    check(f, X, {"a": 1, "b": 2, "c": 3})


@covers("defaultdict")
def test_defaultdicts_from_outside(check):
    def f(x, lists, numbers, plain):
        lists["a"].append(x * 2)
        numbers["n"] += 1
        numbers["m"] += 2
        try:
            plain["k"]
        except KeyError as error:
            return x * numbers["m"], error.args, len(lists)

    check(f, X, defaultdict(list), defaultdict(int, n=1), defaultdict(None))


@covers("defaultdict")
def test_defaultdicts_made_inside(check):
    def f(x):
        groups = defaultdict(list, {"a": [1]}, c=[2])
        groups["b"].append(x)
        scaled = defaultdict(lambda: x * 2)
        return groups, scaled["k"], len(scaled)

    check(f, X)


# The order of a set is that of its table: it depends on how the set came about.
@covers("set")
@cases(
    literal=lambda x, s: list({16, 1, 2, 3, 4}),
    added=lambda x, s: ordered_by_adding([16, 1, 2, 3, 4]),
    discarded=lambda x, s: ordered_after_discarding(range(0, 40, 8)),
    of_list=lambda x, s: list(set([16, 1, 2, 3, 4])),
    of_set=lambda x, s: list(set({16, 1, 2, 3, 4, 32})),
    of_dict=lambda x, s: list(set(dict.fromkeys([16, 1, 2, 3, 4]))),
    union=lambda x, s: list({16, 1} | {2, 3, 4, 32} | {5}),
    meet=lambda x, s: list({16, 1, 2, 3, 4} & {4, 16, 8, 1}),
    minus=lambda x, s: list({16, 1, 2, 3, 4, 8} - {1, 8}),
    either=lambda x, s: list({16, 1, 2} ^ {1, 8, 24}),
    in_place=lambda x, s: [list(combine({16, 1, 2, 3}, op, {1, 16, 8, 5})) for op in "|&-^"],
    methods=lambda x, s: (list({1, 2}.union([16, 8], (3,))), list({1, 16}.intersection({16, 2})), list({8, 1, 16}.copy())),
    pop=lambda x, s: popped({16, 1, 2}),
    strings=lambda x, s: sorted({"b", "a"} | {"c"}),
    outside=lambda x, s: (list(s), sum(s), sorted(s), max(s), [v * x for v in s]),
    outside_copies=lambda x, s: (len(s | {99}), 1 in s & {1}, s - {1} == {2, 16, 3, 4}, s >= {1}, s.issubset({1}), s.isdisjoint({7})),
    rebuilt=lambda x, s: {16, 1, 2, 3, 4},
    length=lambda x, s: (len({1, 2} & s), bool(s - s), {1} < s, {1} == s),
)
def test_sets(f, check):
    report = check(lambda x, s: (x + 1, f(x, s)), X, {16, 1, 2, 3, 4})
    assert report.breaks == []


def ordered_by_adding(items):
    made = set()
    for item in items:
        made.add(item)
    return list(made)


def ordered_after_discarding(items):
    made = set(items)
    made.discard(8)
    made.remove(16)
    made.add(64)
    return list(made)


def popped(items):
    return items.pop(), list(items)


@covers("set")
def test_a_rebuilt_set_iterates_as_cpythons(check):
    def f(x):
        return x + 1, {16, 1, 2, 3, 4}

    assert list(check(f, X).result[1]) == list({16, 1, 2, 3, 4})


@covers("set")
def test_writes_to_a_set_from_outside(check):
    def f(x, s):
        s.add(5)
        s.update([6, 7], (8,))
        s.discard(1)
        s |= {9}
        try:
            s.remove(77)
        except KeyError as error:
            return x + len(s), error.args

    check(f, X, {1, 2})


@covers("deque")
@cases(
    read=lambda x, d: ([v * x for v in d], len(d), d[0], d[-1], d.maxlen, bool(d)),
    turned=lambda x, d: (d.append(x), d[0], d.popleft(), d.pop(), len(d)),
    cleared=lambda x, d: (d.clear(), d.append(x), list(d)),
    extended=lambda x, d: (list(d), d.extend([x, 1]), d.extendleft([2, 3]), list(d)),
    appended_only=lambda x, d: (d.append(x), d.appendleft(1)),
)
def test_deques(f, check):
    for limit in (None, 3):
        check(lambda x, d: (x + 1, f(x, d), d), X, deque([1, 2, 3], maxlen=limit))
        check(lambda x: (x + 1, f(x, d := deque([1, 2, 3], maxlen=limit)), d), X)


@covers("deque")
def test_deques_made_inside_turn(check):
    def f(x):
        recent = deque([1, 2, 3, x])
        recent.rotate(1)
        recent.reverse()
        recent.rotate(-2)
        return recent, repr(deque([1, 2], maxlen=4))

    check(f, X)


@covers("deque")
def test_a_deque_that_changes_ends_the_iteration(check):
    def f(x):
        try:
            for value in (d := deque([1, 2])):
                d.append(value)
        except RuntimeError as error:
            return x + 1, str(error)

    check(f, X)


def test_deques_of_other_lengths_are_not_taken_for_the_first():
    import segue

    compiled = segue.compile(lambda x, d: sum(d, start=x) if d.maxlen is None else x)
    for d in (deque([1, 2]), deque([1, 2, 3]), deque([1, 2], maxlen=2), deque(), deque([1, 2])):
        plain = sum(d, start=X) if d.maxlen is None else X
        assert np.array_equal(compiled(X, d), plain)


class Key:
    pass


def double(x):
    return x * 2


KEYS = {
    "instances": [Key() for _ in range(4)],
    "many instances": [Key() for _ in range(12)],
    "functions": [types.FunctionType(double.__code__, globals()) for _ in range(4)],
}
KEYED = {kind: dict.fromkeys(keys[:-1], 2) for kind, keys in KEYS.items()}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x, a, b, kind: x * KEYED[kind].get(a, 3) + len(KEYED[kind]) + (b in KEYED[kind]),
        lambda x, a, b, kind: x * len({a: 1, b: 2}),
        lambda x, a, b, kind: x * len({a, b}),
        lambda x, a, b, kind: x * len({**KEYED[kind], a: 1, b: 2}),
        lambda x, a, b, kind: x + (len(set(KEYED[kind]) - {a, b})),
    ],
    ids=["get", "dict", "set", "display", "difference"],
)
def test_keys_that_compare_by_identity_are_told_apart(f, kind):
    """Each call has other keys than the one that was compiled."""
    keys = KEYS[kind]
    compiled = segue.compile(f)
    for a, b in [(keys[-1], keys[0]), (keys[0], keys[1]), (keys[1], keys[1]), (keys[2], keys[-1]), (keys[-1], keys[-1])] * 2:
        assert np.array_equal(compiled(X, a, b, kind), f(X, a, b, kind))
