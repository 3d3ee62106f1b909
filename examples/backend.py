"""A backend in Python: it receives the captured graph and answers with a callable."""

import numpy as np

import segue

seen = []


def counting(graph, example_inputs):
    """Runs the graph as it is, and remembers what it was given."""
    seen.append((str(graph), [value.shape for value in example_inputs if hasattr(value, "shape")]))
    return graph


segue.register_backend("counting", counting)


@segue.compile(backend="counting")
def distance(a, b):
    return np.sqrt(((a - b) ** 2).sum(axis=-1))


points = np.arange(12.0).reshape(4, 3)
assert np.array_equal(distance(points, points[0]), distance.__wrapped__(points, points[0]))
text, shapes = seen[0]
print(f"example inputs {shapes}\n{text}")
