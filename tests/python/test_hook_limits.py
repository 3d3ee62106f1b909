"""Where the hook steps back: deep recursion, tracing, profiling, monitoring, other evaluators."""

import sys
import threading

import pytest

from tests.python.hook_support import compiled, double, handler, outer, recursion_limit, simple, testing


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


def test_a_compiled_function_that_recurses_through_itself_on_a_small_stack():
    """CPython's own budget for calls through C takes a stack of some megabytes for granted."""
    errors = []

    def recurse():
        return c()

    def run():
        try:
            c()
        except RecursionError as error:
            errors.append(str(error))

    c = compiled(recurse)
    previous = threading.stack_size(256 * 1024)
    try:
        with handler(), recursion_limit(100_000):
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
    finally:
        threading.stack_size(previous)
    assert errors == ["maximum recursion depth exceeded"]


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
        if frame.f_code.co_filename == outer.__code__.co_filename:
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
