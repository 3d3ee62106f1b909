#include "trace/values/graph_values.h"

#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"

namespace segue {
namespace {

struct OperatorNames {
  std::string_view binary, reflected, inplace;
};
/// By BinaryOp. The methods, not the ufuncs: a few differ (`**` with a small exponent).
constexpr OperatorNames kBinaryNames[] = {
    {"ndarray.__add__", "ndarray.__radd__", "ndarray.__iadd__"},
    {"ndarray.__and__", "ndarray.__rand__", "ndarray.__iand__"},
    {"ndarray.__floordiv__", "ndarray.__rfloordiv__", "ndarray.__ifloordiv__"},
    {"ndarray.__lshift__", "ndarray.__rlshift__", "ndarray.__ilshift__"},
    {"ndarray.__matmul__", "ndarray.__rmatmul__", "ndarray.__imatmul__"},
    {"ndarray.__mul__", "ndarray.__rmul__", "ndarray.__imul__"},
    {"ndarray.__mod__", "ndarray.__rmod__", "ndarray.__imod__"},
    {"ndarray.__or__", "ndarray.__ror__", "ndarray.__ior__"},
    {"ndarray.__pow__", "ndarray.__rpow__", "ndarray.__ipow__"},
    {"ndarray.__rshift__", "ndarray.__rrshift__", "ndarray.__irshift__"},
    {"ndarray.__sub__", "ndarray.__rsub__", "ndarray.__isub__"},
    {"ndarray.__truediv__", "ndarray.__rtruediv__", "ndarray.__itruediv__"},
    {"ndarray.__xor__", "ndarray.__rxor__", "ndarray.__ixor__"},
};
constexpr std::string_view kCompareNames[] = {"ndarray.__lt__", "ndarray.__le__", "ndarray.__eq__",
                                              "ndarray.__ne__", "ndarray.__gt__", "ndarray.__ge__"};
constexpr std::string_view kUnaryNames[] = {"ndarray.__neg__", "ndarray.__pos__", "ndarray.__invert__"};

/// Operands that NumPy's own operators take as they are: numbers and arrays. Others may take over (`__array_ufunc__`).
bool isNumeric(ValueRef value) {
  ValueKind kind = value->kind();
  if (kind == ValueKind::kArray || kind == ValueKind::kNumpyScalar || kind == ValueKind::kScalar) return true;
  if (kind == ValueKind::kInt) return true;
  BorrowedRef constant = value->constant();
  return constant && (PyLong_CheckExact(constant) || PyFloat_CheckExact(constant) || PyBool_Check(constant) ||
                      PyComplex_CheckExact(constant));
}

bool isNumpy(ValueRef value) { return value->kind() == ValueKind::kArray || value->kind() == ValueKind::kNumpyScalar; }

}  // namespace

Node* GraphValue::node(Tracer& t) {
  if (node_ == nullptr) {
    SEGUE_CHECK(source().has_value(), "a graph value without node and source");
    node_ = t.addInput(*source(), *graph_type_);
  }
  return node_;
}

Traced<Arg> GraphValue::argSlot(Tracer& t) { return Arg(Graph::use(node(t))); }

Traced<RecipeId> GraphValue::recipeSlot(RecipeBuilder& b) { return b.output(node_); }

Traced<ValueRef> GraphValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  if (!isNumeric(other)) {
    if (other->kind() == ValueKind::kList || other->kind() == ValueKind::kTuple) {
      return stop(BreakReason::kUnsupportedOperation, "an array operator on a sequence");
    }
    return ValueRef{nullptr};
  }
  const OperatorNames& names = kBinaryNames[static_cast<int>(op)];
  return t.applyNumpy(reflected ? names.reflected : names.binary, {{this, other}, {}});
}

Traced<ValueRef> GraphValue::unarySlot(Tracer& t, UnaryOp op) {
  return t.applyNumpy(kUnaryNames[static_cast<int>(op)], {{this}, {}});
}

Traced<ValueRef> GraphValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  if (!isNumeric(other)) return Value::compareSlot(t, op, other);
  return t.applyNumpy(kCompareNames[static_cast<int>(op)], {{this, other}, {}});
}

Traced<bool> GraphValue::truthSlot(Tracer& t) { return stop(BreakReason::kDataDependentBranch, describe()); }

Traced<ValueRef> GraphValue::formatSlot(Tracer& t, ValueRef spec) {
  return stop(BreakReason::kConstantNeeded, "formatting " + describe());
}

// --- arrays

ValueRef ArrayValue::shape(Tracer& t) const {
  absl::InlinedVector<ValueRef, 6> sizes;
  for (Dim dim : graphType().shape) sizes.push_back(t.integer(dim));
  return t.tuple(std::move(sizes));
}

Traced<Arg> ArrayValue::argSlot(Tracer& t) {
  if (!hasNode()) SEGUE_TRY_VOID(t.noteInput(this));
  return GraphValue::argSlot(t);
}

