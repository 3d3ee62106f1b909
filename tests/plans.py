"""The plans that calls compile, as texts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import segue
from segue import _segue


@contextlib.contextmanager
def recorded() -> Iterator[list[str]]:
    """The plans of what is compiled in the block. The list is filled at its end."""
    plans: list[str] = []
    _segue._records_begin()
    try:
        yield plans
    finally:
        plans += [record["plan"] for record in _segue._records_end() if record.get("plan")]


def plans_of(function: Callable[..., Any], *args: Any, **options: Any) -> str:
    """The plans that a first call compiles; `options` are those of segue.compile."""
    segue.reset()
    with recorded() as plans:
        segue.compile(function, **options)(*args)
    return "".join(plans)
