"""The section of docs/performance.md that is made of results."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.suite import results as made_of
from benchmarks.suite import text
from benchmarks.suite.contenders import BASE
from benchmarks.suite.measuring import ROOT

PATH = os.path.join(ROOT, "docs", "performance.md")
BEGIN = "<!-- made by python -m benchmarks --write-docs: begin -->"
END = "<!-- made by python -m benchmarks --write-docs: end -->"


def markdown(rows: list[list[str]]) -> list[str]:
    head, *body = rows
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body]]


def areas(found: list[made_of.Case]) -> list[list[str]]:
    """Geometric means of each area's cases."""
    rows = [["area", "cases", f"against {BASE}", "against the best peer"]]
    for area in dict.fromkeys(case.area for case in found):
        for blas in (False, True):
            own = [case for case in found if case.area == area and case.blas == blas]
            peers = [case.peer for case in own if case.peer is not None]
            if own:
                peer = f"{made_of.geometric_mean(peers):.2f} ×" if peers else "-"
                name = area.replace("_", " ") + (", BLAS-bound" if blas else "")
                rows.append([name, str(len(own)), f"{made_of.geometric_mean(case.numpy for case in own):.2f} ×", peer])
    return rows


def section(results: dict[str, Any]) -> str:
    found = made_of.cases(results)
    lines = [BEGIN, "", *(f"{line}  " for line in text.heading(results)), "",
             "Geometric means of speeds (above 1: Segue is faster); a case is a program at one size.", "", *markdown(areas(found)), ""]
    figures = [["figure", "value", "limit", ""]]
    figures += [[figure.what, f"{figure.value:.2f} ×", f"{figure.limit:g} ×", "holds" if figure.holds else "**falls short**"]
                for figure in made_of.figures(found)]
    lines += [*markdown(figures), ""]
    lost = made_of.losses(found)
    if lost:
        lines += [f"Segue loses {len(lost)} of {len(found)} cases:", "", *(f"- {text.loss(case)}" for case in lost), ""]
    for title, items in (("Not measured:", made_of.broken(results)), ("Peers do not run:", made_of.not_run(results))):
        if items:
            lines += [title, "", *(f"- {item.replace('<', '&lt;')}" for item in items), ""]
    return "\n".join([*lines, END])


def written(document: str, results: dict[str, Any]) -> str:
    """The document with its section made anew."""
    before, found, rest = document.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"the document has no section between {BEGIN!r} and {END!r}")
    return before + section(results) + after
