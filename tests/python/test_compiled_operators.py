"""Random calls of every operator, compiled against plain: values, types, strides, flags, aliasing, writes, warnings, exceptions.

The calls are those that `test_type_rules` compares with the rules; here they run.
"""

import zlib
from itertools import islice

import numpy as np
import pytest
from tests.python.op_samples import GENERATORS, OTHERS, TABLE, Call, Random, crashes_numpy, of_other_dtype
from tests.python.op_samples import arrange, creation, data_sizes, products, random, reductions, results, scalars, select, statistics, ufuncs, views  # noqa: F401

import segue

CALLS = 4
"""Of each operator and dtype."""
UNINITIALISED = ["empty", "empty_like"]
"""No two calls give the same."""


def expression(call: Call) -> str:
    """The call as a program would write it, of a0, a1 … and its keywords."""
    names = [f"a{i}" for i in range(len(call.args))]
    words = names + [f"{name}={name}" for name in call.kwargs]
    owner, _, attribute = call.name.partition(".")
    if owner == "ndarray" and not callable(getattr(np.ndarray, attribute)):
        return f"a0.{attribute}"
    if owner == "ndarray":
        return f"a0.{attribute}({', '.join(words[1:])})"
    operator = {"generic": "operator", "py": "operator", "numpy": "np"}.get(owner, owner)
    if operator == "operator" and attribute.startswith("__r"):
        return f"operator.__{attribute[3:]}(a1, a0)"
    return f"{operator}.{attribute}({', '.join(words)})"


def function(call: Call):
    """A function of the values that are no dtypes (copies of dtypes are other objects, which NumPy tells apart), and those values."""
    values = {**{f"a{i}": value for i, value in enumerate(call.args)}, **call.kwargs}
    namespace = {name: value for name, value in values.items() if isinstance(value, np.dtype)}
    names = [name for name in values if name not in namespace]
    exec(f"import builtins, math, operator\nimport numpy as np\ndef call({', '.join(names)}):\n    return {expression(call)}\n", namespace)
    return namespace["call"], [values[name] for name in names]


def run(check, calls, operator):
    segue.reset()
    captured = 0
    for call in calls:
        if crashes_numpy(call, operator):
            continue
        compiled, values = function(call)
        report = check(compiled, *values, breaks=True, hits=False, calls=2)
        captured += report.op_count > 0
    return captured


RUN = [name for name in TABLE if name not in UNINITIALISED]


@pytest.mark.parametrize("dtype", ["bool", "i16", "f64", "c64"])
@pytest.mark.parametrize("operator", RUN)
def test_compiled_calls_are_numpy_s(check, operator, dtype):
    seed = zlib.crc32(f"compiled {operator}/{dtype}".encode())
    run(check, islice(GENERATORS[operator](Random(seed), dtype), CALLS), operator)


@pytest.mark.parametrize("operator", RUN)
def test_compiled_calls_with_other_dtypes_are_numpy_s(check, operator):
    random = Random(zlib.crc32(f"compiled {operator}".encode()))
    other, first_only = random.choice(list(OTHERS)), random.choice([True, False])
    run(check, [of_other_dtype(call, other, first_only) for call in islice(GENERATORS[operator](random, "i64"), CALLS)], operator)


def test_most_of_these_calls_are_captured(check):
    calls = [call for operator in RUN for call in islice(GENERATORS[operator](Random(5), "f64"), 1)]
    assert run(check, calls, "") > 0.7 * len(calls)   # some of the calls raise
