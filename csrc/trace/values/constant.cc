#include "trace/values/constant.h"

#include "base/objects.h"
#include "trace/builtins/pure.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/iterator.h"
#include "trace/values/set.h"
#include "trace/values/string.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// Longest sequence and longest int (in bits) that folding may make.
constexpr Py_ssize_t kFoldLimit = 4096;

Py_ssize_t bitLength(BorrowedRef integer) { return static_cast<Py_ssize_t>(_PyLong_NumBits(integer)); }

/// Whether lhs op rhs could make something huge: powers, shifts and repetitions.
bool foldsTooLarge(BinaryOp op, BorrowedRef lhs, BorrowedRef rhs) {
  bool ints = PyLong_Check(lhs) && PyLong_Check(rhs);
  if (ints && (op == BinaryOp::kPower || op == BinaryOp::kLshift)) {
    long long count = 0;
    int overflow = 0;
    count = PyLong_AsLongLongAndOverflow(rhs, &overflow);
    if (overflow != 0) return true;
    Py_ssize_t bits = op == BinaryOp::kPower ? bitLength(lhs) : 1;
    return count > kFoldLimit * 8 || (count > 0 && bits * count > kFoldLimit * 8);
  }
  if (op == BinaryOp::kMultiply && (PySequence_Check(lhs) || PySequence_Check(rhs))) {
    BorrowedRef sequence = PySequence_Check(lhs) ? lhs : rhs;
    BorrowedRef factor = PySequence_Check(lhs) ? rhs : lhs;
    if (!PyLong_Check(factor)) return false;
    int overflow = 0;
    long long times = PyLong_AsLongLongAndOverflow(factor, &overflow);
    return overflow > 0 || (times > 0 && times > kFoldLimit / std::max<Py_ssize_t>(1, PySequence_Size(sequence)));
  }
  return op == BinaryOp::kRemainder && PyBytes_Check(lhs);  // formats, with widths that may be huge
}

/// A frozenset whose elements hash and compare without user code.
bool isPlainFrozenSet(BorrowedRef object) {
  if (!PyFrozenSet_CheckExact(object)) return false;
  Py_ssize_t position = 0;
  PyObject* element;
  while (segue_set_next(object, &position, &element)) {
    if (!segue_is_key(element)) return false;
  }
  return true;
}

/// The constant, or the slice of constants, that a key is; null for others.
Ref constantIndex(Tracer& t, ValueRef key) {
  auto* slice = as<SliceValue>(key);
  if (slice == nullptr) return Ref::borrow(specialize(t, key));
  Ref parts[3];
  for (auto [i, part] : {std::pair{0, slice->start()}, {1, slice->stop()}, {2, slice->step()}}) {
    BorrowedRef constant = specialize(t, part);
    if (!constant || (constant.get() != Py_None && !PyLong_CheckExact(constant.get()))) return nullptr;
    parts[i] = Ref::borrow(constant);
  }
  return Ref::steal(PySlice_New(parts[0].get(), parts[1].get(), parts[2].get()));
}

}  // namespace

PyObject* computeBinary(BinaryOp op, PyObject* lhs, PyObject* rhs) {
  switch (op) {
    case BinaryOp::kAdd: return PyNumber_Add(lhs, rhs);
    case BinaryOp::kAnd: return PyNumber_And(lhs, rhs);
    case BinaryOp::kFloorDivide: return PyNumber_FloorDivide(lhs, rhs);
    case BinaryOp::kLshift: return PyNumber_Lshift(lhs, rhs);
    case BinaryOp::kMatrixMultiply: return PyNumber_MatrixMultiply(lhs, rhs);
    case BinaryOp::kMultiply: return PyNumber_Multiply(lhs, rhs);
    case BinaryOp::kRemainder: return PyNumber_Remainder(lhs, rhs);
    case BinaryOp::kOr: return PyNumber_Or(lhs, rhs);
    case BinaryOp::kPower: return PyNumber_Power(lhs, rhs, Py_None);
    case BinaryOp::kRshift: return PyNumber_Rshift(lhs, rhs);
    case BinaryOp::kSubtract: return PyNumber_Subtract(lhs, rhs);
    case BinaryOp::kTrueDivide: return PyNumber_TrueDivide(lhs, rhs);
    case BinaryOp::kXor: return PyNumber_Xor(lhs, rhs);
    default: SEGUE_UNREACHABLE("in-place operator");
  }
}

bool isFoldable(BorrowedRef object) {
  if (segue_is_constant(object)) return true;
  if (PyTuple_CheckExact(object)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object.get()); ++i) {
      if (!isFoldable(PyTuple_GET_ITEM(object.get(), i))) return false;
    }
    return true;
  }
  return isPlainFrozenSet(object);
}

Traced<ValueRef> folded(Tracer& t, PyObject* new_reference) {
  Ref result = Ref::steal(new_reference);
  if (!result) return t.raiseCurrent();
  return t.constant(std::move(result));
}

std::string ConstantValue::describe() const {
  if (object_.get() == Py_None) return "None";
  return type()->tp_name;
}

