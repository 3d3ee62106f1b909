"""What results say: speed against NumPy and the best peer for each case, the figures with their limits, and what Segue loses."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.suite.contenders import BASE, OURS
from benchmarks.suite.measuring import FORMAT

# The least that the suite asks for: geometric means, and single cases.
MEAN_NUMPY, MEAN_PEER = 4.0, 1.5
LEAST_NUMPY, LEAST_PEER = 0.97, 0.75


@dataclass(frozen=True)
class Case:
    """A program at one size; speeds are NumPy's (the best peer's) time over Segue's, above 1 where Segue is faster."""

    program: str
    area: str
    size: int
    blas: bool
    seconds: float
    numpy: float
    best_peer: str | None
    peer: float | None
    steps: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.program} of {short(self.size)}"


@dataclass(frozen=True)
class Figure:
    what: str
    value: float
    limit: float
    # Cases that fall short, worst first; of a mean, none is named.
    short: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.value >= self.limit


def short(size: int) -> str:
    """1000 as 1e3."""
    exponent = round(math.log10(size)) if size > 0 else 0
    return f"1e{exponent}" if 10**exponent == size else str(size)


def load(path: str) -> dict[str, Any]:
    """Results of a file; raises a ValueError that says what is wrong with it."""
    with open(path, encoding="utf-8") as file:
        try:
            results = json.load(file)
        except ValueError as error:
            raise ValueError(f"{path} is no JSON: {error}") from None
    if not isinstance(results, dict) or results.get("format") != FORMAT:
        raise ValueError(f"{path} has no results of this version of the suite (format {FORMAT})")
    return results


def cases(results: dict[str, Any]) -> list[Case]:
    found = []
    for program in results["programs"]:
        for size, told in program["sizes"].items():
            times = told["times"]
            ours = times[OURS]
            peers = {name: seconds for name, seconds in times.items() if name not in (BASE, OURS)}
            best = min(peers, key=peers.__getitem__, default=None)
            found.append(Case(program["name"], program["area"], int(size), program["blas"], ours, times[BASE] / ours, best,
                              peers[best] / ours if best else None, told.get("steps", {})))
    return found


def geometric_mean(values: Iterable[float]) -> float:
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else math.nan


def _least(what: str, limit: float, speeds: dict[str, float]) -> Figure:
    below = sorted((speed, name) for name, speed in speeds.items() if speed < limit)
    return Figure(what, min(speeds.values()), limit, tuple(f"{name}: {speed:.2f}" for speed, name in below))


def figures(found: list[Case]) -> list[Figure]:
    """Those that there are cases for."""
    fused = [case for case in found if not case.blas]
    peers = {case.name: case.peer for case in fused if case.peer is not None}
    blas = {case.name: case.numpy for case in found if case.blas}
    made = []
    if fused:
        made.append(Figure("geometric mean of speed against NumPy", geometric_mean(case.numpy for case in fused), MEAN_NUMPY))
    if peers:
        made.append(Figure("geometric mean of speed against each case's best peer", geometric_mean(peers.values()), MEAN_PEER))
    if fused:
        made.append(_least("slowest case against NumPy", LEAST_NUMPY, {case.name: case.numpy for case in fused}))
    if peers:
        made.append(_least("slowest case against its best peer", LEAST_PEER, peers))
    if blas:
        made.append(_least("slowest BLAS-bound case against NumPy", LEAST_NUMPY, blas))
    return made


def broken(results: dict[str, Any]) -> list[str]:
    """Programs that could not be measured: Segue failed, gave another result, or the process died."""
    return [f"{program['name']}: {program['error']}" for program in results["programs"] if "error" in program]


def not_run(results: dict[str, Any]) -> list[str]:
    """What peers do not run, each once, with the reason at the smallest size, without the places of files."""
    lines: dict[str, str] = {}
    for program in results["programs"]:
        for told in program["sizes"].values():
            for peer, reason in told["not_run"].items():
                if not reason.startswith("no form"):
                    lines.setdefault(f"{peer} does not run {program['name']}", re.sub(r"(['\"])/[^'\"]*", r"\1…", reason))
    return [f"{what}: {reason}" for what, reason in lines.items()]


def losses(found: list[Case]) -> list[Case]:
    """Where NumPy or a peer is faster, worst first."""
    lost = [case for case in found if case.numpy < 1.0 or (case.peer or 1.0) < 1.0]
    return sorted(lost, key=lambda case: min(case.numpy, case.peer or case.numpy))
