"""Command line: ``python -m opgen --ops DIR (--out DIR --emit table,builders | --print docs) [--only add,sum]``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from . import emit
from .errors import OpgenError
from .loader import load, ops_files
from .model import Model


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="opgen", description=__doc__)
    parser.add_argument("--ops", type=Path, required=True, help="folder with ops.yaml")
    parser.add_argument("--out", type=Path, default=Path(), help="folder the outputs go to")
    parser.add_argument("--emit", default="", help=f"comma-separated outputs: {', '.join(emit.EMITTERS)}")
    parser.add_argument("--print", default="", dest="printed", help="print one output instead of writing files")
    parser.add_argument("--only", default="", help="keep just these operators (comma-separated)")
    options = parser.parse_args(argv)
    try:
        return generate(options)
    except OpgenError as error:
        print(f"opgen: {error}", file=sys.stderr)
        return 1


def _emitter(name: str) -> tuple[str, Callable[[Model], str]]:
    if name not in emit.EMITTERS:
        raise OpgenError(f"unknown output {name!r}; known: {', '.join(emit.EMITTERS)}", "<command line>")
    return emit.EMITTERS[name]


def generate(options: argparse.Namespace) -> int:
    """Prints one output, or writes each that changed; returns the exit status."""
    model = load(ops_files(options.ops))
    if options.only:
        model = model.only(set(options.only.split(",")))
    if options.printed:
        sys.stdout.write(_emitter(options.printed)[1](model))
    for name in filter(None, options.emit.split(",")):
        file_name, emitter = _emitter(name)
        path, text = options.out / file_name, emitter(model)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
