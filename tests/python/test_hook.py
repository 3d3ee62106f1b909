"""The evaluator hook: which frames it offers, what its handler may do with them, and what stays plain CPython.

The handler is scripted (`_segue._testing`), so nothing here depends on the compiler.
"""

import asyncio
import contextlib
import dis
import gc
import os
import sys
import threading
import traceback
import weakref

import pytest

from segue import _segue

testing = _segue._testing
compiled = _segue._make_callable


@contextlib.contextmanager
def handler(**orders):
    """Installs a scripted handler; yields a list that holds the offered frames' names afterwards."""
    seen = []
    testing.install_handler(**orders)
    try:
        yield seen
    finally:
        seen.extend(testing.remove_handler())


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def double(x):
    return x * 2


def outer(x):
    return double(x) + 1


# --- which frames ---------------------------------------------------------------------------------------------------


def test_frames_of_an_extent_are_offered_and_no_others():
    with handler() as seen:
        assert outer(1) == 3
        assert compiled(outer)(1) == 3
        assert outer(1) == 3
    assert seen == ["outer", "double"]


def test_the_evaluator_is_installed_during_extents_only():
    inside = []

    def f():
        inside.append((testing.evaluator_installed(), testing.extent_depth()))
        compiled(g)()
        inside.append((testing.evaluator_installed(), testing.extent_depth()))

    def g():
        inside.append((testing.evaluator_installed(), testing.extent_depth()))

    assert not testing.evaluator_installed()
    compiled(f)()
    assert inside == [(True, 1), (True, 2), (True, 1)]
    assert not testing.evaluator_installed() and testing.extent_depth() == 0


def test_an_exception_ends_the_extent():
    def f():
        compiled(g)()

    def g():
        raise KeyError("k")

    with pytest.raises(KeyError):
        compiled(f)()
    assert not testing.evaluator_installed() and testing.extent_depth() == 0


def test_generators_coroutines_classes_and_modules_pass_through():
    def gen(n):
        for i in range(n):
            yield (lambda: i)()

    async def coro():
        await asyncio.sleep(0)
        return 5

    async def agen():
        yield 1
        yield 2

    async def collect():
        return [x async for x in agen()] + [await coro()]

    def f():
        class Local:
            value = 3

        names = {}
        exec("def made(): return 4\nx = made()", names)
        return list(gen(3)), (i + 1 for i in range(2)), Local.value, names["x"], asyncio.run(collect())

    with handler() as seen:
        values, expression, local, executed, collected = compiled(f)()
    assert (values, list(expression), local, executed, collected) == ([0, 1, 2], [1, 2], 3, 4, [1, 2, 5])
    local_names = {name.rpartition(".")[2] for name in seen}
    assert {"f", "made", "<lambda>"} <= local_names
    assert local_names.isdisjoint({"gen", "coro", "agen", "collect", "Local", "<module>", "<genexpr>"})


def test_a_generator_made_in_an_extent_goes_on_outside():
    def gen():
        received = yield double(1)
        yield double(received)

    with handler() as seen:
        g = compiled(gen)()
        assert next(g) == 2 and g.send(5) == 10
        g.close()
    assert seen == []  # the creating frame is the generator's, and its body runs outside


def test_other_threads_frames_are_not_offered():
    ready, done = threading.Event(), threading.Event()
    result = []

    def other():
        ready.wait()
        result.append(sum(double(i) for i in range(1000)))
        done.set()

    thread = threading.Thread(target=other)
    thread.start()

    def f():
        ready.set()
        done.wait()
        return testing.extent_depth()

    with handler(returns={double.__code__: -1}) as seen:
        assert compiled(f)() == 1
    thread.join()
    assert result == [999000]
    assert "double" not in seen and "test_other_threads_frames_are_not_offered.<locals>.other" not in seen


def test_extents_of_many_threads():
    errors = []

    def work(seed):
        def inner(n):
            return seed if n == 0 else inner(n - 1)

        c = compiled(inner)
        try:
            for n in range(300):
                assert c(n % 20) == seed
                assert testing.extent_depth() == 0
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert errors == [] and not testing.evaluator_installed()


