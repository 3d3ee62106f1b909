"""What the frame hook costs code that has nothing to do with it.

- fib(24) outside compiled code, while a compiled function exists and has run: within 1 % of a process without Segue.
- Frames of other threads while some thread is inside a compiled call: at most 30 ns each.
- Calling a compiled function while no frame handler is installed, against calling the function (no limit).

Run with --check to fail when a limit is missed.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import threading
import time
from collections.abc import Iterator

import _timing


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def best_fib(runs: int) -> float:
    return min(_timing.seconds(lambda: fib(24), time.thread_time) for _ in range(runs))


def in_child(prepare, runs: int) -> float:
    """fib(24)'s best time in a forked child, after `prepare()` has run there.

    Children of one process share its memory layout, which alone moves such a loop by some percent between processes.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        prepare()
        os.write(writing, struct.pack("d", best_fib(runs)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    if os.waitpid(child, 0)[1] != 0 or len(data) != 8:
        raise RuntimeError("a measuring child failed")
    return struct.unpack("d", data)[0]


def use_segue() -> None:
    import segue

    compiled = segue.compile(lambda x: x + 1)
    if [compiled(i) for i in range(3)] != [1, 2, 3]:
        raise AssertionError("a compiled function went wrong")


def outside(report: _timing.Report, limit: float) -> None:
    best_fib(20)  # specialises the code before the children inherit it
    plain = with_segue = float("inf")
    for turn in range(40):
        plain = min(plain, in_child(lambda: None, 6))
        with_segue = min(with_segue, in_child(use_segue, 6))
        if turn >= 9 and with_segue <= plain * limit:
            break
    report.figure("fib(24) outside compiled code, against no Segue at all", with_segue / plain, "x", limit)


@contextlib.contextmanager
def another_thread_inside() -> Iterator[None]:
    """Some other thread is inside a compiled call, waiting."""
    import segue

    inside, leave = threading.Event(), threading.Event()

    def hold():
        inside.set()
        leave.wait()

    thread = threading.Thread(target=segue.compile(hold))
    thread.start()
    inside.wait()
    try:
        yield
    finally:
        leave.set()
        thread.join()


def other_threads(report: _timing.Report, limit: float) -> None:
    def frame():
        pass

    number = 5000
    before = _timing.repeated(frame, number)
    during = _timing.repeated(frame, number)
    plain = hooked = float("inf")
    for _ in range(40):
        plain = min(plain, *(_timing.seconds(before) for _ in range(10)))
        with another_thread_inside():
            hooked = min(hooked, *(_timing.seconds(during) for _ in range(10)))
    report.figure("a frame of another thread during a compiled call, extra", (hooked - plain) / number * 1e9, "ns", limit)


def calling(report: _timing.Report) -> None:
    from segue import _segue

    def two(a, b):
        return a

    compiled = _segue._make_callable(two)
    with _segue._testing.no_handler():
        times = _timing.call_times({"plain": two, "compiled": compiled}, 1, 2)
    report.figure("calling a function", times["plain"], "ns")
    report.figure("calling it compiled, no frame handler", times["compiled"], "ns")
    report.figure("the two as a ratio", times["compiled"] / times["plain"], "x")


def main() -> int:
    options = _timing.arguments(__doc__)
    _timing.pin()
    report = _timing.Report("hook_tax")
    outside(report, 1.01)  # first: Segue must not be imported yet
    other_threads(report, 30)
    calling(report)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
