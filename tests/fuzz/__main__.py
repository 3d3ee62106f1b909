"""Differential fuzzing: random programs, plain against compiled, bit for bit.

    scripts/python [VERSION] -m tests.fuzz [--numpy] [--backend NAME] [--programs N] [--seed N] [--jobs N] [--only INDEX] [--floor PERCENT] [--reasons N]

Programs are a function of (seed, index) alone: of Python's language (`generate.py`, `breaking.py`), or with `--numpy` of NumPy's (`arrays.py`). A program that differs, or kills its process, is shrunk and printed. The
run fails on any such program; when fewer than the floor (95 %) of the programs captured an operator and ran a segment at
their second call; and when a program ran fewer segments, or left fewer through exits, than the floors on average.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.fuzz.run import ROOT, Summary, crashes, dies_plainly, differs, generate, report, run, settle, shrink

import segue

MOST_FAILURES = 10
STARTS, DONE = "fuzz starts", "fuzz done"
"""How lines of a worker's output begin: the index of a program, a summary as JSON."""


@dataclass(frozen=True)
class Language:
    """What programs a run is of."""

    arrays: bool
    batch: int
    """Programs of one process."""
    segments: float
    """Floors of what a program runs on average."""
    exits: float


PYTHON = Language(arrays=False, batch=250, segments=10.0, exits=5.0)
NUMPY = Language(arrays=True, batch=2000, segments=1.0, exits=0.1)


def work(language: Language, seed: int, start: int, stop: int) -> None:
    """Runs in a process of its own: prints the index of each program before it runs, and its summary behind."""
    failures = 0
    warnings.simplefilter("ignore")  # of what looks at arrays here; programs run under a filter of their own
    for index in range(start, stop):
        print(STARTS, index, flush=True)
        if index % 50 == 0:
            settle()  # programs of arrays leave that to their runs' owner
        program = generate(seed, index, language.arrays)
        outcome = run(program)
        summary = Summary()
        summary.add(outcome)
        if outcome.differences:
            failures += 1
            small = shrink(program, differs) if failures <= MOST_FAILURES else program
            summary.failures.append((index, report(small, run(small).differences or outcome.differences)))
        print(DONE, json.dumps(summary.as_dict()), flush=True)


def batch(language: Language, seed: int, start: int, stop: int) -> Summary:
    """Runs one batch in a child; a program that kills it is reported, and the rest goes to another child."""
    summary = Summary()
    while start < stop:
        command = [sys.executable, "-m", "tests.fuzz", "--work", str(start), str(stop), "--seed", str(seed), *["--numpy"] * language.arrays]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "SEGUE_STRICT": "1"}) as child:
            output, errors = child.communicate()
        started = [int(line.removeprefix(STARTS)) for line in output.splitlines() if line.startswith(STARTS)]
        if not started:
            raise RuntimeError(f"the fuzz worker did not start:\n{errors}")
        for line in output.splitlines():
            if line.startswith(DONE):
                summary.merge(json.loads(line.removeprefix(DONE)))
        if child.returncode == 0:
            return summary
        died = started[-1]
        summary.programs += 1
        start = died + 1
        if dies_plainly(seed, died, language.arrays):
            summary.undetermined += 1
            continue
        program = generate(seed, died, language.arrays)
        words = [f"the process died with status {child.returncode}", *errors.splitlines()[-15:]]
        if len(summary.failures) < 3 and child.returncode < 0:
            program = shrink(program, crashes)
        summary.failures.append((died, report(program, words)))
    return summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--numpy", action="store_true", help="programs of NumPy's language: views, writes, overlaps, all dtypes")
    parser.add_argument("--backend", choices=segue.list_backends(), help="what programs are compiled for")
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--floor", type=float, default=95.0)
    parser.add_argument("--reasons", type=int, default=5, help="how many of the commonest reasons for missed programs to print")
    parser.add_argument("--only", type=int, help="print and run the program of one index")
    parser.add_argument("--work", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    language = NUMPY if options.numpy else PYTHON
    if options.backend:
        os.environ["SEGUE_BACKEND"] = options.backend
    if options.work:
        work(language, options.seed, *options.work)
        return 0
    if options.only is not None:
        program = generate(options.seed, options.only, language.arrays)
        print(program.script(), flush=True)
        outcome = run(program)
        print("\n".join(outcome.differences) or f"the same; captured {outcome.captured}, hit {outcome.hit}, "
              f"{outcome.segments} segments, {outcome.exits} exits, {outcome.breaks}")
        if outcome.undetermined:
            print("undetermined: plain calls differ from each other")
        return 1 if outcome.differences else 0

    begun = time.perf_counter()
    summary = Summary()
    starts = range(0, options.programs, language.batch)
    with ThreadPoolExecutor(options.jobs) as pool:
        batches = pool.map(lambda at: batch(language, options.seed, at, min(at + language.batch, options.programs)), starts)
        for done in batches:
            for index, text in done.failures[: max(0, MOST_FAILURES - len(summary.failures))]:
                print(f"--- program {index} of seed {options.seed}\n{text}\n", flush=True)
            summary.merge(done.as_dict())
    share = 100 * summary.reused / max(1, summary.programs)
    seconds = time.perf_counter() - begun
    common = ", ".join(f"{name} {count}" for name, count in summary.breaks.most_common(8))
    print(f"breaks: {common or 'none'}")
    for reason, count in summary.missed.most_common(options.reasons):
        print(f"  missed {count} times: {reason}")
    print(f"fuzz: {summary.programs} programs of seed {options.seed} in {seconds:.0f} s; "
          f"{100 * summary.captured / max(1, summary.programs):.1f} % captured an operator, {share:.1f} % captured and ran a segment "
          f"at the second call (floor {options.floor:g} %); {summary.segments} segments run, {summary.exits} left through exits "
          f"(floors {language.segments:g} and {language.exits:g} a program); {len(summary.failures)} mismatches, "
          f"{summary.undetermined} undetermined (plain calls of theirs differ from each other, or kill the process)")
    short = (share < options.floor or summary.segments < language.segments * summary.programs
             or summary.exits < language.exits * summary.programs)
    return 1 if summary.failures or short or summary.programs < options.programs else 0


if __name__ == "__main__":
    sys.exit(main())
