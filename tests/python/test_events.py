"""Tracers, profilers and sys.monitoring tools see what they see of plain functions, switched on before a call or in its middle."""

import sys

import numpy as np
import pytest

import segue

X = np.arange(4.0)
switch = [lambda: None]


def inlined_turn():
    """Calls what the test has put there: switches a tool on. Inlined: the caller goes on behind a resumption."""
    return switch[0]()


turn = segue.disable(inlined_turn)
opaque = segue.disable(lambda x: None)


def helper(x, n):
    y = x + n
    if n % 2:
        turn()
    return y * 2


def loop(x, n):
    total = x * 0.5
    for i in range(n):
        total = total + helper(x, i)
        repr(i)
        try:
            if i == 3:
                raise ValueError(i)
        except ValueError as error:
            total = total + error.args[0]
    return [value for value in total.tolist() if value > 1]


def numbers(x, n):
    for i in range(n):
        x = x + i
        turn()
        yield x.sum()


def consumer(x, n):
    total = 0
    for value in numbers(x, n):
        total = total + value
        repr(n)
    return total


def inlined(x, n):
    for i in range(n):
        x = x + i
        inlined_turn()
        x = x * 0.5
    return x.sum()


class Turn:
    def __await__(self):
        turn()
        yield


async def awaits(x):
    y = x + 1
    await Turn()
    return y * 2


def coroutine(x, n):
    made = awaits(x)
    try:
        while True:
            made.send(None)
    except StopIteration as stop:
        return stop.value.sum()


def suspended(x, n):
    """Generators that stand at a yield when the tool is switched on."""
    made = [numbers(x, n), numbers(x + 1, n)]
    first = [next(generator) for generator in made]
    turn()
    return first + [list(generator) for generator in made]


# The loop's body is so long that its jumps need prefixes only where there are probes.
BODY = "        x = x + i\n        opaque(x)\n"
WIDE = f"def wide(x, n):\n    turn()\n    for i in range(n):\n{BODY * 11}        turn()\n    return x.sum()\n"
exec(compile(WIDE, __file__, "exec"))
wide = globals()["wide"]

FUNCTIONS = [loop, consumer, coroutine, inlined, suspended, wide]


def warmed(function):
    """Compiled, with segments and probes in place."""
    compiled = segue.compile(function)
    switch[0] = lambda: None
    for _ in range(3):
        compiled(X, 6)
    return compiled


def own(code):
    return code.co_filename == __file__ and code.co_name not in ("<lambda>", "inlined_turn", "start", "begin", "end", "seen_by", "record")


# --- sys.settrace and sys.setprofile ------------------------------------------------------------------------------------


def recorder(events, lines):
    def record(frame, event, arg):
        if own(frame.f_code):
            arg = getattr(arg, "__name__", type(arg).__name__)
            events.append((event, frame.f_code.co_name, frame.f_lineno, arg))
        frame.f_trace_lines = lines
        return record

    return record


def trace_into(record):
    """Switches tracing on for this call's callers, too, as debuggers do."""

    def start():
        frame = sys._getframe(1)
        while frame is not None:
            frame.f_trace = record
            frame = frame.f_back
        sys.settrace(record)

    return start


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("tool", [sys.settrace, sys.setprofile])
def test_tracers_and_profilers_from_the_start(function, tool):
    def seen(call):
        events = []
        switch[0] = lambda: None
        before = segue.stats()["segments"]
        tool(recorder(events, True))
        try:
            result = call(X, 6)
        finally:
            tool(None)
        assert segue.stats()["segments"] == before
        return events, result

    compiled = warmed(function)
    expected = seen(function)
    assert len(expected[0]) > 4
    assert seen(compiled) == expected == seen(compiled)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("tool", ["trace", "profile"])
def test_tracers_and_profilers_from_the_middle(function, at, tool):
    def seen(call):
        events, count = [], 0
        record = recorder(events, True)
        begin = trace_into(record) if tool == "trace" else lambda: sys.setprofile(record)

        def start():
            nonlocal count
            count += 1
            if count == at:
                begin()

        switch[0] = start
        try:
            result = call(X, 6)
        finally:
            sys.settrace(None)
            sys.setprofile(None)
        return events, result

    if function is coroutine and at > 1:
        pytest.skip("it turns once")
    compiled = warmed(function)
    expected = seen(function)
    assert len(expected[0]) > 1
    assert seen(compiled) == expected == seen(compiled)


# --- sys.monitoring -----------------------------------------------------------------------------------------------------

TOOL = 4


def callbacks(names, events, answer=None):
    """By the number of each event, a callback that records it."""

    def recorder_of(name):
        def record(code, *details):
            if own(code):
                events.append((name, code.co_name, *[describe(name, detail) for detail in details]))
            return answer

        return record

    return {getattr(sys.monitoring.events, name): recorder_of(name) for name in names}


