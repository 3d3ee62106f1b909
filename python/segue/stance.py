"""`segue.set_stance`: what compiled calls do, process-wide."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from segue import _segue

STANCES = {
    "default": "capture, compile and reuse",
    "force_eager": "run compiled functions as plain Python",
    "eager_on_recompile": "reuse what is compiled; what would need a new entry runs eagerly",
    "fail_on_recompile": "reuse what is compiled; what would need a new entry raises RuntimeError",
}
F = TypeVar("F", bound=Callable[..., Any])


class set_stance:
    """Sets the stance: `set_stance("force_eager")` from now on, `with set_stance(…):` for a block, or `@set_stance(…)`
    for the calls of a function. TypeError or ValueError name the choices.
    """

    def __init__(self, stance: str) -> None:
        if not isinstance(stance, str):
            raise TypeError(f"a stance is one of {', '.join(STANCES)}, not {type(stance).__name__}")
        if stance not in STANCES:
            raise ValueError(f"unknown stance {stance!r}; known: {', '.join(STANCES)}")
        self.stance = stance
        self._before = [_segue._set_stance(stance)]

    def __enter__(self) -> set_stance:
        return self

    def __exit__(self, *exc_info: object) -> None:
        _segue._set_stance(self._before.pop())

    def __call__(self, fn: F) -> F:
        if not callable(fn):
            raise TypeError(f"set_stance decorates a callable, not {type(fn).__name__}")
        # As a decorator it takes effect in the function's calls only.
        _segue._set_stance(self._before.pop())

        @functools.wraps(fn)
        def with_stance(*args: Any, **kwargs: Any) -> Any:
            before = _segue._set_stance(self.stance)
            try:
                return fn(*args, **kwargs)
            finally:
                _segue._set_stance(before)

        return with_stance  # type: ignore[return-value]
