#include "backends/llvm/complex_ops.h"

#include <bit>
#include <cmath>

#include "backends/llvm/complex_forms.h"
#include "base/check.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

/// Operators on the parts of one or two complex numbers.
class PartCode {
 public:
  PartCode(absl::Span<const Parts> args, KernelDag& dag) : args_(args), dag_(dag), dtype_(dag[args.back().real].dtype) {}

  Parts each(ScalarOp op) {
    if (args_.size() == 1) return {apply(op, {re(0)}), apply(op, {im(0)})};
    return {apply(op, {re(0), re(1)}), apply(op, {im(0), im(1)})};
  }

  Parts product() {
    const ScalarId real = apply(ScalarOp::kMul, {im(0), im(1)}), imaginary = apply(ScalarOp::kMul, {im(0), re(1)});
    if (complexForms(dtype_).product == ProductForm::kFused && !SEGUE_FAULT(ComplexProductsUnfused)) {
      return {apply(ScalarOp::kFms, {re(0), re(1), real}), apply(ScalarOp::kFma, {re(0), im(1), imaginary})};
    }
    const ScalarId first = apply(ScalarOp::kMul, {re(0), re(1)}), cross = apply(ScalarOp::kMul, {re(0), im(1)});
    return {apply(ScalarOp::kSub, {first, real}), apply(ScalarOp::kAdd, {cross, imaginary})};
  }

  /// Smith's: by the greater part of the divisor first. Where both are zero the dividend's parts are divided by zero, in the divisions that
  /// others need for the ratio and the scale, so that no others report.
  Parts quotient() {
    const Divisor by = divisor(1);
    const ScalarId none = both(ScalarOp::kAnd, by.first, test(ScalarOp::kEq, {by.magnitude, zero()}));
    const ScalarId ratio_or_im = apply(ScalarOp::kDiv, {where(none, im(0), by.less), where(none, by.magnitude, by.greater)});
    const ScalarId ratio = where(none, zero(), ratio_or_im);
    const ScalarId sum = add(by.greater, mul(by.less, ratio));
    const ScalarId scale_or_re = apply(ScalarOp::kDiv, {where(none, re(0), one()), where(none, by.magnitude, sum)});
    const ScalarId scale = where(none, one(), scale_or_re);
    const ScalarId p = where(none, zero(), where(by.first, re(0), im(0))), q = where(none, zero(), where(by.first, im(0), re(0)));
    const ScalarId turned = mul(p, ratio);
    const ScalarId difference = apply(ScalarOp::kSub, {where(by.first, q, turned), where(by.first, turned, q)});
    return {where(none, scale_or_re, mul(add(p, mul(q, ratio)), scale)), where(none, ratio_or_im, mul(difference, scale))};
  }

  Parts reciprocal() {
    const Divisor by = divisor(0);
    const ScalarId ratio = apply(ScalarOp::kDiv, {by.less, by.greater});
    const ScalarId sum = add(by.greater, mul(by.less, ratio));
    const ScalarId negative_ratio = apply(ScalarOp::kNeg, {ratio}), minus_one = number(-1);
    return {apply(ScalarOp::kDiv, {where(by.first, one(), ratio), sum}), apply(ScalarOp::kDiv, {where(by.first, negative_ratio, minus_one), sum})};
  }

  /// At most about an ULP from the exact result. Squares neither overflow nor vanish: both parts are scaled by a power of two where the greater
  /// one is large or small, and the less one is nothing beside a much greater one.
  Parts magnitude() {
    const bool twice = dtype_ == DType::kF64;
    const ScalarId a = apply(ScalarOp::kAbs, {re(0)}), b = apply(ScalarOp::kAbs, {im(0)});
    const ScalarId greater = apply(ScalarOp::kMax, {a, b}), less = apply(ScalarOp::kMin, {a, b});
    const ScalarId large = test(ScalarOp::kGt, {greater, power(twice ? 500 : 60)}), small = test(ScalarOp::kLt, {greater, power(twice ? -450 : -50)});
    auto scale = [&](int down, int up) { return where(large, power(down), where(small, power(up), one())); };
    const ScalarId in = scale(twice ? -600 : -70, twice ? 600 : 100), out = scale(twice ? 600 : 70, twice ? -600 : -100);
    const ScalarId nothing = test(ScalarOp::kLt, {less, mul(greater, power(twice ? -28 : -13))});
    const ScalarId p = mul(greater, in), q = mul(where(nothing, zero(), less), in);
    const ScalarId root = apply(ScalarOp::kSqrt, {add(mul(p, p), mul(q, q))});
    const ScalarId infinite = both(ScalarOp::kOr, test(ScalarOp::kIsInf, {re(0)}), test(ScalarOp::kIsInf, {im(0)}));
    return {where(infinite, number(HUGE_VAL), mul(root, out))};
  }

  Parts conjugate() { return {re(0), apply(ScalarOp::kNeg, {im(0)})}; }

