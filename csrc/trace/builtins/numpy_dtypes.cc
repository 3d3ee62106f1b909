// Models of NumPy's functions about dtypes. They depend on dtypes only, so NumPy itself answers while tracing; nothing is
// guarded beyond what the values guard anyway.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/class_value.h"
#include "trace/values/graph_values.h"
#include "trace/values/numpy_values.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// Classes that NumPy turns into dtypes without asking the class (`cls.dtype` would be user code).
bool isDTypeClass(PyTypeObject* cls) {
  static PyTypeObject* const kBuiltin[] = {&PyBool_Type, &PyLong_Type,  &PyFloat_Type,
                                           &PyComplex_Type, &PyUnicode_Type, &PyBytes_Type};
  for (PyTypeObject* builtin : kBuiltin) {
    if (cls == builtin) return true;
  }
  // np.generic's own classes; a subclass written in Python is a heap type.
  return PyType_IsSubtype(cls, &PyGenericArrType_Type) && (cls->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0;
}

/// What NumPy takes as a dtype, as NumPy takes it; null for anything else.
Ref dtypeLike(ValueRef value) {
  if (auto* cls = as<ClassValue>(value)) {
    return isDTypeClass(cls->classObject()) ? Ref::borrow(cls->constant()) : Ref();
  }
  BorrowedRef constant = value->constant();
  if (!constant) return Ref();
  if (value->kind() == ValueKind::kDType || constant.get() == Py_None) return Ref::borrow(constant);
  if (PyUnicode_CheckExact(constant.get()) && isDTypeName(constant)) return Ref::borrow(constant);
  return Ref();
}

Traced<Ref> dtypeLikeArg(ValueRef value) {
  Ref object = dtypeLike(value);
  if (!object) return stop(BreakReason::kConstantNeeded, "a dtype, not " + value->describe());
  return object;
}

/// NumPy's answer; what it refuses is left to CPython, which raises.
Traced<Ref> ask(BorrowedRef function, absl::Span<const Ref> args) {
  Ref packed = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(args.size())));
  for (size_t i = 0; i < args.size(); ++i) {
    PyTuple_SET_ITEM(packed.get(), static_cast<Py_ssize_t>(i), Py_NewRef(args[i].get()));
  }
  Ref answer = Ref::steal(PyObject_CallObject(function, packed.get()));
  if (answer) return answer;
  PyErr_Clear();
  return stop(BreakReason::kExceptionEscapes, "NumPy refuses the arguments");
}

/// A function of dtypes alone, by position.
Traced<ValueRef> dtypeFunction(Tracer& t, const BuiltinCall& call) {
  if (!call.args.keywords.empty()) return stop(BreakReason::kBuiltinNotModelled, "a function of dtypes with keywords");
  absl::InlinedVector<Ref, 3> args;
  for (ValueRef arg : call.args.positional) {
    SEGUE_TRY(Ref object, dtypeLikeArg(t.resolve(arg)));
    args.push_back(std::move(object));
  }
  SEGUE_TRY(Ref answer, ask(call.function, args));
  return t.constant(std::move(answer));
}
SEGUE_BUILTIN("numpy.promote_types", dtypeFunction);
SEGUE_BUILTIN("numpy.issubdtype", dtypeFunction);

SEGUE_BUILTIN("numpy.dtype", dtypeFunction);

