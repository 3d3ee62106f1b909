"""Prints docs/numpy.md: how each public callable of NumPy runs, as the samples in tests/numpy_calls have it.

That they are true is what tests/python/test_numpy_calls.py shows.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from opgen.loader import load, ops_files  # noqa: E402
from opgen.model import Operator  # noqa: E402
from tests.numpy_calls.samples import SINCE, Sample, exceptions, samples  # noqa: E402

HEADER = """\
# NumPy's callables, and how each runs

<!-- Generated from tests/numpy_calls by tools/numpy_docs.py; do not edit. -->

One row per public callable of `numpy`, `numpy.linalg`, `numpy.fft`, `numpy.random`, `numpy.lib.stride_tricks`, per method and
attribute of arrays, ufuncs and `Generator`. Each has one or more ordinary calls in `tests/numpy_calls/calls`; the tests compare every
one with plain NumPy, and fail when one is captured less than it says here.

| how it runs | what that means |
|---|---|
| *operator* | an entry of [operators.md](operators.md): a NumPy call of known type in the graph, or a kernel of the backend |
| *Python code* | NumPy's own Python implementation is inlined, and everything in it is captured |
| *model* | the tracer knows what it gives: metadata, types, calls that are made of operators |
| *break* | CPython executes the call in place, and capture goes on behind it with the result that it gave, its type checked. The [reason](breaks.md) is named |

A row with more than one of these has calls that run differently; those that break are shown.

"""
WORDS = {"operator": "operator", "python": "Python code", "model": "model"}


def operators() -> dict[str, Operator]:
    """Names of callables, without "numpy." -> the operators that they are."""
    model = load(ops_files(ROOT / "csrc" / "ops"))
    return {name.name.removeprefix("numpy."): operator for operator in model.operators for name in operator.numpy}


def how(calls: list[Sample], known: dict[str, Operator]) -> str:
    parts = []
    captured = [call for call in calls if call.captured]
    for runs in dict.fromkeys(call.runs for call in captured):
        operator = known.get(calls[0].name) if runs == "operator" else None
        parts.append(WORDS[runs] + (f" **{operator.name}** (version {operator.version})" if operator else ""))
    for call in calls:
        if not call.captured:
            example = f", `{cell(call.text)}`" if captured else ""
            parts.append(f"break [{call.runs}](breaks.md#{call.runs}){example}")
    return "<br>".join(dict.fromkeys(parts))


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def title(family: str) -> str:
    first = (ROOT / "tests" / "numpy_calls" / "calls" / f"{family}.txt").read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix("# ").removesuffix(".")


def since(name: str) -> str:
    """The version of NumPy that has the callable from then on; empty for what NumPy 2.0 has already."""
    return f"{SINCE[name]} on" if name in SINCE else ""


def render(table: Iterable[Sample], known: dict[str, Operator], absent: dict[str, str]) -> str:
    by_name: dict[tuple[str, str], list[Sample]] = {}
    for sample in table:
        by_name.setdefault((sample.family, sample.name), []).append(sample)
    rows = list(by_name.items())
    whole = sum(all(call.captured for call in calls) for _, calls in rows)
    partly = sum(any(call.captured for call in calls) for _, calls in rows) - whole
    parts = [HEADER, f"Of {len(rows)} callables, {whole} are captured with a known type ({100 * whole / len(rows):.1f} %), "
                     f"{partly} others in some of their calls.\n"]  # fmt: skip
    for family, group in itertools.groupby(rows, key=lambda row: row[0][0]):
        parts.append(f"\n## {title(family)}\n\n| callable | how it runs | NumPy |\n|---|---|---|\n")
        parts += [f"| `numpy.{name}` | {how(calls, known)} | {since(name)} |\n" for (_, name), calls in group]
    parts.append("\n## Exceptions\n\n")
    parts += [f"- `numpy.{name}` {why}\n" for name, why in absent.items()]
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(render(samples(), operators(), exceptions()))
