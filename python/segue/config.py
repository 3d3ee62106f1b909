"""`segue.config`: process-wide settings, kept by the engine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from segue import _segue

# Name -> what it means. Sizes are positive ints; capture_modules holds the names of library modules, cache_dir is a path, threads may be None.
_SETTINGS: dict[str, str] = {
    "entry_limit": "entries per (code object, offset); further combinations of inputs run eagerly",
    "unroll_range": "longest `for … in range(…)` that is unrolled",
    "unroll_objects": "longest loop over Python objects that is unrolled",
    "trace_budget": "bytecode instructions per trace",
    "capture_modules": "library modules whose frames are captured on their own, as a tuple of names",
    "output_memory": "bytes of large arrays that died whose memory is kept for the results of kernels to come, 0 for none",
    "threads": "how many threads a kernel may run in; None: SEGUE_THREADS, else OMP_NUM_THREADS, else as many as there are processors",
    "cache_dir": "folder of compiled kernels, None for no cache",
    "cache_limit": "bytes that the files of cache_dir may have together",
}


class Config:
    """Settings as attributes. AttributeError for an unknown name, TypeError and ValueError for bad values."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _segue._config_get(_known(name))
        return _segue._thread_count() if name == "threads" else value

    def __setattr__(self, name: str, value: Any) -> None:
        _segue._config_set(_known(name), _checked(name, value))

    def __dir__(self) -> list[str]:
        return [*_SETTINGS, "patch"]

    def __repr__(self) -> str:
        return "segue.config(" + ", ".join(f"{name}={getattr(self, name)!r}" for name in _SETTINGS) + ")"

    @contextlib.contextmanager
    def patch(self, **values: Any) -> Iterator[None]:
        """Sets several settings for the extent of a with block."""
        checked = {name: _checked(_known(name), value) for name, value in values.items()}
        before = {name: _segue._config_get(name) for name in checked}
        try:
            for name, value in checked.items():
                _segue._config_set(name, value)
            yield
        finally:
            for name, value in before.items():
                _segue._config_set(name, _checked(name, value))


def _known(name: str) -> str:
    if name not in _SETTINGS:
        raise AttributeError(f"segue.config has no setting {name!r}; known: {', '.join(_SETTINGS)}")
    return name


def _checked(name: str, value: Any) -> Any:
    if name == "capture_modules":
        if isinstance(value, str) or not isinstance(value, (tuple, list, set, frozenset)):
            raise TypeError(f"capture_modules is a tuple of module names, not {type(value).__name__}")
        for module in value:
            if not isinstance(module, str):
                raise TypeError(f"capture_modules holds module names (str), not {type(module).__name__}")
        return tuple(value)
    if name == "cache_dir":
        # The engine takes bytes, as the file system does; a relative path means what it means now.
        return None if value is None else os.fsencode(os.path.abspath(os.fspath(value)))
    if name == "threads":
        return None if value is None else _thread_number(value, "threads")
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is an int, not {type(value).__name__}")
    if not 0 <= value < 2**63:
        raise ValueError(f"{name} must be between 0 and 2**63 - 1, not {value}")
    return value


def _thread_number(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is an int or None, not {type(value).__name__}")
    if not 1 <= value < 2**31:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return value


def _threads_of_environment(environment: Mapping[str, str]) -> int:
    """What environment variables say about threads; 0 where they say nothing.

    Our own one has to make sense. The other is OpenMP's, may be a list (of which the first number counts), and what makes no sense in it is ignored.
    """
    ours = environment.get("SEGUE_THREADS", "").strip()
    if ours:
        if not ours.isdecimal():
            raise ValueError(f"SEGUE_THREADS must be a number of threads, not {ours!r}")
        return _thread_number(int(ours), "SEGUE_THREADS")
    first = environment.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdecimal() and 1 <= int(first) < 2**31 else 0


_segue._set_default_threads(_threads_of_environment(os.environ))
config = Config()