/// Arrays and NumPy scalars take part with their dtypes, Python numbers as weak operands.
Traced<ValueRef> resultType(Tracer& t, const BuiltinCall& call) {
  if (!call.args.keywords.empty()) return stop(BreakReason::kBuiltinNotModelled, "np.result_type with keywords");
  absl::InlinedVector<Ref, 3> args;
  for (ValueRef arg : call.args.positional) {
    ValueRef value = t.resolve(arg);
    BorrowedRef number = value->constant();
    bool weak = value->kind() == ValueKind::kInt || value->kind() == ValueKind::kScalar ||
                (number && (PyLong_Check(number.get()) || PyFloat_CheckExact(number) || PyComplex_CheckExact(number)));
    if (weak) {
      // Only the type of a weak operand counts, but for ints that no dtype holds.
      BorrowedRef pinned = value->kind() == ValueKind::kScalar ? BorrowedRef() : specialize(t, value);
      if (!pinned) return stop(BreakReason::kConstantNeeded, "an argument of np.result_type");
      args.push_back(Ref::borrow(pinned));
      continue;
    }
    if (value->kind() == ValueKind::kArray || value->kind() == ValueKind::kNumpyScalar) {
      args.push_back(dtypeDescr(static_cast<GraphValue*>(value)->graphType().dtype));
      continue;
    }
    SEGUE_TRY(Ref object, dtypeLikeArg(value));
    args.push_back(std::move(object));
  }
  SEGUE_TRY(Ref answer, ask(call.function, args));
  return t.constant(std::move(answer));
}
SEGUE_BUILTIN("numpy.result_type", resultType);

Traced<ValueRef> canCastFunction(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "can_cast", {"from_", "to", "casting"}, 2));
  auto* array = as<ArrayValue>(args[0]);
  Ref from = array != nullptr ? dtypeDescr(array->graphType().dtype) : dtypeLike(args[0]);
  if (!from) return stop(BreakReason::kConstantNeeded, "a dtype, not " + args[0]->describe());
  SEGUE_TRY(Ref to, dtypeLikeArg(args[1]));
  Ref casting = args[2] != nullptr ? Ref::borrow(args[2]->constant()) : Ref::steal(PyUnicode_FromString("safe"));
  if (!casting || !PyUnicode_CheckExact(casting.get())) return stop(BreakReason::kConstantNeeded, "casting=");
  SEGUE_TRY(Ref answer, ask(call.function, {from, to, casting}));
  return t.constant(std::move(answer));
}
SEGUE_BUILTIN("numpy.can_cast", canCastFunction);

/// np.finfo(x), np.iinfo(x).
Traced<ValueRef> classLimits(Tracer& t, const BuiltinCall& call) {
  if (call.size() != 1 || !call.args.keywords.empty()) return stop(BreakReason::kBuiltinNotModelled, "np.finfo");
  SEGUE_TRY(Ref dtype, dtypeLikeArg(t.resolve(call.args.positional[0])));
  SEGUE_TRY(Ref limits, ask(call.function, {dtype}));
  return t.make<NumericLimitsValue>(std::move(limits));
}
SEGUE_BUILTIN("numpy.finfo", classLimits);
SEGUE_BUILTIN("numpy.iinfo", classLimits);

// --- calling scalar types

bool isArrayLike(ValueRef value) {
  switch (value->kind()) {
    case ValueKind::kArray:
    case ValueKind::kNumpyScalar:
    case ValueKind::kScalar:
    case ValueKind::kInt:
    case ValueKind::kList:
    case ValueKind::kTuple: return true;
    default: break;
  }
  BorrowedRef constant = value->constant();
  return constant && (PyLong_Check(constant.get()) || PyFloat_CheckExact(constant) || PyComplex_CheckExact(constant));
}

/// Of an int that only uint64 holds: the int64 with its bits. None for others, without an exception.
std::optional<int64_t> bitsOfLarge(BorrowedRef number) {
  if (!number || !PyLong_CheckExact(number.get())) return std::nullopt;
  const uint64_t bits = PyLong_AsUnsignedLongLong(number.get());
  if (bits == UINT64_MAX && PyErr_Occurred()) {
    PyErr_Clear();
    return std::nullopt;
  }
  return bits > INT64_MAX ? std::optional(static_cast<int64_t>(bits)) : std::nullopt;
}

