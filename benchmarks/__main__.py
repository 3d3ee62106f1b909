"""Measures array programs with Segue's native backend, NumPy, and the peers that are installed: python -m benchmarks --help"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks import programs
from benchmarks.suite import docs, measuring, page, results, text
from benchmarks.suite.contenders import BASE, OURS


def size(given: str) -> int:
    try:
        number = float(given)
    except ValueError:
        number = 0.0
    if not 1 <= number <= 1e9 or number != int(number):  # a NaN is in no range
        raise argparse.ArgumentTypeError(f"{given!r} is no number of elements from 1 to 1e9")
    return int(number)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split(":")[0] + ".")
    parser.add_argument("--list", action="store_true", help="print the programs and leave")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this program, or the programs of this area; may be repeated")
    parser.add_argument("--sizes", type=size, nargs="+", default=list(programs.SIZES), metavar="N", help="numbers of elements: 1e3 1e5 1e7")
    parser.add_argument("--quick", action="store_true", help="few short rounds")
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a figure falls short")
    parser.add_argument("--output", metavar="DIR", help="folder for results.json, .txt, .png and .html")
    parser.add_argument("--from", dest="source", metavar="FILE", help="report the results of an earlier run, and measure nothing")
    parser.add_argument("--write-docs", metavar="FILE", help="make the section of docs/performance.md of a file of results, and leave")
    options = parser.parse_args(given)
    try:
        options.programs = chosen(options.only)
    except ValueError as error:
        parser.error(str(error))
    return options


def chosen(names: list[str] | None) -> list[programs.Program]:
    every = list(programs.all_programs())
    if names is None:
        return every
    for name in names:
        if name not in programs.AREAS:
            programs.find(name)
    return [program for program in every if program.name in names or program.area in names]


def tell(measured: dict[str, Any], folder: str | None) -> None:
    """A line for each program as it is measured; what there is so far is kept, should the run be interrupted."""
    if folder:
        write(folder, "results.json", (json.dumps(measured, indent=1) + "\n").encode())
    last = measured["programs"][-1]
    speeds = [f"{results.short(int(count))}: {told['times'][BASE] / told['times'][OURS]:.2f}" for count, told in last["sizes"].items()]
    print(f"{last['name']:<24} {last.get('error') or ', '.join(speeds)}", file=sys.stderr, flush=True)


def write(folder: str, name: str, content: bytes) -> None:
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


def save(folder: str, measured: dict[str, Any]) -> None:
    png = page.plot(measured)
    files: dict[str, bytes] = {
        "results.json": (json.dumps(measured, indent=1) + "\n").encode(),
        "results.txt": text.report(measured).encode(),
        "results.html": page.page(measured, png).encode(),
    }
    if png is not None:
        files["results.png"] = png
    for name, content in files.items():
        write(folder, name, content)


def write_docs(path: str) -> None:
    with open(docs.PATH, encoding="utf-8") as file:
        document = docs.written(file.read(), results.load(path))
    with open(docs.PATH, "w", encoding="utf-8") as file:
        file.write(document)


def run(options: argparse.Namespace) -> int:
    if options.list:
        for program in options.programs:
            print(f"{program.area:<17} {program.name:<22} {'BLAS-bound' if program.blas else ''}".rstrip())
        return 0
    if options.write_docs:
        write_docs(options.write_docs)
        return 0
    if options.source:
        measured = results.load(options.source)
    else:
        measured = measuring.run(options.programs, options.sizes, options.quick, lambda so_far: tell(so_far, options.output))
    if options.output:
        save(options.output, measured)
    print(text.report(measured), end="")
    figures = results.figures(results.cases(measured))
    failed = results.broken(measured) or not figures or not all(figure.holds for figure in figures)
    return 1 if options.check and failed else 0


def main(given: Sequence[str] | None = None) -> int:
    options = arguments(given)
    try:
        return run(options)
    except (OSError, ValueError) as error:
        print(f"python -m benchmarks: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
