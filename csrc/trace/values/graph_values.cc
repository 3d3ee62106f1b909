#include "trace/values/graph_values.h"

#include "base/fault.h"
#include "trace/attributes.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/iterator.h"
#include "trace/values/known.h"
#include "trace/values/text.h"

namespace segue {
namespace {

struct OperatorNames {
  std::string_view binary, reflected, inplace;   ///< of arrays
  std::string_view scalar, scalar_reflected;     ///< of NumPy scalars
};
#define SEGUE_OPERATOR_NAMES(name) \
  {"ndarray.__" name "__", "ndarray.__r" name "__", "ndarray.__i" name "__", "generic.__" name "__", "generic.__r" name "__"}
/// By BinaryOp. The methods, not the ufuncs: a few differ (`**` with a small exponent).
constexpr OperatorNames kBinaryNames[] = {
    SEGUE_OPERATOR_NAMES("add"),     SEGUE_OPERATOR_NAMES("and"), SEGUE_OPERATOR_NAMES("floordiv"),
    SEGUE_OPERATOR_NAMES("lshift"),  SEGUE_OPERATOR_NAMES("matmul"), SEGUE_OPERATOR_NAMES("mul"),
    SEGUE_OPERATOR_NAMES("mod"),     SEGUE_OPERATOR_NAMES("or"),  SEGUE_OPERATOR_NAMES("pow"),
    SEGUE_OPERATOR_NAMES("rshift"),  SEGUE_OPERATOR_NAMES("sub"), SEGUE_OPERATOR_NAMES("truediv"),
    SEGUE_OPERATOR_NAMES("xor"),
};
#undef SEGUE_OPERATOR_NAMES
struct UnaryNames {
  std::string_view array, scalar;
};
constexpr UnaryNames kCompareNames[] = {{"ndarray.__lt__", "generic.__lt__"}, {"ndarray.__le__", "generic.__le__"},
                                        {"ndarray.__eq__", "generic.__eq__"}, {"ndarray.__ne__", "generic.__ne__"},
                                        {"ndarray.__gt__", "generic.__gt__"}, {"ndarray.__ge__", "generic.__ge__"}};
constexpr UnaryNames kUnaryNames[] = {{"ndarray.__neg__", "generic.__neg__"},
                                      {"ndarray.__pos__", "generic.__pos__"},
                                      {"ndarray.__invert__", "generic.__invert__"}};

bool isArray(ValueRef value) { return value->kind() == ValueKind::kArray; }

/// Whether NumPy's operators leave it to the right operand what to do with an array (`__array_ufunc__ = None`).
bool refusesUfuncs(Tracer& t, ValueRef value) {
  return lookupOnType(t, value->type(), t.internedName("__array_ufunc__")).get() == Py_None;
}

/// Operands that NumPy's own operators take as they are: numbers and arrays.
bool isNumeric(ValueRef value) {
  ValueKind kind = value->kind();
  if (kind == ValueKind::kArray || kind == ValueKind::kNumpyScalar || kind == ValueKind::kScalar) return true;
  if (kind == ValueKind::kInt) return true;
  BorrowedRef constant = value->constant();
  return constant && (PyLong_CheckExact(constant) || PyFloat_CheckExact(constant) || PyBool_Check(constant) ||
                      PyComplex_CheckExact(constant));
}

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
    if (other->kind() == ValueKind::kOpaque) return other->binarySlot(t, op, this, !reflected);   // breaks, and says why
    // The others, NumPy makes arrays of, or asks their __array_ufunc__, or their priority.
    if (reflected || !refusesUfuncs(t, other)) return stop(BreakReason::kUnsupportedOperation, "an array operator on " + other->describe());
    return ValueRef{nullptr};
  }
  const OperatorNames& names = kBinaryNames[static_cast<int>(op)];
  if (isArray(this) || isArray(other)) {
    // NumPy's scalars hand over to arrays, which see themselves as the right operand then.
    if (!isArray(this) && !reflected) {
      if (SEGUE_FAULT(ReflectedNotSwapped)) return t.applyNumpy(names.reflected, {{this, other}, {}});
      return t.applyNumpy(names.reflected, {{other, this}, {}});
    }
    return t.applyNumpy(reflected ? names.reflected : names.binary, {{this, other}, {}});
  }
  return t.applyNumpy(reflected ? names.scalar_reflected : names.scalar, {{this, other}, {}});
}

Traced<ValueRef> GraphValue::unarySlot(Tracer& t, UnaryOp op) {
  const UnaryNames& names = kUnaryNames[static_cast<int>(op)];
  return t.applyNumpy(isArray(this) ? names.array : names.scalar, {{this}, {}});
}

Traced<ValueRef> GraphValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  if (!isNumeric(other)) return Value::compareSlot(t, op, other);
  const UnaryNames& names = kCompareNames[static_cast<int>(op)];
  return t.applyNumpy(isArray(this) || isArray(other) ? names.array : names.scalar, {{this, other}, {}});
}

Traced<bool> GraphValue::truthSlot(Tracer& t) {
  Ref known = knownScalar(t, *this);
  if (!known) return stop(BreakReason::kDataDependentBranch, describe());
  return PyObject_IsTrue(known.get()) == 1;
}

Traced<ValueRef> GraphValue::formatSlot(Tracer& t, ValueRef spec) {
  BorrowedRef text = spec->constant();
  if (text && PyUnicode_CheckExact(text.get()) && isComputedNumber(this)) return formattedNumber(t, this, text);
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
  if (!isNumeric(other)) return stop(BreakReason::kUnsupportedOperation, "an array operator on " + other->describe());
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
  return makeSequenceIterator(t, this);
}

Traced<ValueRef> NumpyScalarValue::getItemSlot(Tracer& t, ValueRef key) {
  return t.applyNumpy("generic.__getitem__", {{this, key}, {}});
}

}  // namespace segue
