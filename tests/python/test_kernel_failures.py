"""Kernels from LLVM's assembly to code: what happens where LLVM fails."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest
from tests.python.engine_support import counts, fresh  # noqa: F401
from tests.python.kernel_cache_support import cache, files, lenient, patched, unique_kernel  # noqa: F401

import segue
from segue import native


def failing(error):
    def object_code(module):
        raise error

    return patched("object_code", object_code)


def called(function, *args):
    """The compiled function's results of two calls and the warnings, which are the first call's."""
    compiled = segue.compile(function, backend="native")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first = compiled(*args)
        count = len(caught)
        second = compiled(*args)
    assert len(caught) == count
    np.testing.assert_array_equal(first, second)
    return first, caught


ERRORS = [RuntimeError("LLVM IR parsing error"), MemoryError(), OSError("no libLLVM")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_where_llvm_fails_numpy_runs_the_nodes(cache, lenient, error):
    function, x = unique_kernel(), np.arange(6.0)[::2]
    with failing(error):
        result, caught = called(function, x)
        np.testing.assert_array_equal(result, function(x))
        assert counts("hits") == (1,)
        assert [warning.category for warning in caught] == [RuntimeWarning]
        said = str(caught[0].message)
        assert type(error).__name__ in said and str(error) in said and "as calls of NumPy" in said
        # The same kernel in another function: said before.
        assert called(lambda x: function(x), x)[1] == []
        # Another one has a warning and a file of its own.
        assert len(called(unique_kernel(), x)[1]) == 1
    (path,) = re.findall(r"add the file (\S+)$", said)
    assert path in map(str, files(cache, ".ll")) and len(files(cache, ".ll")) == 2
    with open(path) as file:
        text = file.read()
    assert text.startswith("; A kernel of segue that could not be compiled: " + type(error).__name__)
    assert "; Compile it again: python -m segue.native FILE\n" in text and native.maker() in text and "define void @segue_kernel_" in text
    again = subprocess.run([sys.executable, "-m", "segue.native", path], capture_output=True, text=True)
    assert again.returncode == 0 and again.stdout.startswith("compiled: an object of "), again.stderr


def test_a_text_that_llvm_does_not_accept(cache, lenient):
    with patched("object_code", lambda module: original(module.replace("fmul", "fmull"))) as original:
        result, caught = called(unique_kernel(), np.arange(5.0))
    assert len(caught) == 1 and "LLVM IR parsing error" in str(caught[0].message)


def test_an_object_that_cannot_be_loaded(cache, lenient):
    call = "declare double @nobody(double)\ndefine double @segue_kernel(double %x) { %y = call double @nobody(double %x)  ret double %y }"
    with patched("object_code", lambda module: original(call)) as original:
        result, caught = called(unique_kernel(), np.arange(5.0))
    assert len(caught) == 1 and "symbol 'nobody' is unknown" in str(caught[0].message)
    assert files(cache) == []   # nothing that does not load is kept


def test_a_reproducer_without_a_cache(lenient, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with segue.config.patch(cache_dir=None), failing(RuntimeError("words")):
        _, caught = called(unique_kernel(), np.arange(5.0))
    (path,) = files(tmp_path, ".ll")
    assert str(caught[0].message).endswith(f"add the file {path}")


def test_strict_mode_raises(cache):
    with failing(RuntimeError("words of LLVM")), pytest.raises(RuntimeError, match="backend 'native' failed on .*words of LLVM"):
        segue.compile(unique_kernel(), backend="native")(np.arange(5.0))


def test_groups_that_fail_keep_what_others_see(cache, lenient):
    def compute(x, y):
        a = x * 31.25 + y
        b = a - x
        x[0] = 5.0
        c = b * x - 17.375
        return a, c, np.cumsum(c) * 2.0625

    def failing_once(module):
        failed.append(module)
        if len(failed) == 1:
            raise RuntimeError("the first one fails")
        return original(module)

    failed = []
    with patched("object_code", failing_once) as original, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            x, y = np.arange(5.0), np.ones(5)
            own, plain = segue.compile(compute, backend="native")(x.copy(), y), compute(x.copy(), y)
            for a, b in zip(own, plain, strict=True):
                np.testing.assert_array_equal(a, b)
    assert len(failed) >= 2


def test_conditions_of_groups_that_fail(cache, lenient):
    function = unique_kernel()
    compiled = segue.compile(lambda x: function(x) / x, backend="native")
    with failing(RuntimeError("words")), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled(np.arange(1.0, 4.0))
        compiled(np.arange(3.0))
    said = [str(warning.message) for warning in caught if "backend 'native'" not in str(warning.message)]
    assert len(said) < len(caught) and said == ["divide by zero encountered in divide"]


def test_an_interrupt_while_llvm_works_is_the_programs(cache):
    """It comes out of the compiled call; the kernel is made all the same."""
    def interrupted(module):
        if not calls:
            calls.append(module)
            signal.raise_signal(signal.SIGINT)
        return original(module)

    calls = []
    function, x = unique_kernel(), np.arange(5.0)
    compiled = segue.compile(function, backend="native")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)   # whatever tests in this process have left
    try:
        with patched("object_code", interrupted) as original, pytest.raises(KeyboardInterrupt):
            compiled(x)
    finally:
        signal.signal(signal.SIGINT, before)
    np.testing.assert_array_equal(compiled(x), function(x))
    assert len(calls) == 1 and len(files(cache)) == 1
