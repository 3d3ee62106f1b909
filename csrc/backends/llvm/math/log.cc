#include "backends/llvm/math/functions.h"
#include "backends/llvm/math/parts.h"
#include "backends/llvm/math/tables.h"

namespace segue::llvm {
namespace {

constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;

/// x = 2**k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for a positive normal x.
struct Logarithmand {
  Real k, f;
  Bits biased;   ///< k + bias
};

Logarithmand splitLog(const Real& x) {
  const Format format = formatOf(x.dtype);
  const uint64_t low = bitsOf(x.dtype, kSqrtHalf), one = bitsOf(x.dtype, 1.0);
  const Bits moved = bitsOf(x) + (one - low);
  const Bits biased = moved >> format.mantissa;
  // The integer in the lowest bits of 2**mantissa's float.
  const double base = static_cast<double>(uint64_t{1} << format.mantissa);
  const Real k = realOf(biased | bitsOf(x.dtype, base)) - (base + format.bias);
  const Real part = realOf((moved & (format.smallest_normal - 1)) + x.code->bits(x.dtype, low));
  return {k, part - 1.0, biased};
}

/// log(1 + f) = f - less.
Real lessOf(const Real& f, const Real& added) {
  const Real s = f / (f + 2.0), z = s * s, half = f * f * 0.5;
  return half - mulAdd(s, mulAdd(z, polynomial(z, tables::kLog), half), added);
}

Real naturalLog(const Logarithmand& x) {
  const auto& ln2 = partsFor(x.f.dtype, tables::kLn2, tables::kLn2F);
  return mulAdd(x.k, ln2[0], x.f - lessOf(x.f, x.k * ln2[1]));
}

/// The logarithm in another base: `of_two` that of 2, `of_e` that of e, each in two parts.
Real baseLog(const Logarithmand& x, const std::array<double, 2>& of_two, const std::array<double, 2>& of_e) {
  const Real less = lessOf(x.f, x.f.code->constant(x.f.dtype, 0.0));
  const Real high = x.f - less, low = (x.f - high) - less;
  const Real product = high * of_e[0], whole = x.k * of_two[0];
  Real rest = mulAdd(x.k, of_two[1], mulAdd(high, of_e[1], low * of_e[0]));
  if (x.f.code->fused()) rest = mulAdd(high, of_e[0], -product) + rest;
  const Real sum = whole + product;
  return sum + (((whole - sum) + product) + rest);
}

/// A logarithm of all floats from that of positive normal ones.
Real logarithm(const Real& x, std::string_view name, Real (*compute)(const Logarithmand&)) {
  const Mask special = !isPositiveNormal(x);
  const Real usual = compute(splitLog(select(special, 1.0, x)));
  return x.code->patch(special, usual, [&] {
    const Mask zero = magnitude(x) == 0;
    const Mask below = isNegative(x) & !zero & !isNan(x);
    const Mask tiny = (bitsOf(x) < formatOf(x.dtype).smallest_normal) & !zero;
    const Real others = x.code->library(name, tiny, {x}, x);   // infinity and NaN stay
    return select(zero | below, poleWhere(zero, below, x.dtype), others);
  });
}

}  // namespace

Real writeLog(const Real& x) { return logarithm(x, "log", naturalLog); }

Real writeLog2(const Real& x) {
  return logarithm(x, "log2", [](const Logarithmand& parts) {
    return baseLog(parts, {1.0, 0.0}, partsFor(parts.f.dtype, tables::kLog2E, tables::kLog2EF));
  });
}

Real writeLog10(const Real& x) {
  return logarithm(x, "log10", [](const Logarithmand& parts) {
    const DType dtype = parts.f.dtype;
    return baseLog(parts, partsFor(dtype, tables::kLog10Of2, tables::kLog10Of2F), partsFor(dtype, tables::kLog10E, tables::kLog10EF));
  });
}

Real logOfOnePlus(const Real& x) {
  const Real sum = x + 1.0;
  const Real lost = x - (sum - 1.0);
  Logarithmand parts = splitLog(sum);
  const Format format = formatOf(x.dtype);
  // 2**(1-k); 0 for the largest k, where nothing was lost.
  const Real scale = realOf((x.code->bits(x.dtype, 2 * static_cast<uint64_t>(format.bias) + 1) - parts.biased) << format.mantissa);
  parts.f = mulAdd(lost * 0.5, scale, parts.f);
  return naturalLog(parts);
}

Real writeLog1p(const Real& x) {
  const Format format = formatOf(x.dtype);
  const Bits size = magnitude(x);
  const Mask negative = isNegative(x);
  const Mask special = (size >= format.infinity) | (negative & (size >= bitsOf(x.dtype, 1.0)));
  const Real usual = copySign(logOfOnePlus(select(special, 0.0, x)), x);
  return x.code->patch(special, usual, [&] {
    const Mask pole = negative & (size == bitsOf(x.dtype, 1.0));
    const Mask below = negative & !pole & !isNan(x);
    return select(pole | below, poleWhere(pole, below & special, x.dtype), x);
  });
}

}  // namespace segue::llvm
