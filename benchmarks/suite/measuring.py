"""Measures programs, each in child processes, and collects what they answer."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.programs import Program
from benchmarks.suite import contenders

FORMAT = 1
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Seconds after which a child process counts as stuck.
LIMIT = 900


class ChildFailed(Exception):
    """A child process did not answer; the text is the end of what it printed."""


def child(**task: Any) -> Any:
    return run_child(task, {})


def run_child(task: dict[str, Any], extra: dict[str, str]) -> Any:
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), ROOT]))
    environment = {**os.environ, **contenders.ONE_THREAD, **extra, "PYTHONPATH": path}
    command = [sys.executable, "-m", "benchmarks.suite.child", json.dumps(task)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, cwd=ROOT)
    except subprocess.TimeoutExpired:
        raise ChildFailed(f"no answer within {LIMIT} s") from None
    if done.returncode != 0:
        told = done.stderr.strip().splitlines() or ["it printed nothing"]
        raise ChildFailed(f"exit status {done.returncode}: {told[-1][:500]}")
    return json.loads(done.stdout.splitlines()[-1])


def first_calls(program: Program, size: int, quick: bool) -> dict[str, float]:
    """Seconds of Segue's first call in a fresh process: empty cache of kernels, and full. The best of a few."""
    empty, full = [], []
    for _ in range(1 if quick else 3):
        with tempfile.TemporaryDirectory() as cache:
            task = {"what": "first", "program": program.name, "size": size}
            empty.append(run_child(task, {"SEGUE_CACHE_DIR": cache}))
            full.append(run_child(task, {"SEGUE_CACHE_DIR": cache}))
    return {"empty_cache": min(empty), "full_cache": min(full)}


def measure(program: Program, sizes: Sequence[int], names: Sequence[str], quick: bool) -> dict[str, Any]:
    """All figures of a program; "error" where a child process did not answer."""
    found: dict[str, Any] = {"name": program.name, "area": program.area, "blas": program.blas, "sizes": {}}
    try:
        found["sizes"] = child(what="times", program=program.name, names=list(names), sizes=list(sizes), quick=quick)
        found["first_call"] = first_calls(program, min(sizes), quick)
    except ChildFailed as error:
        found["error"] = str(error)
        return found
    ran = found["sizes"][str(max(sizes))]["times"]
    asked = [name for name in names if name in ran and (not quick or name in (contenders.BASE, contenders.OURS))]
    found["memory"] = {}
    for name in asked if sys.platform == "linux" else []:
        try:
            found["memory"][name] = child(what="memory", program=program.name, name=name, small=min(sizes), size=max(sizes))
        except ChildFailed as error:
            found.setdefault("memory_not_measured", {})[name] = str(error)
    return found


def processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except FileNotFoundError:
        pass
    return platform.processor() or platform.machine()


def load() -> float | None:
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def run(programs: Sequence[Program], sizes: Sequence[int], quick: bool, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Results of all; `tell` sees what there is so far, after each program."""
    names = contenders.available()
    results: dict[str, Any] = {
        "format": FORMAT,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "architecture": platform.machine(), "load_before": load(), "load_after": load()},
        "versions": {"python": platform.python_version(), **contenders.versions()},
        "contenders": names,
        "quick": quick,
        "sizes": list(sizes),
        "programs": [],
    }
    for program in programs:
        results["programs"].append(measure(program, sizes, names, quick))
        results["machine"]["load_after"] = load()
        tell(results)
    return results
