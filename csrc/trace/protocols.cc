#include "trace/protocols.h"

#include "base/fault.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/enum_member.h"
#include "trace/values/exception.h"
#include "trace/values/graph_values.h"
#include "trace/values/instance.h"
#include "trace/values/int_value.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// Calls within calls, frames or not: bounds the tracer's own recursion.
constexpr int kDeepestCall = 256;
/// Items of `sequence * count`.
constexpr int64_t kLongestRepetition = 4096;


std::string operandTypes(std::string_view symbol, ValueRef lhs, ValueRef rhs) {
  return absl::StrFormat("%s %s %s", lhs->describe(), std::string(symbol), rhs->describe());
}

CompareOp swapped(CompareOp op) {
  switch (op) {
    case CompareOp::kLt: return CompareOp::kGt;
    case CompareOp::kLe: return CompareOp::kGe;
    case CompareOp::kGt: return CompareOp::kLt;
    case CompareOp::kGe: return CompareOp::kLe;
    default: return op;
  }
}

/// A subclass of the left operand's type answers first (CPython's binary_op1, do_richcompare).
bool rightGoesFirst(ValueRef lhs, ValueRef rhs) {
  return lhs->type() != rhs->type() && PyType_IsSubtype(rhs->type(), lhs->type()) != 0;
}

/// slot_nb_…: between classes written in Python, the right one goes first only if it has a reflected method of its own.
bool isReflectedOverloaded(Tracer& t, const char* reflected_name, ValueRef lhs, ValueRef rhs) {
  if (lhs->kind() != ValueKind::kInstance || rhs->kind() != ValueKind::kInstance) return true;
  BorrowedRef name = t.internedName(reflected_name);
  return lookupOnType(t, lhs->type(), name).get() != lookupOnType(t, rhs->type(), name).get();
}

bool isSingleton(BorrowedRef object) {
  return object.get() == Py_None || PyBool_Check(object.get()) || object.get() == Py_Ellipsis ||
         object.get() == Py_NotImplemented || PyType_Check(object.get()) || PyModule_Check(object.get());
}

/// Of an opaque value, only the type is guarded.
bool isObject(Tracer& t, const OpaqueValue* opaque, BorrowedRef object) {
  if (opaque->type() != Py_TYPE(object)) return false;
  const bool same = opaque->live().get() == object.get();
  t.guards().add({.kind = same ? GuardKind::kIdentity : GuardKind::kNotIdentity, .source = *opaque->source(), .operand = Ref::borrow(object)});
  return same;
}

/// Whether a value that is no constant is None, True …: a bool that the graph computes may be.
Traced<bool> isSingletonNow(Tracer& t, ValueRef value, BorrowedRef singleton) {
  if (!PyBool_Check(singleton.get()) || value->type() != &PyBool_Type) return false;
  SEGUE_TRY(bool found, truth(t, value));
  return found == (singleton.get() == Py_True);
}

}  // namespace

