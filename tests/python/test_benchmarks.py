"""The benchmark suite: its programs agree with NumPy, and its reports say what the results say."""

from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
from benchmarks import __main__ as command
from benchmarks import programs
from benchmarks.suite import child, contenders, docs, measuring, page, results, text

import segue


def told(numpy, ours, **peers):
    return {"times": {"NumPy": numpy, "Segue": ours, **peers}, "rounds": 2, "first": {"NumPy": numpy, "Segue": 0.05, **peers},
            "not_run": {"JAX": "TypeError: <no> such thing in '/a/place/file.py'"}, "steps": {"kernels": 1, "calls": ["getitem", "matmul", "getitem"], "segments": 2}}


MADE = {
    "format": measuring.FORMAT, "date": "2026-01-02T03:04:05+00:00", "quick": True, "sizes": [1000, 100000],
    "machine": {"processor": "a <processor>", "cores": 2, "architecture": "x", "load_before": 0.1, "load_after": 0.2},
    "versions": {"python": "3.12.1", "numpy": "2.0.0"}, "contenders": ["NumPy", "Segue", "numexpr", "Numba", "JAX"],
    "programs": [
        {"name": "fast", "area": "elementwise", "blas": False, "first_call": {"empty_cache": 0.04, "full_cache": 0.003},
         "memory": {"NumPy": 2**21, "Segue": 2**20}, "sizes": {"1000": told(8e-6, 1e-6, numexpr=16e-6, Numba=2e-6)}},
        {"name": "slow", "area": "stencils", "blas": False, "sizes": {"100000": told(1e-4, 2e-4, Numba=1e-4)}},
        {"name": "product", "area": "stencils", "blas": True, "sizes": {"100000": told(1e-4, 1e-4)}},
        {"name": "dead", "area": "stencils", "blas": False, "sizes": {}, "error": "exit status 1: AssertionError"},
    ],
}


@pytest.fixture
def made():
    return copy.deepcopy(MADE)


@pytest.mark.parametrize("program", programs.all_programs(), ids=lambda program: program.name)
def test_programs_agree_with_numpy(program):
    pytest.importorskip("llvmlite", reason="the native backend needs llvmlite", exc_type=ImportError)
    args = program.make(300)
    plain, native = child.copies(args), child.copies(args)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a condition that NumPy reports makes Segue run the plain function
        expected = program.function(*plain)
        child.compare(segue.compile(program.function, backend="native")(*native), expected, program.tolerance)
    child.compare(native, plain, program.tolerance)  # what it writes


def test_there_are_programs_of_every_area():
    areas = [program.area for program in programs.all_programs()]
    assert set(areas) == set(programs.AREAS) and len(areas) >= 30


@pytest.mark.parametrize("program", programs.all_programs(), ids=lambda program: program.name)
def test_sizes_are_about_what_is_asked(program):
    first, again = program.make(1000), program.make(1000)
    child.compare(first, again, 0.0)
    elements = max(np.size(arg) for arg in first)
    # Programs of all pairs take few elements and compute with their squares; attention has its heads' size.
    assert 15 <= elements <= 2000


def test_loops_for_numba_compute_the_same():
    """As Python, where Numba is not needed."""
    for program in programs.all_programs():
        if program.numba is not None:
            args = program.make(300)
            expected = program.function(*child.copies(args))
            child.compare(program.numba(*child.copies(args)), expected, program.tolerance or 1e-5)


def test_every_contender_agrees_where_it_runs():
    """Those that are installed, on a program that each has a form of."""
    program = programs.find("polynomial")
    args = program.make(1000)
    for name in contenders.available():
        if name != "torch.compile":  # whose compiler takes a minute
            call, own = contenders.CONTENDERS[name][0](program, args)
            child.compare(call(*own), program.function(*args), program.tolerance)


def test_another_module_takes_the_place_of_numpy():
    class Recorded:
        def __getattr__(self, name):
            return lambda *args: (name, *args)

    def change(namespace):
        namespace["np"] = Recorded()

    def helper(x):
        return np.exp(x)

    assert contenders._rebound(helper, change)(1.0) == ("exp", 1.0)
    black_scholes = programs.find("black_scholes").function
    rebound = contenders._rebound(black_scholes, change)
    assert rebound.__globals__["cumulative"].__globals__ is rebound.__globals__
    assert black_scholes.__globals__["np"] is np


@pytest.mark.parametrize("actual, expected", [
    (np.array([1.0, 2.0]), np.array([1.0, 2.001])), (np.array([1.0]), np.array([1.0, 1.0])), ((1.0, 2.0), (1.0,)),
    (np.array([1, 2]), np.array([1, 3])), (np.array([math.nan]), np.array([1.0])),
])
def test_differences_are_found(actual, expected):
    with pytest.raises(AssertionError):
        child.compare(actual, expected, None)


