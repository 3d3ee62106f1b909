"""Modules of the standard library: what of them is captured, and what CPython does in its place."""

from __future__ import annotations

import bisect
import cmath
import contextvars
import copy
import heapq
import html
import json
import math
import operator
import os.path
import re
import shlex
import statistics
import string
import struct
import textwrap
import threading
import unicodedata
import urllib.parse
import weakref
import zlib

import numpy as np
from tests.python.language_support import cases, covers, message

X = np.arange(4.0)


@covers("math")
@cases(
    roots=lambda: (math.sqrt(2), math.isqrt(17), math.hypot(3, 4), math.dist((1, 2), (3, 4)), math.exp(1), math.log(8, 2)),
    whole=lambda: (math.floor(2.5), math.ceil(-2.5), math.trunc(-2.5), math.gcd(4, 6), math.factorial(5), math.comb(5, 2), math.perm(4)),
    sums=lambda: (math.fsum([0.1] * 10), math.prod([1, 2, 3]), math.prod((2.0, 3), start=4)),
    parts=lambda: (math.frexp(3.0), math.modf(-2.5), math.copysign(1, -0.0), math.nextafter(1.0, 2), math.ulp(1.0)),
    tests=lambda: (math.isclose(1, 1 + 1e-12), math.isnan(math.nan), math.isinf(math.inf), math.pi, math.tau),
    errors=lambda: (message(math.sqrt, -1), message(math.log, 0), message(math.exp, 1e6), message(math.gcd, 1.5)),
)
def test_math(f, check):
    check(lambda x: (x + 1, f()), X)


@covers("cmath")
@cases(
    functions=lambda: (cmath.sqrt(-1), cmath.exp(1j), cmath.log(-1), cmath.phase(1j), cmath.polar(1 + 1j), cmath.rect(1, 2)),
    tests=lambda: (cmath.isnan(1j), cmath.isinf(cmath.inf), cmath.isclose(1j, 1j), cmath.pi),
    errors=lambda: (message(cmath.log, 0), message(cmath.sqrt, "a")),
)
def test_cmath(f, check):
    check(lambda x: (x + 1, f()), X)


class Task:
    def __init__(self, rank, name):
        self.rank = rank
        self.name = name

    def __lt__(self, other):
        return self.rank < other.rank


def drained(heap):
    return [heapq.heappop(heap) for _ in range(len(heap))]


def heap_of(items):
    heap = []
    for item in items:
        heapq.heappush(heap, item)
    return heap


class Picky:
    def __lt__(self, other):
        raise KeyError("compared")


