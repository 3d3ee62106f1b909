"""Reductions: axes, keepdims, dtype=, out=, initial= and where=."""

from collections.abc import Iterator

import numpy as np

from . import DTYPES, TABLE, Call, Random, resolve, run_numpy, samples


def _reduction_keywords(random: Random, array: np.ndarray, names: list[str], operator: str) -> tuple[dict, str]:
    """Keywords the operator has, and why its rule may decline them."""
    kwargs: dict = {}
    declines = ""
    if random.rng.random() < 0.8:
        kwargs["axis"] = random.axes(array.ndim)
    if "keepdims" in names and random.rng.random() < 0.3:
        kwargs["keepdims"] = random.choice([True, False])
    if "ddof" in names and random.rng.random() < 0.4:
        kwargs["ddof"] = random.integer(0, 4)
    if "dtype" in names and random.rng.random() < 0.2:
        kwargs["dtype"] = DTYPES[random.choice(list(DTYPES))]
        declines = "means in integers"
    if "initial" in names and random.rng.random() < 0.2:
        kwargs["initial"] = random.python_scalar()
        declines = "initial values that NumPy cuts off"
    if "where" in names and random.rng.random() < 0.15:
        kwargs["where"] = random.choice([True, random.array("bool", random.like(array.shape))])
        declines = "masks whose effect depends on data"
    return kwargs, declines


@samples("sum", "prod", "max", "min", "any", "all", "mean", "var", "std", "count_nonzero", "ptp", "argmax", "argmin",
         "cumsum", "cumprod")
def reduction(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    names = [name for name, _ in TABLE[operator]["params"]]
    counting = "the result's type differs between NumPy versions" if operator == "count_nonzero" else ""
    for _ in range(30):
        array = random.array(dtype)
        kwargs, declines = _reduction_keywords(random, array, names, operator)
        name = random.choice(TABLE[operator]["numpy"])
        if operator in ("argmax", "argmin", "cumsum", "cumprod") and isinstance(kwargs.get("axis"), tuple):
            del kwargs["axis"]
        yield Call(name, (array,), kwargs, declines or counting)
        if "out" not in names or random.rng.random() > 0.3:
            continue
        # An out of the right shape is only known once NumPy has answered; another dtype is declined.
        result, complaint = run_numpy(Call(name, (array,), kwargs))
        if not complaint:
            out = np.array(result)
            if random.rng.random() < 0.2:
                out = np.empty(out.shape, DTYPES[random.choice(list(DTYPES))])
            yield Call(name, (array,), kwargs | {"out": out}, declines or "out= of another dtype")