Traced<ValueRef> askOperands(Tracer& t, const char* reflected_name, ValueRef lhs, ValueRef rhs, BinarySlot slot) {
  const bool right_first = rightGoesFirst(lhs, rhs) && isReflectedOverloaded(t, reflected_name, lhs, rhs);
  if (right_first) {
    SEGUE_TRY(ValueRef result, slot(rhs, lhs, true));
    if (result != nullptr) return result;
  }
  SEGUE_TRY(ValueRef result, slot(lhs, rhs, false));
  // The slots of one class written in Python are one function, which asks for a reflected method of another class only.
  const bool one_class = lhs->type() == rhs->type() && (lhs->type()->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0 && !SEGUE_FAULT(OneClassReflected);
  return result != nullptr || right_first || one_class ? Traced<ValueRef>(result) : slot(rhs, lhs, true);
}

Traced<ValueRef> binary(Tracer& t, BinaryOp op, ValueRef lhs, ValueRef rhs) {
  lhs = t.resolve(lhs);
  rhs = t.resolve(rhs);
  if (isInplace(op)) {
    SEGUE_TRY(ValueRef result, lhs->inplaceSlot(t, op, rhs));
    if (result != nullptr) return result;
  }
  BinaryOp plain = withoutInplace(op);
  const auto slot = [&](ValueRef self, ValueRef other, bool reflected) { return self->binarySlot(t, plain, other, reflected); };
  SEGUE_TRY(ValueRef result, askOperands(t, methodOf(plain, /*reflected=*/true), lhs, rhs, slot));
  if (result != nullptr) return result;
  return stop(BreakReason::kUnsupportedOperation, operandTypes(symbolOf(op), lhs, rhs));
}

Traced<ValueRef> unary(Tracer& t, UnaryOp op, ValueRef value) { return t.resolve(value)->unarySlot(t, op); }

Traced<ValueRef> compare(Tracer& t, CompareOp op, ValueRef lhs, ValueRef rhs) {
  lhs = t.resolve(lhs);
  rhs = t.resolve(rhs);
  bool right_first = rightGoesFirst(lhs, rhs);
  if (right_first) {
    SEGUE_TRY(ValueRef result, rhs->compareSlot(t, swapped(op), lhs));
    if (result != nullptr) return result;
  }
  SEGUE_TRY(ValueRef result, lhs->compareSlot(t, op, rhs));
  if (result != nullptr) return result;
  if (!right_first) {
    SEGUE_TRY(ValueRef reflected, rhs->compareSlot(t, swapped(op), lhs));
    if (reflected != nullptr) return reflected;
  }
  if (op == CompareOp::kEq || op == CompareOp::kNe) {
    SEGUE_TRY(bool same, sameObject(t, lhs, rhs));
    return t.boolean(same == (op == CompareOp::kEq));
  }
  return t.raise(PyExc_TypeError, absl::StrFormat("'%s' not supported between instances of '%s' and '%s'",
                                                  std::string(symbolOf(op)), lhs->type()->tp_name, rhs->type()->tp_name));
}

Traced<bool> truth(Tracer& t, ValueRef value) { return t.resolve(value)->truthSlot(t); }

Traced<bool> sameObject(Tracer& t, ValueRef a, ValueRef b) {
  a = t.resolve(a);
  b = t.resolve(b);
  if (a == b) return true;
  BorrowedRef x = a->constant();
  BorrowedRef y = b->constant();
  // (Opaque values without a source are the trace's own.)
  if (auto* opaque = as<OpaqueValue>(a); opaque != nullptr && opaque->source() && y) return isObject(t, opaque, y);
  if (auto* opaque = as<OpaqueValue>(b); opaque != nullptr && opaque->source() && x) return isObject(t, opaque, x);
  if (x && isSingleton(x)) return y ? x.get() == y.get() : isSingletonNow(t, b, x);
  if (y && isSingleton(y)) return x ? x.get() == y.get() : isSingletonNow(t, a, y);
  if (a->type() != b->type()) return false;
  // Constants but numbers and strings are guarded by identity; those are by value, so that equal ones may be one object
  // or two.
  bool by_identity = a->kind() != ValueKind::kConstant && b->kind() != ValueKind::kConstant;
  if (x && y && (by_identity || (!a->source() && !b->source()))) return x.get() == y.get();
  bool immutable_number = a->kind() == ValueKind::kInt || a->kind() == ValueKind::kConstant ||
                          a->kind() == ValueKind::kScalar || a->kind() == ValueKind::kNumpyScalar ||
                          a->kind() == ValueKind::kText;
  if (immutable_number) return stop(BreakReason::kUnsupportedOperation, "identity of two numbers or strings");
  // Two objects that were found in two places: different ones here, and guarded to stay so.
  if (a->source() && b->source()) t.guards().same(*a->source(), *b->source(), false);
  return false;
}

Traced<bool> equalItems(Tracer& t, ValueRef a, ValueRef b) {
  a = t.resolve(a);
  b = t.resolve(b);
  if (a == b) return true;
  SEGUE_TRY(ValueRef equal, compare(t, CompareOp::kEq, a, b));
  return truth(t, equal);
}

Traced<bool> contains(Tracer& t, ValueRef container, ValueRef item) {
  return t.resolve(container)->containsSlot(t, t.resolve(item));
}

Traced<ValueRef> length(Tracer& t, ValueRef value) { return t.resolve(value)->lengthSlot(t); }

Traced<ValueRef> getItem(Tracer& t, ValueRef container, ValueRef key) {
  return t.resolve(container)->getItemSlot(t, t.resolve(key));
}

Traced<void> setItem(Tracer& t, ValueRef container, ValueRef key, ValueRef value) {
  return t.resolve(container)->setItemSlot(t, t.resolve(key), value);
}

Traced<void> deleteItem(Tracer& t, ValueRef container, ValueRef key) {
  return t.resolve(container)->setItemSlot(t, t.resolve(key), nullptr);
}

Traced<ValueRef> getAttr(Tracer& t, ValueRef owner, BorrowedRef name) {
  SEGUE_TRY(ValueRef value, t.resolve(owner)->getAttrSlot(t, name));
  return t.resolve(value);
}

Traced<ValueRef> getAttr(Tracer& t, ValueRef owner, const char* name) {
  return getAttr(t, owner, t.internedName(name));
}

Traced<void> setAttr(Tracer& t, ValueRef owner, BorrowedRef name, ValueRef value) {
  return t.resolve(owner)->setAttrSlot(t, name, value);
}

Traced<void> deleteAttr(Tracer& t, ValueRef owner, BorrowedRef name) {
  return t.resolve(owner)->setAttrSlot(t, name, nullptr);
}

Traced<ValueRef> call(Tracer& t, ValueRef callee, const CallArgs& args) {
  if (t.callDepth() >= kDeepestCall) return stop(BreakReason::kInlineDepth, t.resolve(callee)->describe());
  t.callDepth()++;
  Traced<ValueRef> result = t.resolve(callee)->callSlot(t, args);
  t.callDepth()--;
  return result;
}

Traced<int64_t> repetitions(Tracer& t, ValueRef count, size_t size) {
  SEGUE_TRY(int64_t times, constantInt(t, count));
  if (times > 0 && size > 0 && times > kLongestRepetition / static_cast<int64_t>(size)) return stop(BreakReason::kFoldTooLarge);
  return size == 0 ? 0 : times;
}

Traced<ValueRef> iter(Tracer& t, ValueRef iterable) { return t.resolve(iterable)->iterSlot(t); }

Traced<ValueRef> next(Tracer& t, ValueRef iterator) {
  SEGUE_TRY(ValueRef item, t.resolve(iterator)->nextSlot(t));
  return item == nullptr ? item : t.resolve(item);
}

Traced<std::vector<ValueRef>> itemsOfNew(Tracer& t, ValueRef iterable) {
  iterable = t.resolve(iterable);
  if (iterable->kind() == ValueKind::kInstance) {
    Traced<ValueRef> length = callSpecial(t, iterable, "__len__", {});
    if (length.broke()) return std::move(length).failure();
    if (length.raised() && !PyType_IsSubtype(t.raised()->type(), reinterpret_cast<PyTypeObject*>(PyExc_TypeError))) return Raised{};
    if (length.raised()) t.takeRaised();
    if (lookupOnType(t, iterable->type(), t.internedName("__length_hint__"))) {
      return stop(BreakReason::kUnsupportedOperation, "__length_hint__ of " + iterable->describe());
    }
  }
  return items(t, iterable);
}

Traced<std::vector<ValueRef>> items(Tracer& t, ValueRef iterable) {
  SEGUE_TRY(ValueRef iterator, iter(t, iterable));
  std::vector<ValueRef> all;
  while (true) {
    SEGUE_TRY(ValueRef item, next(t, iterator));
    if (item == nullptr) return all;
    all.push_back(item);
    if (static_cast<int64_t>(all.size()) > t.config().trace_budget) return stop(BreakReason::kTraceBudget);
  }
}

Traced<ValueRef> format(Tracer& t, ValueRef value, ValueRef spec) { return t.resolve(value)->formatSlot(t, t.resolve(spec)); }

Traced<Ref> key(Tracer& t, ValueRef value) { return t.resolve(value)->keySlot(t); }

Traced<Arg> toArg(Tracer& t, ValueRef value) { return t.resolve(value)->argSlot(t); }

std::optional<Dim> asDim(Tracer& t, ValueRef value) {
  value = t.resolve(value);
  if (auto* integer = as<IntValue>(value)) return integer->dim();
  if (ValueRef plain = plainValue(t, value)) value = plain;
  BorrowedRef constant = value->constant();
  if (!constant || !PyLong_Check(constant.get())) return std::nullopt;
  if (!PyLong_CheckExact(constant.get()) && !PyBool_Check(constant.get())) return std::nullopt;
  int overflow = 0;
  long long number = PyLong_AsLongLongAndOverflow(constant, &overflow);
  if (overflow != 0) return std::nullopt;
  return t.dims().constant(number);
}

Traced<int64_t> constantInt(Tracer& t, ValueRef value) {
  std::optional<Dim> dim = asDim(t, value);
  if (!dim) return stop(BreakReason::kConstantNeeded, "an integer, not " + t.resolve(value)->describe());
  return t.dims().specialize(*dim);
}

namespace {

/// A number that is another one time after time would make an entry each time that it is pinned.
bool dependsOnVarying(Tracer& t, const ScalarValue* scalar) {
  if (scalar->source() && t.isVarying(*scalar->source())) return true;
  return absl::c_any_of(scalar->roots(), [&](ValueRef root) {
    auto* number = as<ScalarValue>(root);
    return number != nullptr && dependsOnVarying(t, number);
  });
}

}  // namespace

BorrowedRef specialize(Tracer& t, ValueRef value) {
  value = t.resolve(value);
  if (BorrowedRef constant = value->constant()) return constant;
  if (auto* integer = as<IntValue>(value)) return t.integer(t.dims().specialize(integer->dim()))->constant();
  if (auto* tuple = as<TupleValue>(value)) {
    if (tuple->type() != &PyTuple_Type) return nullptr;  // a named tuple is no plain one
    Ref items = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(tuple->items().size())));
    for (size_t i = 0; i < tuple->items().size(); ++i) {
      BorrowedRef item = specialize(t, tuple->items()[i]);
      if (!item) return nullptr;
      PyTuple_SET_ITEM(items.get(), static_cast<Py_ssize_t>(i), Py_NewRef(item.get()));
    }
    return t.constant(std::move(items))->constant();
  }
  auto* scalar = as<ScalarValue>(value);
  if (scalar == nullptr || !scalar->live() || dependsOnVarying(t, scalar)) return nullptr;
  if (scalar->source()) t.guards().equals(*scalar->source(), scalar->live());
  for (ValueRef root : scalar->roots()) specialize(t, root);
  return t.constant(scalar->live())->constant();
}

}  // namespace segue
