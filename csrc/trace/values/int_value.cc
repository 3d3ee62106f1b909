#include "trace/values/int_value.h"

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/graph_values.h"

namespace segue {
namespace {

/// Symbolic arithmetic; nullopt where Dims have no such operation or it would overflow.
std::optional<Dim> dimArithmetic(DimTable& dims, BinaryOp op, Dim a, Dim b) {
  auto taken = [](Result<Dim> result) { return result.ok() ? std::optional<Dim>(result.value()) : std::nullopt; };
  switch (op) {
    case BinaryOp::kAdd: return taken(dims.add(a, b));
    case BinaryOp::kSubtract: return taken(dims.sub(a, b));
    case BinaryOp::kMultiply: return taken(dims.mul(a, b));
    case BinaryOp::kFloorDivide:
      if (dims.decideEqual(b, dims.constant(0))) return std::nullopt;
      return taken(dims.floorDiv(a, b));
    case BinaryOp::kRemainder:
      if (dims.decideEqual(b, dims.constant(0))) return std::nullopt;
      return taken(dims.mod(a, b));
    default: return std::nullopt;
  }
}

ValueRef pinned(Tracer& t, ValueRef value) { return t.constant(specialize(t, value)); }

}  // namespace

Traced<ValueRef> IntValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  std::optional<Dim> rhs = asDim(t, other);
  op = withoutInplace(op);
  if (rhs) {
    Dim a = reflected ? *rhs : dim_;
    Dim b = reflected ? dim_ : *rhs;
    if (std::optional<Dim> result = dimArithmetic(t.dims(), op, a, b)) return t.integer(*result);
  } else if (other->kind() != ValueKind::kConstant || !isFoldable(other->constant())) {
    return ValueRef{nullptr};
  }
  if (op == BinaryOp::kTrueDivide && rhs) {  // an int's quotient is a float
    ValueRef args[] = {reflected ? other : this, reflected ? this : other};
    return scalarOperator(t, "py.truediv", args,
                          [](absl::Span<PyObject* const> x) { return PyNumber_TrueDivide(x[0], x[1]); });
  }
  if (!rhs && PyFloat_CheckExact(other->constant())) {
    constexpr std::string_view kNames[] = {"py.add", "", "py.floordiv", "", "", "py.mul", "py.mod", "", "py.pow", "", "py.sub", "py.truediv", ""};
    std::string_view name = kNames[static_cast<int>(op)];
    ValueRef args[] = {reflected ? other : this, reflected ? this : other};
    if (!name.empty()) {
      return scalarOperator(t, name, args, [op](absl::Span<PyObject* const> x) { return computeBinary(op, x[0], x[1]); });
    }
  }
  ValueRef lhs = pinned(t, this);
  ValueRef pinned_other = pinned(t, other);
  return reflected ? binary(t, op, pinned_other, lhs) : binary(t, op, lhs, pinned_other);
}

Traced<ValueRef> IntValue::unarySlot(Tracer& t, UnaryOp op) {
  if (op == UnaryOp::kPositive) return t.integer(dim_);
  Dim zero = t.dims().constant(op == UnaryOp::kNegative ? 0 : -1);  // ~x == -1 - x
  Result<Dim> result = t.dims().sub(zero, dim_);
  if (!result.ok()) return unary(t, op, pinned(t, this));
  return t.integer(result.value());
}

Traced<ValueRef> IntValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  std::optional<Dim> rhs = asDim(t, other);
  if (!rhs) {
    if (other->kind() != ValueKind::kConstant || !isFoldable(other->constant())) return ValueRef{nullptr};
    return compare(t, op, pinned(t, this), other);
  }
  DimTable& dims = t.dims();
  switch (op) {
    case CompareOp::kLt: return t.boolean(dims.decideLess(dim_, *rhs));
    case CompareOp::kLe: return t.boolean(dims.decideLessEqual(dim_, *rhs));
    case CompareOp::kEq: return t.boolean(dims.decideEqual(dim_, *rhs));
    case CompareOp::kNe: return t.boolean(!dims.decideEqual(dim_, *rhs));
    case CompareOp::kGt: return t.boolean(dims.decideLess(*rhs, dim_));
    case CompareOp::kGe: return t.boolean(dims.decideLessEqual(*rhs, dim_));
  }
  SEGUE_UNREACHABLE("comparison");
}

Traced<bool> IntValue::truthSlot(Tracer& t) { return !t.dims().decideEqual(dim_, t.dims().constant(0)); }

Traced<ValueRef> IntValue::getAttrSlot(Tracer& t, BorrowedRef name) { return builtinTypeAttr(t, this, name); }

Traced<ValueRef> IntValue::formatSlot(Tracer& t, ValueRef spec) { return format(t, pinned(t, this), spec); }

Traced<Ref> IntValue::keySlot(Tracer& t) { return Ref::borrow(specialize(t, this)); }

Traced<Arg> IntValue::argSlot(Tracer& t) { return Arg(dim_); }

Traced<RecipeId> IntValue::recipeSlot(RecipeBuilder& b) { return b.dim(dim_); }

}  // namespace segue
