"""The layer check itself: good trees pass, and each kind of violation fails with a message that says what and where."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_layers  # noqa: E402


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_repository_keeps_to_the_table():
    assert check_layers.check(ROOT / "csrc") == []


def test_allowed_includes_pass(tmp_path):
    files = {
        "base/ref.h": '#include "base/python.h"\n',
        "base/python.h": "#include <Python.h>\n#if PY_VERSION_HEX < 1\n#endif\n",
        "ops/op.h": '#include "base/ref.h"\n#include "absl/types/span.h"\n',
        "graph/graph.h": '#include "ops/op.h"\n',
        "hook/frame.h": "#include <Python.h>\n#if PY_VERSION_HEX < 1\n#endif\n",
        "runtime/dispatch.cc": '#include "hook/frame.h"\n#include "ops/op.h"\n',
        "bindings/module.cc": '#include <pybind11/pybind11.h>\n#include "runtime/x.h"\n',
    }
    assert check_layers.check(write(tmp_path, files)) == []


BAD = {
    "direct": ({"ops/op.h": '#include "graph/graph.h"\n'}, "ops/op.h: ops may not see graph: ops/op.h -> graph/graph.h"),
    "transitive": (
        {"graph/a.h": '#include "ops/b.h"\n', "ops/b.h": '#include "ops/c.h"\n', "ops/c.h": '#include "trace/d.h"\n'},
        "graph/a.h: graph may not see trace: graph/a.h -> ops/b.h -> ops/c.h -> trace/d.h",
    ),
    "generated": ({"graph/a.cc": '#include "bytecode/table.def"\n'}, "graph/a.cc: graph may not see bytecode"),
    "base upwards": ({"base/a.h": '#include "log/log.h"\n'}, "base/a.h: base may not see log"),
    "hook and C++": ({"hook/eval.c": '#include "base/ref.h"\n'}, "hook/eval.c: hook may not see base"),
    "runtime and graph": ({"runtime/x.cc": '#include "graph/graph.h"\n'}, "runtime/x.cc: runtime may not see graph"),
    "driver and bindings": ({"driver/x.cc": '#include "bindings/b.h"\n'}, "driver/x.cc: driver may not see bindings"),
    "trace from codegen": ({"codegen/x.cc": '#include "trace/tracer.h"\n'}, "codegen/x.cc: codegen may not see trace"),
    "unknown folder": ({"extra/x.cc": "\n"}, "extra/x.cc: the folder 'extra' is not in the layer table"),
    "Python.h": ({"ops/x.cc": "#include <Python.h>\n"}, 'ops/x.cc: includes <Python.h>; include "base/python.h"'),
    "quoted Python.h": ({"ops/x.cc": '#include "Python.h"\n'}, "ops/x.cc: includes <Python.h>"),
    "pybind11": ({"driver/x.cc": "# include <pybind11/stl.h>\n"}, "driver/x.cc: includes <pybind11/stl.h>"),
    "version": ({"trace/x.cc": "#if PY_VERSION_HEX > 3\n#endif\n"}, "trace/x.cc: uses PY_VERSION_HEX"),
    "version in an expression": ({"trace/x.cc": "int v = PY_VERSION_HEX;\n"}, "trace/x.cc: uses PY_VERSION_HEX"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_tree_fails_with_a_clear_message(case, tmp_path):
    files, message = BAD[case]
    problems = check_layers.check(write(tmp_path, files))
    assert any(problem.startswith(message) for problem in problems), problems


def test_codegen_sees_the_trace_result_and_what_comes_with_it(tmp_path):
    files = {
        "codegen/lower.cc": '#include "trace/result.h"\n',
        "trace/result.h": '#include "graph/graph.h"\n',
        "graph/graph.h": "\n",
    }
    assert check_layers.check(write(tmp_path, files)) == []


def test_a_version_macro_in_a_comment_is_no_use(tmp_path):
    assert check_layers.check(write(tmp_path, {"trace/x.h": "// no PY_VERSION_HEX here\n/* PY_VERSION_HEX */\n"})) == []


def test_an_empty_tree_is_no_success(tmp_path):
    assert check_layers.check(tmp_path) == [f"{tmp_path}: no sources found"]


def test_the_command_fails_on_a_bad_tree(tmp_path):
    write(tmp_path, {"ops/op.h": '#include "graph/graph.h"\n'})
    done = subprocess.run([sys.executable, ROOT / "tools" / "check_layers.py", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ops may not see graph" in done.stderr
