"""What entries compare with lives no longer for it, and what a frame lets go of dies where it does in plain code."""

import gc
import sys
import types
import weakref

import numpy as np
import pytest
from tests.python.engine_support import Loud, note

import segue

X = np.arange(4.0)


class Thing:
    pass


def entries():
    return segue.stats()["entries"]


def make_class():
    class Scaled:
        factor = 2.0

        def __init__(self, value):
            self.value = value

        def scaled(self, x):
            return x * self.value * self.factor

    return Scaled


@segue.compile
def uses_class(x, cls):
    return cls(3.0).scaled(x)


@segue.compile
def uses_function(x, function):
    return function(x) + 1


@segue.compile
def makes_instances(x, cls):
    made = cls(x + 1)
    note(made)
    return made


def test_classes_die_with_their_last_user():
    scaled = make_class()
    alive = weakref.ref(scaled)
    count = entries()
    for _ in range(3):
        assert np.array_equal(uses_class(X, scaled), X * 6.0)
    assert entries() > count
    del scaled
    gc.collect()
    assert alive() is None
    assert entries() == count


def test_functions_die_at_once():
    died = []

    def twice(x):
        return x * 2

    weakref.finalize(twice, died.append, "twice")
    for _ in range(3):
        assert np.array_equal(uses_function(X, twice), X * 2 + 1)
    before = sys.getrefcount(twice)
    del twice
    assert before == 2 and died == ["twice"]


@pytest.mark.parametrize("collect", [False, True], ids=["last reference", "cycle"])
def test_instances_die_on_time(collect):
    died = []
    thing = Thing()
    thing.itself = thing if collect else None

    @segue.compile
    def function(x):
        return x + len(vars(known()))

    known = lambda: thing
    weakref.finalize(thing, died.append, "thing")
    for _ in range(3):
        assert np.array_equal(function(X), X + len(vars(thing)))
    del thing
    if collect:
        gc.collect()
    assert died == ["thing"]


def test_objects_that_live_keep_their_entries():
    scaled, other = make_class(), make_class()
    for cls in (scaled, other, scaled, other):
        uses_class(X, cls)
    compiles = segue.stats()["compiles"]
    del other, cls
    gc.collect()
    assert np.array_equal(uses_class(X, scaled), X * 6.0)
    assert segue.stats()["compiles"] == compiles


def test_an_instance_that_outlives_the_name_of_its_class():
    scaled = make_class()
    made = [makes_instances(X, scaled) for _ in range(3)]
    alive = weakref.ref(scaled)
    del scaled
    gc.collect()
    assert alive() is type(made[0])
    assert all(np.array_equal(one.scaled(X), (X + 1) * X * 2.0) for one in made)
    made.clear()
    gc.collect()
    assert alive() is None


def test_an_object_that_dies_in_the_run_that_its_entry_serves():
    """Another part of the program lets go of the class while the segment calls out."""
    box = [make_class()]

    def backend(graph, inputs):
        def run(*args):
            box.clear()
            gc.collect()
            return graph(*args)

        return run

    @segue.compile(backend=backend)
    def f(x, box):
        made = box[0](x + 1)
        return made

    made = f(X, box)
    assert type(made).__name__ == "Scaled" and np.array_equal(made.value, X + 1)
    alive = weakref.ref(type(made))
    del made
    gc.collect()
    assert alive() is None
    box.append(make_class())
    assert np.array_equal(f(X, box).value, X + 1)


def test_entries_made_for_passing_objects_count_for_the_limit():
    @segue.compile
    def f(x, cls):
        return cls(3.0).scaled(x)

    compiles = segue.stats()["compiles"]
    limit = segue.config.entry_limit
    with pytest.warns(RuntimeWarning, match="what entries were made for has died since"):
        for _ in range(4 * limit):
            assert np.array_equal(f(X, make_class()), X * 6.0)
            gc.collect()
    assert segue.stats()["compiles"] - compiles <= 3 * limit   # of f, and then of the two methods that run on their own


def test_a_variable_of_a_module_that_is_replaced_is_not_compiled_for_each_value():
    module = types.ModuleType("varying")
    exec("def f(x):\n    return x * scale.value\n", module.__dict__)
    f = segue.compile(module.f)
    compiles = segue.stats()["compiles"]
    for value in range(40):
        module.scale = Thing()
        module.scale.value = float(value)
        assert np.array_equal(f(X), X * value)
    assert segue.stats()["compiles"] - compiles < 10


def test_reset_drops_entries_whose_objects_live():
    scaled = make_class()
    uses_class(X, scaled)
    before = sys.getrefcount(scaled)
    segue.reset()
    gc.collect()
    assert sys.getrefcount(scaled) == before
    assert np.array_equal(uses_class(X, scaled), X * 6.0)


def test_churn_leaves_nothing_behind():
    """The weak references go with their entries: the collector's count of objects stays."""

    @segue.compile
    def f(x, function):
        return function(x) + 1

    def churn(times):
        for _ in range(times):
            f(X, lambda x: x * 2)
            segue.reset()
        gc.collect()
        return len(gc.get_objects())

    churn(20)
    before = churn(20)
    assert churn(200) <= before + 5


# ---- what a frame lets go of ----------------------------------------------------------------------------------------


def loud(log):
    return Loud(lambda: log.append("gone"))


def watched(log):
    thing = Thing()
    weakref.finalize(thing, log.append, "gone")
    return thing


def watched_array(log):
    array = np.arange(3.0)
    weakref.finalize(array, log.append, "gone")
    return array


def inside(log):
    return [(loud(log),)]


ENDS = [loud, watched, watched_array, inside]


def drops_a_local(make, log, x):
    thing = note(make(log))
    y = x + 1
    del thing
    log.append("behind")
    return y * len(log)


def rebinds_a_local(make, log, x):
    thing = note(make(log))
    note()
    thing = x + 1
    seen = list(log)
    note(thing)
    return seen, thing * 2


def drops_what_a_call_gives(make, log, x):
    note(make(log))
    log.append("behind")
    return x * len(log)


def drops_in_a_loop(make, log, x):
    for _ in range(5):
        thing = note(make(log))
        x = x + len(log)
        thing = None
        x = x * 2 + len(log)
    return x


def keeps_it(make, log, x):
    thing = note(make(log))
    kept = [thing]
    del thing
    x = x + len(log)
    note(kept)
    kept.clear()
    return x + len(log)


@pytest.mark.parametrize("make", ENDS)
@pytest.mark.parametrize("function", [drops_a_local, rebinds_a_local, drops_what_a_call_gives, drops_in_a_loop, keeps_it])
def test_what_a_frame_lets_go_of_dies_in_its_turn(function, make):
    def outcome(f):
        log = []
        return repr(f(make, log, X)), log

    compiled = segue.compile(function)
    for _ in range(5):
        assert outcome(compiled) == outcome(function)


def test_a_silent_death_keeps_the_segment():
    def f(x):
        things = note([x, [x]])
        y = x + 1
        del things
        y = y * 2
        note(y)
        return y

    compiled = segue.compile(f)
    compiled(X)
    before = segue.stats()
    for _ in range(10):
        compiled(X)
    after = segue.stats()
    assert after["reruns"] == before["reruns"] and after["segments"] > before["segments"]
