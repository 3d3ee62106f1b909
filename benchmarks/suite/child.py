"""What runs in a process of its own: `python -m benchmarks.suite.child JSON` measures one program and prints a line of JSON.

Times are the process's CPU time, on one core: on a machine that does other work, too, the scheduler interrupts every long run.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import _timing

# Seconds that a run of calls should take, so that the clock and the loop are small in it.
RUN = 1e-3


def copies(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(arg.copy() if hasattr(arg, "copy") else arg for arg in args)


def compare(actual: Any, expected: Any, tolerance: float | None) -> None:
    """Raises an AssertionError that tells where results differ by more than the tolerance, relative to the largest expected element."""
    import numpy as np

    actual = actual if isinstance(actual, (tuple, list)) else (actual,)
    expected = expected if isinstance(expected, (tuple, list)) else (expected,)
    assert len(actual) == len(expected), f"{len(actual)} results, not {len(expected)}"
    for one, other in zip(actual, expected, strict=True):
        other = np.asarray(other)
        allowed = tolerance or (0.0 if other.dtype.kind in "biu" else 2e-4 if other.dtype == np.float32 else 1e-9)
        scale = float(np.abs(other).max()) if other.dtype.kind == "f" and other.size else 0.0
        # Element by element first, which most results are; then relative to the largest, as sums that cancel are.
        np.testing.assert_allclose(np.asarray(one), other, rtol=allowed, atol=allowed * scale)


def first_call(call: Callable[..., Any], args: tuple[Any, ...]) -> tuple[float, Any]:
    kept: list[Any] = []
    elapsed = _timing.seconds(lambda: kept.append(call(*args)), time.process_time)
    return elapsed, kept[0]


def plan_steps(schedules: list[list[str]]) -> dict[str, Any]:
    """How many kernels the plans of a first call run, what they leave to NumPy, and how many segments there are."""
    items = [item for schedule in schedules for item in schedule]
    calls = [item.split(" = ", 1)[1] for item in items if " = " in item]
    return {"kernels": sum(item.startswith("kernel ") for item in items), "calls": calls, "segments": len(schedules)}


def prepared(program: Any, names: list[str], size: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Runs of the contenders that give NumPy's results, after their first calls, and what there is to tell of all."""
    from benchmarks.suite import contenders

    args = program.make(size)
    changed = copies(args)
    expected = program.function(*changed)
    writes = any(hasattr(new, "dtype") and not (new == old).all() for new, old in zip(changed, args, strict=True))
    expected = copies(expected) if isinstance(expected, tuple) else copies((expected,))
    del changed
    calls, told = {}, {"first": {}, "not_run": {}}
    for name in names:
        own = copies(args) if writes else args
        if name == contenders.OURS:
            calls[name] = our_call(program, own, expected, told)
            continue
        try:
            call, own = contenders.CONTENDERS[name][0](program, own)
            elapsed, result = first_call(call, own)
            compare(result, expected, program.tolerance)
        except contenders.NoForm as reason:
            told["not_run"][name] = f"no form: {reason}"
        except Exception as error:  # whatever a peer raises: it is told, and the others are measured
            told["not_run"][name] = reason_of(error)
        else:
            told["first"][name] = elapsed
            calls[name] = call, own
    return calls, told


def reason_of(error: Exception) -> str:
    """A line for reports: without where the suite lies, and where objects do."""
    told = re.sub(r" at 0x[0-9a-f]+", "", " ".join(str(error).split()))
    for folder in {os.getcwd(), os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))}:
        told = told.replace(folder + os.sep, "")
    return f"{type(error).__name__}: {told if len(told) <= 200 else told[:200] + ' …'}"


def our_call(program: Any, args: tuple[Any, ...], expected: Any, told: dict[str, Any]) -> Any:
    """Segue's; an error or a wrong result ends the process."""
    import segue
    from benchmarks.suite import contenders
    from segue import _segue

    segue.reset()
    schedules: list[list[str]] = []
    _segue._log_callback(lambda channel, fields: schedules.append(fields["items"]) if channel == "schedule" else None)
    try:
        call, args = contenders.segue(program, args)
        told["first"][contenders.OURS], result = first_call(call, args)
    finally:
        _segue._log_callback(None)
    told["steps"] = plan_steps(schedules)
    compare(result, expected, program.tolerance)
    return call, args


def times_at(program: Any, names: list[str], size: int, quick: bool) -> dict[str, Any]:
    """Seconds per call of each contender: minima over rounds in which they take turns."""
    calls, told = prepared(program, names, size)
    runs, numbers, lengths = {}, {}, []
    for name, (call, args) in calls.items():
        call(*args)
        once = max(_timing.seconds(lambda call=call, args=args: call(*args), time.process_time), 1e-7)
        numbers[name] = max(1, min(1000, round(RUN / once)))
        runs[name] = _timing.repeated(call, numbers[name], *args)
        lengths.append(once * numbers[name])
    budget, least, most = (0.3, 2, 30) if quick else (2.0, 4, 200)
    rounds = max(least, min(most, int(budget / sum(lengths))))
    best = _timing.minima(runs, rounds, settle=1, clock=time.process_time)
    return {"times": {name: best[name] / numbers[name] for name in best}, "rounds": rounds, **told}


def times(program: Any, names: list[str], sizes: list[int], quick: bool) -> dict[str, Any]:
    return {str(size): times_at(program, names, size, quick) for size in sizes}


def first(program: Any, size: int) -> float:
    """Seconds of Segue's first call, in this process, which has imported Segue and nothing that it imports later."""
    import segue

    args = program.make(size)
    return first_call(segue.compile(program.function, backend="native"), args)[0]


def memory(program: Any, name: str, small: int, size: int) -> int:
    """Bytes by which the resident memory grows at most in one call at `size`.

    A call of the small size comes before, so that libraries and compilers are loaded; what compiling for the other size takes is counted.
    """
    import gc

    from benchmarks.suite import contenders

    prepare = contenders.CONTENDERS[name][0]
    call, args = prepare(program, program.make(small))
    call(*args)
    if name == contenders.BASE or name == contenders.OURS:
        args = program.make(size)
    else:
        call, args = prepare(program, program.make(size))
    gc.collect()
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # the peak starts anew
    before = status("VmRSS")
    result = call(*args)
    grown = status("VmHWM") - before
    del result
    return max(0, grown)


def status(field: str) -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"the system does not tell {field}")


def main() -> int:
    _timing.pin()  # before libraries count the cores
    os.environ["SEGUE_THREADS"] = "1"  # whatever OMP_NUM_THREADS is
    task = json.loads(sys.argv[1])
    from benchmarks import programs

    program = programs.find(task.pop("program"))
    what = {"times": times, "first": first, "memory": memory}[task.pop("what")]
    print(json.dumps(what(program, **task)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
