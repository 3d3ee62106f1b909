"""`segue.explain`: what one call captures, where captures end and why, under which guards they are reused, and what kernels took."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from segue import _segue
from segue.api import compile
from segue.errors import Break

__all__ = ["Break", "Capture", "Explanation", "Kernel", "explain", "record"]


@dataclass(frozen=True)
class Capture:
    """One trace: the stretch of a frame that was captured, and how it ends."""

    function: str
    """Qualified name of the frame's code."""
    graph: _segue.Graph | None
    """None when no array operator was captured."""
    guards: tuple[str, ...]
    op_count: int
    numpy_calls: int
    """NumPy's functions, methods and operators that the captured stretch calls, or whose answers the trace knew."""
    graph_break: Break | None
    """None when the trace reached the frame's return."""


@dataclass(frozen=True)
class Kernel:
    """A kernel of the native backend, and what its runs in the explained call took, all together."""

    name: str
    """Of its code: the same in every process."""
    operators: int
    """Of graphs, in one kernel."""
    runs: int
    elements: int
    bytes: int
    """Of the arrays that it loads and stores, each argument once."""
    flops: int
    """Floating-point operations; a math function is one."""
    seconds: float
    """Measured; memory that is touched for the first time counts."""
    estimated_seconds: float
    """Of one thread, by the cost model that decides how many threads share a run."""

    def __str__(self) -> str:
        runs = f", {_count(self.runs, 'run')}" if self.runs > 1 else ""
        return (f"{self.name}: {_count(self.operators, 'operator')}, {self.elements:,} elements{runs}\n"
                f"  {_scaled(self.bytes)}B at {_rate(self.bytes, self.seconds)}B/s (estimated: {_rate(self.bytes, self.estimated_seconds)}B/s), "
                f"{_scaled(self.flops)}flop at {_rate(self.flops, self.seconds)}flop/s; {self.seconds * 1e6:.1f} us")


@dataclass(frozen=True)
class Explanation:
    """What `explain(fn)(*args)` found."""

    captures: tuple[Capture, ...]
    """Every trace that the call made, in order."""
    result: Any
    """What the call returned."""
    kernels: tuple[Kernel, ...] = ()
    """Those that the call ran, in the order of their first runs."""

    @property
    def graphs(self) -> list[_segue.Graph]:
        """The graphs that were captured, without empty ones."""
        return [capture.graph for capture in self.captures if capture.graph is not None]

    @property
    def breaks(self) -> list[Break]:
        return [capture.graph_break for capture in self.captures if capture.graph_break is not None]

    @property
    def guards(self) -> list[str]:
        """The guards of all captures, each once."""
        return list(dict.fromkeys(guard for capture in self.captures for guard in capture.guards))

    @property
    def graph_count(self) -> int:
        return len(self.graphs)

    @property
    def break_count(self) -> int:
        return len(self.breaks)

    @property
    def op_count(self) -> int:
        """Array operators in all graphs."""
        return sum(capture.op_count for capture in self.captures)

    def __str__(self) -> str:
        parts = [f"{_count(self.graph_count, 'graph')}, {_count(self.op_count, 'operator')}, "
                 f"{_count(self.break_count, 'break')}, {_count(len(self.guards), 'guard')}"]
        for number, capture in enumerate(self.captures, 1):
            parts.append(f"\n[{number}] {capture.function}")
            parts.append(_indented(str(capture.graph)) if capture.graph is not None else "  nothing captured")
            if capture.guards:
                parts.append("  guards:\n" + _indented("\n".join(capture.guards), "    "))
            if capture.graph_break is not None:
                parts.append("  break:\n" + _indented(str(capture.graph_break), "    "))
        if self.kernels:
            parts.append("\nkernels:\n" + _indented("\n".join(map(str, self.kernels))))
        return "\n".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _scaled(number: float) -> str:
    """The number with the prefix of its unit: "2.4 M"."""
    for prefix in ("", "k", "M"):
        if number < 1000:
            return f"{number:.3g} {prefix}"
        number /= 1000
    return f"{number:.3g} G"


def _rate(amount: int, seconds: float) -> str:
    return _scaled(amount / seconds) if seconds > 0 else "0 "


def _indented(text: str, margin: str = "  ") -> str:
    return "\n".join(margin + line for line in text.rstrip().splitlines())


def _kernels(runs: list[tuple[str, int, int, int, int, float, float]]) -> tuple[Kernel, ...]:
    """The runs, added up by kernel."""
    kernels: dict[str, Kernel] = {}
    for name, operators, elements, moved, flops, seconds, estimated in runs:
        so_far = kernels.get(name, Kernel(name, operators, 0, 0, 0, 0, 0.0, 0.0))
        kernels[name] = Kernel(name, operators, so_far.runs + 1, so_far.elements + elements, so_far.bytes + moved, so_far.flops + flops,
                               so_far.seconds + seconds, so_far.estimated_seconds + estimated)
    return tuple(kernels.values())


class record:
    """`with record() as captures:` collects this thread's traces; the list is filled when the block ends."""

    def __enter__(self) -> list[Capture]:
        self._captures: list[Capture] = []
        _segue._records_begin()
        return self._captures

    def __exit__(self, *exc_info: object) -> None:
        self._captures += [_capture(entry) for entry in _segue._records_end()]


def _capture(entry: dict[str, Any]) -> Capture:
    graph_break = entry["break"]
    return Capture(
        function=entry["function"],
        graph=entry["graph"] if entry["op_count"] else None,
        guards=tuple(entry["guards"]),
        op_count=entry["op_count"],
        numpy_calls=entry["numpy_calls"],
        graph_break=None if graph_break is None else Break.from_record(graph_break),
    )


def explain(fn: Callable[..., Any], **options: Any) -> Callable[..., Explanation]:
    """A callable that runs `fn` compiled (options as in `compile`) and returns an `Explanation` instead of the result.

    What was compiled so far is dropped first (`reset`), so that everything the call uses is traced again. Exceptions that `fn` raises
    pass through.
    """
    compiled = compile(fn, **options)

    @functools.wraps(fn)
    def explained(*args: Any, **kwargs: Any) -> Explanation:
        _segue._reset()
        _segue._kernel_runs_begin()
        try:
            with record() as captures:
                result = compiled(*args, **kwargs)
        finally:
            runs = _segue._kernel_runs_end()
        return Explanation(tuple(captures), result, _kernels(runs))

    return explained
