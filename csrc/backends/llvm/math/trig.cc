#include "backends/llvm/math/functions.h"
#include "backends/llvm/math/parts.h"
#include "backends/llvm/math/tables.h"

namespace segue::llvm {
namespace {

/// x = n pi/2 + r, with the sine and the cosine of r.
struct Angle {
  Bits n;
  Real sine, cosine;
};

/// Up to this size n times a part of pi/2 is exact, or fused, and the parts are enough of pi/2's bits.
double reachOf(const Real& x) {
  if (!x.code->fused()) return 0x1p20;
  return x.dtype == DType::kF64 ? 0x1p30 : 0x1p16;
}

Real reduced(const Real& x, const Real& n) {
  Real r = x;
  auto subtract = [&](absl::Span<const double> parts) {
    for (double part : parts) r = mulAdd(-n, part, r);
  };
  if (!x.code->fused()) {
    subtract(tables::kHalfPiSplit);
  } else if (x.dtype == DType::kF64) {
    subtract(tables::kHalfPi);
  } else {
    subtract(tables::kHalfPiF);
  }
  return r;
}

Angle splitAngle(const Real& x) {
  const Rounded n = nearest(x, tables::kTwoOverPi[0]);
  const Real r = reduced(x, n.value), z = r * r;
  // Of zero the polynomial loses the sign.
  const Real sine = copySign(mulAdd(r * z, polynomial(z, tables::kSin), r), r);
  const Real cosine = mulAdd(z, mulAdd(z, polynomial(z, tables::kCos), -0.5), 1.0);
  return {n.bits, sine, cosine};
}

/// The sine of x + quarters pi/2.
Real sineOf(const Real& x, uint64_t quarters) {
  const Angle angle = splitAngle(x);
  const Mask even = (angle.n & 1) == quarters;   // the sine's series
  const Real value = select(even, angle.sine, angle.cosine);
  const Bits n = quarters == 0 ? angle.n : angle.n + quarters;
  return realOf(bitsOf(value) ^ ((n & 2) << (dtypeItemSize(x.dtype) * 8 - 2)));
}

Real tangentOf(const Real& x) {
  const Angle angle = splitAngle(x);
  const Mask even = (angle.n & 1) == 0;
  return select(even, angle.sine, -angle.cosine) / select(even, angle.cosine, angle.sine);
}

/// The C library reduces what is far from zero; NaNs pass through.
Real periodic(const Real& x, std::string_view name, const std::function<Real(const Real&)>& compute) {
  const uint64_t reach = bitsOf(x.dtype, reachOf(x));
  const Mask far = magnitude(x) - reach < formatOf(x.dtype).infinity - reach + 1;
  const Real usual = compute(select(far, 0.0, x));
  return x.code->patch(far, usual, [&] { return x.code->library(name, far, {x}, usual); });
}

Real sineLike(const Real& argument, std::string_view name, uint64_t quarters) {
  auto write = [&](const Real& x) { return periodic(x, name, [&](const Real& near) { return sineOf(near, quarters); }); };
  if (argument.code->fused()) return write(argument);
  // The parts of pi/2 are too short in float32. NumPy's loops may square the argument, which is not tiny in float64.
  reportTinySquare(argument);
  return inDouble(write, argument);
}

}  // namespace

Real writeSin(const Real& x) { return sineLike(x, "sin", 0); }
Real writeCos(const Real& x) { return sineLike(x, "cos", 1); }
Real writeTan(const Real& argument) {
  auto write = [](const Real& x) { return periodic(x, "tan", tangentOf); };
  return argument.code->fused() ? write(argument) : inDouble(write, argument);
}

}  // namespace segue::llvm
