"""What a frame handler may do with frames: complete, convert and start."""

import dis
import gc
import sys
import traceback
import types
import weakref

import pytest

from tests.python.hook_support import (
    compiled,
    double,
    handler,
    outer,
    recursion_limit,
    resident_bytes,
    sanitized,
    simple,
    testing,
)


def test_a_frame_is_completed_with_a_value():
    token = object()
    with handler(returns={double.__code__: 40}):
        assert compiled(outer)(1) == 41
    with handler(returns={outer.__code__: token}):
        assert compiled(outer)(1) is token


def test_a_completed_frame_releases_its_locals():
    class Thing:
        pass

    def take(a, *rest, key, **names):
        raise AssertionError("not run")

    def f():
        thing, other = Thing(), Thing()
        alive = [weakref.ref(thing), weakref.ref(other)]
        take(thing, other, key=thing, more=other)
        del thing, other
        return [ref() for ref in alive]

    with handler(returns={take.__code__: None}):
        assert compiled(f)() == [None, None]


def test_a_raising_handler_ends_the_call_where_it_stands():
    def f():
        return double(1)

    with handler(raises={double.__code__: KeyError("from the handler")}):
        with pytest.raises(KeyError, match="from the handler") as caught:
            compiled(f)()
    assert [entry.name for entry in traceback.extract_tb(caught.value.__traceback__)][1:] == ["f"]


def test_the_hook_pauses_while_the_handler_runs():
    calls = []

    def compile_something():
        calls.append(compiled(outer)(10))  # an extent inside a pause: plain CPython, too

    with handler(calls={double.__code__: compile_something}) as seen:
        assert compiled(outer)(1) == 3
    assert calls == [21]
    assert seen == ["outer", "double"]


def test_pauses_nest():
    def f():
        double(1)
        testing.pause()
        double(2)
        testing.pause()
        testing.resume()
        double(3)
        testing.resume()
        return double(4)

    with handler(returns={double.__code__: "offered"}) as seen:
        assert compiled(f)() == "offered"
    assert seen.count("double") == 2


def offset_of(code, name, nth=0):
    """The code unit of the nth instruction with that name."""
    return [i.offset for i in dis.get_instructions(code) if i.opname == name][nth] // 2


def last_unit(code):
    return max(i.offset for i in dis.get_instructions(code) if i.opname == "RETURN_VALUE") // 2


def test_a_frame_is_converted_to_other_code():
    def target(a):
        b = [a, a]
        return b

    with handler(converts={simple.__code__: (target.__code__, [(7,), ()], 0)}):
        assert compiled(simple)("dropped") == [7, 7]


def test_a_frame_is_entered_in_the_middle_with_a_filled_stack():
    def target(a, b):
        c = 5
        return double(a) + c

    code = target.__code__
    null_first = sys.version_info < (3, 13)
    call = offset_of(code, "PRECALL" if sys.version_info < (3, 12) else "CALL")
    stack = [(), (double,)] if null_first else [(double,), ()]
    slots = [("a",), (), ([1],), *stack, ([0],)]
    with handler(converts={simple.__code__: (code, slots, call)}):
        assert compiled(simple)(None) == [0, 0, 1]


def test_a_frame_is_entered_inside_try_and_for():
    def target(items, log):
        try:
            for item in items:
                log.append(item)
                if item == 3:
                    raise KeyError(item)
        except KeyError as error:
            return log + [error.args[0]]
        finally:
            log.append("finally")

    code = target.__code__
    log = []
    slots = [(None,), (log,), (), (), (iter([1, 2, 3, 4]),)]
    with handler(converts={simple.__code__: (code, slots, offset_of(code, "FOR_ITER"))}):
        assert compiled(simple)(None) == [1, 2, 3, 3]
    assert log == [1, 2, 3, "finally"]


def test_a_frame_is_entered_behind_the_making_of_its_cells():
    def make():
        free = 10

        def target(a):
            cell = a

            def inner():
                return cell + free

            return inner(), a

        return target

    target = make()
    slots = [(1,), (), (types.CellType(5),), (target.__closure__[0],)]
    assert testing.start(target, target.__code__, slots, unit_of_line(target, 3)) == (15, 1)


def test_an_exception_is_raised_at_an_instruction():
    def target(a):
        try:
            a
            return 1
        except KeyError as error:
            return error.__traceback__.tb_lineno, error.__traceback__.tb_next

    # Two NOPs in place of the expression statement inside the try block.
    load = offset_of(target.__code__, "LOAD_FAST")
    raw = bytearray(target.__code__.co_code)
    raw[2 * load : 2 * load + 4] = bytes([dis.opmap["NOP"], 0, dis.opmap["NOP"], 0])
    code = target.__code__.replace(co_code=bytes(raw))
    slots = [("a",)] + [()] * (code.co_nlocals - 1)
    with handler(converts={simple.__code__: (code, slots, load + 1, KeyError("k"))}):
        line, below = compiled(simple)(None)
    assert line - code.co_firstlineno == 2 and below is None


