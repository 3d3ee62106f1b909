"""Results as a plot and as a page of HTML that holds it."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

from benchmarks.suite import results as made_of
from benchmarks.suite import text
from benchmarks.suite.contenders import BASE, OURS

COLORS = {OURS: "#c2185b", "numexpr": "#8d6e63", "Numba": "#1e88e5", "JAX": "#43a047", "torch.compile": "#fb8c00"}

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
td, th { padding: 0.15em 0.8em; text-align: right; border-bottom: 1px solid #ddd; }
td:first-child, th:first-child { text-align: left; }
img { max-width: 100%; } .fail { color: #b00020; } .best { font-weight: 600; }
"""


def plot(results: dict[str, Any]) -> bytes | None:
    """A PNG of all speeds against NumPy, one column for each size; None where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return None
    programs = [program for program in results["programs"] if program["sizes"]]
    sizes = sorted({int(size) for program in programs for size in program["sizes"]})
    if not sizes:
        return None
    figure = Figure(figsize=(4.2 * len(sizes) + 2.0, 0.21 * len(programs) + 1.6))
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
    for axis, size in zip(axes, sizes, strict=True):
        draw(axis, programs, str(size), [name for name in results["contenders"] if name != BASE])
    axes[0].set_yticks(range(len(programs)), [program["name"] for program in programs], fontsize=8)
    axes[0].set_ylim(len(programs) - 0.5, -0.5)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper right", ncols=len(labels), fontsize=9)
    figure.suptitle("Speed against NumPy, one core", x=0.02, ha="left")
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return out.getvalue()


def draw(axis: Any, programs: list[dict[str, Any]], size: str, names: list[str]) -> None:
    for name in reversed(names):
        points = [(program["sizes"][size]["times"][BASE] / program["sizes"][size]["times"][name], place)
                  for place, program in enumerate(programs) if name in program["sizes"].get(size, {"times": {}})["times"]]
        axis.scatter([speed for speed, _ in points], [place for _, place in points], s=26 if name == OURS else 13,
                     color=COLORS.get(name, "#555555"), label=name, zorder=3 if name == OURS else 2)
    axis.axvline(1.0, color="#222222", linewidth=0.8)
    axis.set_xscale("log")
    axis.grid(True, color="#e5e5e5", linewidth=0.6)
    axis.set_title(f"{made_of.short(int(size))} elements", fontsize=10)


def cells(rows: list[list[str]]) -> str:
    head, *body = [[html.escape(cell) for cell in row] for row in rows]
    lines = ["<table><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in body]
    return "\n".join([*lines, "</table>"])


def page(results: dict[str, Any], png: bytes | None) -> str:
    found = made_of.cases(results)
    parts = ["<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Segue: array programs</title>",
             f"<style>{STYLE}</style></head><body><h1>Segue's native backend: array programs on one core</h1>"]
    parts += [f"<p>{'<br>'.join(html.escape(line) for line in text.heading(results))}</p>", "<h2>Figures</h2><ul>"]
    for line in text.figure_lines(results):
        parts.append(f"<li class='{'fail' if line.startswith('FAIL') else ''}'>{html.escape(line.strip())}</li>")
    parts.append("</ul>")
    if png is not None:
        parts.append(f"<img alt='speeds against NumPy' src='data:image/png;base64,{base64.b64encode(png).decode()}'>")
    parts += [f"<h2>Time of {BASE}, and speed of the others against it</h2>", cells(text.table(results)),
              "<h2>First calls, and memory of a call of the largest size</h2>", cells(text.first_calls(results)),
              f"<h2>What {OURS} loses</h2><ul>", *(f"<li>{html.escape(text.loss(case))}</li>" for case in made_of.losses(found)),
              "</ul><h2>What peers do not run</h2><ul>", *(f"<li>{html.escape(line)}</li>" for line in made_of.not_run(results)),
              "</ul></body></html>\n"]
    return "\n".join(parts)