/// `x += y` is the ufunc with out=x, and x stays the same object.
Traced<ValueRef> ArrayValue::inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) {
  if (!isNumeric(other)) return Value::inplaceSlot(t, op, other);
  return t.applyNumpy(kBinaryNames[static_cast<int>(withoutInplace(op))].inplace, {{this, other}, {}});
}

Traced<bool> ArrayValue::truthSlot(Tracer& t) { return stop(BreakReason::kDataDependentBranch, "truth of an array"); }

Traced<ValueRef> ArrayValue::lengthSlot(Tracer& t) {
  if (graphType().ndim() == 0) return t.raise(PyExc_TypeError, "len() of unsized object");
  return t.integer(graphType().shape[0]);
}

Traced<ValueRef> ArrayValue::getItemSlot(Tracer& t, ValueRef key) {
  return t.applyNumpy("ndarray.__getitem__", {{this, key}, {}});
}

Traced<void> ArrayValue::setItemSlot(Tracer& t, ValueRef key, ValueRef value) {
  if (value == nullptr) return stop(BreakReason::kUnsupportedOperation, "deleting array elements");
  SEGUE_TRY_VOID(t.applyNumpy("ndarray.__setitem__", {{this, key, value}, {}}));
  return {};
}

Traced<ValueRef> ArrayValue::iterSlot(Tracer& t) {
  if (graphType().ndim() == 0) return t.raise(PyExc_TypeError, "iteration over a 0-d array");
  SEGUE_TRY(int64_t size, constantInt(t, t.integer(graphType().shape[0])));
  if (size > t.config().unroll_objects) return stop(BreakReason::kLoopNotUnrolled, "iteration over an array's rows");
  absl::InlinedVector<ValueRef, 6> rows;
  for (int64_t i = 0; i < size; ++i) {
    SEGUE_TRY(ValueRef row, getItemSlot(t, t.integer(i)));
    rows.push_back(row);
  }
  return t.tuple(std::move(rows))->iterSlot(t);
}

Traced<ValueRef> NumpyScalarValue::getItemSlot(Tracer& t, ValueRef key) {
  return t.applyNumpy("generic.__getitem__", {{this, key}, {}});
}

// --- Python scalars

PyTypeObject* ScalarValue::type() const {
  switch (graphType().kind) {
    case TypeKind::kPyBool: return &PyBool_Type;
    case TypeKind::kPyInt: return &PyLong_Type;
    case TypeKind::kPyFloat: return &PyFloat_Type;
    case TypeKind::kPyComplex: return &PyComplex_Type;
    default: SEGUE_UNREACHABLE("a Python scalar of another type");
  }
}

ValueRef ScalarValue::pinned(Tracer& t) {
  BorrowedRef number = specialize(t, this);
  return number ? t.constant(number) : nullptr;
}

// Operators on Python scalars alone are Python's, not NumPy's (`/` by zero raises): a number from outside is pinned, one
// that the graph computes would need a scalar operator.
Traced<ValueRef> ScalarValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  if (isNumpy(other)) return GraphValue::binarySlot(t, op, other, reflected);
  if (!isNumeric(other)) return ValueRef{nullptr};
  ValueRef self = pinned(t);
  BorrowedRef number = specialize(t, other);
  if (self == nullptr || !number) return stop(BreakReason::kConstantNeeded, "arithmetic on a computed " + describe());
  ValueRef constant = t.constant(number);
  return reflected ? binary(t, op, constant, self) : binary(t, op, self, constant);
}

Traced<ValueRef> ScalarValue::unarySlot(Tracer& t, UnaryOp op) {
  ValueRef self = pinned(t);
  if (self == nullptr) return stop(BreakReason::kConstantNeeded, "arithmetic on a computed " + describe());
  return unary(t, op, self);
}

Traced<ValueRef> ScalarValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  if (isNumpy(other)) return GraphValue::compareSlot(t, op, other);
  ValueRef self = pinned(t);
  if (self == nullptr) return stop(BreakReason::kConstantNeeded, "comparing a computed " + describe());
  return compare(t, op, self, other);
}

Traced<bool> ScalarValue::truthSlot(Tracer& t) {
  ValueRef self = pinned(t);
  if (self == nullptr) return GraphValue::truthSlot(t);
  return truth(t, self);
}

Traced<ValueRef> ScalarValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  ValueRef self = pinned(t);
  if (self == nullptr) return Value::getAttrSlot(t, name);
  return getAttr(t, self, name);
}

Traced<ValueRef> ScalarValue::formatSlot(Tracer& t, ValueRef spec) {
  ValueRef self = pinned(t);
  if (self == nullptr) return GraphValue::formatSlot(t, spec);
  return format(t, self, spec);
}

Traced<Ref> ScalarValue::keySlot(Tracer& t) {
  ValueRef self = pinned(t);
  if (self == nullptr) return Value::keySlot(t);
  return key(t, self);
}

}  // namespace segue
