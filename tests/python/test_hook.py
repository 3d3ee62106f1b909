"""The evaluator hook: which frames it offers, and that extents end.

The handler is scripted (`_segue._testing`), so nothing here depends on the compiler.
"""

import asyncio
import os
import sys
import threading

import pytest

from tests.python.hook_support import compiled, double, handler, outer, testing


def test_frames_of_an_extent_are_offered_and_no_others():
    with handler() as seen:
        assert outer(1) == 3
        assert compiled(outer)(1) == 3
        assert outer(1) == 3
    assert seen == ["outer", "double"]


def test_the_evaluator_is_installed_during_extents_only():
    inside = []

    def f():
        inside.append((testing.evaluator_installed(), testing.extent_depth()))
        compiled(g)()
        inside.append((testing.evaluator_installed(), testing.extent_depth()))

    def g():
        inside.append((testing.evaluator_installed(), testing.extent_depth()))

    assert not testing.evaluator_installed()
    compiled(f)()
    assert inside == [(True, 1), (True, 2), (True, 1)]
    assert not testing.evaluator_installed() and testing.extent_depth() == 0


def test_an_exception_ends_the_extent():
    def f():
        compiled(g)()

    def g():
        raise KeyError("k")

    with pytest.raises(KeyError):
        compiled(f)()
    assert not testing.evaluator_installed() and testing.extent_depth() == 0


def test_classes_and_modules_pass_through_and_generators_are_offered_as_they_are_made():
    def gen(n):
        for i in range(n):
            yield (lambda: i)()

    async def coro():
        await asyncio.sleep(0)
        return 5

    async def agen():
        yield 1
        yield 2

    async def collect():
        return [x async for x in agen()] + [await coro()]

    def f():
        class Local:
            value = 3

        names = {}
        exec("def made(): return 4\nx = made()", names)
        return list(gen(3)), (i + 1 for i in range(2)), Local.value, names["x"], asyncio.run(collect())

    with handler() as seen:
        values, expression, local, executed, collected = compiled(f)()
    assert (values, list(expression), local, executed, collected) == ([0, 1, 2], [1, 2], 3, 4, [1, 2, 5])
    local_names = {name.rpartition(".")[2] for name in seen}
    assert {"f", "made", "<lambda>", "gen", "coro", "agen", "collect", "<genexpr>"} <= local_names
    assert local_names.isdisjoint({"Local", "<module>"})


def test_a_generator_made_in_an_extent_goes_on_outside():
    def gen():
        received = yield double(1)
        yield double(received)

    with handler() as seen:
        g = compiled(gen)()
        assert next(g) == 2 and g.send(5) == 10
        g.close()
    assert seen == [gen.__qualname__]  # as it is made; its body runs outside


def test_other_threads_frames_are_not_offered():
    ready, done = threading.Event(), threading.Event()
    result = []

    def other():
        ready.wait()
        result.append(sum(double(i) for i in range(1000)))
        done.set()

    thread = threading.Thread(target=other)
    thread.start()

    def f():
        ready.set()
        done.wait()
        return testing.extent_depth()

    with handler(returns={double.__code__: -1}) as seen:
        assert compiled(f)() == 1
    thread.join()
    assert result == [999000]
    assert "double" not in seen and "test_other_threads_frames_are_not_offered.<locals>.other" not in seen


def test_extents_of_many_threads():
    errors = []

    def work(seed):
        def inner(n):
            return seed if n == 0 else inner(n - 1)

        c = compiled(inner)
        try:
            for n in range(300):
                assert c(n % 20) == seed
                assert testing.extent_depth() == 0
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert errors == [] and not testing.evaluator_installed()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_keeps_only_the_forking_threads_extent():
    inside, leave = threading.Event(), threading.Event()

    def hold():
        inside.set()
        leave.wait()

    thread = threading.Thread(target=compiled(hold))
    thread.start()
    inside.wait()
    try:
        assert testing.evaluator_installed()
        child = os.fork()
        if child == 0:
            os._exit(0 if not testing.evaluator_installed() and compiled(outer)(1) == 3 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        leave.set()
        thread.join()
    assert not testing.evaluator_installed()

    def fork_inside():
        child = os.fork()
        if child == 0:
            os._exit(0 if testing.evaluator_installed() and testing.extent_depth() == 1 else 1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert compiled(fork_inside)() == 0
