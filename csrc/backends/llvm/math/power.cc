#include "backends/llvm/math/functions.h"
#include "backends/llvm/math/parts.h"
#include "backends/llvm/math/tables.h"

namespace segue::llvm {
namespace {

/// high + low, with |low| at most about half a unit in the last place of high.
struct Pair {
  Real high, low;
};

/// a + b for |a| >= |b|, or a = 0.
Pair quickSum(const Real& a, const Real& b) {
  const Real sum = a + b;
  return {sum, (a - sum) + b};
}

/// The upper half of a double's bits.
Real upperHalf(const Real& a) { return realOf(bitsOf(a) & ~uint64_t{0x7ffffff}); }

/// a * b - product, exactly.
Real productError(const Real& a, const Real& b, const Real& product) {
  if (a.code->fused()) return mulAdd(a, b, -product);
  // Dekker's products of halves.
  const Real ah = upperHalf(a), al = a - ah, bh = upperHalf(b), bl = b - bh;
  return ((ah * bh - product) + (ah * bl + al * bh)) + al * bl;
}

/// a * b
Pair multiply(const Pair& a, const Pair& b) {
  const Real product = a.high * b.high;
  return {product, productError(a.high, b.high, product) + mulAdd(a.high, b.low, a.low * b.high)};
}
Pair multiply(const Pair& a, const std::array<double, 2>& b) {
  VectorCode& code = *a.high.code;
  return multiply(a, Pair{code.constant(DType::kF64, b[0]), code.constant(DType::kF64, b[1])});
}

/// x = 2**k m with m in [sqrt(1/2), sqrt(2)), for a positive normal double.
struct Scaled {
  Real k, m;
};
Scaled splitPower(const Real& x) {
  const uint64_t low = bitsOf(DType::kF64, 0x1.6a09e667f3bcdp-1);
  const Bits moved = bitsOf(x) + (bitsOf(DType::kF64, 1.0) - low);
  const Real k = realOf((moved >> 52) | bitsOf(DType::kF64, 0x1p52)) - (0x1p52 + 1023);
  return {k, realOf((moved & ((uint64_t{1} << 52) - 1)) + x.code->bits(DType::kF64, low))};
}

/// log2(x) of a positive normal double, to about 65 bits.
Pair longLog(const Real& x) {
  const auto [k, m] = splitPower(x);
  // s = (m - 1) / (m + 1)
  const Real above = m - 1.0, below = m + 1.0, below_rest = m - (below - 1.0), inverse = 1.0 / below;
  const Real first = above * inverse;
  const Real product = first * below;
  const Real rest = ((above - product) - productError(first, below, product)) - first * below_rest;
  const Pair s{first, rest * inverse};
  // artanh(s) = s (1 + z/3 + z**2 P(z)), z = s**2
  const Real square = s.high * s.high;
  const Pair z{square, productError(s.high, s.high, square) + s.high * s.low * 2.0};
  const Pair third = multiply(z, tables::kThird);
  const Pair factor = quickSum(third.high, square * square * polynomial(square, tables::kLogTail));
  const Pair added = multiply(s, Pair{factor.high, factor.low + third.low});
  const Pair sum = quickSum(s.high, added.high);
  const Pair part = multiply(Pair{sum.high, sum.low + (s.low + added.low)}, tables::kTwoOverLn2);
  const Pair whole = quickSum(k, part.high);
  return {whole.high, whole.low + part.low};
}

/// log2(x) to about 37 bits.
Real shortLog(const Real& x) {
  const auto [k, m] = splitPower(x);
  const Real s = (m - 1.0) / (m + 1.0), z = s * s;
  const Real factor = mulAdd(z, mulAdd(z, polynomial(z, tables::kLogTail), tables::kThird[0]), 1.0);
  return mulAdd(s * factor, tables::kTwoOverLn2[0], k);
}

Real power2(const Real& r) { return mulAdd(r, polynomial(r, tables::kExp2), 1.0); }

/// x**y for positive normal x and |y| < 2**51, as doubles of a float32's precision; what is beyond its range is far beyond it.
Real shortPower(const Real& x, const Real& y) {
  const Real exponent = y * shortLog(x);
  const Real bounded = copySign(select(reaches(exponent, 1000), 1000.0, absolute(exponent)), exponent);
  const Rounded k = nearest(bounded, 1);
  return scaled(power2(bounded - k.value), k.bits);
}

/// The same to a double's precision.
Real longPower(const Real& x, const Real& y) {
  const Pair log = longLog(x);
  const Real exponent = y * log.high;
  const Real rest = productError(y, log.high, exponent) + y * log.low;
  const Mask far = reaches(exponent, 1100);
  const Real high = copySign(select(far, 1100.0, absolute(exponent)), exponent), low = select(far, 0.0, rest);
  const Rounded k = nearest(high, 1);
  const Real r = (high - k.value) + low;
  return scaledBeyond(power2(r), k);
}

Real powerOf(const Real& x, const Real& y) {
  const Rounded integer = nearest(select(reaches(y, 0x1p50), 0.5, y), 1);
  const Mask whole = bitsOf(integer.value) == bitsOf(select(reaches(y, 0x1p50), 0.5, y));
  const Bits sign = bitsOf(x) & (integer.bits << 63);   // of odd powers
  const Mask special = (!isPositiveNormal(absolute(x))) | reaches(y, 0x1p50) | (isNegative(x) & !whole);
  const Real base = select(special, 2.0, absolute(x)), exponent = select(special, 2.0, y);
  const Real usual = x.code->dtype() == DType::kF64 ? longPower(base, exponent) : shortPower(base, exponent);
  return x.code->patch(special, realOf(bitsOf(usual) ^ sign), [&] {
    const Mask vanishes = (magnitude(x) == 0) & (bitsOf(y) - 1 < bitsOf(DType::kF64, 0x1p50) - 1);
    const Mask others = special & !vanishes;
    // NumPy's loops differ in what they report of infinite exponents: it has to compute these itself.
    reportPoles(magnitude(y) == formatOf(DType::kF64).infinity, DType::kF64);
    const Real zero = realOf(select(whole, sign, x.code->bits(DType::kF64, 0)));
    return select(others, x.code->library("power", others, {x, y}, x), zero);
  });
}

}  // namespace

Real writePow(const Real& x, const Real& y) { return inDouble(powerOf, x, y); }

Real writeCbrt(const Real& x) {
  const Format format = formatOf(x.dtype);
  const double base = static_cast<double>(uint64_t{1} << format.mantissa);
  const Mask special = !isPositiveNormal(absolute(x));
  const Bits size = magnitude(select(special, 1.0, x));
  // size = 2**(3 q) m, m in [1/2, 4)
  const Real exponent = realOf((size >> format.mantissa) | bitsOf(x.dtype, base)) - (base + format.bias);
  const Bits q = nearest(exponent, tables::kThird[0]).bits;
  const Real m = realOf(size - ((q + q + q) << format.mantissa));
  auto missing = [&m](const Real& inverse) { return mulAdd(-m, inverse * inverse * inverse, 1.0); };
  Real inverse = polynomial(m, tables::kInverseCbrt);
  const Real first = missing(inverse);
  inverse = mulAdd(inverse * first, mulAdd(first, mulAdd(first, 14.0 / 81, 2.0 / 9), tables::kThird[0]), inverse);
  if (x.dtype == DType::kF64) {
    const Real second = missing(inverse);
    inverse = mulAdd(inverse * second, mulAdd(second, 2.0 / 9, tables::kThird[0]), inverse);
  }
  const Real square = inverse * inverse, root = m * square;
  const Real rest = mulAdd(-(root * root), root, m);
  const Real usual = copySign(scaled(mulAdd(rest, square * tables::kThird[0], root), q), x);
  return x.code->patch(special, usual, [&] {
    const Mask tiny = special & !isNonFinite(x) & !(magnitude(x) == 0);
    return select(tiny, x.code->library("cbrt", tiny, {x}, x), x);
  });
}

Real writeHypot(const Real& first, const Real& second) {
  return inDouble(
      [](const Real& x, const Real& y) {
        constexpr double kLow = 0x1p-480, kHigh = 0x1p510;   // squares are normal
        const Mask special = isOutside(x, kLow, kHigh) | isOutside(y, kLow, kHigh);
        const Real a = select(special, 2.0, x), b = select(special, 2.0, y);
        const Real usual = sqrt(mulAdd(a, a, b * b));
        return x.code->patch(special, usual, [&] { return x.code->library("hypot", special, {x, y}, usual); });
      },
      first, second);
}

}  // namespace segue::llvm