def begin(registry):
    for event, callback in registry.items():
        sys.monitoring.register_callback(TOOL, event, callback)
    sys.monitoring.set_events(TOOL, sum(registry))


def end(registry):
    sys.monitoring.set_events(TOOL, 0)
    for event in registry:
        sys.monitoring.register_callback(TOOL, event, None)


def seen_by(names, call, start_at, stop_at=None, answer=None):
    """What a tool sees of `call` when it is switched on at the given turn (0: from the start), and off at another."""
    events, count = [], min(start_at, 1)
    registry = callbacks(names, events, answer)

    def start():
        nonlocal count
        if count == start_at:
            begin(registry)
        if count == stop_at:
            end(registry)
        count += 1

    sys.monitoring.use_tool_id(TOOL, "test")
    sys.monitoring.restart_events()
    switch[0] = start
    try:
        if start_at == 0:
            start()
        result = call(X, 6)
    finally:
        end(registry)
        sys.monitoring.free_tool_id(TOOL)
        switch[0] = lambda: None
    return events, result


def describe(name, detail):
    if isinstance(detail, int):
        return detail if name == "LINE" else None  # offsets in rewritten code are its own
    return getattr(detail, "__name__", type(detail).__name__)


SIMPLE = ("PY_START", "PY_RESUME", "PY_RETURN", "PY_YIELD", "PY_THROW", "PY_UNWIND", "LINE", "BRANCH", "RAISE", "RERAISE",
          "EXCEPTION_HANDLED", "STOP_ITERATION")
WITH_CALLS = (*SIMPLE, "CALL", "C_RETURN", "C_RAISE", "JUMP")
ALL = (*WITH_CALLS, "INSTRUCTION")

monitored = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")


@monitored
@pytest.mark.parametrize("function", FUNCTIONS)
def test_monitoring_from_the_start(function):
    compiled = warmed(function)
    before = segue.stats()["segments"]
    expected = seen_by(WITH_CALLS, function, 0)
    assert len(expected[0]) > 10
    assert seen_by(WITH_CALLS, compiled, 0) == expected == seen_by(WITH_CALLS, compiled, 0)
    assert segue.stats()["segments"] == before


@monitored
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("names", [ALL, WITH_CALLS, ["LINE"], ["INSTRUCTION"]], ids=["all", "calls", "lines", "instructions"])
def test_monitoring_from_the_middle(function, at, names):
    if function is coroutine and at > 1:
        pytest.skip("it turns once")
    compiled = warmed(function)
    expected = seen_by(names, function, at)
    assert len(expected[0]) > 1
    assert seen_by(names, compiled, at) == expected == seen_by(names, compiled, at)


@monitored
@pytest.mark.parametrize("function", [inlined, wide])
@pytest.mark.parametrize("names", [["LINE"], ["INSTRUCTION"], ["PY_RETURN", "BRANCH", "CALL", "JUMP"]], ids=" ".join)
def test_callbacks_that_disable_places_of_a_running_frame(function, names):
    compiled = warmed(function)
    expected = seen_by(names, function, 1, answer=sys.monitoring.DISABLE)
    assert len(expected[0]) > 1
    assert seen_by(names, compiled, 1, answer=sys.monitoring.DISABLE) == expected


@monitored
@pytest.mark.parametrize("function", [loop, consumer, wide])
def test_capture_goes_on_when_no_tool_listens_any_more(function):
    def segments():
        before = segue.stats()["segments"]
        compiled(X, 6)
        return segue.stats()["segments"] - before

    compiled = warmed(function)
    usual = segments()
    assert usual > 1
    expected = seen_by(ALL, function, 1, stop_at=2)
    assert len(expected[0]) > 1
    assert seen_by(ALL, compiled, 1, stop_at=2) == expected
    assert segments() == usual


def itself(x, n):
    """Switches the tool on in its own frame, off, and on again."""
    for _ in range(2):
        x = x * 0.5
        for event, callback in armed[0].items():
            sys.monitoring.register_callback(TOOL, event, callback)
        sys.monitoring.set_events(TOOL, sum(armed[0]))
        x = x + helper(x, n)
        helper(x, 1)
        sys.monitoring.set_events(TOOL, 0)
        for event in armed[0]:
            sys.monitoring.register_callback(TOOL, event, None)
        x = helper(x, n)
    return x.sum()


armed = [{}]


@monitored
def test_a_frame_that_switches_the_tool_on_itself():
    def seen(call):
        events = []
        armed[0] = callbacks(ALL, events)
        sys.monitoring.use_tool_id(TOOL, "test")
        try:
            result = call(X, 6)
        finally:
            end(armed[0])
            sys.monitoring.free_tool_id(TOOL)
        return events, result

    compiled = segue.compile(itself)
    expected = seen(itself)
    assert len(expected[0]) > 20
    for _ in range(3):
        assert seen(compiled) == expected
