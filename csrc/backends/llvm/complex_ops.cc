#include "backends/llvm/complex_ops.h"

#include <algorithm>

#include "backends/llvm/complex_product.h"
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
    if (complexProduct(dtype_).form == ProductForm::kFused && !SEGUE_FAULT(ComplexProductsUnfused)) {
      return {apply(ScalarOp::kFms, {re(0), re(1), real}), apply(ScalarOp::kFma, {re(0), im(1), imaginary})};
    }
    const ScalarId first = apply(ScalarOp::kMul, {re(0), re(1)}), cross = apply(ScalarOp::kMul, {re(0), im(1)});
    return {apply(ScalarOp::kSub, {first, real}), apply(ScalarOp::kAdd, {cross, imaginary})};
  }

  Parts conjugate() { return {re(0), apply(ScalarOp::kNeg, {im(0)})}; }

  Parts equal(bool negated) {
    const ScalarOp compare = negated ? ScalarOp::kNe : ScalarOp::kEq;
    return {both(negated ? ScalarOp::kOr : ScalarOp::kAnd, test(compare, {re(0), re(1)}), test(compare, {im(0), im(1)}))};
  }

  Parts nonzero() {
    const ScalarId zero = dag_.constant(dtype_, 0);
    return {both(ScalarOp::kOr, test(ScalarOp::kNe, {re(0), zero}), test(ScalarOp::kNe, {im(0), zero}))};
  }

  Parts predicate(ScalarOp op) {
    return {both(op == ScalarOp::kIsFinite ? ScalarOp::kAnd : ScalarOp::kOr, test(op, {re(0)}), test(op, {im(0)}))};
  }

  Parts chosen() {
    auto part = [this](ScalarId yes, ScalarId no) { return apply(ScalarOp::kWhere, {re(0), yes, no}); };
    return {part(re(1), re(2)), part(im(1), im(2))};
  }

 private:
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

std::optional<DType> complexResult(std::string_view function, absl::Span<const DType> args, bool) {
  if (function == "where") return isComplex(args[1]) && args[1] == args[2] ? std::optional(args[1]) : std::nullopt;
  if (function == "mul") return complexProduct(partDType(args[0])).form == ProductForm::kOther ? std::nullopt : std::optional(args[0]);
  if (function == "add" || function == "sub" || function == "neg" || function == "conj") return args[0];
  if (function == "eq" || function == "ne" || function == "nonzero") return DType::kBool;
  if (function == "isnan" || function == "isinf" || function == "isfinite") return DType::kBool;
  if (function == "real" || function == "imag") return partDType(args[0]);
  return std::nullopt;
}

Parts applyComplex(std::string_view function, absl::Span<const Parts> args, KernelDag& dag) {
  PartCode code(args, dag);
  if (function == "where") return code.chosen();
  if (function == "mul") return code.product();
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