/// np.float32(x): x as an array of the dtype (NumPy's scalartypes.c.src does just that), and its scalar if it is 0-d.
Traced<ValueRef> classScalar(Tracer& t, const BuiltinCall& call) {
  if (call.size() > 1 || !call.args.keywords.empty()) return stop(BreakReason::kBuiltinNotModelled, "a scalar type with keywords");
  ValueRef value = call.size() == 0 ? t.integer(0) : t.resolve(call.args.positional[0]);
  if (!isArrayLike(value)) return stop(BreakReason::kConstantNeeded, "a number, not " + value->describe());
  const bool unsigned_long = call.function.get() == reinterpret_cast<PyObject*>(&PyUInt64ArrType_Type);
  const std::optional<int64_t> large = unsigned_long ? bitsOfLarge(value->constant()) : std::nullopt;
  if (large) value = t.integer(*large);
  SEGUE_TRY(ValueRef result, t.applyNumpy("numpy.asarray", {{value, large ? t.constant(dtypeDescr(DType::kI64)) : t.constant(call.function)}, {}}));
  if (large) {
    SEGUE_TRY(result, t.applyNumpy("ndarray.astype", {{result, t.constant(call.function)}, {}}));
  }
  auto* array = as<ArrayValue>(result);
  if (array == nullptr || array->graphType().ndim() > 0) return result;
  return getItem(t, result, t.tuple({}));
}
SEGUE_BUILTIN("numpy.bool_", classScalar);
SEGUE_BUILTIN("numpy.int8", classScalar);
SEGUE_BUILTIN("numpy.int16", classScalar);
SEGUE_BUILTIN("numpy.int32", classScalar);
SEGUE_BUILTIN("numpy.int64", classScalar);
SEGUE_BUILTIN("numpy.uint8", classScalar);
SEGUE_BUILTIN("numpy.uint16", classScalar);
SEGUE_BUILTIN("numpy.uint32", classScalar);
SEGUE_BUILTIN("numpy.uint64", classScalar);
SEGUE_BUILTIN("numpy.float16", classScalar);
SEGUE_BUILTIN("numpy.float32", classScalar);
SEGUE_BUILTIN("numpy.float64", classScalar);
SEGUE_BUILTIN("numpy.complex64", classScalar);
SEGUE_BUILTIN("numpy.complex128", classScalar);
SEGUE_BUILTIN("numpy.longlong", classScalar);
SEGUE_BUILTIN("numpy.ulonglong", classScalar);
SEGUE_BUILTIN("numpy.longdouble", classScalar);
SEGUE_BUILTIN("numpy.clongdouble", classScalar);

/// A date's text that asks neither the clock ("now") nor for a warning (time zones).
bool isFixedDate(std::string_view text) {
  return text == "NaT" || text.find_first_not_of("0123456789-:.T ") == std::string_view::npos;
}

/// np.datetime64("2024-05-17"), np.timedelta64(3, "D"): constants, which NumPy makes while tracing.
Traced<ValueRef> classDate(Tracer& t, const BuiltinCall& call) {
  if (!call.args.keywords.empty()) return stop(BreakReason::kBuiltinNotModelled, "a date with keywords");
  absl::InlinedVector<Ref, 3> args;
  for (ValueRef arg : call.args.positional) {
    BorrowedRef constant = t.resolve(arg)->constant();
    const bool text = constant && PyUnicode_CheckExact(constant.get()) && (!args.empty() || isFixedDate(textOf(constant)));
    if (!text && !(constant && PyLong_CheckExact(constant.get()))) {
      return stop(BreakReason::kConstantNeeded, "what a date is made of");
    }
    args.push_back(Ref::borrow(constant));
  }
  // NumPy warns of numbers and "not a time" without a unit.
  const bool unitless = args.size() == 1 && (PyLong_CheckExact(args[0].get()) || textOf(args[0]) == "NaT");
  if (args.empty() || unitless) {
    return stop(BreakReason::kBuiltinNotModelled, "a date without a unit");
  }
  SEGUE_TRY(Ref made, ask(call.function, args));
  return t.constant(std::move(made));
}
SEGUE_BUILTIN("numpy.datetime64", classDate);
SEGUE_BUILTIN("numpy.timedelta64", classDate);

}  // namespace
}  // namespace segue
