"""Refuses interpreters that the extension module was not made for, before it is loaded."""

from __future__ import annotations

import platform
import sys

SUPPORTED = ((3, 11), (3, 12), (3, 13))


def require_supported_interpreter(
    version: tuple[int, int] = sys.version_info[:2], implementation: str = platform.python_implementation()
) -> None:
    """Raises ImportError unless this is a CPython whose frames and bytecode Segue knows."""
    if implementation == "CPython" and version in SUPPORTED:
        return
    known = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED)
    raise ImportError(f"Segue supports CPython {known}; this is {implementation} {version[0]}.{version[1]}")


def require_main_interpreter() -> None:
    """Raises ImportError in a subinterpreter: extension modules of our kind (and NumPy) cannot be loaded there, and may hang."""
    try:
        if sys.version_info >= (3, 13):
            import _interpreters as interpreters
        else:
            import _xxsubinterpreters as interpreters
    except ImportError:
        return  # an interpreter that was built without subinterpreters
    if interpreters.get_current() != interpreters.get_main():
        raise ImportError("Segue runs in the main interpreter only, and this is a subinterpreter")
