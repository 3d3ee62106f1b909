"""Memory handlers of NumPy (NEP 49), through its C interface."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

import numpy as np


class MemoryHandler(ctypes.Structure):
    """NumPy's PyDataMem_Handler (NEP 49)."""

    _fields_ = (("name", ctypes.c_char * 127), ("version", ctypes.c_uint8), ("functions", ctypes.c_void_p * 5))


def _numpy_function(index, *argument_types):
    """A function of NumPy's C interface that returns an object, by its place in the table."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    table = pointer(np._core._multiarray_umath._ARRAY_API, None)
    address = ctypes.cast(table, ctypes.POINTER(ctypes.c_void_p))[index]
    return ctypes.PYFUNCTYPE(ctypes.py_object, *argument_types)(address)


set_handler, get_handler = _numpy_function(304, ctypes.py_object), _numpy_function(305)
#: The name of the handler that has an array's memory.
handler_of = np._core.multiarray.get_handler_name


def _renamed() -> tuple[MemoryHandler, object]:
    address = ctypes.pythonapi.PyCapsule_GetPointer(get_handler(), b"mem_handler")
    handler = MemoryHandler.from_buffer_copy(MemoryHandler.from_address(address))
    handler.name = b"renamed"
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return handler, make(ctypes.addressof(handler), b"mem_handler", None)


#: NumPy's allocator under another name. Arrays may use it until the process ends.
_structure, renamed_handler = _renamed()


@contextlib.contextmanager
def renamed_allocator() -> Iterator[str]:
    """Arrays made in the block have the renamed handler, whose name it gives."""
    before = get_handler()
    set_handler(renamed_handler)
    try:
        yield "renamed"
    finally:
        set_handler(before)
