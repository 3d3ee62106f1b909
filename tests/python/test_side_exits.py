"""Breaks: a segment ends before the instruction, CPython executes it in the same frame, and the next one starts behind."""

import contextlib
import gc
import sys
import traceback
import weakref

import numpy as np
import pytest

import segue
from tests.python.hook_support import resident_bytes, sanitized

X = np.arange(6.0)
seen = []


def opaque(*values):
    """Nothing that the tracer follows: kept out of capture."""
    seen.append(len(values))
    return values[0] if values else None


opaque = segue.disable(opaque)


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


def sides(report):
    """Segments with operators, operators in all, breaks."""
    return report.graph_count, report.op_count, len(report.breaks)


def test_both_sides_of_a_call_are_captured(check):
    def f(x):
        y = x * 2 + 1
        print("between", y.shape)
        z = y - 3
        return z * z

    assert sides(check(f, X, breaks=True)) == (2, 4, 1)


def test_several_breaks_are_a_segment_each(check):
    def f(x):
        x = x + 1
        opaque()
        x = x * 2
        opaque()
        x = x - 3
        opaque()
        return x / 4

    assert sides(check(f, X, breaks=True)) == (4, 4, 3)


def test_the_result_of_the_break_is_used(check):
    def f(x):
        return opaque(x + 1) * 2

    assert sides(check(f, X, breaks=True)) == (2, 2, 1)


def test_values_on_the_stack_survive(check):
    def f(x):
        return (x + 1, [x * 2, opaque(3)], opaque(x - 1) + (x * 4))

    assert sides(check(f, X, breaks=True))[0] >= 2


def test_objects_of_the_region_keep_their_identity(check):
    def f(x):
        items = [x + 1]
        pair = (items, items)
        table = {"a": items, "b": pair}
        opaque(table)
        items.append(x * 2)
        return pair, table, pair[0] is items, table["b"][1] is items

    assert sides(check(f, X, breaks=True))[0] == 2


def test_writes_come_before_the_break(check):
    class Box:
        pass

    def f(x, items, box):
        items.append(x + 1)
        box.value = items
        opaque(len(items), box.value is items)
        items.append(x + 2)
        box.value = None
        return opaque(items)

    assert sides(check(f, X, [], Box(), breaks=True))[0] == 2


def test_array_writes_come_before_the_break(check):
    def f(x):
        x[1:3] = 7
        total = opaque(float(x[1]))
        x[4] = total + 1
        x += 1
        return x.sum()

    check(f, X.copy(), breaks=True)


def test_data_dependent_branches_take_their_side(check):
    def f(x):
        y = x * 2
        if y.sum() > 10:
            z = y + 1
        else:
            z = y - 1
        return z * 3

    assert check(f, X, breaks=True).op_count >= 4
    check(f, -X, breaks=True)


@pytest.mark.parametrize("values", [[1.0], [0.0], [-1.0]])
def test_truth_of_arrays_in_every_place(values, check):
    def f(x):
        picked = x + 1 if x else x - 1
        both = (x and picked) + 1
        either = (x or picked) * 2
        assert x == x
        negated = not x
        count = 0
        while picked < 4:
            picked = picked + 1
            count += 1
        return picked, both, either, negated, count

    check(f, np.array(values), breaks=True)


def test_the_truth_of_a_longer_array_raises_at_its_line(check):
    def f(x):
        y = x + 1
        if y:
            return y
        return x

    check(f, X, breaks=True, hits=False)


def test_breaks_in_a_loop_body_are_captured_in_the_same_call(check):
    def f(x, n):
        total = 0.0
        for i in range(n):
            y = x * i + 1
            if i % 50 == 0:
                print(i)
            total = total + y.sum()
        return total

    report = check(f, X, 200, breaks=True)
    assert report.op_count >= 4 and len(report.captures) < 12


@pytest.mark.parametrize("kind", ["list", "zip", "enumerate", "generator", "dict", "array"])
def test_loops_over_anything_with_a_break_inside(kind, check):
    def f(x, kind):
        items = {
            "list": [1, 2, 3] * 30,
            "zip": zip(range(90), range(90)),
            "enumerate": enumerate(range(90)),
            "generator": (i * 2 for i in range(90)),
            "dict": dict.fromkeys(range(90)),
            "array": np.arange(90),
        }[kind]
        total = x
        for item in items:
            total = total + 1
            opaque(item)
            total = total * 0.5
        else:
            total = total - 1
        return total

    check(f, X, kind, breaks=True)


def test_nested_loops_continue_and_break(check):
    def f(x):
        out = []
        for i in range(12):
            for j in range(12):
                if (i + j) % 5 == 0:
                    continue
                if j > 8:
                    break
                x = x + j
                opaque(i)
            else:
                out.append(i)
            out.append(x * i)
            opaque(j)
        return out, x

    check(f, X, breaks=True)


def test_breaks_in_try_with_and_finally(check):
    class Manager:
        def __init__(self, log):
            self.log = log

        def __enter__(self):
            self.log.append("in")
            return self

        def __exit__(self, *info):
            self.log.append(info[0])
            return info[0] is KeyError

    def f(x, log):
        with Manager(log) as manager:
            y = x + 1
            try:
                opaque(y)
                z = y * 2
                opaque({}["missing"])
                log.append("never")
            except ValueError:
                log.append("wrong")
            finally:
                log.append("finally")
                y = y * 3
        opaque(manager is not None)
        return y + z

    assert check(f, X, [], breaks=True).graph_count >= 2