@covers("heapq")
@cases(
    heapify=lambda x: (lambda h: (heapq.heapify(h), h))([5, 3, 9, 1, 7, 2, 8]),
    pushed=lambda x: (heap_of([5, 3, 9, 1]), drained(heap_of([5, 3, 3, 9, 1]))),
    ties=lambda x: [t.name for t in drained(heap_of([Task(n % 2, n) for n in range(6)]))],
    tuples=lambda x: drained(heap_of([(2, "b"), (1, "z"), (2, "a")])),
    replaced=lambda x: (lambda h: (heapq.heapreplace(h, 7), heapq.heappushpop(h, 0), heapq.heappushpop(h, 9), h))([1, 2, 3]),
    ends=lambda x: (heapq.nsmallest(2, [3, 1, 2]), heapq.nlargest(2, [3, 1, 2], key=lambda v: -v), heapq.nsmallest(9, [2, 1])),
    merged=lambda x: list(heapq.merge([1, 4], [2, 3], [])),
    empty=lambda x: (message(heapq.heappop, []), message(heapq.heapreplace, [], 1), heapq.heappushpop([], 3)),
    left_half_way=lambda x: (lambda h: (message(heapq.heappush, h, Picky()), len(h)))([1, 2]),
)
def test_heapq(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("heapq")
def test_a_heap_from_outside(check):
    check(lambda x, h: (x * heapq.heappop(h), heapq.heappush(h, 4), h[0]), X, [1, 3, 2])


@covers("bisect")
@cases(
    places=lambda x, a: (bisect.bisect(a, 3), bisect.bisect_left(a, 3), bisect.bisect_right(a, 9), bisect.bisect(a, 3, 2), bisect.bisect(a, 3, 0, 1)),
    keys=lambda x, a: bisect.bisect(["a", "bb", "cccc"], 3, key=len),
    inserted=lambda x, a: (bisect.insort(a, 4), bisect.insort_left(a, 3), bisect.insort(a, 0, key=lambda v: -v), a),
    errors=lambda x, a: (message(bisect.bisect, a, "s"), bisect.bisect([], 1)),
)
def test_bisect(f, check):
    check(lambda x, a: (x + 1, f(x, a), a), X, [1, 3, 5])


@covers("operator")
@cases(
    getters=lambda x: (operator.itemgetter(1)([1, x]), operator.itemgetter(0, 2)("abc"), operator.attrgetter("rank", "name")(Task(1, x))),
    caller=lambda x: operator.methodcaller("sum")(x),
    arithmetic=lambda x: (operator.add(x, 1), operator.floordiv(7, 2), operator.neg(3), operator.index(4)),
    tests=lambda x: (operator.contains([1], 1), operator.is_not(x, None), operator.truth([]), operator.not_(0)),
    in_place=lambda x: (lambda a: (operator.iadd(a, [2]) is a, operator.setitem(a, 0, x), a))([1]),
)
def test_operator(f, check):
    check(lambda x: (x + 1, f(x)), X)


def shared(x):
    inner = [x]
    copied = copy.deepcopy({"a": inner, "b": inner, "c": (1, [2])})
    return copied["a"] is copied["b"], copied["a"] is not inner, copied


def cyclic(x):
    items = [x]
    items.append(items)
    copied = copy.deepcopy(items)
    return copied[1] is copied, copied


@covers("copy and deepcopy")
@cases(
    shallow=lambda x: (lambda a: (copy.copy(a) is not a, copy.copy(a)[1] is a[1], copy.copy((a,))[0] is a))([1, [x]]),
    shared=shared,
    cyclic=cyclic,
    instances=lambda x: (lambda t: (copy.copy(t).name is t.name, copy.deepcopy(t).name is t.name))(Task(1, [x])),
    arrays=lambda x: (copy.deepcopy(x) is x, copy.copy(x)),
)
def test_copies(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("string methods")
@cases(
    cut=lambda s: (s.split(","), s.split(",", maxsplit=1), s.rsplit(",", 1), s.partition(","), "a\nb".splitlines(True), s[1:3], s[::-1], s[-1]),
    changed=lambda s: (s.upper(), s.title(), s.replace(",", ";"), s.strip("a"), s.removeprefix("ab"), s.swapcase(), "A".casefold()),
    padded=lambda s: ("a".center(5, "*"), "a".ljust(3), "7".zfill(3), "a\tb".expandtabs(4)),
    found=lambda s: (s.find("b"), s.count("a"), s.index("c"), s.startswith(("x", "a")), s.endswith("c"), "b" in s, s.isalpha()),
    joined=lambda s: (",".join(str(i) for i in range(3)), "-".join("ab"), "a" "b" + s * 2),
    translated=lambda s: (s.translate({97: "z"}), s.translate(str.maketrans("ab", "xy")), str.maketrans({"a": 1})),
    bytes=lambda s: (s.encode(), b"ab"[0], b"ab"[1:], b"a,b".split(b","), bytes.fromhex("ff"), b"ab".hex(), "é".encode().decode()),
    errors=lambda s: (message(s.index, "q"), message(lambda: s[99]), message(int, s)),
)
def test_strings(f, check):
    check(lambda x: (x + 1, f("ab,c")), X)


@covers("string formatting")
@cases(
    specs=lambda: (f"{3.14159:.2f}", f"{255:#x}", f"{1234567:,}", f"{0.5:%}", f"{'a':>5}|{'b':^5}", f"{3:05d}", f"{2.5:e}", f"{True}"),
    nested=lambda: (f"{3.14159:{8}.{2}f}", f"{'a'!r:>5}", f"{1 + 1=}", f"{{}}"),
    method=lambda: ("{} {}".format(1, "b"), "{1}{0}".format("a", "b"), "{x[0]} {y.imag}".format(x=[1], y=2j), "{:>{w}}".format("a", w=4)),
    percent=lambda: ("%s %05.2f %%" % ("a", 2.5), "%r" % ("a",), "%d" % 3, "%(a)s" % {"a": 3}),
    objects=lambda: (f"{[1, 'a']}", f"{None!s:>6}", str({"a": (1,)}), repr({1.5}), f"{Task!r}"),
    errors=lambda: (message(lambda: f"{'a':d}"), message(lambda: "%d" % "a"), message(lambda: f"{[]:>3}")),
)
def test_formatting(f, check):
    check(lambda x: (x + 1, f()), X)


@covers("numbers and their methods")
@cases(
    ints=lambda: ((5).bit_length(), (7).bit_count(), (255).to_bytes(2, "big"), int.from_bytes(b"\x01\x02", "little", signed=True), (3).as_integer_ratio()),
    floats=lambda: ((2.5).is_integer(), (2.5).as_integer_ratio(), (0.1).hex(), float.fromhex("0x1p3"), (-0.0).__repr__()),
    complexes=lambda: ((3 + 4j).real, abs(3 + 4j), (1 + 2j).conjugate(), complex("1+2j"), (1 + 2j) * 1j),
    parts=lambda: ((7).numerator, (7).denominator, (2.5).real, (2.5).imag, True.real),
    arithmetic=lambda: (7 // -2, -7 % 3, divmod(-7, 2), pow(3, 4, 5), pow(3, -1, 7), 2**-1, 1 << 5, ~5, 5 ^ 3, round(2.567, 2), round(2.5)),
    conversions=lambda: (int("ff", 16), int(" 12 "), float("1e3"), int(2.9), bool(0.0), complex(1, 2), bin(5), hex(255), oct(8)),
    errors=lambda: (message(int, "a"), message(lambda: 1 / 0), message(lambda: 2.0**10000), message((3).to_bytes, 0, "big"), message(int.from_bytes, 3)),
)
def test_numbers(f, check):
    check(lambda x: (x + 1, f()), X)


@covers("string methods", breaks={"exception-escapes": "errors that say more than their arguments: CPython raises them"})
@cases(
    decode=lambda: b"\xff".decode(),
    encode=lambda: "\u20ac".encode("ascii"),
    format=lambda: "{} {}".format(1),
)
def test_errors_of_strings(f, check):
    check(lambda x: (x * 2, message(f), x + 1), X)


def test_a_str_and_a_number_are_not_compared(check):
    def f(x, n):
        return x + 1, message(lambda: "s" < n), message(lambda: n < "s"), "s" == n, message(lambda: None >= n)

    check(f, X, 3)


FROZEN = frozenset([1, 2, 16])


@covers("frozenset")
@cases(
    made=lambda s: (frozenset([3, 1, 3]), frozenset(), frozenset("ab") == {"a", "b"}, frozenset({1: 2}), frozenset(FROZEN) is FROZEN),
    of_a_set=lambda s: list(frozenset({16, 1, 2, 3, 4})),
    combined=lambda s: (FROZEN | {9}, FROZEN & {1, 5}, FROZEN - {1}, FROZEN ^ {1, 3}, type({1} | FROZEN), type(FROZEN | {1})),
    methods=lambda s: (FROZEN.union([7]), FROZEN.difference({1}), FROZEN.isdisjoint({5}), FROZEN.issubset({1, 2, 16, 3}), FROZEN.copy()),
    tests=lambda s: (1 in FROZEN, len(FROZEN), sorted(FROZEN), FROZEN == {1, 2, 16}, FROZEN < {1, 2, 16, 4}, hash(FROZEN) == hash(frozenset(FROZEN))),
    keys=lambda s: ({FROZEN: 1}[frozenset([16, 2, 1])], frozenset([1]) in {frozenset([1])}),
)
def test_frozensets(f, check):
    check(lambda x, s: (x + 1, f(s)), X, {1, 2})


@covers("pure functions of other modules")
@cases(
    paths=lambda: (os.path.join("a", "b", "c.txt"), os.path.splitext("a/b.txt"), os.path.basename("a/b"), os.path.dirname("/a/b"), os.path.normpath("a/../b")),
    text=lambda: (textwrap.dedent("  a\n  b"), textwrap.wrap("a bb ccc", 4), textwrap.indent("a", "> "), string.capwords("a b"), re.escape("a.b")),
    json=lambda: (json.dumps({"a": [1, 2.5, None]}), json.loads('{"a": [1, {"b": null}]}'), json.dumps([1], indent=1)),
    quoting=lambda: (shlex.quote("a b"), html.escape("<a>"), urllib.parse.quote("a b"), unicodedata.category("a")),
    bytes=lambda: (struct.pack("<ih", 1, 2), struct.unpack("<h", b"\x01\x00"), struct.calcsize("q"), zlib.crc32(b"a")),
    statistics=lambda: (statistics.mean([1, 2, 4]), statistics.median((3, 1, 2)), statistics.pstdev([1.0, 2.0])),
)
def test_pure_functions(f, check):
    check(lambda x: (x + 1, f()), X)


@covers("pure functions of other modules")
def test_what_they_return_is_made_anew(check):
    def f(x):
        first, second = json.loads("[1]"), json.loads("[1]")
        first.append(x)
        return first, second, first is second

    check(f, X)


@covers("pure functions of other modules", breaks={"exception-escapes": "one that raises: CPython raises, with its traceback"})
@cases(
    json=lambda: json.loads("{"),
    statistics=lambda: statistics.mean([]),
)
def test_pure_functions_that_raise(f, check):
    check(lambda x: (x * 2, message(f), x + 1), X)


@covers("pure functions of other modules", breaks={"constant-needed": "an argument that is no constant"})
def test_pure_functions_of_what_is_no_constant(check):
    check(lambda x: (x * 2, message(json.dumps, x), x + 1), X)


class Held:
    """Out of reach of what copies a test's inputs."""

    variable = contextvars.ContextVar("variable", default=2)
    local = threading.local()
    task = Task(1, "held")
    reference = weakref.ref(task)


Held.local.value = 3


@covers(
    "contextvars",
    breaks={
        "opaque-value": "reading a variable: what the context holds is not guarded",
        "builtin-not-modelled": "its methods, for the same reason",
    },
)
def test_context_variables(check):
    def f(x):
        y = x * 2
        token = Held.variable.set(5)
        inside = Held.variable.get()
        Held.variable.reset(token)
        return Held.variable.get(), inside, y + 1

    check(f, X)


@covers("threading.local", breaks={"opaque-value": "its attributes are the thread's"})
def test_thread_locals(check):
    check(lambda x: (x * 2, Held.local.value, x + 1), X)


@covers(
    "weak references",
    breaks={
        "unsupported-operation": "calling one: whether the object is still there is CPython's to know",
        "builtin-not-modelled": "making one",
    },
)
def test_weak_references(check):
    def f(x):
        y = x * 2
        alive = Held.reference() is Held.task
        mine = Task(1, "mine")
        reference = weakref.ref(mine)
        before = reference() is mine
        del mine
        return alive, before, reference() is None, y + 1

    check(f, X)
