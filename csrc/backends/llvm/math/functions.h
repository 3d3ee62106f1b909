// The math functions that kernels call, one file for each family.
//
// Model. Each function writes its code for one element of its dtype into a VectorCode. A fast path computes all lanes, the lanes that it does
// not suit standing aside with a harmless argument; where there are such lanes, a patch computes theirs, by vectors where they are frequent
// (zeros, infinities, what overflows), else by the C library, lane by lane. pow and hypot of float32, and its sines where
// multiplication and addition are not fused, are computed in float64 with the shorter polynomials of float32, and rounded at the end.
//
// Requirements
//  1. Results are at most 4 ULP from the exact ones; signed zeros, infinities and NaNs stand where NumPy has them, and results that NumPy
//     gives exactly (exp(0), log10(1000), 2.0**10) are exact.
//  2. The floating-point status is what NumPy reports: nothing is missing, and ordinary elements set nothing that is reported by default.
//     (Tiny elements may set underflow early, by their squares; NumPy computes again then where it is to be reported.)
//
// The formulas are published ones. Exponentials: reduction by multiples of ln(2) (Cody and Waite, Software Manual for the Elementary
// Functions, 1980). Logarithms: 2 artanh(f/(2+f)) (as in Sun's fdlibm, e_log.c). Trigonometric functions: reduction by multiples of pi/2 in three
// or four parts (Cody and Waite). Arcs: reduction by the addition theorem to |t| <= tan(pi/8), and by arcsin(x) = pi/2 - 2 arcsin(sqrt((1-x)/2)).
// Powers: a logarithm in two parts (Dekker 1971). Cube roots: a Householder iteration for the inverse root.
#pragma once

#include "backends/llvm/kernel_dag.h"
#include "backends/llvm/math/vector_code.h"

namespace segue::llvm {

Real writeExp(const Real& x);
Real writeExp2(const Real& x);
Real writeExpm1(const Real& x);
Real writeLog(const Real& x);
Real writeLog2(const Real& x);
Real writeLog10(const Real& x);
Real writeLog1p(const Real& x);
Real writeSin(const Real& x);
Real writeCos(const Real& x);
Real writeTan(const Real& x);
Real writeArcsin(const Real& x);
Real writeArccos(const Real& x);
Real writeArctan(const Real& x);
Real writeArctan2(const Real& y, const Real& x);
Real writeSinh(const Real& x);
Real writeCosh(const Real& x);
Real writeTanh(const Real& x);
Real writeArcsinh(const Real& x);
Real writeArccosh(const Real& x);
Real writeArctanh(const Real& x);
Real writePow(const Real& x, const Real& y);
Real writeCbrt(const Real& x);
Real writeHypot(const Real& x, const Real& y);

/// log(1 + x) for finite x > -1.
Real logOfOnePlus(const Real& x);

}  // namespace segue::llvm
