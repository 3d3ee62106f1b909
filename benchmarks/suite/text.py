"""Results as text."""

from __future__ import annotations

from typing import Any

from benchmarks.suite import results as made_of
from benchmarks.suite.contenders import BASE, OURS


def duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1.0:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def heading(results: dict[str, Any]) -> list[str]:
    machine, versions = results["machine"], results["versions"]
    how = "short rounds (--quick)" if results["quick"] else "full rounds"
    return [
        f"{results['date']}, {machine['processor']} ({machine['architecture']}), {machine['cores']} cores, of which one was used; {how}",
        f"load of the machine before and after: {machine['load_before']}, {machine['load_after']}",
        ", ".join(f"{name} {version}" for name, version in versions.items()),
    ]


def row(program: dict[str, Any], size: str, names: list[str]) -> list[str]:
    told = program["sizes"][size]
    base = told["times"][BASE]
    speeds = [f"{base / told['times'][name]:.2f}" if name in told["times"] else "-" for name in names if name != BASE]
    return [program["name"] + (" (BLAS)" if program["blas"] else ""), made_of.short(int(size)), duration(base), *speeds]


def table(results: dict[str, Any]) -> list[list[str]]:
    """Rows of cells, the first of them the columns' names: NumPy's time, and how many times as fast the others are."""
    names = results["contenders"]
    rows = [["program", "size", BASE, *(name for name in names if name != BASE)]]
    for program in results["programs"]:
        rows += [row(program, size, names) for size in program["sizes"]]
    return rows


def first_calls(results: dict[str, Any]) -> list[list[str]]:
    """Rows of cells: first calls, peers' of the smallest size, and memory at the largest."""
    names = [name for name in results["contenders"] if name not in (BASE, OURS)]
    rows = [["program", "Segue, empty cache", "full cache", *names, *(f"memory, {name}" for name in (BASE, OURS, *names))]]
    for program in results["programs"]:
        if "first_call" not in program:
            continue
        told = program["sizes"][min(program["sizes"], key=int)]["first"]
        memory = program.get("memory", {})
        rows.append([
            program["name"], duration(program["first_call"]["empty_cache"]), duration(program["first_call"]["full_cache"]),
            *(duration(told[name]) if name in told else "-" for name in names),
            *(f"{memory[name] / 2**20:.1f} MiB" if name in memory else "-" for name in (BASE, OURS, *names)),
        ])
    return rows


def aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(cells, widths, strict=True)))
            for cells in rows]


def figure_lines(results: dict[str, Any]) -> list[str]:
    lines = []
    for figure in made_of.figures(made_of.cases(results)):
        verdict = "pass" if figure.holds else "FAIL"
        lines.append(f"{verdict}  {figure.what}: {figure.value:.2f} (at least {figure.limit:g})")
        lines += [f"        {text}" for text in figure.short]
    lines += [f"FAIL  not measured: {text}" for text in made_of.broken(results)]
    return lines


def steps(case: made_of.Case) -> str:
    """What Segue's plan does, in words."""
    told = case.steps
    if not told:
        return ""
    left = f", NumPy's {', '.join(sorted(set(told['calls'])))}" if told["calls"] else ""
    many = f", in {told['segments']} segments" if told["segments"] > 1 else ""
    return f"{told['kernels']} kernel{'' if told['kernels'] == 1 else 's'}{left}{many}"


def loss(case: made_of.Case) -> str:
    against = [f"{case.numpy:.2f} x NumPy"]
    if case.peer is not None:
        against.append(f"{case.peer:.2f} x {case.best_peer}")
    return f"{case.name}: {', '.join(against)} ({steps(case)})"


def report(results: dict[str, Any]) -> str:
    found = made_of.cases(results)
    lines = [*heading(results), "", f"Time of {BASE}, and speed of the others against it:", "", *aligned(table(results)), "",
             "First calls (the process's CPU time), and growth of the resident memory in a call of the largest size:", "",
             *aligned(first_calls(results)), ""]
    lost = made_of.losses(found)
    lines += [f"Cases that {OURS} loses: {len(lost)} of {len(found)}", *(f"  {loss(case)}" for case in lost), ""]
    refused = made_of.not_run(results)
    if refused:
        lines += [*refused, ""]
    return "\n".join([*lines, *figure_lines(results)]) + "\n"
