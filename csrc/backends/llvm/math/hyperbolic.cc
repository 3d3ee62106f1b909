#include "backends/llvm/math/functions.h"
#include "backends/llvm/math/parts.h"
#include "backends/llvm/math/tables.h"

namespace segue::llvm {
namespace {

/// Squares of what is below are finite.
double hugeOf(DType dtype) { return dtype == DType::kF64 ? 0x1p500 : 0x1p60; }

/// sinh(x) and cosh(x) of x = k ln(2) + r: with a = 2**(k-1) and b = 2**(-k-1) they are sinh(r) (a+b) + cosh(r) (a-b) and
/// cosh(r) (a+b) + sinh(r) (a-b).
struct Hyperbolic {
  Real sine, cosine;
};

Hyperbolic splitHyperbolic(const Real& x) {
  const auto& ln2 = partsFor(x.dtype, tables::kLn2, tables::kLn2F);
  const Rounded k = nearest(x, tables::kLog2E[0]);
  const Real r = mulAdd(-k.value, ln2[1], mulAdd(-k.value, ln2[0], x)), z = r * r;
  const Real sine = mulAdd(r * z, polynomial(z, tables::kSinh), r);
  const Real over_one = z * polynomial(z, tables::kCosh);   // cosh(r) - 1
  const Bits one = x.code->bits(x.dtype, 1);
  const Real a = powerOfTwo(k.bits - one), b = powerOfTwo(x.code->bits(x.dtype, 0) - k.bits - one);
  const Real sum = a + b, difference = a - b;
  return {mulAdd(over_one, difference, sine * sum) + difference, mulAdd(over_one, sum, sine * difference) + sum};
}

/// sinh or cosh; infinities and NaNs as NumPy's.
Real growing(const Real& x, std::string_view name, bool odd) {
  const Mask special = reaches(x, x.dtype == DType::kF64 ? 700 : 87);
  const Hyperbolic parts = splitHyperbolic(select(special, 0.0, x));
  const Real usual = odd ? copySign(parts.sine, x) : parts.cosine;
  return x.code->patch(special, usual, [&] {
    const Mask numbers = special & !isNan(x);
    return select(numbers, x.code->library(name, numbers, {x}, x), x);
  });
}

}  // namespace

Real writeSinh(const Real& x) { return growing(x, "sinh", true); }
Real writeCosh(const Real& x) { return growing(x, "cosh", false); }

Real writeTanh(const Real& x) {
  // Beyond the limit it is 1.
  const double limit = x.dtype == DType::kF64 ? 20 : 10;
  const Hyperbolic parts = splitHyperbolic(select(reaches(x, limit), limit, absolute(x)));
  return select(isNan(x), x, copySign(parts.sine / parts.cosine, x));
}

Real writeArcsinh(const Real& x) {
  const Mask special = reaches(x, hugeOf(x.dtype));
  const Real size = select(special, 2.0, absolute(x)), square = size * size;
  const Real usual = copySign(logOfOnePlus(size + square / (sqrt(square + 1.0) + 1.0)), x);
  return x.code->patch(special, usual, [&] {
    const Mask numbers = special & !isNonFinite(x);
    return select(numbers, x.code->library("arcsinh", numbers, {x}, x), x);
  });
}

Real writeArccosh(const Real& x) {
  const uint64_t one = bitsOf(x.dtype, 1.0);
  const Mask special = bitsOf(x) - one >= bitsOf(x.dtype, hugeOf(x.dtype)) - one;
  const Real over = select(special, 2.0, x) - 1.0;
  const Real usual = logOfOnePlus(over + sqrt(over * (over + 2.0)));
  return x.code->patch(special, usual, [&] {
    const Mask below = (isNegative(x) | (bitsOf(x) < one)) & !isNan(x);
    const Mask numbers = special & !below & !isNonFinite(x);
    return select(below, invalidWhere(below, x.dtype), x.code->library("arccosh", numbers, {x}, x));
  });
}

Real writeArctanh(const Real& x) {
  const Mask special = reaches(x, 1.0);
  const Real size = select(special, 0.0, absolute(x));
  const Real usual = copySign(logOfOnePlus(size * 2.0 / (1.0 - size)) * 0.5, x);
  return x.code->patch(special, usual, [&] {
    const Mask pole = magnitude(x) == bitsOf(x.dtype, 1.0);
    const Mask nan = isNan(x);
    return select(nan, x, copySign(poleWhere(pole, special & !pole & !nan, x.dtype), x));
  });
}

}  // namespace segue::llvm
