"""Programs of the standard library run inside an extent in which every function frame is converted to what it is."""

import argparse
import ast
import asyncio
import collections
import configparser
import contextlib
import copy
import dataclasses
import decimal
import difflib
import fractions
import gc
import io
import json
import random
import re
import string
import sys
import textwrap
import tokenize
import unittest

import pytest

from tests.python.hook_support import compiled, handler, testing


@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = 0
    tags: list = dataclasses.field(default_factory=list)


def with_json():
    data = {"a": [1, 2.5, None, True, "x" * 50], "b": {str(i): i for i in range(50)}}
    text = json.dumps(data, indent=2, sort_keys=True, default=str)
    return json.loads(text) == data, json.JSONDecoder(object_pairs_hook=list).decode(text)


def with_parsers():
    parser = argparse.ArgumentParser(prog="p", exit_on_error=False)
    parser.add_argument("--n", type=int, default=3)
    parser.add_argument("files", nargs="*")
    ini = configparser.ConfigParser()
    ini.read_string("[a]\nx = 1\ny = %(x)s2\n[b]\nz = on\n")
    return vars(parser.parse_args(["--n", "4", "q", "r"])), parser.format_help(), ini["a"]["y"], ini["b"].getboolean("z")


def with_source():
    source = textwrap.dedent(open(ast.__file__).read())[:8000].rpartition("\ndef ")[0]
    tree = ast.parse(source)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    return ast.dump(tree)[:2000], ast.unparse(tree)[:2000], len(tokens), tokens[100].string


def with_numbers():
    decimal_context = decimal.Context(prec=30)
    return (
        decimal_context.divide(decimal.Decimal(1), decimal.Decimal(7)),
        sum((fractions.Fraction(1, n) for n in range(1, 30)), fractions.Fraction(0)),
        random.Random(3).sample(range(1000), 20),
        sorted(random.Random(4).choices(string.ascii_letters, k=30), key=lambda c: (c.lower(), c)),
    )


def with_objects():
    points = [Point(i % 3, -i) for i in range(30)]
    counter = collections.Counter(p.x for p in points)
    return sorted(points), copy.deepcopy(points) == points, counter.most_common(), dataclasses.asdict(points[4])


def with_text():
    a = [f"line {i} {i * i % 7}" for i in range(60)]
    b = [f"line {i} {i * i % 5}" for i in range(0, 70, 2)]
    pattern = re.compile(r"(?P<word>\w+)\s+(?P<n>\d+)")
    return list(difflib.unified_diff(a, b)), [m.groupdict() for m in map(pattern.match, a)], re.sub(r"\d", lambda m: "#", a[11])


def with_asyncio():
    async def produce(queue):
        for i in range(20):
            await queue.put(i)
            await asyncio.sleep(0)
        await queue.put(None)

    async def consume(queue):
        total = []
        while (item := await queue.get()) is not None:
            total.append(item)
        return total

    async def main():
        queue = asyncio.Queue(3)
        results = await asyncio.gather(produce(queue), consume(queue))
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        return results

    return asyncio.run(main())


def with_errors():
    log = []

    @contextlib.contextmanager
    def noted(name):
        log.append(name)
        try:
            yield name
        finally:
            log.append("end " + name)

    def fail(depth):
        with noted(str(depth)):
            if depth == 0:
                raise KeyError("deep")
            try:
                fail(depth - 1)
            except KeyError as error:
                raise ValueError(depth) from error

    try:
        fail(4)
    except ValueError as error:
        chain = []
        while error is not None:
            chain.append((type(error).__name__, error.args, error.__traceback__.tb_lineno))
            error = error.__cause__
    return log, chain


def with_unittest():
    class Case(unittest.TestCase):
        def setUp(self):
            self.x = 3

        def test_ok(self):
            self.assertEqual(self.x, 3)

        def test_bad(self):
            with self.subTest(i=1):
                self.assertRaises(KeyError, {}.__getitem__, 1)
            self.fail("on purpose")

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    return result.testsRun, len(result.failures), result.errors


# Each with the least number of frames that must have been offered.
WORK = {
    with_json: 10,
    with_parsers: 200,
    with_source: 1000,
    with_numbers: 50,
    with_objects: 100,
    with_text: 40,
    with_asyncio: 200,
    with_errors: 20,
    with_unittest: 50,
}


@pytest.mark.parametrize("work", WORK)
def test_converted_frames_run_as_before(work):
    plain = work()
    threshold = gc.get_threshold()
    gc.set_threshold(50)
    try:
        with handler(identity=True) as seen:
            assert compiled(work)() == plain
    finally:
        gc.set_threshold(*threshold)
    assert len(seen) >= WORK[work] and not testing.evaluator_installed()


def test_the_same_in_an_extent_per_call():
    """Extents entered and left around every small call, as a program with many compiled functions does."""
    points = [Point(i % 5, i) for i in range(200)]
    key = compiled(lambda p: (p.x, -p.y))
    less = compiled(Point.__lt__)
    before = sys.getrefcount(points[0])
    with handler(identity=True):
        assert sorted(points, key=key) == sorted(points, key=lambda p: (p.x, -p.y))
        assert sum(less(a, b) for a in points for b in points) == sum(a < b for a in points for b in points)
    after = sys.getrefcount(points[0])
    assert after == before
