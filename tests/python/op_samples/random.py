"""numpy.random: draws from a Generator and from a RandomState."""

from collections.abc import Iterator

import numpy as np

from tests.python.op_samples import TABLE, Call, Random, samples

SIZES = [None, 3, (2, 3), (), 0, (4,), 1]
#: Parameters that the distributions accept: in (0, 1), and counts.
SHARES = {"p"}
COUNTS = {"ngood", "nbad", "nsample", "n"}


def generator(operator: str):
    return np.random.default_rng(5) if operator.startswith("draw_") else np.random.RandomState(5)


def name_of(operator: str) -> str:
    return TABLE[operator]["numpy"][0]


def parameter(random: Random, name: str, shape: tuple[int, ...]):
    """A number of any kind, or an array that broadcasts with the shape."""
    number = 0.25 if name in SHARES else random.choice([4, 9]) if name in COUNTS else random.choice([2, 1.5, 3.0])
    kind = random.rng.random()
    if kind < 0.4:
        return number
    if kind < 0.6:
        return random.choice([np.float32, np.float64, np.int64, np.int8] if isinstance(number, int) else [np.float64, np.float16])(number)
    return np.full(random.like(shape), number)


def size_for(random: Random, parameters: tuple) -> object:
    """A size of the parameters' own shape, mostly; none, or any."""
    kind = random.rng.random()
    if kind < 0.3:
        return None
    shapes = [np.shape(p) for p in parameters]
    try:
        own = np.broadcast_shapes(*shapes)
    except ValueError:
        own = ()
    return random.choice([own, (2, *own)]) if kind < 0.8 and own else random.choice(SIZES)


OTHERS = ("integers", "randint", "choice", "permutation", "permuted", "shuffle", "multinomial", "dirichlet",
          "multivariate_hypergeometric")
DRAWS = 1 << 12
DISTRIBUTIONS = [name for name, row in TABLE.items() if row["tags"] & DRAWS and not name.endswith(OTHERS)]


@samples(*DISTRIBUTIONS)
def distribution(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    names = [name for name, kind in TABLE[operator]["params"] if kind.startswith("Array")]
    typed = ("dtype", "DType?") in TABLE[operator]["params"]
    for _ in range(12):
        shape = random.shape(2)
        if names == ["left", "mode", "right"]:
            parameters = tuple(value * scale for value, scale in zip((np.float64(1), np.ones(random.like(shape)), 1.0), (1, 2, 3), strict=True))
        else:
            parameters = tuple(parameter(random, name, shape) for name in names)
        keywords = {"dtype": random.choice([np.float32, np.float64])} if typed and random.rng.random() < 0.4 else {}
        yield Call(name_of(operator), (generator(operator), *parameters), {"size": size_for(random, parameters), **keywords})


@samples("draw_integers", "legacy_randint")
def integers(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        bounds = random.choice([(9,), (0, 9), (np.int64(3), 9), (np.array([5, 6]),), (0, np.array([[5], [6]])), (True, 7)])
        keywords = {"size": size_for(random, bounds)}
        if random.rng.random() < 0.5:
            keywords["dtype"] = random.choice([np.int8, np.uint16, np.int64, np.uint64])
        yield Call(name_of(operator), (generator(operator), *bounds), keywords, declines="one of a dtype")


@samples("draw_choice", "legacy_choice")
def choice(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(12):
        pool = random.choice([6, random.array(dtype, (5,)), random.array(dtype, (2, 3))])
        keywords = {"size": random.choice(SIZES)}
        if random.rng.random() < 0.3:
            keywords["replace"] = False
        if random.rng.random() < 0.3:
            count = pool if isinstance(pool, int) else len(pool)
            keywords["p"] = np.full(count, 1 / count)
        yield Call(name_of(operator), (generator(operator), pool), keywords, declines="rows")


@samples("draw_permutation", "legacy_permutation", "draw_permuted")
def permutation(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(12):
        whole = [6, 0] if operator != "draw_permuted" else []
        pool = random.choice([*whole, random.array(dtype, (5,)), random.array(dtype, (2, 3)), random.array(dtype, (0,))])
        yield Call(name_of(operator), (generator(operator), pool), declines="rows")


@samples("draw_shuffle", "legacy_shuffle")
def shuffle(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(12):
        pool = random.array(dtype, random.shape(2, 1), random.choice(["C", "F", "reversed", "gaps", "readonly"]))
        yield Call(name_of(operator), (generator(operator), pool))


@samples("draw_multinomial", "legacy_multinomial", "draw_dirichlet", "legacy_dirichlet", "draw_multivariate_hypergeometric")
def vectors(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(12):
        size = random.choice(SIZES)
        if operator.endswith("dirichlet"):
            yield Call(name_of(operator), (generator(operator), random.choice([[1.0, 2.0], np.array([1.0, 2.0, 3.0])])), {"size": size})
        elif operator.endswith("multinomial"):
            shares = random.choice([[0.25, 0.75], np.array([0.5, 0.25, 0.25]), np.full((2, 2), 0.5)])
            yield Call(name_of(operator), (generator(operator), random.choice([5, 0]), shares), {"size": size}, declines="stacks")
        else:
            yield Call(name_of(operator), (generator(operator), random.choice([[4, 5], np.array([4, 5, 6])]), 3), {"size": size})
