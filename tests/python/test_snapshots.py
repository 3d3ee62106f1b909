"""Snapshots as text: how exits rebuild the frames they lead into. (That the rebuilt frames run is tested in test_side_exits.)

`snapshot_of` lists, per frame, what its variables and value stack come from: `own N` is slot N of the frame as it stands,
`v1` a result of the plan, `L['x']` what a source holds then, `#0 list(…)` an object that is made, and `#0` the same object
again. `lowered` is the listing of what runs, in registers.
"""

import re
import sys
import textwrap

import numpy as np

import segue
from tests.plans import recorded
from tests.python.trace_support import trace

X = np.arange(4.0)


def the_same_for_all_versions(text):
    """Without offsets; and 3.13 pushes NULL behind what is called, not in front."""
    text = re.sub(r" @ \d+", "", text)
    if sys.version_info >= (3, 13):
        text = re.sub(r"( *push <builtin\S+\n)( *push NULL\n)", r"\2\1", text.rstrip() + "\n")
        text = re.sub(r"\| stack (r\d+) -", r"| stack - \1", text)
    return re.sub(r"frame \S*?(\w+)$", r"frame \1", text, flags=re.MULTILINE).strip()


def snapshot_of(function, *args):
    lines = trace(function, *args).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("break "))
    return the_same_for_all_versions(textwrap.dedent("\n".join(lines[start + 1 :])))


def lowered(function, *args):
    with recorded() as plans:
        segue.compile(function, backend="reference")(*args)
    return the_same_for_all_versions(plans[0])


def text(expected):
    return textwrap.dedent(expected).strip()


def test_slots_that_nothing_looks_at_are_left_where_they_are():
    def f(x, untouched, count):
        y = x + count
        print()
        return y, untouched

    assert snapshot_of(f, X, [], 1) == text(
        """
        frame f
          x = L['x']
          untouched = own 1
          count = L['count']
          y = v0
          push NULL
          push <builtin_function_or_method>
        """
    )


def test_slots_that_have_moved():
    def f(x, first, second):
        first, second = second, first
        y = x * 2
        print()
        return y, first, second

    assert snapshot_of(f, X, [], {}) == text(
        """
        frame f
          x = L['x']
          first = L['second']
          second = L['first']
          y = v0
          push NULL
          push <builtin_function_or_method>
        """
    )


def test_unbound_variables_and_null_slots():
    def f(x):
        print(x + 1)
        later = x
        return later

    assert snapshot_of(f, X) == text(
        """
        frame f
          x = L['x']
          later = NULL
          push NULL
          push <builtin_function_or_method>
          push v0
        """
    )


def test_values_on_the_stack():
    def f(x):
        return [x + 1, (x, 2), print(x - 1)]

    assert snapshot_of(f, X) == text(
        """
        frame f
          x = L['x']
          push v0
          push #0 tuple(L['x'], 2)
          push NULL
          push <builtin_function_or_method>
          push v1
        """
    )


def test_an_object_that_is_reached_twice_is_made_once():
    def f(x):
        items = [x + 1]
        table = {"items": items, "pair": (items, items)}
        print()
        return table

    assert snapshot_of(f, X) == text(
        """
        frame f
          x = L['x']
          items = #0 list(v0)
          table = #1 dict('items', #0, 'pair', #2 tuple(#0, #0))
          push NULL
          push <builtin_function_or_method>
        """
    )


def test_a_list_that_holds_itself_is_made_empty_and_filled():
    def f(x):
        items = [x + 1]
        items.append(items)
        print()
        return items

    assert lowered(f, X) == text(
        """
        r3 = call a numpy.ufunc, r0, 1
        outputs: r3
        reads errstate
        build:
        r5 = list
        writes:
        list.append r5, r3
        list.append r5, r5
        break
        frame f: locals r0 r5 | stack - r4
        """
    )


def test_closures_share_their_cells_with_the_frame():
    def f(x):
        scale = x * 2

        def scaled(by):
            return scale * by

        print()
        return scaled

    snapshot = snapshot_of(f, X)
    assert "#1 tuple(#2 cell(v0))" in snapshot and "scale = #2\n" in snapshot


def test_iterators_in_mid_course():
    def f(x, items):
        total = x
        for item in items:
            total = total + item
            if item == 2:
                print()
        return total

    assert snapshot_of(f, X, [1, 2, 3]) == text(
        """
        frame f
          x = L['x']
          items = L['items']
          total = v1
          item = L['items'][1]
          push #0 iterator at 2(L['items'])
          push NULL
          push <builtin_function_or_method>
        """
    )


def leaf(x, by):
    y = x + by
    print(y)
    return y


def middle(x):
    before = x * 3
    return leaf(before, 5) - before


def test_every_inlined_frame_is_rebuilt():
    def f(x):
        start = x - 1
        return middle(start) * start

    assert snapshot_of(f, X) == text(
        """
        frame f
          x = L['x']
          start = v0
        frame middle
          x = v0
          before = v1
        frame leaf
          x = v1
          by = 5
          y = v2
          push NULL
          push <builtin_function_or_method>
          push v2
        """
    )


def test_writes_are_replayed_in_front_of_the_frames():
    def f(x, items):
        items.append(x + 1)
        items.append(items)
        print()
        return items

    assert lowered(f, X, []) == text(
        """
        r4 = call a numpy.ufunc, r1, 1
        outputs: r4
        reads errstate
        writes:
        list.append r0, r4
        list.append r0, r0
        break
        frame f: locals r1 r0 | stack - r5
        """
    )


def test_registers_of_nested_frames():
    def f(x):
        start = x - 1
        return middle(start) * start

    assert lowered(f, X) == text(
        """
        r7 = call a numpy.ufunc, r0, 1
        r8 = call a numpy.ufunc, r7, 3
        r9 = call a numpy.ufunc, r8, 5
        outputs: r7 r8 r9
        reads errstate
        break
        frame f: locals r0 r7 | stack
        frame middle: locals r7 r8 | stack
        frame leaf: locals r8 r12 r9 | stack - r13 r9
        """
    )
