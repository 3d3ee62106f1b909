"""Backends from Python: what they receive, how they are registered and found, and what happens when they fail."""

import importlib.metadata

import numpy as np
import pytest
from tests.python.engine_support import X, counts, double, fresh, run_script  # noqa: F401

import segue


def interpreting(seen, **expected):
    def backend(graph, example_inputs, **options):
        assert options == expected
        seen.append((graph, example_inputs))
        return graph

    return backend


def test_a_backend_receives_graph_and_examples():
    seen = []
    compiled = segue.compile(lambda x, y: (x + y, x * 2), backend=interpreting(seen))
    for _ in range(2):
        for result in compiled(X, X):
            np.testing.assert_array_equal(result, X * 2)
    assert counts("hits", "reruns") == (1, 0)
    assert len(seen) == 1
    graph, examples = seen[0]
    assert isinstance(graph, segue.Graph) and "add" in str(graph)
    for example in examples:
        np.testing.assert_array_equal(example, X)


def test_registered_backends_have_names_and_options():
    seen = []
    segue.register_backend("test-backend", interpreting(seen, level=2))
    assert "test-backend" in segue.list_backends() and "reference" in segue.list_backends()
    np.testing.assert_array_equal(segue.compile(double, backend="test-backend", options={"level": 2})(X), X * 2)
    assert len(seen) == 1


def test_entry_points_are_backends(monkeypatch):
    seen = []

    class Point:
        name = "from-a-package"

        def load(self):
            return interpreting(seen)

    def entry_points(*, group, name=None):
        return [Point()] if group == "segue.backends" and name in (None, Point.name) else []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    assert "from-a-package" in segue.list_backends()
    np.testing.assert_array_equal(segue.compile(double, backend="from-a-package")(X), X * 2)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ((3, double), TypeError, "name is a str"),
        (("", double), ValueError, "cannot be empty"),
        (("mine", 3), TypeError, "a backend is a callable"),
        (("reference", double), ValueError, "'reference' is a built-in backend"),
    ],
)
def test_bad_backends_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        segue.register_backend(*arguments)


FAILING_BACKEND = """
import warnings, numpy as np, segue
def failing(graph, inputs):
    raise LookupError("no such kernel")
f = segue.compile(lambda x: x * 2, backend=failing)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(3):
        assert f(np.ones(3)).tolist() == [2, 2, 2]
assert len(caught) == 1, caught
assert "LookupError: no such kernel" in str(caught[0].message), caught[0].message
"""


def test_a_failing_backend_warns_once_and_the_call_succeeds():
    done = run_script(FAILING_BACKEND)
    assert done.returncode == 0, done.stderr


def test_a_failing_backend_raises_in_strict_mode():
    done = run_script(FAILING_BACKEND, SEGUE_STRICT="1")
    assert done.returncode == 1 and "no such kernel" in done.stderr


def test_a_callable_gets_the_sizes_that_its_graph_uses():
    """The length of a list that is only looked at is none of them."""
    seen = []

    def backend(graph, example_inputs):
        def run(*args):
            seen.append((graph.symbols, args[len(example_inputs) :]))
            return graph(*args)

        return run

    @segue.compile(backend=backend)
    def f(x, items, n):
        return items[0] * x + n if len(items) > 1 else x

    before = segue.stats()
    assert np.array_equal(f(np.arange(4.0), [3.0, 1.0], 7), np.arange(4.0) * 3 + 7)
    assert segue.stats()["reruns"] == before["reruns"] and segue.stats()["segments"] == before["segments"] + 1
    assert [len(symbols) for symbols, values in seen] == [1] and seen[0][1] == (7,)
