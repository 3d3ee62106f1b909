"""Compiles kernels while the program goes on: options={"async_compile": True}.

One thread takes jobs in their order: the modules of each are compiled, without the GIL, and handed to the engine.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading

from segue import _segue, native

# By number. Those that are not done are kept, so that a child of fork() can go on with them.
_jobs: dict[int, tuple[str, ...]] = {}
_waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
_thread: threading.Thread | None = None
_stopping = False


def submit(job: int, modules: tuple[str, ...]) -> None:
    """Compiles modules in LLVM's assembly. RuntimeError where no thread can be started."""
    global _thread
    _jobs[job] = modules
    _waiting.put(job)
    if _thread is None:
        thread = threading.Thread(target=_work, name="segue-compile", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            del _jobs[job]
            raise
        _thread = thread


def _work() -> None:
    while (job := _waiting.get()) is not None:
        for module in _jobs.get(job, ()):
            if _stopping:
                return
            try:
                made: bytes | str = native.object_code(module)
            except Exception as error:   # which the next call of the function gets
                made = f"{type(error).__name__}: {error}"
            _segue._hand_in(module, made)
        if _jobs.pop(job, None) is not None:
            _segue._finish_job(job)


def _stop() -> None:
    """Waits for no more than the module at hand."""
    global _stopping
    _stopping = True
    _waiting.put(None)
    if _thread is not None:
        _thread.join()


def _begin_in_child() -> None:
    # Its threads are its parent's; the one that compiles starts with the next job.
    global _thread, _waiting
    _thread = None
    _waiting = queue.SimpleQueue()
    for job in _jobs:
        _waiting.put(job)


# Behind threading's own, which does not wait for daemons.
atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
