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
