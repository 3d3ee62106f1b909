"""What the samples of NumPy's public callables come to.

    python -m tests.numpy_calls [--write] [TEXT]

Prints how many callables are captured, and the reasons of breaks with the callables that have them. --write puts what was found
into calls/*.txt; TEXT restricts the run to callables with that text in their names.
"""

from __future__ import annotations

import argparse
import collections
import sys
import warnings

from segue.testing import CheckError
from tests.numpy_calls.samples import CAPTURED, Sample, exceptions, samples, write
from tests.numpy_calls.survey import Outcome, find, public_callables, survey


def surveyed(text: str) -> tuple[dict[Sample, Outcome], dict[Sample, str]]:
    """What samples come to, and what is wrong with the others."""
    found, differing = {}, {}
    for sample in samples():
        if text not in sample.name or find(sample.name) is None:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found[sample] = survey(sample)
        except CheckError as error:
            differing[sample] = str(error)
    return found, differing


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.numpy_calls", description=__doc__.splitlines()[0])
    parser.add_argument("text", nargs="?", default="")
    parser.add_argument("--write", action="store_true", help="update calls/*.txt")
    options = parser.parse_args()

    found, differing = surveyed(options.text)
    reasons = collections.defaultdict(list)
    for sample, outcome in found.items():
        if outcome.runs not in CAPTURED:
            reasons[outcome.runs].append(f"{sample.text}   [{outcome.detail}]")
    for reason, lines in sorted(reasons.items(), key=lambda item: -len(item[1])):
        print(f"\n{reason}: {len(lines)}")
        for line in lines:
            print(f"  {line}")
    for sample, problem in differing.items():
        print(f"\nDIFFERS {sample.text}\n  {problem}")
    if options.write:
        write({sample: outcome.runs for sample, outcome in found.items()})
    names = {sample.name for sample in [*found, *differing]}
    whole = {name for name in names if all(found[s].runs in CAPTURED for s in found if s.name == name)} - {s.name for s in differing}
    plain = {s.name for s in reversed(found) if found[s].runs in CAPTURED}  # at least one sample
    missing = [name for name in public_callables() if name not in {*names, *exceptions()} and options.text in name]
    print(f"\n{len(whole)} of {len(names)} callables captured with all their samples ({100 * len(whole) / max(1, len(names)):.1f} %), "
          f"{len(plain - whole)} with some; {len(differing)} samples differ; without a sample: {' '.join(missing) or 'none'}")
    return 1 if differing or missing else 0


if __name__ == "__main__":
    sys.exit(main())
