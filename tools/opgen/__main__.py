"""Command line: ``python -m opgen --ops DIR --out DIR --emit table,builders [--only add,sum] [--check]``."""

import argparse
import sys
from pathlib import Path

from . import emit
from .errors import OpgenError
from .loader import load, ops_files


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="opgen", description=__doc__)
    parser.add_argument("--ops", type=Path, required=True, help="folder with ops.yaml")
    parser.add_argument("--out", type=Path, required=True, help="folder the outputs go to")
    parser.add_argument("--emit", required=True, help=f"comma-separated outputs: {', '.join(emit.EMITTERS)}")
    parser.add_argument("--only", default="", help="keep just these operators (comma-separated)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when an output is stale")
    options = parser.parse_args(argv)
    try:
        return generate(options)
    except OpgenError as error:
        print(f"opgen: {error}", file=sys.stderr)
        return 1


def generate(options: argparse.Namespace) -> int:
    """Writes each output that changed; returns the exit status."""
    model = load(ops_files(options.ops))
    if options.only:
        model = model.only(set(options.only.split(",")))
    stale = 0
    for name in options.emit.split(","):
        if name not in emit.EMITTERS:
            raise OpgenError(f"unknown output {name!r}; known: {', '.join(emit.EMITTERS)}", "<command line>")
        file_name, emitter = emit.EMITTERS[name]
        path, text = options.out / file_name, emitter(model)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if options.check:
            print(f"opgen: {path} is stale; run the generator", file=sys.stderr)
            stale = 1
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
