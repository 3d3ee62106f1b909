// Python numbers that are not constants. Operators on them are Python's, not NumPy's (`/` by zero raises).
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/graph_values.h"
#include "trace/values/int_value.h"

namespace segue {
namespace {

constexpr std::string_view kPyBinary[] = {"py.add", "py.and",    "py.floordiv", "py.lshift", "py.matmul",
                                          "py.mul", "py.mod",    "py.or",       "py.pow",    "py.rshift",
                                          "py.sub", "py.truediv", "py.xor"};
constexpr std::string_view kPyUnary[] = {"py.neg", "py.pos", "py.invert"};
constexpr std::string_view kPyCompare[] = {"py.lt", "py.le", "py.eq", "py.ne", "py.gt", "py.ge"};

bool isNumpy(ValueRef value) { return value->kind() == ValueKind::kArray || value->kind() == ValueKind::kNumpyScalar; }

bool isPythonNumber(ValueRef value) {
  if (value->kind() == ValueKind::kScalar || value->kind() == ValueKind::kInt) return true;
  BorrowedRef constant = value->constant();
  return constant && (PyLong_CheckExact(constant) || PyFloat_CheckExact(constant) || PyBool_Check(constant) ||
                      PyComplex_CheckExact(constant));
}

void addRoots(ValueRef value, ScalarValue::Roots& roots) {
  auto add = [&](ValueRef root) {
    if (std::find(roots.begin(), roots.end(), root) == roots.end()) roots.push_back(root);
  };
  auto* scalar = as<ScalarValue>(value);
  if (value->kind() == ValueKind::kInt || (scalar != nullptr && scalar->roots().empty())) return add(value);
  if (scalar == nullptr) return;
  for (ValueRef root : scalar->roots()) add(root);
}

/// The operands as constants, each guarded; empty where one is not known.
absl::InlinedVector<PyObject*, 3> pinAll(Tracer& t, absl::Span<const ValueRef> args) {
  absl::InlinedVector<PyObject*, 3> numbers;
  for (ValueRef arg : args) {
    BorrowedRef number = specialize(t, arg);
    if (!number) return {};
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

Ref liveNumber(Tracer& t, ValueRef value) {
  if (auto* integer = as<IntValue>(value)) return Ref::steal(PyLong_FromLongLong(t.dims().hint(integer->dim())));
  if (auto* scalar = as<ScalarValue>(value)) return Ref::borrow(scalar->live());
  return Ref::borrow(value->constant());
}

Traced<ValueRef> scalarOperator(Tracer& t, std::string_view name, absl::Span<const ValueRef> args,
                                absl::FunctionRef<PyObject*(absl::Span<PyObject* const>)> compute) {
  absl::InlinedVector<Ref, 3> kept;
  absl::InlinedVector<PyObject*, 3> numbers;
  ScalarValue::Roots roots;
  bool known = true;
  for (ValueRef arg : args) {
    kept.push_back(liveNumber(t, arg));
    numbers.push_back(kept.back().get());
    addRoots(arg, roots);
    known = known && numbers.back() != nullptr;
  }
  Ref result = known ? Ref::steal(compute(numbers)) : Ref();
  bool raises = known && !result;
  if (raises) PyErr_Clear();
  const LibraryName* op = findNumpyName(name);
  if (op != nullptr && !raises) {
    CallArgs call_args;
    call_args.positional.assign(args.begin(), args.end());
    SEGUE_TRY(ValueRef value, t.apply(*op, call_args));
    auto* scalar = as<ScalarValue>(value);
    // The type rule and this call must agree: 2 ** n is an int or a float by the sign of n.
    if (scalar == nullptr || !known || Py_TYPE(result.get()) != scalar->type()) return value;
    return t.make<ScalarValue>(&scalar->graphType(), scalar->node(t), std::move(result), std::move(roots));
  }
  absl::InlinedVector<PyObject*, 3> pinned = pinAll(t, args);
  if (pinned.empty()) return stop(BreakReason::kConstantNeeded, std::string(name) + " of a computed number");
  return folded(t, compute(pinned));
}

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

Traced<ValueRef> ScalarValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  if (isNumpy(other)) return GraphValue::binarySlot(t, op, other, reflected);
  if (!isPythonNumber(other)) return ValueRef{nullptr};
  ValueRef args[] = {reflected ? other : this, reflected ? this : other};
  return scalarOperator(t, kPyBinary[static_cast<int>(op)], args,
                        [op](absl::Span<PyObject* const> x) { return computeBinary(op, x[0], x[1]); });
}

Traced<ValueRef> ScalarValue::unarySlot(Tracer& t, UnaryOp op) {
  ValueRef args[] = {this};
  return scalarOperator(t, kPyUnary[static_cast<int>(op)], args, [op](absl::Span<PyObject* const> x) {
    return op == UnaryOp::kNegative   ? PyNumber_Negative(x[0])
           : op == UnaryOp::kPositive ? PyNumber_Positive(x[0])
                                      : PyNumber_Invert(x[0]);
  });
}

// Comparing is for branching: a number that is known now is pinned.
Traced<ValueRef> ScalarValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  if (isNumpy(other)) return GraphValue::compareSlot(t, op, other);
  if (!isPythonNumber(other)) {
    ValueRef self = pinned(t);
    if (self == nullptr) return Value::compareSlot(t, op, other);
    return compare(t, op, self, other);
  }
  ValueRef args[] = {this, other};
  auto compute = [op](absl::Span<PyObject* const> x) { return PyObject_RichCompare(x[0], x[1], static_cast<int>(op)); };
  if (liveNumber(t, this) && liveNumber(t, other)) {
    absl::InlinedVector<PyObject*, 3> numbers = pinAll(t, args);
    if (!numbers.empty()) return folded(t, compute(numbers));
  }
  return scalarOperator(t, kPyCompare[static_cast<int>(op)], args, compute);
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
