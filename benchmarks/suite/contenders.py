"""Who runs the programs: NumPy, Segue's native backend, and the peers that are installed, each with one thread.

A contender prepares a program: it answers with a callable and the arguments that this takes, in the contender's own arrays. A call
returns when its results are there. What a contender does before (converting the arguments) is not measured.
"""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Callable
from importlib import metadata
from typing import Any

import _peers

from benchmarks.programs import Program

Prepared = tuple[Callable[..., Any], tuple[Any, ...]]

# For child processes: libraries read these when they are imported.
ONE_THREAD = {
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


class NoForm(Exception):
    """The program has no form that this peer could take."""


def numpy(program: Program, args: tuple[Any, ...]) -> Prepared:
    return program.function, args


def segue(program: Program, args: tuple[Any, ...]) -> Prepared:
    import segue

    return segue.compile(program.function, backend="native"), args


def numexpr(program: Program, args: tuple[Any, ...]) -> Prepared:
    import numexpr as ne

    form = program.numexpr
    if form is None:
        raise NoForm("it is not one expression")
    if callable(form):
        return functools.partial(form, ne), args
    names = program.function.__code__.co_varnames[: program.function.__code__.co_argcount]
    # A function of these names, so that a call costs what it costs a user: numexpr finds arguments in the frame.
    namespace = {"evaluate": ne.evaluate}
    exec(f"def evaluated({', '.join(names)}):\n    return evaluate({form!r})", namespace)  # noqa: S102 - the program's own text
    return namespace["evaluated"], args


def _rebound(function: Callable[..., Any], change: Callable[[dict[str, Any]], None]) -> Callable[..., Any]:
    """The function over a copy of its module's globals that `change` has changed, in which its module's functions see it, too."""
    namespace = dict(function.__globals__)
    for name, value in list(namespace.items()):
        if isinstance(value, types.FunctionType) and value.__module__ == function.__module__:
            namespace[name] = types.FunctionType(value.__code__, namespace, name, value.__defaults__, value.__closure__)
    change(namespace)
    return types.FunctionType(function.__code__, namespace, function.__name__, function.__defaults__, function.__closure__)


def numba(program: Program, args: tuple[Any, ...]) -> Prepared:
    import numba as nb

    # Division by zero as in NumPy: Python's check would keep loops from being vectorised.
    compiler = nb.njit(error_model="numpy")

    def compile_helpers(namespace: dict[str, Any]) -> None:
        for name, value in list(namespace.items()):
            if isinstance(value, types.FunctionType):
                namespace[name] = compiler(value)

    return compiler(_rebound(program.numba or program.function, compile_helpers)), args


def jax(program: Program, args: tuple[Any, ...]) -> Prepared:
    import jax as jx
    import numpy as np

    jx.config.update("jax_enable_x64", True)
    jx.config.update("jax_cpu_enable_async_dispatch", False)
    compiled = jx.jit(_rebound(program.jax or program.function, lambda namespace: namespace.update(np=jx.numpy)))
    wait = jx.block_until_ready

    def call(*arrays: Any) -> Any:
        return wait(compiled(*arrays))

    return call, tuple(jx.numpy.array(arg) if isinstance(arg, np.ndarray) else arg for arg in args)


def torch(program: Program, args: tuple[Any, ...]) -> Prepared:
    """TorchDynamo takes NumPy functions, and inductor compiles what it makes of them."""
    import torch as to

    to.set_num_threads(1)
    to._dynamo.reset()
    return to.compile(program.function), args


BASE, OURS = "NumPy", "Segue"
# By the name in tables: how it prepares, and the module that it needs.
CONTENDERS: dict[str, tuple[Callable[[Program, tuple[Any, ...]], Prepared], str]] = {
    BASE: (numpy, "numpy"), OURS: (segue, "segue"), "numexpr": (numexpr, "numexpr"), "Numba": (numba, "numba"), "JAX": (jax, "jax"),
    "torch.compile": (torch, "torch"),
}


def available() -> list[str]:
    return [name for name, (_, module) in CONTENDERS.items() if _peers.installed(module)]


def versions() -> dict[str, str]:
    """Of the contenders that are installed, and of what compiles Segue's kernels."""
    found = {}
    for module in [module for _, module in CONTENDERS.values()] + ["llvmlite"]:
        if not _peers.installed(module):
            continue
        try:
            found[module] = metadata.version(module)
        except metadata.PackageNotFoundError:  # Segue's build tree is on the path without having been installed
            found[module] = "source tree" + (f" {revision}" if (revision := _revision()) else "")
    return found


def _revision() -> str:
    import subprocess

    folder = os.path.dirname(os.path.abspath(__file__))
    try:
        done = subprocess.run(["git", "-C", folder, "describe", "--always", "--dirty"], capture_output=True, text=True)
    except FileNotFoundError:  # git is not installed
        return ""
    return done.stdout.strip()
