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


FUNCTIONS = [loop, consumer, coroutine, inlined]


def warmed(function):
    """Compiled, with segments and probes in place."""
    compiled = segue.compile(function)
    switch[0] = lambda: None
    for _ in range(3):
        compiled(X, 6)
    return compiled


def own(code):
    return code.co_filename == __file__ and code.co_name not in ("<lambda>", "inlined_turn", "start", "stop", "seen_by", "record")


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
    if function in (loop, inlined) and tool == "trace" and sys.version_info < (3, 12):
        pytest.skip("a documented difference: CPython 3.11 shows the line of the call again when it jumps back from the exit")
    compiled = warmed(function)
    expected = seen(function)
    assert len(expected[0]) > 1
    assert seen(compiled) == expected == seen(compiled)


# --- sys.monitoring -----------------------------------------------------------------------------------------------------

TOOL = 4


def seen_by(tool_events, call, start_at):
    """What a tool sees of `call` when it is switched on at the given turn; 0: from the start."""
    monitoring = sys.monitoring
    events, count = [], min(start_at, 1)

    def record(name):
        def callback(code, *details):
            if own(code):
                events.append((name, code.co_name, *[describe(name, detail) for detail in details]))

        return callback

    def start():
        nonlocal count
        if count == start_at:
            mask = 0
            for name in tool_events:
                monitoring.register_callback(TOOL, getattr(monitoring.events, name), record(name))
                mask |= getattr(monitoring.events, name)
            monitoring.set_events(TOOL, mask)
        count += 1

    monitoring.use_tool_id(TOOL, "test")
    switch[0] = start
    try:
        if start_at == 0:
            start()
        result = call(X, 6)
    finally:
        monitoring.set_events(TOOL, 0)
        monitoring.free_tool_id(TOOL)
        switch[0] = lambda: None
    return events, result


def describe(name, detail):
    if isinstance(detail, int):
        return detail if name == "LINE" else None  # offsets in rewritten code are its own
    return getattr(detail, "__name__", type(detail).__name__)


SIMPLE = ("PY_START", "PY_RESUME", "PY_RETURN", "PY_YIELD", "PY_THROW", "PY_UNWIND", "LINE", "BRANCH", "RAISE", "RERAISE",
          "EXCEPTION_HANDLED", "STOP_ITERATION")
WITH_CALLS = (*SIMPLE, "CALL", "C_RETURN", "C_RAISE", "JUMP")

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
def test_monitoring_from_the_middle(function, at):
    if function is coroutine and at > 1:
        pytest.skip("it turns once")
    compiled = warmed(function)
    expected = seen_by(SIMPLE, function, at)
    assert len(expected[0]) > 1
    assert seen_by(SIMPLE, compiled, at) == expected == seen_by(SIMPLE, compiled, at)
