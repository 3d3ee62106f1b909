"""What the tracer knows of dtypes, scalar types, flags and strides: everything that needs no data is a constant."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.trace_support import body_of, break_of, trace

import segue

MATRIX = np.arange(6.0).reshape(2, 3)
F32 = np.ones(3, np.float32)
I16 = np.ones(4, np.int16)


def source_function(expression):
    namespace = {"np": np}
    exec(f"def f(x):\n    return {expression}\n", namespace)
    return namespace["f"]


CONSTANTS = """
x.dtype == np.float64
x.dtype == 'float32'
x.dtype == float
x.dtype != np.int16
x.dtype in (np.float32, np.int16)
x.dtype is np.dtype('f8')
x.dtype.kind
x.dtype.name
x.dtype.char
x.dtype.str
x.dtype.itemsize
np.dtype('f4').itemsize
np.dtype(np.int8) == 'i1'
np.dtype(complex).kind
np.issubdtype(x.dtype, np.floating)
np.issubdtype(x.dtype, np.signedinteger)
np.issubdtype(x.dtype, float)
np.result_type(x, np.float32).name
np.result_type(x, 1.5, 3).name
np.result_type(x.dtype, 'c8').name
np.promote_types(x.dtype, 'i8').name
np.can_cast(x.dtype, np.float32)
np.can_cast(x.dtype, np.float32, casting='same_kind')
np.can_cast(x, 'i8', 'unsafe')
np.finfo(np.float32).bits
np.finfo('f8').dtype.name
np.iinfo(np.int16).min
np.iinfo(np.uint8).max
isinstance(x, np.ndarray)
isinstance(x, (float, int, list, np.floating))
isinstance(3.5, float)
type(x) is np.ndarray
x.flags.c_contiguous
x.flags.f_contiguous
x.flags['C']
x.flags['F_CONTIGUOUS']
x.flags.fnc
x.flags.forc
x.flags.writeable
x.flags.aligned
x.flags.carray
x.flags.farray
x.T.flags.c_contiguous
x.T.flags.f_contiguous
np.pi
np.inf
np.newaxis
""".split("\n")[1:-1]


@pytest.mark.parametrize("array", [MATRIX, np.asfortranarray(MATRIX), F32, I16], ids=["c", "fortran", "f32", "i16"])
@pytest.mark.parametrize("expression", CONSTANTS)
def test_questions_without_data_are_answered_while_tracing(expression, array):
    f = source_function(expression)
    assert trace(f, array).splitlines()[-1] == f"return {f(array)!r}"


@pytest.mark.parametrize("expression", ["np.finfo(x.dtype).eps", "np.finfo(np.float32).max", "np.finfo(x.dtype.type).tiny"])
def test_limits_are_scalars_of_their_dtype(expression):
    f = source_function(expression)
    value = f(MATRIX)
    assert trace(f, MATRIX).splitlines()[-1] == f"return <numpy.{value.dtype}>"


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (MATRIX, "return #0 tuple(int(8*s1), 8)"),
        (np.asfortranarray(MATRIX), "return #0 tuple(8, int(8*s0))"),
        (I16, "return #0 tuple(2)"),
    ],
)
def test_strides_follow_from_contiguity(array, expected):
    assert body_of(trace(lambda x: x.strides, array)).splitlines()[-1] == expected


@pytest.mark.parametrize("array", [MATRIX[:, ::2], np.ones((3, 1)), np.ones((0, 2))], ids=["gaps", "one", "empty"])
def test_strides_that_nothing_guards_break(array):
    assert break_of(lambda x: x.strides, array) == "constant-needed"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("np.dtype(x)", "constant-needed"),
        ("np.finfo(x)", "constant-needed"),
        ("np.issubdtype(x, np.floating)", "constant-needed"),
        ("np.dtype('unknown')", "exception-escapes"),
        ("np.promote_types('f4', 'V8')", "exception-escapes"),
        ("np.dtype('(2)i4,')", "constant-needed"),  # warns
        ("np.dtype('i4,i4')", "constant-needed"),  # its fields may be named anew
        ("np.can_cast(3, np.int8)", "constant-needed"),
        ("x.flags.owndata", "attribute-lookup"),
        ("x.base", "attribute-lookup"),
    ],
)
def test_what_depends_on_more_breaks(expression, reason):
    assert break_of(source_function(expression), MATRIX) == reason


def test_a_class_with_its_own_dtype_attribute_is_not_asked():
    asked = []

    class Meta(type):
        @property
        def dtype(cls):
            asked.append(cls)
            return np.dtype("f4")

    class Named(metaclass=Meta):
        pass

    assert break_of(lambda x: np.dtype(Named), MATRIX) == "constant-needed"
    assert asked == []


@pytest.mark.parametrize("dtype", ["'f4'", "'float32'", "'<f4'", "np.float32", "np.dtype('f4')"])
def test_every_spelling_of_a_dtype_is_the_same_argument(dtype):
    f = source_function(f"np.multiply(x, 2, dtype={dtype})")
    assert "multiply x 2 dtype=f32" in trace(f, F32)


PAIRS = np.dtype(("i4", [("low", "<i2"), ("high", "<i2")]))
MARKED = np.dtype("i4", metadata={"unit": "m"})


@pytest.mark.parametrize("dtype", [PAIRS, MARKED], ids=["fields", "metadata"])
def test_numbers_that_are_more_than_their_type_number_stay_so(dtype, check):
    def f(x):
        return x.copy(), x[:1], np.zeros(2, dtype), x.dtype, np.ones(2)

    check(f, np.zeros(3, "i4"), breaks=True)
    check(f, np.zeros(3, dtype), breaks=True)


@pytest.mark.parametrize("dtype", [PAIRS, MARKED], ids=["fields", "metadata"])
def test_entries_for_plain_numbers_are_not_run_for_others(dtype):
    compiled = segue.compile(lambda x: x.dtype)
    assert compiled(np.zeros(3, "i4")).metadata is None
    found = compiled(np.zeros(3, dtype))
    assert (found.fields, found.metadata) == (dtype.fields, dtype.metadata)


def test_arrays_of_stringdtype_are_guarded_by_a_dtype_that_lives():
    """Not through `check`: NumPy 2.0 crashes when it copies such arrays deeply."""

    @segue.compile
    def f(s):
        return s[0], s

    for _ in range(20):
        array = np.array(["a", "bc"], "T")
        item, same = f(array)
        assert item == "a" and same is array
