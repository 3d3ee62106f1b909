"""Kernels from LLVM's assembly to code: the cache on disk, what happens where LLVM fails, and what the logs say of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from tests.python.engine_support import counts, fresh, run_script  # noqa: F401

import segue
from segue import _segue, native

pytest.importorskip("llvmlite", reason="the native backend needs llvmlite", exc_type=ImportError)

# Two kernels: one of two operators, one of three.
PROGRAM = """
import json, os, sys, warnings
import numpy as np
import segue
from segue import _segue

if {maker!r}:
    import segue.native
    segue.native.maker = lambda: {maker!r}
if {hidden!r}:
    sys.modules["llvmlite"] = None

def compute(x, m):
    return x * 2.0 + 1.0, (m - x.sum()) * m - 0.5

events = []
_segue._log_callback(lambda channel, fields: events.append([channel, fields]))
compiled = segue.compile(compute, backend="native")
x, m = np.arange(5.0), np.linspace(-1, 1, 7).reshape(7, 1)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    results = [np.array_equal(own, plain) for _ in range(2) for own, plain in zip(compiled(x, m), compute(x, m), strict=True)]
kernels = [fields for channel, fields in events if channel == "kernels"]
print(json.dumps(dict(
    results=results,
    origins=[fields["origin"] for fields in kernels if "origin" in fields],
    names=[fields["name"] for fields in kernels if "origin" in fields],
    said=[fields["cache"] for fields in kernels if "cache" in fields],
    warned=[str(warning.message) for warning in caught],
    imported=[name for name in ("llvmlite", "llvmlite.binding") if sys.modules.get(name)],
    hits=segue.stats()["hits"],
)))
"""


class Seen:
    """What a process of PROGRAM has seen."""

    def __init__(self, done):
        assert done.returncode == 0, done.stderr
        self.__dict__.update(json.loads(done.stdout))
        assert self.results == [True] * 4 and self.hits == 1


def run(cache, maker="", hidden=False, **environment):
    return Seen(run_script(PROGRAM.format(maker=maker, hidden=hidden), **{"SEGUE_CACHE_DIR": str(cache), "SEGUE_STRICT": "1", **environment}))


COMPILED, CACHED = ["compiled"] * 2, ["from the cache"] * 2


@contextlib.contextmanager
def events(*channels):
    """(channel, fields) of what is logged meanwhile."""
    seen = []
    previous = _segue._log_callback(lambda channel, fields: seen.append((channel, fields)) if channel in channels else None)
    try:
        yield seen
    finally:
        _segue._log_callback(previous)


@contextlib.contextmanager
def patched(name, replacement):
    original = getattr(native, name)
    setattr(native, name, replacement)
    try:
        yield original
    finally:
        setattr(native, name, original)


@pytest.fixture
def cache(tmp_path):
    """An empty folder that this process's kernels go to."""
    with segue.config.patch(cache_dir=tmp_path / "kernels"):
        yield tmp_path / "kernels"


def unique_kernel(number=iter(range(1, 1000))):
    """A function that no test has compiled: kernels are known to a process for good. (A variable would be an input of the kernel.)"""
    return eval(f"lambda x: x * {1000.5 + next(number)} - 1.0")


def files(folder, suffix=".kernel"):
    return sorted(path for path in folder.iterdir() if path.suffix == suffix)


def test_a_second_process_compiles_nothing_and_does_not_import_llvmlite(tmp_path):
    cold = run(tmp_path)
    assert cold.origins == COMPILED and cold.imported == ["llvmlite", "llvmlite.binding"] and cold.said == []
    assert len(files(tmp_path)) == 2
    for _ in range(2):
        warm = run(tmp_path)
        assert warm.origins == CACHED and warm.imported == [] and warm.names == cold.names
    assert len(files(tmp_path)) == 2


def test_cached_kernels_do_without_llvmlite(tmp_path):
    run(tmp_path)
    warm = run(tmp_path, hidden=True)
    assert warm.origins == CACHED and warm.warned == []


def test_another_compiler_compiles_anew(tmp_path):
    run(tmp_path)
    assert run(tmp_path, maker="llvmlite 99.0").origins == COMPILED
    assert run(tmp_path, maker="llvmlite 99.0").origins == CACHED
    assert run(tmp_path).origins == COMPILED
    assert len(files(tmp_path)) == 2


def test_the_compiler_is_named_without_importing_it():
    import llvmlite

    assert native.maker() == f"llvmlite {llvmlite.__version__}"


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_link(path):
    elsewhere = path.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "cut in its header": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "foreign": lambda path: path.write_bytes(b"\x7fELF" + bytes(1000)),
    "magic": lambda path: flip(path, 0),
    "format": lambda path: flip(path, 8),
    "sizes": lambda path: flip(path, 12),
    "code": lambda path: flip(path, -200),
    "the last byte": lambda path: flip(path, -1),
    "a link": replace_by_link,
    "writable by others": lambda path: path.chmod(0o666),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_compiled_again_and_replaced(tmp_path, damage):
    run(tmp_path)
    broken = files(tmp_path)[0]
    DAMAGES[damage](broken)
    seen = run(tmp_path)
    assert sorted(seen.origins) == ["compiled", "from the cache"]
    assert len(seen.said) == 1 and str(broken) in seen.said[0] and "is not used" in seen.said[0]
    assert seen.warned == []
    assert run(tmp_path).origins == CACHED


