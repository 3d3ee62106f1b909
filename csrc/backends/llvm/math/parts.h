// What math functions are made of: fields of floats, rounding, powers of two, special results.
#pragma once

#include "backends/llvm/math/vector_code.h"

namespace segue::llvm {

/// How a dtype's floats are laid out.
struct Format {
  int mantissa;            ///< bits
  int bias;
  uint64_t sign, infinity, smallest_normal;
};
Format formatOf(DType dtype);
// What stands in for an unsuitable argument is no 1 where it is multiplied or divided by: code generation would choose behind the
// operation then, and compute with the unsuitable one.

/// One of two tables, for float64 or for float32.
template <size_t N>
const std::array<double, N>& partsFor(DType dtype, const std::array<double, N>& of_double, const std::array<double, N>& of_float) {
  return dtype == DType::kF64 ? of_double : of_float;
}

/// The bits without the sign; NaNs are above infinity's.
Bits magnitude(const Real& x);
Real absolute(const Real& x);
Real copySign(const Real& size, const Real& sign);
/// The sign bit is set; of NaNs, too.
Mask isNegative(const Real& x);
Mask isNan(const Real& x);
/// Infinite or NaN.
Mask isNonFinite(const Real& x);
/// The magnitude is at least `limit`, or NaN.
Mask reaches(const Real& x, double limit);
/// Neither zero, subnormal, infinite nor NaN, and positive.
Mask isPositiveNormal(const Real& x);
/// Magnitudes outside [low, high), but for zeros.
Mask isOutside(const Real& x, double low, double high);

/// An integer near a float: in the lowest bits, and as a float.
struct Rounded {
  Bits bits;
  Real value;
};
/// The integer nearest to x * factor, whose size is below 2**50 (2**21 of float32).
Rounded nearest(const Real& x, double factor);

/// 2**k, normal.
Real powerOfTwo(const Bits& k);
/// x * 2**k, both normal.
Real scaled(const Real& x, const Bits& k);
/// x * 2**k: sets overflow and underflow. |k| < 2**11 (2**8).
Real scaledBeyond(const Real& x, const Rounded& k);

/// Sets underflow where x is subnormal: NumPy's loops may, however exact it is.
void reportTiny(const Real& x);
/// Sets underflow where the square of x would be subnormal or 0, and x is not 0.
void reportTinySquare(const Real& x);
/// Sets "divide by zero" and overflow where the mask is set.
void reportPoles(const Mask& mask, DType dtype);
/// NaN where the mask is set, which sets "invalid"; 1 elsewhere.
Real invalidWhere(const Mask& mask, DType dtype);
/// -infinity at poles, which sets "divide by zero", NaN at invalid lanes, 1 elsewhere.
Real poleWhere(const Mask& pole, const Mask& invalid, DType dtype);

/// `write` in float64, for Reals of both dtypes.
template <class Write, class... Rest>
Real inDouble(Write&& write, const Real& x, const Rest&... rest) {
  if (x.dtype == DType::kF64) return write(x, rest...);
  const Real result = narrow(write(widen(x), widen(rest)...));
  reportTiny(result);
  return result;
}

}  // namespace segue::llvm
