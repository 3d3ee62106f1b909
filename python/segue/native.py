"""Machine code for the native backend's kernels, through llvmlite."""

from __future__ import annotations

import ctypes
import functools

try:
    import llvmlite.binding as llvm
except ImportError as error:
    raise ImportError("backend='native' needs llvmlite: pip install 'segue[native]'") from error


@functools.cache
def _machine() -> llvm.TargetMachine:
    """This processor. Never handed to an execution engine, which would own it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=1, reloc="pic", codemodel="small")


@functools.cache
def _engine() -> llvm.ExecutionEngine:
    """Holds all code for good: threads may still be running it while the interpreter ends, so nothing ever disposes of it."""
    target = llvm.Target.from_default_triple()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target.create_target_machine(opt=1))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine))
    return engine


def object_code(module: str) -> bytes:
    """An object file of a module in LLVM's assembly.

    Raises RuntimeError where LLVM does not accept the text.
    """
    machine = _machine()
    parsed = llvm.parse_assembly(module)
    parsed.triple = llvm.get_default_triple()
    parsed.data_layout = str(machine.target_data)
    parsed.verify()
    return machine.emit_object(parsed)


def load(name: str, module: str) -> int:
    """The address of the function `name` of a module in LLVM's assembly, compiled for this machine."""
    code = object_code(module)
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine.get_function_address(name)
