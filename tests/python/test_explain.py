"""What a capture tells about itself: GraphBreakError of fullgraph=True, segue.explain and the records below it."""

import linecache
import threading

import numpy as np
import pytest
from tests.python.engine_support import X, branch, double, fresh  # noqa: F401

import segue
from segue import _segue, api
from segue.errors import GraphBreakError, Position


def inner(x):
    positive = np.any(x > 0)
    return x if positive else -x


def outer(x):
    return inner(x * 2) + 1


def test_fullgraph_points_at_the_expression():
    with pytest.raises(segue.GraphBreakError) as caught:
        segue.compile(outer, fullgraph=True)(X)
    error = caught.value
    text = str(error)
    assert error.reason == "data-dependent-branch" and error.reason in text
    assert "return inner(x * 2) + 1\n" in text and "       ^^^^^^^^^^^^" in text
    assert "return x if positive else -x" in text and "^^^^" in text.split("if positive")[1]
    assert "Hint: " + error.graph_break.hint in text
    assert [call.function for call in error.graph_break.chain] == ["outer"]
    assert error.graph_break.position.function == "inner"
    assert text.index("in outer") < text.index("in inner")


def test_fullgraph_raises_with_the_reason():
    f = api.compile(branch, fullgraph=True)
    for _ in range(2):
        with pytest.raises(GraphBreakError) as caught:
            f(np.ones(3))
    assert caught.value.reason == "data-dependent-branch"
    assert "if y.sum():" in str(caught.value) and "^" in str(caught.value)


def test_a_function_that_is_captured_whole_passes_fullgraph():
    np.testing.assert_array_equal(segue.compile(double, fullgraph=True)(X), X * 2)


def test_the_caret_counts_wide_characters_and_tabs():
    from segue.errors import Position

    lines = ["def f(größe, 大):\n", "\tx = größe + 大 * 2\n"]
    import linecache

    linecache.cache["<caret>"] = (0, None, lines, "<caret>")
    line = lines[1]
    start = len(line[: line.index("大")].encode())
    text = Position("<caret>", "f", 2, start, 2, start + len("大 * 2".encode())).render()
    source, caret = text.splitlines()[1:]
    assert source == "    x = größe + 大 * 2"
    assert caret == "    " + " " * len("x = größe + ") + "^" * 6


def test_explain_reports_graphs_guards_and_breaks():
    report = segue.explain(outer)(X)
    # outer is left in the call that it has inlined.
    assert [(reason.id, len(reason.chain)) for reason in report.breaks] == [("data-dependent-branch", 1)]
    np.testing.assert_array_equal(report.result, outer(X))
    whole = segue.explain(double)(X)
    assert (whole.graph_count, whole.op_count, whole.break_count) == (1, 1, 0)
    assert isinstance(whole.graphs[0], segue.Graph) and "multiply" in str(whole.graphs[0])
    assert whole.guards and all(isinstance(guard, str) for guard in whole.guards)
    text = str(whole)
    assert text.startswith("1 graph, 1 operator, 0 breaks, ") and "multiply" in text and whole.guards[0] in text
    assert "Hint: " in str(report)


def test_explain_traces_again_what_was_compiled_before():
    compiled = segue.compile(double)
    compiled(X)
    assert segue.explain(double)(X).graph_count == 1
    assert segue.explain(compiled)(X).graph_count == 1


def test_explain_lets_exceptions_through():
    def raises(x):
        raise KeyError(x.shape)

    with pytest.raises(KeyError):
        segue.explain(raises)(X)


def test_records_describe_every_trace():
    _segue._records_begin()
    api.compile(lambda x: x * 2 + 1)(np.ones(3))
    api.compile(branch)(np.ones(3))
    whole, broken, *rest = _segue._records_end()
    assert (whole["op_count"], whole["break"]) == (2, None) and "multiply" in str(whole["graph"]) and whole["guards"]
    assert (broken["op_count"], broken["break"]["id"]) == (2, "data-dependent-branch")
    assert [(made["op_count"], made["break"]) for made in rest] == [(0, None)]
    assert broken["break"]["position"]["line"] == branch.__code__.co_firstlineno + 2


def runs_of(function, *args):
    pytest.importorskip("llvmlite", reason="the native backend needs llvmlite", exc_type=ImportError)
    return segue.explain(function, backend="native", mode="default")(*args)


def test_kernels_tell_what_they_move_and_compute():
    x, row = np.ones((30, 40)), np.ones(40)
    explanation = runs_of(lambda x, row: (x * row + 2.0, (x - row > 0).sum(axis=1)), x, row)
    (kernel,) = explanation.kernels
    assert kernel.operators == explanation.op_count == 5
    # Comparisons and sums of bools are no floating-point operations.
    assert (kernel.runs, kernel.elements, kernel.bytes, kernel.flops) == (1, 1200, x.nbytes * 2 + row.nbytes + 30 * 8, 1200 * 3)
    assert kernel.name.startswith("segue_kernel_") and kernel.seconds > 0 and kernel.estimated_seconds > 0
    assert f"{kernel.name}: 5 operators, 1,200 elements\n" in str(explanation) and "19.8 kB at " in str(explanation)
    assert " 3.6 kflop at " in str(explanation)


def test_kernels_count_their_runs():
    def steps(x, tell):
        for _ in range(10):
            x = np.exp(x * 0.5)
            tell()
        return x

    kernels = runs_of(steps, np.zeros(50), lambda: None).kernels
    assert sum(kernel.runs for kernel in kernels) >= 9
    assert all(kernel.flops == 2 * kernel.elements for kernel in kernels)


def test_calls_that_run_no_kernel_tell_of_none():
    assert segue.explain(lambda x: x + 1, backend="reference")(X).kernels == ()
    with pytest.raises(ZeroDivisionError):
        runs_of(lambda x: x * (1 / 0), X)
    assert runs_of(lambda x: x[::2], X).kernels == ()


def test_kernels_of_other_threads_are_not_told():
    compiled = segue.compile(lambda x: x * 2.5, backend="native")

    def elsewhere(x):
        thread = threading.Thread(target=compiled, args=(x,))
        thread.start()
        thread.join()
        return x

    assert runs_of(elsewhere, X).kernels == ()
