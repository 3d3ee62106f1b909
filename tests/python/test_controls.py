"""The calls that steer capture: stats, reset, graph_break, is_compiling, disable, stances and config."""

import numpy as np
import pytest
from tests.python.engine_support import X, delta, double, fresh  # noqa: F401

import segue


def test_stats_count_calls_hits_and_compiles():
    assert set(segue.stats()) == {"calls", "hits", "misses", "compiles", "compile_ms", "entries", "segments", "exits", "reruns",
                                  "eager", "splices"}
    compiled = segue.compile(double)
    first, second = delta(lambda: compiled(X)), delta(lambda: compiled(X))
    assert (first["calls"], first["misses"], first["compiles"], first["entries"]) == (1, 1, 1, 1)
    assert first["compile_ms"] > 0
    assert (second["calls"], second["hits"], second["compiles"], second["misses"]) == (1, 1, 0, 0)
    segue.reset()
    assert not any(segue.stats().values())
    assert delta(lambda: compiled(X))["compiles"] == 1


def test_graph_break_breaks_with_its_message():
    def f(x):
        y = x + 1
        segue.graph_break("wanted here")
        return y * 2

    report = segue.explain(f)(X)
    assert [(b.id, b.detail) for b in report.breaks] == [("requested-break", "wanted here")]
    np.testing.assert_array_equal(report.result, f(X))
    assert segue.graph_break() is None


def test_is_compiling_tells_captured_code_from_plain_code():
    def f(x):
        return x + 1 if segue.is_compiling() else x + 2

    assert not segue.is_compiling()
    np.testing.assert_array_equal(f(X), X + 2)
    for _ in range(2):
        np.testing.assert_array_equal(segue.compile(f)(X), X + 1)


def helper(x):
    return segue.is_compiling(), x + 1


def test_disable_keeps_calls_out_of_capture():
    @segue.disable
    def kept_out(x):
        return helper(x)

    def f(x):
        return kept_out(x * 2)

    assert kept_out.__name__ == "kept_out"
    report = segue.explain(f)(X)
    assert report.breaks[0].id == "inline-refused" and report.graph_count == report.op_count == 1
    assert report.result[0] is False


def test_disable_without_recursion_lets_callees_be_captured():
    @segue.disable(recursive=False)
    def kept_out(x):
        return segue.is_compiling(), helper(x)

    def f(x):
        return kept_out(x * 2)

    report = segue.explain(f)(X)
    assert report.result[0] is False and report.result[1][0] is True
    assert report.breaks[0].id == "inline-refused"


@pytest.mark.parametrize("arguments, words", [((3,), "takes a callable, not int")])
def test_disable_refuses_what_it_cannot_disable(arguments, words):
    with pytest.raises(TypeError, match=words):
        segue.disable(*arguments)
    with pytest.raises(TypeError, match="recursive is True or False"):
        segue.disable(recursive=1)
    with pytest.raises(TypeError, match="takes a Python function"):
        segue.disable(len, recursive=False)


# --- stance -----------------------------------------------------------------------------------------------------------


def test_stances():
    compiled = segue.compile(double)
    with segue.set_stance("force_eager"):
        assert delta(lambda: compiled(X))["compiles"] == 0
    assert delta(lambda: compiled(X))["compiles"] == 1
    with segue.set_stance("force_eager"):
        assert delta(lambda: compiled(X))["hits"] == 0
    ints = np.arange(3)
    with segue.set_stance("eager_on_recompile"):
        assert delta(lambda: compiled(X))["hits"] == 1
        counts = delta(lambda: np.testing.assert_array_equal(compiled(ints), ints * 2))
        assert (counts["hits"], counts["compiles"]) == (0, 0)
    with segue.set_stance("fail_on_recompile"):
        assert delta(lambda: compiled(X))["hits"] == 1
        with pytest.raises(RuntimeError, match="fail_on_recompile"):
            compiled(ints)
    assert delta(lambda: compiled(ints))["compiles"] == 1


def test_a_stance_is_a_call_a_block_and_a_decorator():
    @segue.set_stance("force_eager")
    def eager(call):
        call(X)

    compiled = segue.compile(double)
    assert delta(lambda: eager(compiled))["compiles"] == 0
    segue.set_stance("force_eager")
    try:
        assert delta(lambda: compiled(X))["compiles"] == 0
    finally:
        segue.set_stance("default")
    assert delta(lambda: compiled(X))["compiles"] == 1
    with pytest.raises(KeyError), segue.set_stance("force_eager"):
        raise KeyError
    assert delta(lambda: compiled(X))["hits"] == 1


def test_bad_stances_name_the_choices():
    with pytest.raises(ValueError, match="unknown stance 'lazy'; known: default, force_eager"):
        segue.set_stance("lazy")
    with pytest.raises(TypeError, match="a stance is one of default"):
        segue.set_stance(None)


# --- config -----------------------------------------------------------------------------------------------------------


def test_config_is_read_set_and_patched():
    assert segue.config.entry_limit == 64
    with segue.config.patch(entry_limit=2, unroll_range=3):
        assert (segue.config.entry_limit, segue.config.unroll_range) == (2, 3)
    assert (segue.config.entry_limit, segue.config.unroll_range) == (64, 8)
    segue.config.capture_modules = ["statistics"]
    assert segue.config.capture_modules == ("statistics",)
    segue.config.capture_modules = ()
    assert "entry_limit=64" in repr(segue.config)


def test_config_changes_what_is_captured():
    def f(x):
        for i in range(6):
            x = x + i
        return x

    assert segue.explain(f)(X).break_count == 0
    with segue.config.patch(unroll_range=3):
        assert segue.explain(f)(X).breaks[0].id == "loop-not-unrolled"


@pytest.mark.parametrize(
    "name, value, error, words",
    [
        ("unknown", 1, AttributeError, "no setting 'unknown'; known: entry_limit"),
        ("entry_limit", "1", TypeError, "entry_limit is an int, not str"),
        ("entry_limit", True, TypeError, "entry_limit is an int, not bool"),
        ("entry_limit", -1, ValueError, "must be between 0 and"),
        ("capture_modules", "statistics", TypeError, "a tuple of module names, not str"),
        ("capture_modules", (1,), TypeError, "holds module names"),
    ],
)
def test_bad_settings_are_refused(name, value, error, words):
    with pytest.raises(error, match=words):
        setattr(segue.config, name, value)
    with pytest.raises(error, match=words), segue.config.patch(**{name: value}):
        pass
    assert segue.config.entry_limit == 64