def test_a_folder_in_the_place_of_a_file(tmp_path):
    run(tmp_path)
    replace_by_folder(files(tmp_path)[0])
    for _ in range(2):   # a rename does not replace it
        seen = run(tmp_path)
        assert sorted(seen.origins) == ["compiled", "from the cache"] and seen.warned == []


def test_a_file_of_another_kernel(tmp_path):
    run(tmp_path)
    first, second = files(tmp_path)
    first.write_bytes(second.read_bytes())
    seen = run(tmp_path)
    assert sorted(seen.origins) == ["compiled", "from the cache"] and "another key" in seen.said[0]


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_can_write_is_not_used(tmp_path, mode):
    run(tmp_path)
    tmp_path.chmod(mode)
    seen = run(tmp_path)
    assert seen.origins == COMPILED and len(seen.said) == 1 and "can be written by others" in seen.said[0]
    tmp_path.chmod(0o700)
    assert run(tmp_path).origins == CACHED


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
def test_a_folder_of_another_user_is_not_used(tmp_path):
    run(tmp_path)
    os.chown(tmp_path, 12345, 12345)
    seen = run(tmp_path)
    assert seen.origins == COMPILED and len(seen.said) == 1 and "belongs to another user" in seen.said[0]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("no folder")
    seen = run(tmp_path / "file" / "kernels")
    assert seen.origins == COMPILED and seen.warned == [] and 1 <= len(seen.said) <= 2


def test_where_the_cache_is(tmp_path):
    run(tmp_path / "deep" / "er")
    assert len(files(tmp_path / "deep" / "er")) == 2 and (tmp_path / "deep").stat().st_mode & 0o777 == 0o700
    program = "import os; os.environ.pop('SEGUE_CACHE_DIR')\nimport segue; print(segue.config.cache_dir)"
    where = {"HOME": "/somewhere", "XDG_CACHE_HOME": ""}
    assert run_script(program, **where).stdout == "/somewhere/.cache/segue/kernels\n"
    assert run_script(program, **{**where, "XDG_CACHE_HOME": "/cache"}).stdout == "/cache/segue/kernels\n"
    assert run_script(program, **{**where, "XDG_CACHE_HOME": "cache"}).stdout == "/somewhere/.cache/segue/kernels\n"
    assert run_script(program, HOME="", XDG_CACHE_HOME="").stdout == "None\n"
    given = "import segue; print(segue.config.cache_dir)"
    assert run_script(given, SEGUE_CACHE_DIR="").stdout == "None\n"
    assert run_script(given, SEGUE_CACHE_DIR="here").stdout == f"{os.getcwd()}/here\n"


def test_the_cache_can_be_turned_off(tmp_path):
    assert run("", HOME=str(tmp_path)).origins == COMPILED
    assert list(tmp_path.iterdir()) == []


def test_settings(tmp_path):
    assert segue.config.cache_limit == 256 << 20
    with segue.config.patch(cache_dir=None):
        assert segue.config.cache_dir is None
        segue.compile(unique_kernel(), backend="native")(np.arange(5.0))
    with segue.config.patch(cache_dir=tmp_path / "\udcff"):
        assert segue.config.cache_dir == str(tmp_path / "\udcff")
        segue.compile(unique_kernel(), backend="native")(np.arange(5.0))
        assert len(files(tmp_path / "\udcff")) == 1
    with pytest.raises(TypeError), segue.config.patch(cache_dir=3):
        pass
    with pytest.raises(TypeError), segue.config.patch(cache_limit="1"):
        pass


def test_the_oldest_files_make_room(cache):
    for _ in range(8):
        segue.compile(unique_kernel(), backend="native")(np.arange(5.0))
    old = files(cache)
    assert len(old) == 8
    for age, path in enumerate(old):
        os.utime(path, (1e9 - age, 1e9 - age))
    size = max(path.stat().st_size for path in old)
    with segue.config.patch(cache_limit=6 * size):
        segue.compile(unique_kernel(), backend="native")(np.arange(5.0))
        left = files(cache)
        assert sum(path.stat().st_size for path in left) <= 5 * size
        assert set(old[:2]) < set(left) and not set(old[5:]) & set(left)
        for _ in range(20):
            segue.compile(unique_kernel(), backend="native")(np.arange(5.0))
        assert sum(path.stat().st_size for path in files(cache)) <= 7 * size


