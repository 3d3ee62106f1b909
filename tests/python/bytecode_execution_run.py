"""Runs programs whose every instruction has a line of its own, and checks the decoder against the interpreter.

The modules below are imported with rewritten code (raw listing out, new lines, raw listing in). check_execution then
looks at every frame before every line: stack depths must agree, and clearing the locals that liveness calls dead must
not change what the programs do. Prints one line of JSON.
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
MODULES = [
    *("argparse", "ast", "contextlib", "dataclasses", "difflib", "fractions", "json.decoder", "json.encoder", "json"),
    *("statistics", "textwrap", "bytecode_workload"),
]


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


def workload() -> list[str]:
    """Imports the modules anew, uses each, and returns what came out."""
    for name in MODULES:
        sys.modules.pop(name, None)
    modules = {name: importlib.import_module(name) for name in MODULES}
    results = [modules["bytecode_workload"].run()]
    text = modules["json.encoder"].JSONEncoder(indent=1).encode({"a": [1, 2.5, {"b": None}], "c": "\u00e9"})
    results += [text, modules["json.decoder"].JSONDecoder().decode(text)]
    results.append(modules["textwrap"].fill("hello world " * 20))
    source = pathlib.Path(modules["ast"].__file__).read_text()[:20000].rsplit("\n\n\n", 1)[0]
    results.append(modules["ast"].unparse(modules["ast"].parse(source)))
    results += modules["difflib"].unified_diff(["a", "b", "c"], ["a", "c", "d"])
    results.append(modules["statistics"].stdev([1, modules["fractions"].Fraction(1, 3), 5]))
    parser = modules["argparse"].ArgumentParser(prog="x")
    parser.add_argument("--x", type=int, choices=[1, 2])
    parser.add_argument("rest", nargs="*")
    results += [parser.parse_args(["--x", "1", "p", "q"]), parser.format_help()]
    results.append(modules["dataclasses"].make_dataclass("C", ["a", ("b", int, 3)], frozen=True, order=True)(1))
    return [repr(result) for result in results]


def main():
    expected, found = workload(), []
    machinery = importlib.machinery
    loaders = (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES), (Loader, machinery.SOURCE_SUFFIXES)
    sys.path_hooks.insert(0, machinery.FileFinder.path_hook(*loaders))
    sys.path_importer_cache.clear()
    report = bytecode.check_execution(lambda: found.extend(workload()))
    print(json.dumps(report | {"wrong": report["wrong"][:20], "same": found == expected, "results": len(found)}))


main()
