"""The same work done by the peers that are installed: Numba, and TorchDynamo with its eager backend.

A peer's figure is printed beside Segue's and never checked. Where a peer is not installed, the figure that the design
measured with it stands in (another machine, so a magnitude).
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator

import _timing


def installed(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:   # also where one of its own libraries is missing
        return False
    return True


def peers() -> Iterator[tuple[str, Callable[..., Callable[..., object]]]]:
    """Name and compiler of each installed peer."""
    if installed("numba"):
        import numba

        yield "Numba", numba.njit
    if installed("torch"):
        yield "TorchDynamo", dynamo


def dynamo(function: Callable[..., object]) -> Callable[..., object]:
    import torch

    torch._dynamo.reset()
    return torch.compile(function, backend="eager")


def dispatch(function: Callable[..., object], *args: object) -> str:
    """What a call costs each peer, for a figure's note."""
    found = []
    for name, compiler in peers():
        compiled = compiler(function)
        for _ in range(3):
            compiled(*args)
        nanoseconds = _timing.call_times({name: compiled}, *args, number=500, rounds=20)[name]
        found.append(f"{name}: {nanoseconds:.0f} ns")
    return "; ".join(found) or "TorchDynamo took 36500 ns for the design"


def dynamo_guards(count: int) -> str:
    """What a call with `count` tensors, one addition and the rest passed on, costs TorchDynamo."""
    if not installed("torch"):
        return "TorchDynamo took 22 us for the design"
    import torch

    names = ", ".join(f"a{i}" for i in range(count))
    namespace: dict[str, object] = {}
    exec(f"def f({names}):\n    return a0 + a1, {names}", namespace)  # noqa: S102 - the source is the line above
    args = [torch.zeros(3, 4 + i) if i > 1 else torch.zeros(3, 4) for i in range(count)]
    compiled = dynamo(namespace["f"])
    for _ in range(3):
        compiled(*args)
    nanoseconds = _timing.call_times({"": compiled}, *args, number=200, rounds=20)[""]
    return f"TorchDynamo, with an addition: {nanoseconds / 1e3:.1f} us"


def dynamo_capture(function: Callable[..., object], *args: object) -> str:
    """What a first call costs TorchDynamo."""
    if not installed("torch"):
        return "TorchDynamo took 1250 ms for the design"
    compiled = dynamo(lambda x: x + 1)
    compiled(args[0])   # what Dynamo does once in a process
    compiled = dynamo(function)
    return f"TorchDynamo: {_timing.seconds(lambda: compiled(*args), time.thread_time) * 1e3:.0f} ms"
