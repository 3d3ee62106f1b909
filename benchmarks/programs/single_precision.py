"""Programs of other areas on float32."""

from __future__ import annotations

from benchmarks.programs import Program
from benchmarks.programs.elementwise import polynomial
from benchmarks.programs.finance import black_scholes, black_scholes_loops, options
from benchmarks.programs.images import blur, blur_loops
from benchmarks.programs.inputs import normal, side, uniform
from benchmarks.programs.networks import softmax, softmax_loops, table
from benchmarks.programs.stencils import jacobi, jacobi_loops, jacobi_numexpr

PROGRAMS = [
    Program("polynomial_f32", "single_precision", polynomial, lambda size: (normal(size, dtype="f4"),),
            numexpr="((((0.5 * x - 1.25) * x + 0.75) * x - 2.0) * x + 0.125) * x + 1.0"),
    Program("black_scholes_f32", "single_precision", black_scholes, lambda size: options(size, "f4"), numba=black_scholes_loops, tolerance=1e-4),
    Program("jacobi_f32", "single_precision", jacobi, lambda size: (normal(side(size), side(size), dtype="f4"),), numexpr=jacobi_numexpr,
            numba=jacobi_loops),
    Program("softmax_f32", "single_precision", softmax, lambda size: (table(size, "f4"),), numba=softmax_loops),
    Program("blur_f32", "single_precision", blur, lambda size: (uniform(side(size), side(size), dtype="f4"),), numba=blur_loops),
]
