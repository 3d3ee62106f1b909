"""What segue.compile returns behaves as the function does: calls, binding, attributes, pickling, lifetime."""

import abc
import copy
import functools
import gc
import inspect
import pickle
import sys
import traceback
import typing
import weakref

import pytest

from segue import _segue

compiled = _segue._make_callable


def everything(a, b=2, /, c=3, *rest, d, e=5, **names):
    """Takes every kind of argument."""
    return a, b, c, rest, d, e, names


def positional(a, b=2):
    return a, b


@compiled
def by_name(x: int, y: "str" = "s") -> float:
    """Documented."""
    return x, y


# --- calls ----------------------------------------------------------------------------------------------------------

CALLS = [
    lambda f: f(1, d=4),
    lambda f: f(1, 2, 3, 4, 5, d=6, e=7, z=8),
    lambda f: f(*(1, 2), **{"d": 4, "c": 3}),
    lambda f: f(1, *[2, 3], d=4, **{"e": 1}),
    lambda f: f(*range(5), d=None),
    lambda f: f(),
    lambda f: f(1),
    lambda f: f(1, d=2, a=3),
    lambda f: f(1, b=2),
    lambda f: f(1, 2),
    lambda f: f(1, 2, 3),
    lambda f: f(1, a=2),
    lambda f: f(b=2),
    lambda f: f(1, **{"b": 2, "c": 3}),
    lambda f: f(*3),
    lambda f: f(**3),
    lambda f: f(1, **{1: 2}),
    lambda f: functools.partial(f, 1)(d=1),
    lambda f: list(map(f, [1, 2])),
    lambda f: functools.reduce(f, [1, 2, 3]),
]


def outcome(call, function):
    try:
        return "value", call(function)
    except Exception as error:
        trace = traceback.extract_tb(error.__traceback__)
        return type(error), str(error), [(entry.name, entry.line) for entry in trace]


@pytest.mark.parametrize("function", [everything, positional])
@pytest.mark.parametrize("call", CALLS)
def test_calls_are_those_of_the_function(function, call):
    assert outcome(call, compiled(function)) == outcome(call, function)


def test_tracebacks_have_no_frames_of_ours():
    def inner(x):
        return 1 / x

    def outer(x):
        return inner(x)

    def names(function):
        with pytest.raises(ZeroDivisionError) as caught:
            function(0)
        return [entry.name for entry in traceback.extract_tb(caught.value.__traceback__)]

    assert names(compiled(outer))[1:] == names(outer)[1:] == ["outer", "inner"]


def test_the_frame_is_the_functions_own():
    def f():
        frame = sys._getframe()
        return frame.f_code.co_qualname, frame.f_code.co_firstlineno, frame.f_back.f_code

    assert compiled(f)() == (f.__qualname__, f.__code__.co_firstlineno, sys._getframe().f_code)


def test_exception_context_is_kept():
    def f():
        raise KeyError("inner")

    with pytest.raises(KeyError) as caught:
        try:
            raise ValueError("outer")
        except ValueError:
            compiled(f)()
    assert isinstance(caught.value.__context__, ValueError)


# --- binding --------------------------------------------------------------------------------------------------------


class Shape:
    def __init__(self, size=1):
        self.size = size

    @compiled
    def method(self, x=0, *rest, **names):
        return self.size, x, rest, names

    @classmethod
    @compiled
    def of_class(cls, x):
        return cls, x

    @staticmethod
    @compiled
    def static(x):
        return x

    @compiled
    @staticmethod
    def compiled_static(x):
        return x

    @compiled
    @classmethod
    def compiled_class(cls, x):
        return cls, x

    @property
    @compiled
    def area(self):
        return self.size**2

    @functools.cached_property
    @compiled
    def volume(self):
        return self.size**3

    @compiled
    def __call__(self, x):
        return self.size + x

    @compiled
    def __add__(self, other):
        return self.size + other

    partial = compiled(functools.partial(positional, 10))
    builtin = compiled(len)


class Square(Shape):
    @compiled
    def method(self, x=0):
        return super().method(x) + ("square",)


