"""segue.compile's forms, options and errors, and the calls that steer and report."""

import importlib.metadata
import os
import subprocess
import sys

import numpy as np
import pytest

import segue
from segue import _interpreter, _segue

X = np.arange(6.0).reshape(2, 3)


def double(x):
    """Doubled."""
    return x * 2


@pytest.fixture(autouse=True)
def fresh():
    segue.reset()
    yield
    segue.reset()


def delta(call):
    """How the counts change over a call."""
    before = segue.stats()
    call()
    return {name: value - before[name] for name, value in segue.stats().items()}


# --- compile --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda f: segue.compile(f),
        lambda f: segue.compile()(f),
        lambda f: segue.compile(fullgraph=True)(f),
        lambda f: segue.compile(f, backend="reference", dynamic=False, mode="exact", options={}),
        lambda f: segue.compile(segue.compile(f)),
        lambda f: segue.compile(None)(f),
    ],
)
def test_every_form_compiles(make):
    compiled = make(double)
    assert isinstance(compiled, _segue.CompiledFunction)
    assert compiled.__wrapped__ is double and compiled.__doc__ == "Doubled." and compiled.__name__ == "double"
    for _ in range(2):
        np.testing.assert_array_equal(compiled(X), X * 2)
    assert delta(lambda: compiled(X))["hits"] == 1


def test_methods_of_every_kind():
    class Scaler:
        factor = 3

        @segue.compile
        def scale(self, x):
            return x * self.factor

        @segue.compile
        @classmethod
        def class_scale(cls, x):
            return x * cls.factor

        @classmethod
        @segue.compile
        def scale_class(cls, x):
            return x * cls.factor

        @segue.compile
        @staticmethod
        def shift(x):
            return x + 1

    for call in (Scaler().scale, Scaler.class_scale, Scaler().class_scale, Scaler.scale_class):
        for _ in range(2):
            np.testing.assert_array_equal(call(X), X * 3)
    np.testing.assert_array_equal(Scaler.shift(X), X + 1)
    np.testing.assert_array_equal(Scaler().shift(X), X + 1)


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        (dict(backend="nonsense"), ValueError, r"unknown backend 'nonsense'; known: .*reference"),
        (dict(backend=3), TypeError, "backend is a name or a callable .* not int"),
        (dict(mode="fast"), ValueError, "unknown mode 'fast'; known: default, exact"),
        (dict(mode=1), TypeError, "mode is None or one of default, exact, not int"),
        (dict(fullgraph=1), TypeError, "fullgraph is True or False, not int"),
        (dict(dynamic=None), TypeError, "dynamic is True or False, not NoneType"),
        (dict(disable="no"), TypeError, "disable is True or False, not str"),
        (dict(options=[]), TypeError, "options is None or a dict, not list"),
        (dict(options={1: 2}), TypeError, "the names of options are str, not int"),
        (dict(options={"fast": 1}), ValueError, "unknown option 'fast' for backend 'reference'; it takes none"),
        (
            dict(backend=lambda graph, inputs, *, level=0: graph, options={"speed": 1}),
            ValueError,
            "unknown option 'speed' for the backend; it takes level",
        ),
        (dict(unknown=1), TypeError, "unexpected keyword argument 'unknown'"),
    ],
)
def test_bad_options_name_the_choices(arguments, error, words):
    with pytest.raises(error, match=words):
        segue.compile(double, **arguments)
    with pytest.raises(error, match=words):
        segue.compile(**arguments)


@pytest.mark.parametrize("value", [3, "f", [double], np.zeros(2), property(double)])
def test_what_is_not_callable_is_refused(value):
    with pytest.raises(TypeError, match="segue.compile takes a callable, not "):
        segue.compile(value)
    with pytest.raises(TypeError, match="segue.compile takes a callable, not "):
        segue.compile()(value)


def test_disable_returns_the_function_itself(monkeypatch):
    assert segue.compile(double, disable=True) is double
    monkeypatch.setenv("SEGUE_DISABLE", "1")
    assert segue.compile(double) is double
    assert segue.compile(fullgraph=True)(double) is double
    with pytest.raises(ValueError, match="unknown backend"):
        segue.compile(double, backend="nonsense")
    monkeypatch.setenv("SEGUE_DISABLE", "0")
    assert segue.compile(double) is not double


