"""The operators of Segue's graphs by name: ``segue.ops.add(x, y)`` calls what implements the operator.

``segue.ops.table()`` lists them all. An `Operator` is plain data and a call; what types it gives is the engine's
business (``segue._segue.ops.infer``).
"""

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from segue._segue import ops as _engine

_TAGS = (
    "pointwise reduction view maybe_view write data_dependent_shape nondeterministic may_raise reads_errstate runs_python "
    "scalar"
).split()


@dataclass(frozen=True)
class Operator:
    """One operator. ``numpy`` holds the names that mean it; the first is the callable that implements it."""

    name: str
    version: int
    signature: str
    numpy: tuple[str, ...]
    tags: frozenset[str]

    @functools.cached_property
    def implementation(self) -> Callable[..., Any]:
        """The callable that the first name stands for; a method is called with the array first."""
        module, _, path = self.numpy[0].partition(".")
        root = importlib.import_module("numpy" if module == "ndarray" else module)
        return functools.reduce(getattr, (f"ndarray.{path}" if module == "ndarray" else path).split("."), root)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.implementation(*args, **kwargs)


@functools.cache
def table() -> dict[str, Operator]:
    """All operators by name."""
    out = {}
    for row in _engine.table():
        tags = frozenset(tag for bit, tag in enumerate(_TAGS) if row["tags"] >> bit & 1)
        params = ", ".join(f"{type_} {name}" for name, type_ in row["params"])
        signature = f"{row['name']}({params})"
        out[row["name"]] = Operator(row["name"], row["version"], signature, tuple(row["numpy"]), tags)
    return out


def __getattr__(name: str) -> Operator:
    try:
        return table()[name]
    except KeyError:
        raise AttributeError(f"segue.ops has no operator {name!r}") from None


def __dir__() -> list[str]:
    return sorted([*globals(), *table()])