def test_a_converted_frame_is_like_any_other_for_introspection():
    def target(a):
        frame = sys._getframe()
        return frame.f_code.co_name, frame.f_locals["a"], frame.f_back.f_code.co_name, frame.f_lineno

    def caller():
        return simple(1)

    slots = [("given",)] + [()] * (target.__code__.co_nlocals - 1)
    with handler(converts={simple.__code__: (target.__code__, slots, 0)}):
        name, argument, back, line = compiled(caller)()
    assert (name, argument, back) == ("target", "given", "caller")
    assert line == target.__code__.co_firstlineno + 2


def test_conversion_keeps_references():
    def target(a, b=None, c=None, d=None):
        e = (a, d)
        return [a, b, c, d, e]

    class Thing:
        pass

    def f(n):
        for _ in range(n):
            alive = weakref.ref(thing := Thing())
            assert len(simple(thing)) == 5
            del thing
            assert alive() is None  # the frame's own argument was dropped
        return n

    value = [1]
    slots = [(value,), (value,), (1,), (value,), ()]
    with handler(converts={simple.__code__: (target.__code__, slots, 0)}):
        before = sys.getrefcount(value)
        assert compiled(f)(1000) == 1000
        assert sys.getrefcount(value) == before


def unit_of_line(function, line):
    """The first code unit of the function's nth line, counted from its def."""
    code = function.__code__
    return min(start for start, _, at in code.co_lines() if at == code.co_firstlineno + line) // 2


def test_a_frame_is_started_in_the_middle():
    def callee(a, b):
        c = a + b
        here = sys._getframe()
        return c, here.f_code.co_name, here.f_back is sys._getframe(1), here.f_back.f_code

    store = offset_of(callee.__code__, "STORE_FAST")
    result = testing.start(callee, callee.__code__, [(1,), (2,), (), (), ("on the stack",)], store)
    assert result == ("on the stack", "callee", True, sys._getframe().f_code)


def test_a_started_frame_raises_like_any_other():
    def callee(a):
        b = a
        return b / 0

    with pytest.raises(ZeroDivisionError) as caught:
        testing.start(callee, callee.__code__, [(1,), (2,)], unit_of_line(callee, 2))
    trace = traceback.extract_tb(caught.value.__traceback__)
    assert [entry.name for entry in trace][1:] == ["callee"] and trace[-1].line == "return b / 0"
    assert caught.value.__traceback__.tb_next.tb_frame.f_locals == {"a": 1, "b": 2}


def test_started_frames_keep_references_and_the_data_stack():
    class Thing:
        pass

    def callee(a, b):
        c = [a, b]
        return len(c)

    def wide(a, b):
        return [a, [b, [a, [b, [a, [b, [a, [b, [a, [b, [a, b, a, b, a, b, a, b]]]]]]]]]]]

    def descend(n):  # over the chunks of the data stack
        if n:
            return descend(n - 1)
        thing = Thing()
        alive = weakref.ref(thing)
        assert testing.start(callee, callee.__code__, [(thing,), (thing,), ()], unit_of_line(callee, 1)) == 2
        assert testing.start(wide, wide.__code__, [(thing,), (thing,)], unit_of_line(wide, 1))[0] is thing
        del thing
        assert alive() is None
        return True

    with recursion_limit(3000):
        for depth in range(0, 2000, 7):
            assert descend(depth)
    gc.collect()
    value = object()
    for _ in range(3):
        before = sys.getrefcount(value)
        for _ in range(20_000):
            testing.start(callee, callee.__code__, [(value,), (value,), ()], unit_of_line(callee, 1))
        assert sys.getrefcount(value) == before
    assert not testing.evaluator_installed()


@pytest.mark.parametrize("order", ["default", "returns", "raises", "converts"])
def test_a_hundred_thousand_calls_leak_nothing(order):
    value = object()

    def call(n):
        for _ in range(n):
            try:
                simple(value)
            except KeyError:
                pass

    orders = {
        "default": {},
        "returns": {"returns": {simple.__code__: value}},
        "raises": {"raises": {simple.__code__: KeyError}},  # a class: one object would gather tracebacks
        "converts": {"converts": {simple.__code__: (double.__code__, [(3,)], 0)}},
    }[order]
    c = compiled(call)

    def batch(n):
        with handler(**orders):
            c(n)

    batch(20_000)
    gc.collect()
    references, resident = sys.getrefcount(value), resident_bytes()
    for _ in range(5):
        batch(20_000)
    gc.collect()
    assert sys.getrefcount(value) == references
    if not sanitized():
        assert resident_bytes() - resident < 2 << 20