def test_steps_of_plans_are_counted():
    steps = child.plan_steps([["kernel v0 -> v0", "v1 = getitem", "v2 = matmul"], ["kernel v3 v4 -> v4"]])
    assert steps == {"kernels": 2, "calls": ["getitem", "matmul"], "segments": 2}


def test_figures(made):
    figures = {figure.what: figure for figure in results.figures(results.cases(made))}
    mean, peer, least, least_peer, blas = figures.values()
    assert mean.value == pytest.approx(math.sqrt(8 * 0.5)) and not mean.holds
    assert peer.value == pytest.approx(math.sqrt(2 * 0.5)) and not peer.holds
    assert least.value == pytest.approx(0.5) and least.short == ("slow of 1e5: 0.50",)
    assert least_peer.value == pytest.approx(0.5) and not least_peer.holds
    assert blas.value == pytest.approx(1.0) and blas.holds and not blas.short


def test_figures_hold(made):
    made["programs"] = made["programs"][:1]
    found = results.figures(results.cases(made))
    assert len(found) == 4 and all(figure.holds for figure in found)


def test_figures_without_peers(made):
    made["programs"] = made["programs"][:1]
    made["programs"][0]["sizes"]["1000"] = told(8e-6, 1e-6)
    assert [figure.what for figure in results.figures(results.cases(made))] == [
        "geometric mean of speed against NumPy", "slowest case against NumPy"]


def test_best_peer_and_losses(made):
    found = {case.program: case for case in results.cases(made)}
    assert found["fast"].best_peer == "Numba" and found["fast"].peer == pytest.approx(2.0)
    assert found["product"].best_peer is None and found["product"].peer is None
    assert [case.program for case in results.losses(list(found.values()))] == ["slow"]
    assert text.loss(found["slow"]) == "slow of 1e5: 0.50 x NumPy, 0.50 x Numba (1 kernel, NumPy's getitem, matmul, in 2 segments)"


def test_the_report(made):
    report = text.report(made)
    lines = report.splitlines()
    assert any(line.split() == ["fast", "1e3", "8", "us", "8.00", "0.50", "4.00", "-"] for line in lines)
    assert any(line.split()[:5] == ["fast", "40", "ms", "3", "ms"] for line in lines)
    assert "FAIL  not measured: dead: exit status 1: AssertionError" in lines
    assert "FAIL  slowest case against NumPy: 0.50 (at least 0.97)" in lines
    assert "pass  slowest BLAS-bound case against NumPy: 1.00 (at least 0.97)" in lines
    assert lines.count("JAX does not run fast: TypeError: <no> such thing in '…'") == 1


@pytest.mark.parametrize("seconds, expected", [(2.5, "2.5 s"), (0.0025, "2.5 ms"), (2.5e-6, "2.5 us"), (25e-9, "25 ns")])
def test_durations(seconds, expected):
    assert text.duration(seconds) == expected


def test_the_page_escapes_what_it_shows(made):
    shown = page.page(made, b"png")
    assert "a &lt;processor&gt;" in shown and "<processor>" not in shown and "&lt;no&gt;" in shown
    assert "data:image/png;base64,cG5n" in shown
    assert "<img" not in page.page(made, None)


def test_the_plot(made):
    pytest.importorskip("matplotlib")
    assert page.plot(made).startswith(b"\x89PNG")
    assert page.plot({**made, "programs": []}) is None


