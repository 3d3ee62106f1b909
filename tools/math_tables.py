"""Computes the constants of the math kernels (csrc/backends/llvm/math/tables.h); needs mpmath.

    python tools/math_tables.py [--errors]

Each polynomial approximates `value` on [low, high]; `weight` turns its error into the relative error of the function it is part of, which
is made small: least squares at Chebyshev points, which is within a factor of about two of the best possible. `exact` leading coefficients
are those of the Taylor series as the nearest doubles. With --errors the largest weighted error of each is printed, as a power of two.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import mpmath
from mpmath import mpf

mpmath.mp.prec = 160
Function = Callable[[mpf], mpf]

LN2 = mpmath.log(2)


@dataclass(frozen=True)
class Polynomial:
    """`terms`: coefficients in the long and in the short table (for results in float64 and in float32)."""

    name: str
    doc: str
    value: Function
    weight: Function
    low: mpf
    high: mpf
    terms: tuple[int, int]


def series(first: Callable[[int], mpf], count: int = 40) -> Function:
    """sum(first(i) z**i): near zero, where the closed forms cancel."""
    coefficients = [first(i) for i in range(count)]
    return lambda z: mpmath.polyval(coefficients[::-1], z)


def odd_part(i: int) -> mpf:
    """Of arcsin(x) = x + x z P(z), z = x**2."""
    n = i + 1
    return mpf(mpmath.binomial(2 * n, n)) / (mpf(4) ** n * (2 * n + 1))


HALF_LN2 = LN2 / 2 * mpf("1.0001")
EIGHTH = mpmath.tan(mpmath.pi / 8) ** 2 * mpf("1.0001")
QUARTER_PI = (mpmath.pi / 4) ** 2 * mpf("1.0001")
LOG_REACH = ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2 * mpf("1.0001")

POLYNOMIALS = [
    Polynomial("Exp", "e**r = 1 + r + r**2 P(r), |r| <= ln(2)/2", series(lambda i: 1 / mpmath.factorial(i + 2)),
               lambda r: r**2 if r == 0 else r**2 / min(abs(mpmath.expm1(r)), mpmath.exp(r)), -HALF_LN2, HALF_LN2, (10, 5)),
    Polynomial("Exp2", "2**r = 1 + r P(r), |r| <= 1/2", series(lambda i: LN2 ** (i + 1) / mpmath.factorial(i + 1)),
               lambda r: r / mpf(2) ** r, mpf("-0.5001"), mpf("0.5001"), (11, 6)),
    Polynomial("Sinh", "sinh(r) = r + r z P(z), z = r**2, |r| <= ln(2)/2", series(lambda i: 1 / mpmath.factorial(2 * i + 3)),
               lambda z: z, mpf(0), HALF_LN2**2, (5, 2)),
    Polynomial("Cosh", "cosh(r) = 1 + z P(z), z = r**2, |r| <= ln(2)/2", series(lambda i: 1 / mpmath.factorial(2 * i + 2)),
               lambda z: z, mpf(0), HALF_LN2**2, (6, 3)),
    Polynomial("Log", "2 artanh(s) = 2 s + s z P(z), z = s**2, for the logarithm of (1+s)/(1-s) in [sqrt(1/2), sqrt(2)]",
               series(lambda i: mpf(2) / (2 * i + 3), 60), lambda z: z / 2, mpf(0), LOG_REACH, (7, 3)),
    Polynomial("LogTail", "artanh(s) = s + s z/3 + s z**2 P(z), z = s**2", series(lambda i: mpf(1) / (2 * i + 5), 60),
               lambda z: z**2, mpf(0), LOG_REACH, (8, 3)),
    Polynomial("Sin", "sin(r) = r + r z P(z), z = r**2, |r| <= pi/4", series(lambda i: (-1) ** (i + 1) / mpmath.factorial(2 * i + 3)),
               lambda z: z, mpf(0), QUARTER_PI, (6, 3)),
    Polynomial("Cos", "cos(r) = 1 - z/2 + z**2 P(z), z = r**2, |r| <= pi/4", series(lambda i: (-1) ** i / mpmath.factorial(2 * i + 4)),
               lambda z: z**2, mpf(0), QUARTER_PI, (6, 3)),
    Polynomial("Arctan", "arctan(t) = t + t z P(z), z = t**2, |t| <= tan(pi/8)", series(lambda i: mpf((-1) ** (i + 1)) / (2 * i + 3), 90),
               lambda z: z, mpf(0), EIGHTH, (11, 5)),
    Polynomial("Arcsin", "arcsin(t) = t + t z P(z), z = t**2, |t| <= 1/2", series(odd_part, 110), lambda z: z, mpf(0), mpf("0.2500001"),
               (13, 6)),
    Polynomial("InverseCbrt", "m**(-1/3), 1/2 <= m <= 4", lambda m: m ** (-mpf(1) / 3), lambda m: m ** (mpf(1) / 3),
               mpf("0.499"), mpf("4.01"), (6, 6)),
]


def points(low: mpf, high: mpf, count: int) -> list[mpf]:
    return [(low + high) / 2 + (high - low) / 2 * mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def fit(polynomial: Polynomial, terms: int) -> list[mpf]:
    at = points(polynomial.low, polynomial.high, 4 * terms + 6)
    rows, right = [], []
    for x in at:
        w = polynomial.weight(x)
        rows.append([w * x**k for k in range(terms)])
        right.append(w * polynomial.value(x))
    # The normal equations: 160 bits leave enough of them.
    a, b = mpmath.matrix(rows), mpmath.matrix(right)
    return list(mpmath.lu_solve(a.T * a, a.T * b))


def error(polynomial: Polynomial, coefficients: list[mpf]) -> mpf:
    at = points(polynomial.low, polynomial.high, 200)
    return max(abs(polynomial.weight(x) * (mpmath.polyval(coefficients[::-1], x) - polynomial.value(x))) for x in at)


def split(value: mpf, bits: list[int]) -> list[float]:
    """The value as a sum of positive numbers of so many bits each (a zero minus zero times them keeps its sign)."""
    out = []
    for index, count in enumerate(bits):
        exponent = mpmath.frexp(value)[1]
        whole = value * mpf(2) ** (count - exponent)
        part = (mpmath.nint(whole) if index == len(bits) - 1 else mpmath.floor(whole)) * mpf(2) ** (exponent - count)
        out.append(float(part))
        value -= part
    return out


#: (name, doc, value, bits of the parts): parts whose products with small integers are exact where FMA is missing.
CONSTANTS = [
    ("Ln2", "of ln(2) as a sum: times an exponent exact", LN2, [41, 53]),
    ("Ln2F", "of ln(2), of float32", LN2, [14, 24]),
    ("HalfPi", "of pi/2, for FMA", mpmath.pi / 2, [53, 53, 53]),
    ("HalfPiSplit", "of pi/2: times integers of 20 bits exact", mpmath.pi / 2, [33, 33, 33, 53]),
    ("HalfPiF", "of pi/2, of float32, for FMA", mpmath.pi / 2, [24, 24, 24]),
    ("Log10Of2", "of log10(2): times an exponent exact", mpmath.log10(2), [41, 53]),
    ("Log10Of2F", "of log10(2), of float32", mpmath.log10(2), [14, 24]),
    ("Log10E", "of log10(e)", mpmath.log10(mpmath.e), [53, 53]),
    ("Log10EF", "of log10(e), of float32", mpmath.log10(mpmath.e), [24, 24]),
    ("Log2E", "of log2(e)", 1 / LN2, [53, 53]),
    ("Log2EF", "of log2(e), of float32", 1 / LN2, [24, 24]),
    ("TwoOverLn2", "of 2/ln(2)", 2 / LN2, [53, 53]),
    ("Third", "of 1/3", mpf(1) / 3, [53, 53]),
    ("Pi", "of pi", mpmath.pi, [53, 53]),
    ("PiF", "of pi, of float32", mpmath.pi, [24, 24]),
    ("TwoOverPi", "of 2/pi", 2 / mpmath.pi, [53]),
    ("TanEighthPi", "of tan(pi/8)", mpmath.tan(mpmath.pi / 8), [53]),
    ("TanThreeEighthsPi", "of tan(3 pi/8)", mpmath.tan(3 * mpmath.pi / 8), [53]),
]


def literal(value: float) -> str:
    return value.hex()


def table() -> str:
    lines = [
        "// Constants of the math kernels. Written by tools/math_tables.py: do not edit.",
        "#pragma once",
        "",
        "#include <array>",
        "",
        '#include "backends/llvm/math/polynomial.h"',
        "",
        "namespace segue::llvm::tables {",
        "",
    ]
    for polynomial in POLYNOMIALS:
        lines.append(f"/// {polynomial.doc}. Lowest coefficient first.")
        for suffix, terms in zip(("Long", "Short"), polynomial.terms, strict=True):
            values = [literal(float(c)) for c in fit(polynomial, terms)]
            lines.append(f"inline constexpr double k{polynomial.name}{suffix}[] = {{")
            lines += [f"    {', '.join(values[i:i + 4])}," for i in range(0, len(values), 4)]
            lines.append("};")
        lines.append(f"inline constexpr Polynomial k{polynomial.name}{{k{polynomial.name}Long, k{polynomial.name}Short}};")
        lines.append("")
    for name, doc, value, bits in CONSTANTS:
        values = [literal(part) for part in split(value, bits)]
        lines.append(f"/// Parts {doc}.")
        lines.append(f"inline constexpr std::array<double, {len(values)}> k{name}{{{', '.join(values)}}};")
    lines += ["", "}  // namespace segue::llvm::tables"]
    return "\n".join(lines) + "\n"


def main(argv: list[str]) -> int:
    if "--errors" not in argv:
        sys.stdout.write(table())
        return 0
    for polynomial in POLYNOMIALS:
        errors = [float(mpmath.log(error(polynomial, fit(polynomial, terms)), 2)) for terms in polynomial.terms]
        print(f"{polynomial.name}: 2**{errors[0]:.1f} with {polynomial.terms[0]} terms, 2**{errors[1]:.1f} with {polynomial.terms[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