Traced<ValueRef> ConstantValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  if (reflected) return ValueRef{nullptr};  // the left operand has folded already
  if (op == BinaryOp::kRemainder && PyUnicode_CheckExact(object_.get())) return percentFormat(t, object_, other);
  if (auto* set = as<SetValue>(other); set != nullptr && isPlainFrozenSet(object_)) {
    Ref operand = constantSet(t, set);
    return operand ? folded(t, computeBinary(op, object_.get(), operand.get())) : ValueRef{nullptr};
  }
  BorrowedRef rhs = other->constant();
  if (!rhs || !isFoldable(rhs) || !isFoldable(object_)) return ValueRef{nullptr};
  if (foldsTooLarge(op, object_, rhs)) return stop(BreakReason::kFoldTooLarge);
  return folded(t, computeBinary(op, object_.get(), rhs));
}

Traced<ValueRef> ConstantValue::unarySlot(Tracer& t, UnaryOp op) {
  if (!isFoldable(object_)) return Value::unarySlot(t, op);
  switch (op) {
    case UnaryOp::kNegative: return folded(t, PyNumber_Negative(object_.get()));
    case UnaryOp::kPositive: return folded(t, PyNumber_Positive(object_.get()));
    case UnaryOp::kInvert: return folded(t, PyNumber_Invert(object_.get()));
  }
  SEGUE_UNREACHABLE("unary operator");
}

Traced<ValueRef> ConstantValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  BorrowedRef rhs = other->constant();
  // Of a str and a number, the first operand's type words the error.
  if (!rhs && other->kind() == ValueKind::kInt && !PyNumber_Check(object_.get())) rhs = specialize(t, other);
  if (!rhs || !isFoldable(rhs) || !isFoldable(object_)) return ValueRef{nullptr};
  return folded(t, PyObject_RichCompare(object_.get(), rhs, static_cast<int>(op)));
}

Traced<bool> ConstantValue::truthSlot(Tracer& t) {
  if (!isFoldable(object_)) return true;  // NotImplemented, code objects: no __bool__, no __len__
  return PyObject_IsTrue(object_.get()) == 1;
}

Traced<ValueRef> ConstantValue::lengthSlot(Tracer& t) {
  if (!isFoldable(object_)) return Value::lengthSlot(t);
  Py_ssize_t size = PyObject_Size(object_.get());
  if (size < 0) return t.raiseCurrent();
  return t.integer(size);
}

Traced<ValueRef> ConstantValue::getAttrSlot(Tracer& t, BorrowedRef name) { return builtinTypeAttr(t, this, name); }

Traced<ValueRef> ConstantValue::getItemSlot(Tracer& t, ValueRef key) {
  Ref index = constantIndex(t, key);
  if (!isFoldable(object_) || !index) return Value::getItemSlot(t, key);
  return folded(t, PyObject_GetItem(object_.get(), index.get()));
}

Traced<bool> ConstantValue::containsSlot(Tracer& t, ValueRef item) {
  if (isPlainFrozenSet(object_)) {
    SEGUE_TRY(Ref stand_in, key(t, item));
    return PySet_Contains(object_.get(), stand_in.get()) == 1;
  }
  BorrowedRef needle = specialize(t, item);
  if (!isFoldable(object_) || !needle || !isFoldable(needle)) return Value::containsSlot(t, item);
  int found = PySequence_Contains(object_.get(), needle);
  if (found < 0) {
    SEGUE_TRY_VOID(t.raiseCurrent());
  }
  return found == 1;
}

Traced<ValueRef> ConstantValue::iterSlot(Tracer& t) {
  if (PyFrozenSet_CheckExact(object_.get())) {  // the same object in every run, so the same order
    std::vector<ValueRef> elements;
    Py_ssize_t position = 0;
    PyObject* element;
    while (segue_set_next(object_.get(), &position, &element)) elements.push_back(t.constant(BorrowedRef(element)));
    return makeFixedIterator(t, reinterpret_cast<PyObject*>(&PySetIter_Type), std::move(elements));
  }
  if (!PyUnicode_Check(object_.get()) && !PyBytes_Check(object_.get())) return Value::iterSlot(t);
  return makeSequenceIterator(t, this);
}

Traced<ValueRef> ConstantValue::formatSlot(Tracer& t, ValueRef spec) {
  BorrowedRef text = spec->constant();
  if (!segue_is_constant(object_.get()) || !text) return Value::formatSlot(t, spec);
  SEGUE_TRY_VOID(checkFormatSpec(text));
  return folded(t, PyObject_Format(object_.get(), text));
}

Traced<Ref> ConstantValue::keySlot(Tracer& t) {
  if (!isFoldable(object_)) return Value::keySlot(t);
  return object_;
}

Traced<Arg> ConstantValue::argSlot(Tracer& t) {
  PyObject* object = object_.get();
  if (object == Py_None) return Arg(ArgNone{});
  if (object == Py_Ellipsis) return Arg(ArgEllipsis{});
  if (PyBool_Check(object)) return Arg(object == Py_True);
  if (PyLong_CheckExact(object)) {
    int overflow = 0;
    long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) return Arg(t.dims().constant(number));
    return Arg(ArgObject{object_});
  }
  if (PyFloat_CheckExact(object)) return Arg(PyFloat_AS_DOUBLE(object));
  if (PyComplex_CheckExact(object)) {
    Py_complex number = PyComplex_AsCComplex(object);
    return Arg(std::complex<double>(number.real, number.imag));
  }
  if (PyUnicode_CheckExact(object)) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(object, &size);
    if (text == nullptr) {
      PyErr_Clear();
      return Value::argSlot(t);
    }
    return Arg(std::string(text, size));
  }
  return Value::argSlot(t);
}

Traced<RecipeId> ConstantValue::recipeSlot(RecipeBuilder& b) { return b.constant(object_); }

}  // namespace segue