def test_the_plot_needs_matplotlib(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    assert page.plot(made) is None


def test_the_section_of_the_document(made):
    document = f"before\n{docs.BEGIN}\nformer\n{docs.END}\nafter\n"
    once = docs.written(document, made)
    assert once.startswith("before\n" + docs.BEGIN) and once.endswith(docs.END + "\nafter\n") and "former" not in once
    assert "- slow of 1e5: 0.50 x NumPy" in once and "- dead: exit status 1" in once and "| stencils, BLAS-bound | 1 | 1.00 × | - |" in once
    assert docs.written(once, made) == once
    for wrong in ("nothing", docs.BEGIN, docs.END):
        with pytest.raises(ValueError, match="has no section"):
            docs.written(wrong, made)


def test_the_document_has_the_section(made):
    with open(docs.PATH, encoding="utf-8") as file:
        docs.written(file.read(), made)


@pytest.mark.parametrize("given, message", [
    (["--only", "nothing"], "no program is called 'nothing'"), (["--sizes", "many"], "'many' is no number of elements"),
    (["--sizes", "0"], "'0' is no number"), (["--sizes", "1e12"], "'1e12' is no number"), (["--sizes", "nan"], "'nan' is no number"),
    (["--sizes", "inf"], "'inf' is no number"), (["--fast"], "unrecognized"),
])
def test_wrong_arguments(given, message, capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(given)
    assert caught.value.code == 2 and message in capsys.readouterr().err


@pytest.mark.parametrize("content, message", [("{", "is no JSON"), ("[]", "has no results"), ('{"format": -1}', "has no results")])
def test_wrong_files(content, message, tmp_path, capsys):
    path = tmp_path / "results.json"
    path.write_text(content)
    for option in ("--from", "--write-docs"):
        assert command.main([option, str(path)]) == 2
        assert message in capsys.readouterr().err
    assert command.main(["--from", str(tmp_path / "missing")]) == 2
    assert "missing" in capsys.readouterr().err


def test_names_and_areas_choose_programs(capsys):
    assert command.main(["--list", "--only", "jacobi", "--only", "networks"]) == 0
    names = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert names == ["jacobi", *(program.name for program in programs.all_programs() if program.area == "networks")]


def test_results_are_saved_and_reported_again(made, tmp_path, capsys):
    path = tmp_path / "made.json"
    path.write_text(json.dumps(made))
    assert command.main(["--from", str(path), "--output", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == (tmp_path / "out/results.txt").read_text() == text.report(made)
    assert results.load(str(tmp_path / "out/results.json")) == made
    assert command.main(["--from", str(path), "--check"]) == 1
    del made["programs"][1:]
    path.write_text(json.dumps(made))
    assert command.main(["--from", str(path), "--check"]) == 0
    del made["programs"][:]  # nothing measured, nothing shown
    path.write_text(json.dumps(made))
    assert command.main(["--from", str(path), "--check"]) == 1


def test_a_child_that_fails_is_told():
    with pytest.raises(measuring.ChildFailed, match="exit status 1: ValueError: no program is called 'nothing'"):
        measuring.child(what="first", program="nothing", size=10)


def test_a_program_is_measured(tmp_path):
    """The whole of it, with NumPy and Segue in processes of their own."""
    pytest.importorskip("llvmlite", reason="the native backend needs llvmlite", exc_type=ImportError)
    found = measuring.measure(programs.find("polynomial"), [100, 1000], ["NumPy", "Segue"], quick=True)
    assert "error" not in found and set(found["sizes"]) == {"100", "1000"}
    for size in found["sizes"].values():
        assert all(0.0 < size["times"][name] < 1.0 for name in ("NumPy", "Segue"))
        assert size["steps"] == {"kernels": 1, "calls": [], "segments": 1} and size["not_run"] == {}
    assert 0.0 < found["first_call"]["full_cache"] and 0.0 < found["first_call"]["empty_cache"]
    if sys.platform == "linux":
        assert set(found["memory"]) == {"NumPy", "Segue"}


def test_a_wrong_result_ends_the_child(monkeypatch):
    """What Segue computes is compared before it is timed."""
    pytest.importorskip("llvmlite", reason="the native backend needs llvmlite", exc_type=ImportError)
    monkeypatch.setattr(contenders, "segue", lambda program, args: (lambda *arrays: program.function(*arrays) + 1.0, args))
    with pytest.raises(AssertionError):
        child.prepared(programs.find("polynomial"), ["NumPy", "Segue"], 100)


def test_what_a_peer_cannot_is_told(monkeypatch):
    def refusing(program, args):
        raise TypeError("not\nthis")

    monkeypatch.setitem(contenders.CONTENDERS, "Numba", (refusing, "numba"))
    monkeypatch.setitem(contenders.CONTENDERS, "JAX", (lambda program, args: (lambda *arrays: 0.0, args), "jax"))
    calls, what = child.prepared(programs.find("polynomial"), ["NumPy", "Numba", "JAX"], 100)
    assert list(calls) == ["NumPy"]
    assert what["not_run"]["Numba"] == "TypeError: not this" and what["not_run"]["JAX"].startswith("AssertionError")


def test_reasons_are_short_and_name_no_place():
    error = ValueError(f"in {measuring.ROOT}/benchmarks/x.py:\n <function f at 0x7f00> " + "long " * 100)
    told = child.reason_of(error)
    assert told.startswith("ValueError: in benchmarks/x.py: <function f> long") and len(told) < 220 and measuring.ROOT not in told


def test_scripts_still_find_their_parts():
    """They are run by their paths."""
    done = subprocess.run([sys.executable, f"{measuring.ROOT}/benchmarks/native.py", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "--check" in done.stdout


def test_a_run_keeps_what_it_has(made, tmp_path, monkeypatch, capsys):
    def measure(program, sizes, names, quick):
        if program.name == "heat_3d":
            raise KeyboardInterrupt
        return {**made["programs"][0], "name": program.name}

    monkeypatch.setattr(measuring, "measure", measure)
    with pytest.raises(KeyboardInterrupt):
        command.main(["--only", "jacobi", "--only", "heat_3d", "--output", str(tmp_path / "out")])
    assert [program["name"] for program in results.load(str(tmp_path / "out/results.json"))["programs"]] == ["jacobi"]
    assert capsys.readouterr().err.split() == ["jacobi", "1e3:", "8.00"]