def test_exceptions_of_the_break_are_caught_in_the_frame(check):
    def f(x):
        y = x + 1
        try:
            opaque().missing
        except AttributeError as error:
            name = error.name
        z = y * 2
        return z, name

    assert check(f, X, breaks=True).graph_count == 2


def test_exceptions_leave_with_the_frame_s_own_lines():
    def f(x):
        y = x + 1
        opaque(y)
        z = y * 2
        raise KeyError(z.shape)

    def lines(function):
        with pytest.raises(KeyError) as caught:
            function(X)
        return [(e.name, e.lineno, e.colno) for e in traceback.extract_tb(caught.value.__traceback__)][-1:]

    compiled = segue.compile(f)
    assert [lines(compiled) for _ in range(3)] == [lines(f)] * 3


def test_closures_cells_and_free_variables(check):
    def f(x):
        scale = 2

        def grow(by):
            nonlocal scale
            scale += by
            return x * scale

        first = grow(1)
        opaque(grow)
        second = grow(x.shape[0])
        opaque(scale)
        return first, second, scale

    check(f, X, breaks=True)


def test_comprehensions_and_generators_of_the_region(check):
    def f(x):
        y = x + 1
        squares = [opaque(i) + y for i in range(3)]
        table = {i: y * i for i in range(3)}
        opaque(table)
        return squares, table, [v * 2 for v in squares]

    check(f, X, breaks=True)


def test_unbound_locals_stay_unbound(check):
    def f(x, assign):
        if assign:
            later = x + 1
        y = x * 2
        opaque()
        try:
            return later + y
        except UnboundLocalError as error:
            return str(error), y

    check(f, X, True, breaks=True)
    check(f, X, False, breaks=True)


def leaf(x, depth):
    y = x + depth
    opaque(y)
    return y * 2


def middle(x, depth):
    before = x * 3
    result = leaf(before, depth)
    return result - before


def top(x):
    before = x + 1
    inner = middle(before, 5)
    return inner * before


def test_a_break_leaves_into_every_inlined_frame(check):
    report = check(top, X, breaks=True)
    assert report.breaks == ["inline-refused"] and report.op_count == 6
    assert len(report.captures[0].graph_break.chain) == 2


def test_inlined_frames_are_listed_where_they_raise():
    def raising(x):
        y = x + 1
        opaque(y)
        raise ValueError("leaf")

    def calls(x):
        y = x * 2
        return raising(y) + y

    def f(x):
        z = x - 1
        return calls(z)

    def trace(function):
        with pytest.raises(ValueError) as caught:
            function(X)
        return [(e.name, e.lineno, e.colno, e.end_colno) for e in traceback.extract_tb(caught.value.__traceback__)][-3:]

    compiled = segue.compile(f)
    assert [trace(compiled) for _ in range(3)] == [trace(f)] * 3


def test_inlined_frames_that_raise_are_caught_by_their_callers(check):
    def raising(x):
        y = x + 1
        opaque(y)
        raise ValueError("leaf")

    def f(x):
        z = x - 1
        try:
            return raising(z)
        except ValueError as error:
            return z * 2, str(error)

    assert check(f, X, breaks=True).op_count >= 2


def test_frames_look_like_the_functions_own():
    def inner(x):
        y = x + 1
        frame = sys._getframe()
        return [
            (f.f_code.co_qualname, f.f_lineno, sorted(f.f_locals), f.f_code.co_varnames)
            for f in (frame, frame.f_back)
        ]

    def f(x):
        y = x * 2
        return inner(y)

    compiled = segue.compile(f)
    assert [compiled(X) for _ in range(3)] == [f(X)] * 3


def test_arrays_dead_at_a_break_are_freed():
    alive = []

    def note(x):
        alive.append(weakref.ref(x))

    def look():
        return [ref() is not None for ref in alive]

    note, look = segue.disable(note), segue.disable(look)

    def f(x):
        temporary = x + 1
        note(temporary)
        temporary = x * 2
        return look(), temporary

    compiled = segue.compile(f)
    for _ in range(3):
        alive.clear()
        assert compiled(X)[0] == [False]


def test_recursion_with_a_break_in_each_frame(check):
    def down(x, n):
        y = x + n
        opaque(n)
        return y if n == 0 else down(y, n - 1) * 0.5

    check(down, X, 6, breaks=True)


def test_context_managers_of_contextlib(check):
    @contextlib.contextmanager
    def noted(log):
        log.append("enter")
        try:
            yield 3
        finally:
            log.append("exit")

    def f(x, log):
        with noted(log) as factor, contextlib.suppress(KeyError):
            y = x * factor
            opaque(y)
            log.append(len({}["missing"]))
        return y + 1

    check(f, X, [], breaks=True)


def test_an_entry_for_each_kind_of_argument():
    def f(x):
        y = x + 1
        opaque()
        return y * 2

    compiled = segue.compile(f)
    for dtype in ("f8", "f4", "i4", "c8"):
        for _ in range(2):
            x = np.arange(3).astype(dtype)
            result = compiled(x)
            assert result.dtype == f(x).dtype and np.array_equal(result, f(x))


def test_references_and_memory_through_exits():
    def inner(x, items):
        y = x + 1
        items.append(y)
        opaque(y)
        return y * 2

    def f(x):
        items = []
        for _ in range(3):
            z = inner(x, items)
        return z, items

    compiled = segue.compile(f)
    compiled(X)
    gc.collect()
    before = sys.getrefcount(X)
    for _ in range(200):
        compiled(X)
    gc.collect()
    start = resident_bytes()
    for _ in range(4000 if not sanitized() else 50):
        compiled(X)
    gc.collect()
    assert sys.getrefcount(X) == before
    assert sanitized() or resident_bytes() - start < 1 << 20
