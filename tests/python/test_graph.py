"""segue.Graph: text, Python source, calls, pictures, and passes against NumPy."""

import xml.dom.minidom

import numpy as np
import pytest

from segue import _segue

Graph = _segue.Graph

TEXT = """graph(x: f64[s0, 3], y: f64[s0, 3]) {
  a = multiply x y
  b = add a 1.5 out=x
  c = sum b axis=0 keepdims=True
  return c, b
}"""


def test_text_round_trips_and_errors_name_the_line():
    graph = Graph.parse(TEXT)
    assert str(graph) == TEXT
    assert len(graph) == 3
    assert repr(graph) == "<segue.Graph with 3 operations>"
    with pytest.raises(ValueError, match="line 2: unknown operator 'frobnicate'"):
        Graph.parse("graph(x: f64[3]) {\n a = frobnicate x\n return a }")


def test_nodes_say_what_they_are():
    graph = Graph.parse(TEXT)
    x, y = graph.inputs
    a, b, c = graph.nodes
    assert (x.name, x.op, x.type, x.args) == ("x", None, "f64[s0, 3]", {})
    assert (a.name, a.op, a.type) == ("a", "multiply", "f64[s0, 3]")
    assert a.args == {"x1": x, "x2": y}
    assert b.args == {"x1": a, "x2": 1.5, "out": x}
    assert c.args == {"a": b, "axis": 0, "keepdims": True}
    assert graph.outputs == (c, b)
    assert {x: 1}[graph.inputs[0]] == 1 and x != y
    assert str(c) == "c" and repr(c) == "<segue.Node c>"


def test_code_is_runnable_source():
    graph = Graph.parse(TEXT)
    namespace = {}
    exec(graph.code, namespace)
    x = np.arange(6.0).reshape(2, 3)
    want_b = x * 2 + 1.5
    c, b = namespace["graph"](x, np.full((2, 3), 2.0))
    assert b is x
    np.testing.assert_array_equal(b, want_b)
    np.testing.assert_array_equal(c, want_b.sum(axis=0, keepdims=True))


def test_calls_run_the_graph():
    graph = Graph.parse("graph(x: f64[s0]) { a = multiply x s0; b = add a s1; return b, (s0 - 1, None), [x] }")
    assert graph.symbols == ["s1"]
    x = np.ones(4)
    b, (size, none), (same,) = graph(x, 10)
    np.testing.assert_array_equal(b, np.full(4, 14.0))
    assert (size, none) == (3, None) and same is x
    with pytest.raises(TypeError, match="takes 2 inputs, not 1"):
        graph(x)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inf", float("inf")),
        ("-0.0", -0.0),
        ("complex(1.0, -inf)", complex(1.0, float("-inf"))),
        ('"a\\"b\\n"', 'a"b\n'),
        ("i16", np.int16),
        ("(1, 2.5, (None,))", (1, 2.5, (None,))),
        ("[True, ...]", [True, ...]),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_literals_survive_source(text, value):
    (got,) = Graph.parse(f"graph() {{ return {text} }}")()
    assert repr(got) == repr(value)


def test_sizes_are_objects():
    graph = Graph.parse("graph(x: f64[s0]) { return s0 - 1, 4 }")
    size, number = graph.outputs
    assert (str(size), size.hint, number) == ("s0 - 1", 6, 4)
    assert repr(size) == "<segue.Size s0 - 1>"


def test_draw_writes_pictures(tmp_path):
    graph = Graph.parse(TEXT)
    graph.draw(tmp_path / "g.svg")
    graph.draw(str(tmp_path / "g.dot"))
    svg = (tmp_path / "g.svg").read_text()
    dot = (tmp_path / "g.dot").read_text()
    assert len(xml.dom.minidom.parseString(svg).getElementsByTagName("text")) == 2 * 6
    assert "a = multiply" in svg and "c = sum axis=0 keepdims=True" in svg
    assert dot.startswith("digraph") and dot.count("->") == 7 and "multiply" in dot
    with pytest.raises(ValueError, match="svg or .dot"):
        graph.draw(tmp_path / "g.png")
    with pytest.raises(FileNotFoundError):
        graph.draw(tmp_path / "missing" / "g.svg")


def test_passes_run_by_name():
    graph = Graph.parse("graph(x: i64[3]) { a = multiply x x; b = multiply x x; c = add a b; d = add c 1; return c }")
    assert str(graph.optimized(["dead-code"])).count("=") == 3
    assert str(graph.optimized()) == "graph(x: i64[3]) {\n  a = multiply x x\n  c = add a a\n  return c\n}"
    assert len(graph) == 4, "the graph itself is not changed"
    with pytest.raises(ValueError, match="unknown pass 'frobnicate'"):
        graph.optimized(["frobnicate"])