def test_many_processes_at_once(tmp_path):
    program = PROGRAM.format(maker="", hidden=False)
    environment = {**os.environ, "SEGUE_CACHE_DIR": str(tmp_path / "shared"), "SEGUE_STRICT": "1"}
    processes = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
                 for _ in range(6)]
    for process in processes:
        out, error = process.communicate()
        seen = Seen(subprocess.CompletedProcess([], process.returncode, out, error))
        assert len(seen.origins) == 2 and seen.said == []
    assert len(files(tmp_path / "shared")) == 2 == len(list((tmp_path / "shared").iterdir()))
    assert run(tmp_path / "shared").origins == CACHED


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")   # pytest-xdist's threads
def test_a_child_process_compiles_and_runs_kernels(cache):
    segue.compile(unique_kernel(), backend="native")(np.arange(5.0))
    function, x = unique_kernel(), np.arange(5.0)
    child = os.fork()
    if child == 0:
        right = False
        with contextlib.suppress(BaseException):
            right = np.array_equal(segue.compile(function, backend="native")(x), function(x))
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    with events("kernels") as seen:
        np.testing.assert_array_equal(segue.compile(function, backend="native")(x), function(x))
    assert [fields["origin"] for _, fields in seen] == ["from the cache"]


def test_threads_compile_at_once(cache):
    functions = [unique_kernel() for _ in range(6)]
    x = np.arange(50.0)
    wrong = []

    def work(functions):
        for function in functions:
            if not np.array_equal(segue.compile(function, backend="native")(x), function(x)):
                wrong.append(function)

    threads = [threading.Thread(target=work, args=(functions[i:] + functions[:i],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and len(files(cache)) == 6


# --- where LLVM fails ------------------------------------------------------------------------------------------------------


@pytest.fixture
def lenient():
    before = _segue._testing.set_strict(False)
    yield
    _segue._testing.set_strict(before)


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


# --- logs ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path):
    """The file that logs go to."""
    _segue._log_file(str(tmp_path / "log"))
    yield tmp_path / "log"
    segue.set_logs("")
    _segue._log_file("")


def test_logs_of_kernels(cache, log):
    function, x = unique_kernel(), np.arange(5.0)
    segue.set_logs("asm")   # asked for: nobody pays for it who only listens
    with events("kernels", "ir", "asm") as seen:
        segue.compile(function, backend="native")(x)
        segue.compile(lambda x: function(x), backend="native")(x)
    by_channel = {channel: [fields for name, fields in seen if name == channel] for channel in ("kernels", "ir", "asm")}
    first, second = by_channel["kernels"]
    assert (first["origin"], second["origin"]) == ("compiled", "known") and first["name"] == second["name"]
    assert first["nodes"] == 2 and first["bytes"] > 100 and first["microseconds"] > second["microseconds"] >= 0 and first["text"]
    (ir,), (asm,) = by_channel["ir"], by_channel["asm"]
    assert ir["name"] == asm["name"] == first["name"]
    assert f"define void @{first['name']}(" in ir["text"] and f"{first['name']}:" in asm["text"] and "ret" in asm["text"]


def test_logs_as_text(tmp_path):
    program = PROGRAM.format(maker="", hidden=False).replace("_segue._log_callback(", "(")
    where = {"SEGUE_CACHE_DIR": str(tmp_path), "SEGUE_LOGS": "kernels,ir"}
    cold, warm = run_script(program, **where), run_script(program, **where)
    for done, origin in (cold, "compiled"), (warm, "from the cache"):
        lines = [line for line in done.stderr.splitlines() if line.startswith("segue kernels: ")]
        assert len(lines) == 2 and all(re.fullmatch(rf"segue kernels: segue_kernel_\w+: \d nodes, \d+ bytes, {origin} in \d+\.\d\d ms", line)
                                       for line in lines), done.stderr
        assert "segue ir: segue_kernel_" in done.stderr and "define void @segue_kernel_" in done.stderr


def test_logs_of_groups_and_of_the_plan(cache):
    def compute(x, m):
        a = x * 2.0 + 1.0
        b = np.sort(a)
        c = (a - b) * m
        x[0] = 1.0
        return b, c, x + 1.0

    with events("fusion", "schedule") as seen:
        segue.compile(compute, backend="native")(np.arange(5.0), np.ones((2, 5)))
    (groups,), (items,) = [fields["groups"] for channel, fields in seen if channel == "fusion"], \
        [fields["items"] for channel, fields in seen if channel == "schedule"]
    ends = [group.split("; ends: ")[1] for group in groups]
    assert len(groups) == 4 and all(" -> " in group for group in groups), groups
    assert [re.sub(r"^\w+ \((\w+)\)", r"\1", end) for end in ends] == [
        "sort is no kernel's and uses a value", "multiply runs over another shape or order", "setitem writes memory", "the graph ends"]
    assert [item.split(" = ")[1] if " = " in item else item.split()[0] for item in items] == [
        "kernel", "sort", "kernel", "kernel", "setitem", "kernel"], items


def test_the_reference_backend_logs_its_plan_too():
    with events("fusion", "schedule") as seen:
        segue.compile(lambda x: np.sin(x) * 2, backend="reference")(np.arange(5.0))
    ((channel, fields),) = seen
    assert channel == "schedule" and [item.split(" = ")[1] for item in fields["items"]] == ["sin", "multiply"]