  Parts equal(bool negated) {
    const ScalarOp compare = negated ? ScalarOp::kNe : ScalarOp::kEq;
    return {both(negated ? ScalarOp::kOr : ScalarOp::kAnd, test(compare, {re(0), re(1)}), test(compare, {im(0), im(1)}))};
  }

  Parts nonzero() {
    return {both(ScalarOp::kOr, test(ScalarOp::kNe, {re(0), zero()}), test(ScalarOp::kNe, {im(0), zero()}))};
  }

  Parts predicate(ScalarOp op) {
    return {both(op == ScalarOp::kIsFinite ? ScalarOp::kAnd : ScalarOp::kOr, test(op, {re(0)}), test(op, {im(0)}))};
  }

  Parts chosen() {
    auto part = [this](ScalarId yes, ScalarId no) { return apply(ScalarOp::kWhere, {re(0), yes, no}); };
    return {part(re(1), re(2)), part(im(1), im(2))};
  }

 private:
  /// A divisor's greater and less part. first: the greater one is the real part; NaNs set a status, as in NumPy's loops.
  struct Divisor {
    ScalarId first, magnitude, greater, less;   ///< magnitude: the real part's
  };
  Divisor divisor(size_t i) {
    const ScalarId magnitude = apply(ScalarOp::kAbs, {re(i)});
    const ScalarId first = test(ScalarOp::kGeSignaling, {magnitude, apply(ScalarOp::kAbs, {im(i)})});
    return {first, magnitude, where(first, re(i), im(i)), where(first, im(i), re(i))};
  }

  ScalarId add(ScalarId a, ScalarId b) { return apply(ScalarOp::kAdd, {a, b}); }
  ScalarId mul(ScalarId a, ScalarId b) { return apply(ScalarOp::kMul, {a, b}); }
  ScalarId where(ScalarId condition, ScalarId yes, ScalarId no) { return apply(ScalarOp::kWhere, {condition, yes, no}); }
  ScalarId number(double value) {
    return dag_.constant(dtype_, dtype_ == DType::kF64 ? std::bit_cast<uint64_t>(value) : std::bit_cast<uint32_t>(static_cast<float>(value)));
  }
  /// Of two.
  ScalarId power(int exponent) { return number(std::ldexp(1.0, exponent)); }
  ScalarId zero() { return number(0); }
  ScalarId one() { return number(1); }

  ScalarId re(size_t i) const { return args_[i].real; }
  ScalarId im(size_t i) const { return *args_[i].imaginary; }
  ScalarId apply(ScalarOp op, std::initializer_list<ScalarId> args) { return dag_.apply(op, dtype_, args); }
  ScalarId test(ScalarOp op, std::initializer_list<ScalarId> args) { return dag_.apply(op, DType::kBool, args); }
  ScalarId both(ScalarOp op, ScalarId a, ScalarId b) { return dag_.apply(op, DType::kBool, {a, b}); }

  const absl::Span<const Parts> args_;
  KernelDag& dag_;
  const DType dtype_;   ///< of parts
};

}  // namespace

std::optional<DType> complexResult(std::string_view function, absl::Span<const DType> args, bool exact) {
  if (function == "where") return isComplex(args[1]) && args[1] == args[2] ? std::optional(args[1]) : std::nullopt;
  if (function == "mul") return complexForms(partDType(args[0])).product == ProductForm::kOther ? std::nullopt : std::optional(args[0]);
  if (function == "add" || function == "sub" || function == "neg" || function == "conj") return args[0];
  if (function == "abs") return exact ? std::nullopt : std::optional(partDType(args[0]));
  if (function == "div" || function == "reciprocal") return complexForms(partDType(args[0])).quotients ? std::optional(args[0]) : std::nullopt;
  if (function == "eq" || function == "ne" || function == "nonzero") return DType::kBool;
  if (function == "isnan" || function == "isinf" || function == "isfinite") return DType::kBool;
  if (function == "real" || function == "imag") return partDType(args[0]);
  return std::nullopt;
}

Parts applyComplex(std::string_view function, absl::Span<const Parts> args, KernelDag& dag) {
  PartCode code(args, dag);
  if (function == "where") return code.chosen();
  if (function == "mul") return code.product();
  if (function == "div") return code.quotient();
  if (function == "reciprocal") return code.reciprocal();
  if (function == "abs") return code.magnitude();
  if (function == "conj") return code.conjugate();
  if (function == "nonzero") return code.nonzero();
  if (function == "real") return {args[0].real};
  if (function == "imag") return {*args[0].imaginary};
  const ScalarOp op = *scalarOpFromName(function);
  if (op == ScalarOp::kEq || op == ScalarOp::kNe) return code.equal(op == ScalarOp::kNe);
  if (isPredicate(op)) return code.predicate(op);
  return code.each(op);
}

}  // namespace segue::llvm
