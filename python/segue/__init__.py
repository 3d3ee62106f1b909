"""Segue: array programs captured from ordinary Python, compiled, and never changed in their results.

    import numpy as np
    import segue

    @segue.compile
    def normalize(x):
        return (x - x.mean(axis=0)) / x.std(axis=0)

    normalize(np.random.default_rng(0).normal(size=(1000, 3)))
"""

from segue._interpreter import require_main_interpreter, require_supported_interpreter

require_supported_interpreter()
require_main_interpreter()

from segue._segue import Graph  # noqa: E402
from segue.api import compile, disable, graph_break, is_compiling, reset, stats  # noqa: E402
from segue.backends import list_backends, register_backend  # noqa: E402
from segue.config import config  # noqa: E402
from segue.errors import GraphBreakError  # noqa: E402
from segue.explain import Break, Explanation, explain  # noqa: E402
from segue.logs import set_logs  # noqa: E402
from segue.stance import set_stance  # noqa: E402

__all__ = [
    "Break",
    "Explanation",
    "Graph",
    "GraphBreakError",
    "compile",
    "config",
    "disable",
    "explain",
    "graph_break",
    "is_compiling",
    "list_backends",
    "register_backend",
    "reset",
    "set_logs",
    "set_stance",
    "stats",
]
__version__ = "0.1.0"
