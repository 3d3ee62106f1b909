#include "backends/llvm/math/parts.h"

#include <limits>

#include "base/fault.h"

namespace segue::llvm {
namespace {

/// Adding it leaves a float's nearest integer in the lowest bits.
double shifterOf(DType dtype) { return dtype == DType::kF64 ? 0x1.8p52 : 0x1.8p23; }

/// What is not left out, or done for other elements, whatever becomes of the result.
Real observed(std::string_view op, const Real& a, const Real& b) {
  return {a.code, a.dtype, a.code->out().constrained(op, a.dtype, a.code->lanes(), {a.text, b.text})};
}

}  // namespace

Format formatOf(DType dtype) {
  if (dtype == DType::kF64) return {52, 1023, uint64_t{1} << 63, uint64_t{0x7ff} << 52, uint64_t{1} << 52};
  return {23, 127, uint64_t{1} << 31, uint64_t{0xff} << 23, uint64_t{1} << 23};
}

Bits magnitude(const Real& x) { return bitsOf(x) & (formatOf(x.dtype).sign - 1); }
Real absolute(const Real& x) { return {x.code, x.dtype, x.code->out().intrinsic("fabs", x.dtype, x.code->lanes(), {x.text})}; }
Real copySign(const Real& size, const Real& sign) {
  return {size.code, size.dtype, size.code->out().intrinsic("copysign", size.dtype, size.code->lanes(), {size.text, sign.text})};
}
Mask isNegative(const Real& x) { return bitsOf(x) >= formatOf(x.dtype).sign; }
Mask isNan(const Real& x) { return magnitude(x) > formatOf(x.dtype).infinity; }
Mask isNonFinite(const Real& x) { return magnitude(x) >= formatOf(x.dtype).infinity; }
Mask reaches(const Real& x, double limit) { return magnitude(x) >= bitsOf(x.dtype, limit); }

Mask isPositiveNormal(const Real& x) {
  const Format format = formatOf(x.dtype);
  return bitsOf(x) - format.smallest_normal < format.infinity - format.smallest_normal;
}

Mask isOutside(const Real& x, double low, double high) {
  const Bits size = magnitude(x);
  const uint64_t least = bitsOf(x.dtype, low);
  return (size - least >= bitsOf(x.dtype, high) - least) & !(size == 0);
}

Rounded nearest(const Real& x, double factor) {
  const double shifter = shifterOf(x.dtype);
  const Real shifted = factor == 1 ? x + shifter : mulAdd(x, factor, shifter);
  return {bitsOf(shifted), shifted - shifter};
}

Real powerOfTwo(const Bits& k) { return realOf((k << formatOf(k.dtype).mantissa) + bitsOf(k.dtype, 1.0)); }
Real scaled(const Real& x, const Bits& k) { return realOf(bitsOf(x) + (k << formatOf(x.dtype).mantissa)); }

Real scaledBeyond(const Real& x, const Rounded& k) {
  // Only the last multiplication rounds.
  const Rounded half = nearest(k.value, 0.5);
  const Real result = scaled(x, half.bits) * powerOfTwo(k.bits - half.bits);
  reportTiny(result);
  return result;
}

void reportTiny(const Real& x) {
  // What is a little smaller is normal, or has lost bits.
  observed("fmul", x, x.code->constant(x.dtype, x.dtype == DType::kF64 ? 1 - 0x1p-53 : 1 - 0x1p-24));
}

void reportTinySquare(const Real& x) {
  const Real small = select(reaches(x, 1.0), 2.0, x);
  observed("fmul", small, small);
}

void reportPoles(const Mask& mask, DType dtype) {
  const Real large = select(mask, 0x1p100, 1.0, dtype), square = observed("fmul", large, large);
  const Real fourth = observed("fmul", square, square), eighth = observed("fmul", fourth, fourth);
  observed("fmul", eighth, eighth);
  observed("fdiv", mask.code->constant(dtype, 1.0), select(mask, 0.0, 1.0, dtype));
}

Real invalidWhere(const Mask& mask, DType dtype) {
  const Real zero = select(mask, 0.0, 1.0, dtype);
  if (SEGUE_FAULT(MathPolesSilent)) return mask.code->constant(dtype, std::numeric_limits<double>::quiet_NaN());
  return observed("fdiv", zero, zero);
}

Real poleWhere(const Mask& pole, const Mask& invalid, DType dtype) {
  VectorCode& code = *pole.code;
  if (SEGUE_FAULT(MathPolesSilent)) {
    return select(pole, -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(), dtype);
  }
  const Real above = select(pole, code.constant(dtype, -1.0), select(invalid, 0.0, 1.0, dtype));
  return observed("fdiv", above, select(pole | invalid, 0.0, 1.0, dtype));
}

}  // namespace segue::llvm
