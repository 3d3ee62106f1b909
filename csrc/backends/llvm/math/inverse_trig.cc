#include "backends/llvm/math/functions.h"
#include "backends/llvm/math/parts.h"
#include "backends/llvm/math/tables.h"

namespace segue::llvm {
namespace {

/// t + t**3 P(t**2)
Real oddSeries(const Real& t, const Real& z, const Polynomial& coefficients) { return mulAdd(t * z, polynomial(z, coefficients), t); }

/// arctan(a / b), for a and b of positive sign; NaN where one is.
Real arc(const Real& a, const Real& b) {
  // In eighths of pi: below one the quotient itself, above three its reciprocal, else by pi/4.
  const Mask flat = !(bitsOf(b * tables::kTanEighthPi[0]) < bitsOf(a));
  const Mask steep = bitsOf(b * tables::kTanThreeEighthsPi[0]) < bitsOf(a);
  const Real above = select(flat, a, select(steep, -b, a - b));
  const Real below = select(flat, b, select(steep, a, a + b));
  // Of 0 / 0 is 0. (Another divisor than 1, which would let code generation divide first and choose then.)
  const Real t = above / select(magnitude(below) == 0, 2.0, below);
  const DType dtype = a.dtype;
  const auto& half_pi = partsFor(dtype, tables::kHalfPi, tables::kHalfPiF);
  const Real base = select(flat, a.code->constant(dtype, 0.0), select(steep, half_pi[0], half_pi[0] / 2, dtype));
  const Real rest = select(flat, a.code->constant(dtype, 0.0), select(steep, half_pi[1], half_pi[1] / 2, dtype));
  return base + (oddSeries(t, t * t, tables::kArctan) + rest);
}

/// arcsin of `size`, in [0, 1], or of sqrt((1 - size) / 2) where it is above 1/2.
struct HalfArc {
  Mask far;
  Real value;
};
HalfArc halfArc(const Real& size) {
  const Mask far = bitsOf(size) > bitsOf(size.dtype, 0.5);
  const Real z = select(far, (1.0 - size) * 0.5, size * size);
  const Real t = select(far, sqrt(z), size);
  return {far, oddSeries(t, z, tables::kArcsin)};
}

Real onUnitInterval(const Real& x, Real (*compute)(const Real&)) {
  const Mask special = magnitude(x) > bitsOf(x.dtype, 1.0);
  const Real usual = compute(select(special, 0.0, x));
  return x.code->patch(special, usual, [&] {
    const Mask nan = isNan(x);
    return select(nan, x, invalidWhere(special & !nan, x.dtype));
  });
}

}  // namespace

Real writeArctan(const Real& x) { return copySign(arc(absolute(x), x.code->constant(x.dtype, 1.0)), x); }

Real writeArctan2(const Real& y, const Real& x) {
  const bool wide = x.dtype == DType::kF64;
  const auto& pi = partsFor(x.dtype, tables::kPi, tables::kPiF);
  const double low = wide ? 0x1p-1000 : 0x1p-100, high = wide ? 0x1p1000 : 0x1p100;
  const Mask special = isOutside(y, low, high) | isOutside(x, low, high);
  const Real first = arc(select(special, 2.0, absolute(y)), select(special, 2.0, absolute(x)));
  const Real usual = copySign(select(isNegative(x), (pi[0] - first) + pi[1], first), y);
  reportTiny(usual);
  return x.code->patch(special, usual, [&] { return x.code->library("arctan2", special, {y, x}, usual); });
}

Real writeArcsin(const Real& argument) {
  return onUnitInterval(argument, [](const Real& x) {
    const auto& half_pi = partsFor(x.dtype, tables::kHalfPi, tables::kHalfPiF);
    const HalfArc half = halfArc(absolute(x));
    const Real far = half_pi[0] - (half.value * 2.0 - half_pi[1]);
    return copySign(select(half.far, far, half.value), x);
  });
}

Real writeArccos(const Real& argument) {
  return onUnitInterval(argument, [](const Real& x) {
    const auto& half_pi = partsFor(x.dtype, tables::kHalfPi, tables::kHalfPiF);
    const auto& pi = partsFor(x.dtype, tables::kPi, tables::kPiF);
    const HalfArc half = halfArc(absolute(x));
    const Real near = half_pi[0] - (copySign(half.value, x) - half_pi[1]);
    const Real twice = half.value * 2.0;
    const Real far = select(isNegative(x), pi[0] - (twice - pi[1]), twice);
    return select(half.far, far, near);
  });
}

}  // namespace segue::llvm
