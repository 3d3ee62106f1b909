"""One compiled function called with one list of arguments after the other, each call compared with the plain function's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import segue
from segue.testing import State, compare, copy_inputs, observe


class Sequence:
    """Calls of one compiled function. The entries that earlier calls left are there when a later one comes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        segue.reset()
        self.function = function
        self.compiled = segue.compile(function)

    def call(self, label: str, *args: Any) -> dict[str, int | float]:
        """Compares the plain function's and the compiled one's call with copies of `args`; what the compiled call counted."""
        seen = []
        counts: dict[str, int | float] = {}
        state = State(self.function)
        for function in (self.function, self.compiled):
            copied, _ = copy_inputs((args, {}))
            before = segue.stats()
            seen.append(observe(function, copied, {}, state))
            counts = {name: value - before[name] for name, value in segue.stats().items()}
            state.restore()
        differences = compare(*seen)
        assert differences == [], label
        return counts

    def calls(self, rows: Iterable[tuple[str, Any]]) -> dict[str, int | float]:
        """A call per (label, arguments); the sum of their counts."""
        total: dict[str, int | float] = {}
        for label, args in rows:
            for name, value in self.call(label, *args).items():
                total[name] = total.get(name, 0) + value
        return total


def function(statements: str, parameters: str, **names: Any) -> Callable[..., Any]:
    """def f(parameters) of statements that ";" separates."""
    exec(f"def f({parameters}):\n    " + statements.replace("; ", "\n    ") + "\n", names)
    return names["f"]
