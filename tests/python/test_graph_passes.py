"""Random graphs of views and writes: the passes must not change anything that a caller can see."""

import random

import numpy as np
import pytest

from segue import _segue

Graph = _segue.Graph

INDICES = [
    ":", "...", "1:", ":-1", "1:-1", "::2", "::-1", "0", "-1", "(0, ...)", "None", "(:, 1:)", "(1:, :-1)", "(..., 0)",
    "(:, None)", "(1:-1, 1:-1)", "(:, ::-1)", "(0, 1)", "2:4", ":2", "-2:", "(0:, ...)", "(1:, 0:)", "()",
]  # fmt: skip
# The type rules decide with 7 for every symbol that a text introduces, so that is what the inputs have.
SHAPES = [
    ("f64[s0, s1]", (7, 7)), ("f64[4, 5]", (4, 5)), ("f64[s0]", (7,)), ("f64[3, 4, 5]", (3, 4, 5)), ("i64[s0, s1]", (7, 7)),
]  # fmt: skip


class Program:
    """Grows a graph statement by statement, keeping those that the type rules accept."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        chosen = [self.random.choice(SHAPES) for _ in range(2)]
        self.shapes = [shape for _, shape in chosen]
        # Each input has sizes of its own.
        types = [text.replace("s0", f"s{2 * i}").replace("s1", f"s{2 * i + 1}") for i, (text, _) in enumerate(chosen)]
        self.head = f"graph(x0: {types[0]}, x1: {types[1]})"
        self.lines = []
        self.values = ["x0", "x1"]
        for _ in range(self.random.randrange(4, 14)):
            self.grow()
        outputs = self.random.sample(self.values, min(len(self.values), self.random.randrange(1, 5)))
        self.graph = Graph.parse(self.text(", ".join(outputs)))

    def text(self, results):
        return self.head + " {\n  " + "\n  ".join([*self.lines, f"return {results}"]) + "\n}"

    def value(self):
        # Late values are likelier, so that chains grow.
        return self.values[-1 - min(int(self.random.expovariate(0.5)), len(self.values) - 1)]

    def grow(self):
        a, b = self.value(), self.value()
        index = self.random.choice(INDICES)
        choices = [
            f"getitem {a} {index}", f"getitem {a} {index}", f"getitem {a} {index}",
            f"setitem {a} {index} {b}", f"setitem {a} {index} 2", f"add {a} {b}", f"add {a} 1", f"add {a} {b} out={a}",
            f"multiply {a} 2 out={a}", f"add {a} 1", f"transpose {a}", f"flip {a} axis=0", f"swapaxes {a} 0 1",
            f"moveaxis {a} 0 -1", f"reshape {a} (-1,)", f"ravel {a}", f"sum {a} axis=0", f"transpose {a} axes=(1, 0)",
        ]  # fmt: skip
        line = f"v{len(self.lines)} = {self.random.choice(choices)}"
        try:
            graph = Graph.parse(self.text("x0")[: -len("  return x0\n}")] + f"  {line}\n  return x0\n}}")
        except ValueError:
            return
        self.lines.append(line)
        if graph.nodes[-1].type != "None":
            self.values.append(graph.nodes[-1].name)

    def inputs(self):
        return [
            np.arange(np.prod(shape)).reshape(shape).astype(np.int64 if node.type.startswith("i") else np.float64) + 10 * i
            for i, (shape, node) in enumerate(zip(self.shapes, self.graph.inputs, strict=True))
        ]


def visible(graph, inputs):
    """What a caller sees: outputs with layout, who shares memory and who is whom, and the inputs afterwards."""
    arrays = [np.asarray(x) for x in inputs]
    outputs = graph(*inputs)
    everything = [*outputs, *inputs]
    seen = []
    for out in everything:
        if isinstance(out, np.ndarray):
            flags = {name: out.flags[name] for name in ("C", "F", "W", "O", "A")}
            base = next((i for i, x in enumerate(arrays) if out.base is x), None if out.base is None else "other")
            offset = out.ctypes.data - inputs[base].ctypes.data if isinstance(base, int) else None
            seen.append((out.shape, out.strides, out.dtype, flags, base, offset, out.tobytes()))
        else:
            seen.append((type(out), repr(out)))
    for i, a in enumerate(everything):
        for b in everything[:i]:
            both = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
            seen.append((a is b, both and np.shares_memory(a, b)))
    return seen


TALLY = {"programs": 0, "changed": 0, "views": 0, "writes": 0}


@pytest.mark.parametrize("block", range(10))
def test_passes_change_nothing_that_can_be_seen(block):
    for seed in range(block * 60, block * 60 + 60):
        program = Program(seed)
        graph = program.graph
        for passes in (["views"], ["views", "writes"], ["writes"], ["common-subexpressions"], None):
            after = graph.optimized(passes)
            assert visible(after, program.inputs()) == visible(graph, program.inputs()), f"{passes}\n{graph}\n{after}"
            assert str(Graph.parse(str(after))) == str(after)
        TALLY["programs"] += 1
        TALLY["changed"] += str(after) != str(graph)
        TALLY["views"] += any(node.op == "getitem" for node in graph.nodes)
        TALLY["writes"] += any(node.op == "setitem" or "out" in node.args for node in graph.nodes)


def test_the_programs_exercised_the_passes():
    if TALLY["programs"] == 0:
        pytest.skip("the programs ran in other processes")
    assert TALLY["changed"] >= TALLY["programs"] // 2
    assert TALLY["views"] >= TALLY["programs"] // 3
    assert TALLY["writes"] >= TALLY["programs"] // 3