def test_fork_keeps_only_the_forking_threads_extent():
    inside, leave = threading.Event(), threading.Event()

    def hold():
        inside.set()
        leave.wait()

    thread = threading.Thread(target=compiled(hold))
    thread.start()
    inside.wait()
    try:
        assert testing.evaluator_installed()
        child = os.fork()
        if child == 0:
            os._exit(0 if not testing.evaluator_installed() and compiled(outer)(1) == 3 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        leave.set()
        thread.join()
    assert not testing.evaluator_installed()

    def fork_inside():
        child = os.fork()
        if child == 0:
            os._exit(0 if testing.evaluator_installed() and testing.extent_depth() == 1 else 1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert compiled(fork_inside)() == 0


# --- what the handler may do ----------------------------------------------------------------------------------------


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


def simple(a):
    return a


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
    if "libasan" not in os.environ.get("LD_PRELOAD", ""):  # which keeps freed memory for a while
        assert resident_bytes() - resident < 2 << 20


# --- recursion ------------------------------------------------------------------------------------------------------


def recursion_depth():
    n = 0

    def step():
        nonlocal n
        n += 1
        step()

    try:
        step()
    except RecursionError:
        pass
    return n


@contextlib.contextmanager
def recursion_limit(limit):
    previous = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(previous)


@pytest.mark.parametrize("limit", [1000, 3000, 20000, 60000])
def test_recursion_errors_come_at_the_depth_of_plain_code(limit):
    with recursion_limit(limit):
        plain = recursion_depth()
        with handler():
            assert compiled(recursion_depth)() == plain
    assert plain > limit * 0.9
    assert not testing.evaluator_installed()


def test_deep_recursion_in_a_thread_with_a_small_stack():
    results = []

    def run():
        with handler():
            results.append(compiled(recursion_depth)())

    previous = threading.stack_size(1024 * 1024)
    try:
        with recursion_limit(20000):
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
    finally:
        threading.stack_size(previous)
    assert results[0] > 19000


def test_deep_recursion_of_another_thread_during_an_extent():
    """The evaluator is the interpreter's: a thread that has nothing to do with us must not notice."""
    ready, done = threading.Event(), threading.Event()
    results = []

    def other():
        ready.wait()
        results.append(recursion_depth())
        done.set()

    def f():
        ready.set()
        done.wait()

    with recursion_limit(20000):
        thread = threading.Thread(target=other)
        thread.start()
        compiled(f)()
        thread.join()
    assert results[0] > 19000


def test_below_the_stack_bound_frames_are_not_offered_and_above_it_they_are_again():
    half = None

    def descend(n):
        nonlocal half
        if testing.stack_left() == half:  # inlined calls use no C stack: we are below the bound
            return n
        half = testing.stack_left()
        return descend(n + 1)

    def f():
        depth = descend(0)
        return depth, simple("after")

    with recursion_limit(100_000), handler(returns={simple.__code__: "offered"}) as seen:
        depth, after = compiled(f)()
    assert after == "offered"
    assert seen.count(descend.__qualname__) <= depth
    assert depth > 100


def test_a_compiled_function_that_recurses_through_itself_raises_recursion_error():
    def recurse(n):
        return c(n + 1)

    c = compiled(recurse)
    with handler():
        for limit in (1000, 100_000):
            with recursion_limit(limit), pytest.raises(RecursionError, match="maximum recursion depth exceeded"):
                c(0)
    assert testing.extent_depth() == 0 and not testing.evaluator_installed()


@pytest.mark.parametrize("traced", [False, True])
def test_a_compiled_function_recurses_as_deep_as_the_plain_one(traced):
    def depth(wrap):
        n = 0

        def step():
            nonlocal n
            n += 1
            wrapped()

        wrapped = wrap(step)
        try:
            wrapped()
        except RecursionError:
            return n

    if traced:
        sys.settrace(lambda *event: None)
    try:
        plain = depth(lambda function: function)
        with handler():
            assert abs(depth(compiled) - plain) <= 1
    finally:
        sys.settrace(None)
    assert plain > 900


def test_recursion_through_generators_is_as_deep_as_in_plain_code():
    def depth():
        n = 0

        def step():
            nonlocal n
            n += 1
            yield from step()

        try:
            list(step())
        except RecursionError:
            return n

    with handler():
        assert compiled(depth)() == depth()


def test_recursion_through_c_raises_recursion_error():
    def recurse(n):
        return sorted([n], key=recurse)

    if sys.version_info[:2] == (3, 12):  # 3.11 and 3.13 themselves overflow the C stack here, without us
        with handler(), recursion_limit(100_000), pytest.raises(RecursionError):
            compiled(recurse)(0)
    with handler(), pytest.raises(RecursionError):
        compiled(recurse)(0)


# --- observers ------------------------------------------------------------------------------------------------------


def traced_events(function, install):
    events = []

    def observe(frame, event, arg):
        if frame.f_code.co_filename == __file__ and frame.f_code.co_name not in ("traced_events", "observe"):
            events.append((event, frame.f_code.co_name, frame.f_lineno))
        return observe

    install(observe)
    try:
        result = function(3)
    finally:
        install(None)
    return result, events


@pytest.mark.parametrize("install", [sys.settrace, sys.setprofile])
def test_tracing_and_profiling_see_what_plain_code_shows(install):
    plain = traced_events(outer, install)
    with handler(returns={double.__code__: 1000}) as seen:
        assert traced_events(compiled(outer), install) == plain
    assert seen == [] and plain[0] == 7 and len(plain[1]) >= 4


def test_tracing_switched_on_in_an_extent_stops_the_handler():
    def f():
        events = []

        def observe(frame, event, arg):
            events.append((event, frame.f_code.co_name))
            return observe

        first = double(1)
        sys.settrace(observe)
        second = double(1)
        sys.settrace(None)
        return first, second, double(1), events

    with handler(returns={double.__code__: "offered"}):
        first, second, third, events = compiled(f)()
    assert (first, second, third) == ("offered", 2, "offered")
    assert events[:1] == [("call", "double")] and ("return", "double") in events


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
@pytest.mark.parametrize("scope", ["global", "local"])
def test_monitoring_tools_see_what_plain_code_shows(scope):
    monitoring = sys.monitoring
    events = monitoring.events
    wanted = events.PY_START | events.PY_RETURN | events.LINE
    log = []

    def watch(function):
        log.clear()
        monitoring.use_tool_id(3, "a test")
        for event in (events.PY_START, events.PY_RETURN, events.LINE):
            monitoring.register_callback(3, event, lambda code, *rest: log.append((code.co_name, *rest)))
        if scope == "global":
            monitoring.set_events(3, wanted)
        else:
            monitoring.set_local_events(3, double.__code__, wanted)
        try:
            assert testing.observed()
            result = function(3)
        finally:
            monitoring.set_events(3, 0)
            monitoring.set_local_events(3, double.__code__, 0)
            for event in (events.PY_START, events.PY_RETURN, events.LINE):
                monitoring.register_callback(3, event, None)
            monitoring.free_tool_id(3)
        return result, [entry for entry in log if entry[0] in ("outer", "double")]

    plain = watch(outer)
    with handler(returns={double.__code__: 1000}) as seen:
        assert watch(compiled(outer)) == plain
    assert seen == [] and not testing.observed()
    assert len([entry for entry in plain[1] if entry[0] == "double"]) == 3


def test_a_foreign_evaluator_is_left_alone():
    frames_before = testing.set_foreign_evaluator(True)
    try:
        with handler(returns={double.__code__: 1000}) as seen:
            assert compiled(outer)(3) == 7
        assert seen == [] and testing.evaluator_installed()
    finally:
        assert testing.set_foreign_evaluator(False) >= frames_before + 2


def test_a_foreign_evaluator_installed_during_an_extent_stays():
    def f():
        testing.set_foreign_evaluator(True)
        inside = compiled(outer)(3)
        return inside

    with handler(returns={double.__code__: 1000}):
        assert compiled(f)() == 7
    assert testing.evaluator_installed() and testing.extent_depth() == 0
    testing.set_foreign_evaluator(False)
    with handler(returns={double.__code__: 1000}):
        assert compiled(outer)(3) == 1001