# --- fullgraph and explain ------------------------------------------------------------------------------------------


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
    # outer stops in the call that it inlined, and then inner's own frame stops there.
    assert [reason.id for reason in report.breaks] == ["data-dependent-branch"] * 2
    assert [len(reason.chain) for reason in report.breaks] == [1, 0]
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


# --- stats, reset, disable, graph_break, is_compiling ----------------------------------------------------------------


def test_stats_count_calls_hits_and_compiles():
    assert set(segue.stats()) == {"calls", "hits", "misses", "compiles", "compile_ms", "entries", "exits", "reruns", "eager"}
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
    assert report.breaks[0].id == "inline-refused" and report.graph_count == 0
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


# --- stance ---------------------------------------------------------------------------------------------------------


def test_stances():
    compiled = segue.compile(double)
    with segue.set_stance("force_eager"):
        assert delta(lambda: compiled(X))["compiles"] == 0
    assert delta(lambda: compiled(X))["compiles"] == 1
    ints = np.arange(3)
    with segue.set_stance("eager_on_recompile"):
        assert delta(lambda: compiled(X))["hits"] == 1
        counts = delta(lambda: np.testing.assert_array_equal(compiled(ints), ints * 2))
        assert (counts["hits"], counts["compiles"]) == (0, 0)
    with segue.set_stance("fail_on_recompile"):
        assert delta(lambda: compiled(X))["hits"] == 1
        with pytest.raises(RuntimeError):
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


# --- config ---------------------------------------------------------------------------------------------------------


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


# --- backends -------------------------------------------------------------------------------------------------------


def interpreting(seen, **expected):
    def backend(graph, example_inputs, **options):
        assert options == expected
        seen.append((graph, example_inputs))
        return graph

    return backend


def test_a_backend_receives_graph_and_examples():
    seen = []
    compiled = segue.compile(double, backend=interpreting(seen))
    for _ in range(2):
        np.testing.assert_array_equal(compiled(X), X * 2)
    assert len(seen) == 1
    graph, examples = seen[0]
    assert isinstance(graph, segue.Graph)
    np.testing.assert_array_equal(examples[0], X)


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


def run_script(source, **environment):
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True,
                          env={**{k: v for k, v in os.environ.items() if not k.startswith("SEGUE_")}, **environment})


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
assert "no such kernel" in str(caught[0].message), caught[0].message
"""


def test_a_failing_backend_warns_once_and_the_call_succeeds():
    done = run_script(FAILING_BACKEND)
    assert done.returncode == 0, done.stderr


def test_a_failing_backend_raises_in_strict_mode():
    done = run_script(FAILING_BACKEND, SEGUE_STRICT="1")
    assert done.returncode == 1 and "no such kernel" in done.stderr


# --- logs and imports -----------------------------------------------------------------------------------------------


def test_unknown_log_channels_are_listed():
    with pytest.raises(ValueError, match="graph_breaks"):
        segue.set_logs("graph,nonsense")
    done = run_script("import segue", SEGUE_LOGS="nonsense")
    assert done.returncode == 1 and "nonsense" in done.stderr and "graph_breaks" in done.stderr
    with pytest.raises(TypeError):
        segue.set_logs(None)


def test_a_log_channel_prints():
    program = "import segue, numpy as np\nsegue.compile(lambda x: np.sin(x) + 1)(np.ones(3))"
    silent, loud = run_script(program), run_script(program, SEGUE_LOGS="graph,guards")
    assert silent.returncode == loud.returncode == 0, loud.stderr
    assert silent.stderr == "" and "sin" in loud.stderr and "L['x']" in loud.stderr


@pytest.mark.parametrize("version, implementation", [((3, 10), "CPython"), ((3, 14), "CPython"), ((3, 12), "PyPy")])
def test_other_interpreters_are_refused(version, implementation):
    with pytest.raises(ImportError, match=rf"supports CPython 3.11, 3.12, 3.13; this is {implementation} 3.{version[1]}"):
        _interpreter.require_supported_interpreter(version, implementation)


def test_the_public_names_are_there_and_typed():
    assert all(hasattr(segue, name) for name in segue.__all__)
    package = os.path.dirname(segue.__file__)
    assert os.path.exists(os.path.join(package, "py.typed")) and os.path.exists(os.path.join(package, "_segue.pyi"))


def test_importing_segue_installs_nothing():
    assert not _segue._testing.evaluator_installed()