def test_methods_bind():
    shape = Shape(3)
    assert shape.method(1, 2, k=3) == Shape.method(shape, 1, 2, k=3) == (3, 1, (2,), {"k": 3})
    bound = shape.method
    assert inspect.ismethod(bound) and bound.__self__ is shape and bound.__func__ is Shape.method
    assert bound(4) == (3, 4, (), {})
    assert shape.area == 9 and shape.volume == 27 and shape.__dict__["volume"] == 27
    assert shape(2) == 5 and shape + 4 == 7
    assert Square(2).method(5) == (2, 5, (), {}, "square")


def test_class_and_static_methods_bind():
    for shape in (Shape, Shape(), Square, Square()):
        cls = shape if isinstance(shape, type) else type(shape)
        assert shape.of_class(1) == shape.compiled_class(1) == (cls, 1)
        assert shape.static(2) == shape.compiled_static(2) == 2


@pytest.mark.filterwarnings("ignore:functools.partial will be:FutureWarning")  # 3.13 announces 3.14's binding
def test_other_callables_bind_as_they_do():
    assert Shape().partial(1) == Shape.partial(1) == (10, 1)
    assert Shape().builtin([1, 2]) == 2
    assert compiled(Shape(5).method)(6) == (5, 6, (), {})
    assert compiled(str.upper)("a") == "A" and compiled(int)("12") == 12
    assert compiled(Shape(2))(3) == 5

    class Holder:
        upper = compiled(str.upper)

    class Text(str):
        up = compiled(str.upper)

    with pytest.raises(TypeError):
        Holder().upper()
    assert Text("x").up() == "X"


def test_calling_a_method_makes_no_bound_method():
    """The type is a method descriptor for functions only: CPython passes self itself."""
    flag = 1 << 17  # Py_TPFLAGS_METHOD_DESCRIPTOR
    assert type(by_name).__flags__ & flag
    assert not type(compiled(len)).__flags__ & flag


def test_abstract_methods_stay_abstract():
    class Base(abc.ABC):
        @compiled
        @abc.abstractmethod
        def f(self): ...

    with pytest.raises(TypeError, match="abstract"):
        Base()


# --- attributes -----------------------------------------------------------------------------------------------------


def test_attributes_are_the_functions():
    f = by_name.__wrapped__
    for name in (
        "__name__ __qualname__ __doc__ __module__ __dict__ __annotations__ __defaults__ __kwdefaults__ __code__ "
        "__globals__ __closure__"
    ).split():
        assert getattr(by_name, name) is getattr(f, name) or getattr(by_name, name) == getattr(f, name)
    assert by_name.__code__ is f.__code__ and by_name.__dict__ is f.__dict__
    assert inspect.signature(by_name) == inspect.signature(f)
    assert inspect.unwrap(by_name) is f
    assert typing.get_type_hints(by_name) == typing.get_type_hints(f)
    assert inspect.getsource(by_name) == inspect.getsource(f)
    assert inspect.isroutine(by_name) and callable(by_name) and not inspect.isclass(by_name)
    assert repr(by_name) == f"<compiled {f!r}>"
    assert set(dir(f)) < set(dir(by_name)) and "__wrapped__" in dir(by_name)


def test_attributes_are_set_on_the_function():
    def f(a, b=1):
        return a, b

    c = compiled(f)
    c.tag, c.__doc__, c.__defaults__ = 7, "new", (9,)
    assert (f.tag, f.__doc__, c.tag, c.__doc__, c(1)) == (7, "new", 7, "new", (1, 9))
    del c.tag
    with pytest.raises(AttributeError, match="'function' object has no attribute 'tag'"):
        c.tag
    c.__code__ = positional.__code__
    assert f.__code__ is positional.__code__


def test_wraps_and_partial_accept_it():
    @functools.wraps(by_name)
    def wrapper(*args):
        return by_name(*args)

    assert wrapper.__name__ == "by_name" and wrapper.__wrapped__ is by_name and wrapper(1) == (1, "s")
    assert inspect.signature(functools.partial(by_name, 1)) == inspect.signature(
        functools.partial(by_name.__wrapped__, 1)
    )
    assert functools.lru_cache(by_name)(1) == (1, "s")


