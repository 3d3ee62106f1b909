"""python -m bcgen --source csrc/bytecode --out build/generated/bytecode"""

from __future__ import annotations

import argparse
import dis
import opcode
import sys
from pathlib import Path

from .emit import emit_canonical, emit_version
from .model import check_against, parse_canonical, parse_version
from .source import SchemaError


def main() -> int:
    parser = argparse.ArgumentParser(prog="bcgen", description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="folder of canonical.yaml and versions/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the generated C++")
    options = parser.parse_args()
    try:
        path = options.source / "canonical.yaml"
        canonical = parse_canonical(path.read_text(), str(path))
        files = emit_canonical(canonical)
        for path in sorted(options.source.glob("versions/py*.yaml")):
            version = parse_version(path.read_text(), str(path), canonical)
            if version.number == sys.version_info[0] * 100 + sys.version_info[1]:
                check_against(version, opcode.opmap, dis._all_opmap, str(path))
            files |= emit_version(version)
    except SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (options.out / name).write_text(text)
    return 0


sys.exit(main())
