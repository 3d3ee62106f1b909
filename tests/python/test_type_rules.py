"""One randomized differential test per operator and dtype: the type rule against what NumPy returns."""

import zlib
from collections import Counter

import pytest
from tests.python.op_samples import ANY_DTYPE, DTYPES, GENERATORS, OTHERS, TABLE, Random, check, of_other_dtype
from tests.python.op_samples import arrange, creation, data_sizes, products, random, reductions, results, scalars, select, statistics, ufuncs, views  # noqa: F401

#: Operators whose calls mostly raise for some first dtypes (bitwise ones of floats, say): a share, not each dtype, is due.
COUNTS: dict[str, Counter] = {}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operator", TABLE)
def test_rule_agrees_with_numpy(operator, dtype):
    counts = COUNTS.setdefault(operator, Counter())
    wrong = []
    for call in GENERATORS[operator](Random(zlib.crc32(f"{operator}/{dtype}".encode())), dtype):
        problem = check(call, operator, counts)
        if problem:
            wrong.append(problem)
    assert not wrong, f"{len(wrong)} calls differ:\n" + "\n".join(wrong[:10])


def test_every_operator_has_samples():
    assert sorted(TABLE) == sorted(GENERATORS)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("operator", [name for name, row in TABLE.items() if row["tags"] & ANY_DTYPE])
def test_rule_agrees_with_numpy_for_other_dtypes(operator, other):
    counts = COUNTS.setdefault(f"{operator}/others", Counter())
    wrong = []
    for call in GENERATORS[operator](Random(zlib.crc32(f"{operator}/{other}".encode())), "i64"):
        for first_only in (True, False):
            problem = check(of_other_dtype(call, other, first_only), operator, counts, casts=True)
            if problem:
                wrong.append(problem)
    assert not wrong, f"{len(wrong)} calls differ:\n" + "\n".join(wrong[:10])
