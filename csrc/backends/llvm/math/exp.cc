#include "backends/llvm/math/functions.h"
#include "backends/llvm/math/parts.h"
#include "backends/llvm/math/tables.h"

namespace segue::llvm {
namespace {

/// A finite argument whose size is at most `limit`: others become limits, NaNs and infinities 0.
Real clamped(const Real& x, double limit) {
  const Real size = select(reaches(x, limit), limit, absolute(x));
  return copySign(select(isNonFinite(x), 0.0, size), x);
}

/// e**x or 2**x as `part` * 2**k.
struct Exponential {
  Real part;   ///< in [0.7, 1.42]
  Rounded k;
};

Exponential splitExp(const Real& x) {
  const auto& ln2 = partsFor(x.dtype, tables::kLn2, tables::kLn2F);
  const Rounded k = nearest(x, tables::kLog2E[0]);
  const Real r = mulAdd(-k.value, ln2[1], mulAdd(-k.value, ln2[0], x));
  return {mulAdd(r * r, polynomial(r, tables::kExp), r) + 1.0, k};
}

Exponential splitExp2(const Real& x) {
  const Rounded k = nearest(x, 1);
  const Real r = x - k.value;
  return {mulAdd(r, polynomial(r, tables::kExp2), 1.0), k};
}

/// Below `reach` results are normal; beyond `limit` they are infinite or zero.
Real exponential(const Real& x, Exponential (*split)(const Real&), double reach, double limit) {
  const Mask special = reaches(x, reach);
  const Exponential usual = split(select(special, 0.0, x));
  return x.code->patch(special, scaled(usual.part, usual.k.bits), [&] {
    const Exponential far = split(clamped(x, limit));
    const Real limits = select(bitsOf(x) == (formatOf(x.dtype).infinity | formatOf(x.dtype).sign), 0.0, x);
    return select(isNonFinite(x), limits, scaledBeyond(far.part, far.k));
  });
}

}  // namespace

Real writeExp(const Real& x) {
  const bool wide = x.dtype == DType::kF64;
  return exponential(x, splitExp, wide ? 708 : 87, wide ? 1000 : 120);
}

Real writeExp2(const Real& x) {
  const bool wide = x.dtype == DType::kF64;
  return exponential(x, splitExp2, wide ? 1022 : 126, wide ? 2000 : 250);
}

Real writeExpm1(const Real& x) {
  const auto& ln2 = partsFor(x.dtype, tables::kLn2, tables::kLn2F);
  const Mask special = reaches(x, x.dtype == DType::kF64 ? 708 : 87);
  const Real usual = select(special, 0.0, x);
  const Rounded k = nearest(usual, tables::kLog2E[0]);
  const Real r = mulAdd(-k.value, ln2[1], mulAdd(-k.value, ln2[0], usual));
  const Real part = mulAdd(r * r, polynomial(r, tables::kExp), r);
  // e**x - 1 = 2**k (e**r - 1 + (1 - 2**-k))
  const Real less = 1.0 - powerOfTwo(x.code->bits(x.dtype, 0) - k.bits);
  const Real result = copySign((part + less) * powerOfTwo(k.bits), usual);
  return x.code->patch(special, result, [&] {
    const Mask grows = special & !isNegative(x) & !isNan(x);
    const Real far = select(isNan(x), x, -1.0);
    return select(grows, x.code->library("expm1", grows, {x}, far), far);
  });
}

}  // namespace segue::llvm
