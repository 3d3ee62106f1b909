"""`check`: a differential test of one call."""

from __future__ import annotations

import collections
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from segue.testing.compare import compare
from segue.testing.copies import copy_inputs
from segue.testing.observe import State, observe


class CheckError(AssertionError):
    """A compiled call was told apart from the plain one, or did not reuse what was compiled."""


@dataclass
class Tally:
    """What the checks of this process exercised; test runs print it and enforce a floor."""

    checks: int = 0
    captured: int = 0
    """Checks whose first call captured at least one operator."""
    operators: int = 0
    hits: int = 0
    """Entries found that did not say "run eagerly"."""
    segments: int = 0
    """Segments run to their end."""
    exits: int = 0
    """… that left through a break."""
    compiles: int = 0
    reruns: int = 0
    breaks: collections.Counter[str] = field(default_factory=collections.Counter)

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "breaks": dict(self.breaks)}

    def add(self, other: dict[str, Any]) -> None:
        for name, value in other.items():
            if name == "breaks":
                self.breaks.update(value)
            else:
                setattr(self, name, getattr(self, name) + value)


tally = Tally()


@dataclass(frozen=True)
class Report:
    """What a check found out about the first compiled call."""

    graph_count: int
    op_count: int
    breaks: list[str]
    """Ids of the breaks, in order."""
    guards: list[str]
    captures: tuple[Any, ...]
    """The `Capture`s."""
    result: Any
    """Of the last compiled call."""
    stats: dict[str, int | float]
    """Counts of the second compiled call alone."""


def check(
    fn: Callable[..., Any],
    *args: Any,
    breaks: bool = False,
    hits: bool = True,
    calls: int = 2,
    ulp: int = 0,
    references: bool = True,
    compile_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Report:
    """Runs `fn` plainly and compiled on copies of the arguments that keep their aliasing, and compares what a caller
    could see: result, arguments and reachable state afterwards, aliasing, warnings, exception, output, random state.

    breaks: whether the call may break. False raises CheckError on any break.
    hits: whether the calls behind the first must run a segment and compile nothing; a call that breaks in its outermost frame
        must compile nothing.
    calls: how many times the compiled function is called, each with fresh copies and compared.
    ulp: units in the last place by which floating-point elements may differ (0: bit for bit).
    references: compare reference counts of the arguments around the calls behind the first, too.
    compile_options: for `segue.compile`.

    Raises CheckError with every difference.
    """
    import segue
    from segue.explain import record

    inputs = (args, kwargs)
    compiled = segue.compile(fn, **(compile_options or {}))
    state = State(fn)
    problems: list[str] = []
    captures: list[Any] = []
    stats: dict[str, int | float] = {}
    result = None
    try:
        for number in range(calls):
            plain_args, plain_kwargs = copy_inputs(inputs)
            plain = observe(fn, plain_args, plain_kwargs, state)
            state.restore()
            own_args, own_kwargs = copy_inputs(inputs)
            before = segue.stats()
            with record() as made:
                seen = observe(compiled, own_args, own_kwargs, state)
            stats = {name: value - before[name] for name, value in segue.stats().items()}
            state.restore()
            result = seen.result
            differences = compare(plain, seen, ulp=ulp, references=references and number > 0)
            problems += [f"call {number + 1}: {line}" for line in differences]
            _count(stats)
            if number == 0:
                captures = made
                if not made and not breaks and stats["eager"]:
                    problems.append("call 1: ran eagerly, because an earlier call of the function had broken")
            elif hits:
                problems += [f"call {number + 1}: {line}" for line in _reuse(stats, captures)]
    finally:
        state.restore()
    found = [capture.graph_break for capture in captures if capture.graph_break is not None]
    if found and not breaks:
        problems.append("the capture broke:\n" + "\n".join(str(reason) for reason in found))
    tally.checks += 1
    tally.operators += sum(capture.op_count for capture in captures)
    tally.captured += any(capture.op_count for capture in captures)
    tally.breaks.update(reason.id for reason in found)
    if problems:
        raise CheckError("\n".join([f"{fn.__qualname__} compiled is not {fn.__qualname__}:", *problems]))
    return Report(
        graph_count=sum(capture.op_count > 0 for capture in captures),
        op_count=sum(capture.op_count for capture in captures),
        breaks=[reason.id for reason in found],
        guards=[guard for capture in captures for guard in capture.guards],
        captures=tuple(captures),
        result=result,
        stats=stats,
    )


def _reuse(stats: dict[str, int | float], captures: list[Any]) -> list[str]:
    """What is wrong with the cost of a call behind the first."""
    problems = []
    if stats["compiles"]:
        problems.append(f"compiled again ({stats['compiles']} traces)")
    if stats["reruns"]:
        problems.append(f"dropped a segment and ran it again in CPython ({stats['reruns']} times)")
    if any(capture.op_count and capture.graph_break is None for capture in captures) and segments_run(stats) <= 0:
        problems.append(f"ran no segment although one was compiled ({stats})")
    return problems


def segments_run(stats: dict[str, int | float]) -> int:
    """Of counts as `segue.stats` has them, or of a difference of two."""
    return int(stats["segments"])


def _count(stats: dict[str, int | float]) -> None:
    tally.hits += max(0, segments_run(stats))
    for name in ("segments", "exits", "compiles", "reruns"):
        setattr(tally, name, getattr(tally, name) + int(stats[name]))