def test_coroutine_and_generator_functions_are_recognised():
    async def coroutine(): ...

    def generator():
        yield 1

    async def async_generator():
        yield 1

    assert inspect.iscoroutinefunction(compiled(coroutine))
    assert inspect.isgeneratorfunction(compiled(generator)) and list(compiled(generator)()) == [1]
    assert inspect.isasyncgenfunction(compiled(async_generator))
    awaitable = compiled(coroutine)()
    assert inspect.iscoroutine(awaitable)
    awaitable.close()


def test_options_are_kept():
    options = {"backend": "reference", "fullgraph": True, "dynamic": False, "mode": "exact", "options": {"k": 1}}
    assert compiled(positional, options).__segue_options__ == options
    assert compiled(positional).__segue_options__ == {}


@pytest.mark.parametrize("value", [None, 3, "f", [1]])
def test_only_callables_are_taken(value):
    with pytest.raises(TypeError, match=f"needs a callable, not {type(value).__name__}"):
        compiled(value)


def test_the_types_cannot_be_made_or_changed_from_python():
    for kind in (type(by_name), type(compiled(len))):
        with pytest.raises(TypeError):
            kind()
        with pytest.raises(TypeError):
            type("Sub", (kind,), {})
        with pytest.raises(TypeError):
            kind.x = 1


# --- pickling, copying, lifetime --------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_by_reference(protocol):
    assert pickle.loads(pickle.dumps(by_name, protocol)) is by_name
    assert pickle.loads(pickle.dumps(Shape.method, protocol)) is Shape.method
    bound = pickle.loads(pickle.dumps(Shape(4).method, protocol))
    assert bound(1) == (4, 1, (), {})
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(compiled(positional), protocol)  # the module's name is the plain function


def test_copies_are_the_same_object():
    for function in (by_name, compiled(functools.partial(positional, 1))):
        assert copy.copy(function) is function and copy.deepcopy([function])[0] is function


def test_identity_and_hash():
    again = compiled(by_name.__wrapped__)
    assert again != by_name and {by_name: 1}[by_name] == 1 and again not in {by_name}


def test_weak_references_die_with_it():
    c = compiled(lambda: 1)
    function, wrapper, died = weakref.ref(c.__wrapped__), weakref.ref(c), []
    weakref.finalize(c, died.append, 1)
    del c
    assert function() is None and wrapper() is None and died == [1]


def test_cycles_are_collected():
    def make(where):
        def f(): ...

        class Options(dict):
            pass

        c = compiled(f, Options() if where == "options" else {})
        if where == "attribute":
            f.me = c
        elif where == "options":
            c.__segue_options__["me"] = c
        elif where == "backend":
            box = []
            c = compiled(f, {"backend": lambda graph: box})
            box.append(c)
        return weakref.ref(c)

    gc.collect()
    for where in ("attribute", "options", "backend"):
        ref = make(where)
        gc.collect()
        assert ref() is None, where


def test_arguments_and_results_are_released_on_time():
    class Thing:
        pass

    alive = []

    def f(x):
        alive.append(weakref.ref(x))
        y = Thing()
        alive.append(weakref.ref(y))
        return y

    c = compiled(f)
    c(Thing())
    assert [ref() for ref in alive] == [None, None]


def test_reference_counts_are_kept():
    c, value = compiled(everything), object()
    c(value, d=value)
    before = sys.getrefcount(value), sys.getrefcount(c), sys.getrefcount(everything)
    for _ in range(1000):
        c(value, value, value, value, d=value, k=value)
        with pytest.raises(TypeError):
            c(value)
    assert (sys.getrefcount(value), sys.getrefcount(c), sys.getrefcount(everything)) == before


def test_replacing_the_function_inside_the_call():
    box = []

    def f():
        box.clear()  # the last reference but the caller's
        gc.collect()
        return "done"

    box.append(compiled(f))
    assert box[0]() == "done"
