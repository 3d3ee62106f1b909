"""Traces programs whose every instruction has a line of its own, and compares CPython's stack depth with the decoder's.

CPython writes a frame's stack depth down before it calls a trace function for a line, on all versions. So the modules
below are imported with rewritten code (raw listing out, new lines, raw listing in) and run under sys.settrace. Prints one
line of JSON: {"events": n, "units": n, "wrong": [...]}.
"""

import importlib
import importlib.machinery
import json
import pathlib
import re
import sys
import types

from segue import _segue

bytecode = _segue._bytecode
MODULES = ["argparse", "ast", "contextlib", "dataclasses", "difflib", "fractions", "json.decoder", "json.encoder", "json",
           "statistics", "textwrap", "bytecode_workload"]


def a_line_per_instruction(code: types.CodeType) -> types.CodeType:
    line = code.co_firstlineno
    out = []
    for text in bytecode.raw_listing(code).splitlines():
        if re.match(r"  [A-Z]", text):
            line += 1
            text = f"{text.split('@')[0]} @ {line}"
        out.append(text)
    code = bytecode.from_raw_listing("\n".join(out), code)
    consts = tuple(a_line_per_instruction(c) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.replace(co_consts=consts)


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        code = super().get_code(fullname)
        return a_line_per_instruction(code) if fullname in MODULES else code


def workload():
    modules = {name: importlib.import_module(name) for name in MODULES}
    modules["bytecode_workload"].run()
    loads, dumps = modules["json.decoder"].JSONDecoder().decode, modules["json.encoder"].JSONEncoder(indent=1).encode
    loads(dumps({"a": [1, 2.5, {"b": None}], "c": "\u00e9"}))
    modules["textwrap"].fill("hello world " * 20)
    modules["ast"].unparse(modules["ast"].parse(pathlib.Path(modules["ast"].__file__).read_text()[:20000].rsplit("\n\n\n", 1)[0]))
    "".join(modules["difflib"].unified_diff(["a", "b", "c"], ["a", "c", "d"]))
    modules["statistics"].stdev([1, modules["fractions"].Fraction(1, 3), 5])
    parser = modules["argparse"].ArgumentParser()
    parser.add_argument("--x", type=int, choices=[1, 2])
    parser.add_argument("rest", nargs="*")
    parser.parse_args(["--x", "1", "p", "q"])
    parser.format_help()
    modules["dataclasses"].make_dataclass("C", ["a", ("b", int, 3)], frozen=True, order=True)(1)


def main():
    depths, units, wrong, events = {}, set(), [], 0

    def trace(frame, event, arg):
        nonlocal events
        if event == "line":
            code = frame.f_code
            if code not in depths:
                depths[code] = dict(bytecode.depths(code))
            expected = depths[code].get(frame.f_lasti)
            if expected is not None:
                events += 1
                units.add((code, frame.f_lasti))
                found = bytecode.traced_frame_depth()
                if found != expected:
                    wrong.append(f"{code.co_qualname} offset {frame.f_lasti}: CPython {found}, decoded {expected}")
        return trace

    machinery = importlib.machinery
    loaders = (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES), (Loader, machinery.SOURCE_SUFFIXES)
    sys.path_hooks.insert(0, machinery.FileFinder.path_hook(*loaders))
    sys.path_importer_cache.clear()
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.settrace(trace)
    try:
        workload()
    finally:
        sys.settrace(None)
    print(json.dumps({"events": events, "units": len(units), "wrong": wrong[:20]}))


main()
