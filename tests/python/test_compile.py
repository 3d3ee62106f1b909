"""segue.compile: its forms, the callables it takes, and its options."""

import numpy as np
import pytest
from tests.python.engine_support import X, delta, double, fresh  # noqa: F401

import segue
from segue import _segue


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
        (dict(backend="reference", options={"fast": 1}), ValueError, "unknown option 'fast' for backend 'reference'; it takes none"),
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
