"""python -m bcgen --source csrc/bytecode --out build/generated/bytecode"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .emit import emit_canonical
from .model import parse_canonical
from .source import SchemaError


def main() -> int:
    parser = argparse.ArgumentParser(prog="bcgen", description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="folder of canonical.yaml and versions/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the generated C++")
    options = parser.parse_args()
    try:
        path = options.source / "canonical.yaml"
        files = emit_canonical(parse_canonical(path.read_text(), str(path)))
    except SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (options.out / name).write_text(text)
    return 0


sys.exit(main())
