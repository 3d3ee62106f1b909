"""LLVM for the native backend, through llvmlite, which is imported only when there is something to compile.

    python -m segue.native FILE    compiles a saved kernel, as the warning of a failed one asks for
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import llvmlite.binding as llvm


# One thread compiles at a time, as LLVM's options are the process's. A fork waits for it: its child has none of its parent's threads, and
# what they held in LLVM would never be let go.
_compiling = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_compiling.acquire, after_in_parent=_compiling.release, after_in_child=_compiling.release)


def _origin() -> str:
    """The file that llvmlite would be imported from; "" for none. Imports nothing."""
    try:
        spec = importlib.util.find_spec("llvmlite")
    except ValueError:  # sys.modules has None for it, or a module that nothing was loaded from
        return ""
    return (spec and spec.origin) or ""


def is_available() -> bool:
    """Whether there is a compiler: where there is none, `native` is not the default backend."""
    return _origin() != ""


def maker() -> str:
    """The compiler that is installed, with its version; "" for none. Imports nothing."""
    origin = _origin()
    if not origin:
        return ""
    folder = os.path.dirname(os.path.dirname(origin))
    found = [name for name in os.listdir(folder) if name.startswith("llvmlite-") and name.endswith((".dist-info", ".egg-info"))]
    if len(found) == 1:
        return "llvmlite " + found[0].removesuffix(".dist-info").removesuffix(".egg-info").split("-")[1]
    from importlib import metadata  # tens of milliseconds

    try:
        return "llvmlite " + metadata.version("llvmlite")
    except metadata.PackageNotFoundError:
        import llvmlite

        return "llvmlite " + llvmlite.__version__


@functools.cache
def _llvm() -> llvm:
    try:
        import llvmlite.binding as llvm
    except ImportError as error:
        raise ImportError("backend='native' needs llvmlite: pip install llvmlite") from error
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@functools.cache
def _machine() -> llvm.TargetMachine:
    """This processor."""
    llvm = _llvm()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=1, reloc="pic", codemodel="small")


def _parsed(module: str) -> llvm.ModuleRef:
    llvm, machine = _llvm(), _machine()
    # A context of its own: the global one would keep the constants of every module.
    parsed = llvm.parse_assembly(module, llvm.create_context())
    parsed.triple = llvm.get_default_triple()
    parsed.data_layout = str(machine.target_data)
    parsed.verify()
    return parsed


# Passes of LLVM that are turned off from so many characters of a module on.
_PASSES = {"lsr": 4_000, "machine-licm": 40_000}


@contextlib.contextmanager
def _options(module: str) -> Iterator[None]:
    """LLVM's options for a module's code, which are the process's (Numba compiles with them, too) and therefore put back.

    In large modules two passes take most of the time, and win nothing: what MachineLICM takes out of the loop (constants) has no room in
    registers, and LoopStrengthReduce tries many ways to address many arrays. Measured for a chain of 240 operators: 50 ms, and 12 without;
    LoopStrengthReduce alone, for sums over an axis: 14 and 9 ms. In small modules, constants in registers make a polynomial 1.4 times as
    fast, and LoopStrengthReduce a loop over single elements.
    """
    names = [f"-disable-{name}" for name, limit in _PASSES.items() if len(module) >= limit]
    if not names:
        yield
        return
    llvm = _llvm()
    for name in names:
        llvm.set_option("", f"{name}=1")
    try:
        yield
    finally:
        for name in names:
            llvm.set_option("", f"{name}=0")


def object_code(module: str) -> bytes:
    """An object file of a module in LLVM's assembly, for this processor.

    Raises ImportError without llvmlite, and RuntimeError where LLVM does not accept the text.
    """
    with _compiling:
        parsed = _parsed(module)
        with _options(module):
            return _machine().emit_object(parsed)


def assembly(module: str) -> str:
    """The same in the processor's assembly."""
    with _compiling:
        parsed = _parsed(module)
        with _options(module):
            return _machine().emit_assembly(parsed)


def compile_later(job: str, *modules: str) -> None:
    """Has the background compile modules. RuntimeError where no thread can be started."""
    from segue import background

    background.submit(int(job), modules)


def reproducer(module: str, error: str) -> str:
    """A file that tells of a failure: the module, below a comment with all that matters."""
    import platform

    lines = [f"A kernel of segue that could not be compiled: {error}", "Compile it again: python -m segue.native FILE", ""]
    lines += [f"CPython {platform.python_version()}, {platform.platform()}, {maker() or 'no llvmlite'}"]
    if "llvmlite.binding" in sys.modules:
        llvm = sys.modules["llvmlite.binding"]
        version = ".".join(map(str, llvm.llvm_version_info))
        lines += [f"LLVM {version}, {llvm.get_host_cpu_name()}, {llvm.get_host_cpu_features().flatten()}"]
    comment = "".join(f"; {line}\n" for text in lines for line in text.splitlines() or [""])
    return comment + module


def save_temporarily(name: str, text: str) -> str:
    """The path of a new file in the system's folder for temporary ones."""
    import tempfile

    with tempfile.NamedTemporaryFile("w", prefix=name + "-", suffix=".ll", delete=False, encoding="utf-8") as file:
        file.write(text)
    return file.name


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m segue.native FILE", file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        module = file.read()
    try:
        code = object_code(module)
    except (ImportError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"compiled: an object of {len(code)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
