"""Samples of taking results apart."""

from collections.abc import Iterator

from tests.python.op_samples import Call, Random, samples


@samples("result")
def result(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        items = tuple(random.array(dtype) for _ in range(random.integer(1, 4)))
        yield Call("operator.getitem", (items, random.integer(0, len(items))))
