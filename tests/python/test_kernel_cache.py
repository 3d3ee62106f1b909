"""Kernels from LLVM's assembly to code: the cache on disk."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from tests.python.engine_support import fresh, run_script  # noqa: F401
from tests.python.kernel_cache_support import CACHED, COMPILED, PROGRAM, Seen, cache, events, files, run, unique_kernel  # noqa: F401

import segue
from segue import native


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
