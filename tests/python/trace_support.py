"""Traces as text: `check_trace(function, expected, *args)` compares the trace of a call with the text it should give.

Expected text leaves out the guards (they have tests of their own: `guards_of`); every line is stripped.
"""

from __future__ import annotations

import textwrap
from typing import Any, Callable

from segue import _segue


def trace(function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    return _segue._trace.trace(function, *args, **kwargs)


def body_of(text: str) -> str:
    """Everything behind the guards and inputs."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("graph("))
    return "\n".join(lines[start:])


def guards_of(text: str) -> list[str]:
    lines = text.splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith(("input ", "graph(")))
    return [line.strip() for line in lines[1:end]]


def check_trace(function: Callable[..., Any], expected: str, *args: Any, **kwargs: Any) -> None:
    got = body_of(trace(function, *args, **kwargs))
    assert got.strip() == textwrap.dedent(expected).strip()


def break_of(function: Callable[..., Any], *args: Any, **kwargs: Any) -> str | None:
    """The id of the break that ends the trace; None when it returns."""
    for line in trace(function, *args, **kwargs).splitlines():
        if line.startswith("break "):
            return line.split()[1]
        if line.startswith("return "):
            return None
    raise AssertionError("a trace without an exit")


def run_trace(function: Callable[..., Any], *args: Any) -> Any:
    """Runs the graph of a trace that returns, with NumPy, on the arguments themselves, and builds what it returns.

    For functions whose graph inputs are arguments, and that return node values, arguments, or a tuple of these.
    """
    text = trace(function, *args)
    lines = [line.strip() for line in text.splitlines()]
    sources = [line.split(" = ", 1)[1] for line in lines if line.startswith("input ")]
    start = next(i for i, line in enumerate(lines) if line.startswith("graph("))
    end = lines.index("}", start)
    names = [name.strip() for name in lines[end - 1].removeprefix("return").split(",")]
    parameters = function.__code__.co_varnames
    scope: dict[str, Any] = {"L": dict(zip(parameters, args))}
    graph = _segue.Graph.parse("\n".join(lines[start : end + 1]))
    outputs = graph(*(eval(source, scope) for source in sources))
    scope.update({name: output for name, output in zip(names, outputs) if name.isidentifier()})
    assert lines[-1].startswith("return "), text
    returned = lines[-1].removeprefix("return ").removeprefix("#0 tuple")
    return eval(returned, scope)
