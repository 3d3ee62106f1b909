// Visitors: pattern matching.
#include "program/constants.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/dict.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// `case C(x)` of a few built-in classes matches the subject itself; others name their parts in __match_args__.
bool matchesItself(ClassValue* cls) { return (cls->classObject()->tp_flags & _Py_TPFLAGS_MATCH_SELF) != 0; }

/// Two equal constants: patterns that ask for the same key or attribute twice raise.
bool haveRepeats(absl::Span<const ValueRef> items) {
  for (size_t i = 0; i < items.size(); i++) {
    for (size_t k = 0; k < i; k++) {
      BorrowedRef a = items[i]->constant(), b = items[k]->constant();
      if (!a || !b) continue;
      if (a.get() == b.get()) return true;
      if (comparesByValue(a) && comparesByValue(b) && PyObject_RichCompareBool(a, b, Py_EQ) != 0) return true;
    }
  }
  return false;
}

}  // namespace

Traced<void> Tracer::visitMatchMapping(const Insn& insn) {
  stack().push(boolean((stack().peek()->type()->tp_flags & Py_TPFLAGS_MAPPING) != 0));
  return {};
}

Traced<void> Tracer::visitMatchSequence(const Insn& insn) {
  stack().push(boolean((stack().peek()->type()->tp_flags & Py_TPFLAGS_SEQUENCE) != 0));
  return {};
}

Traced<void> Tracer::visitMatchKeys(const Insn& insn) {
  auto* keys = as<TupleValue>(stack().peek(1));
  auto* subject = as<DictValue>(stack().peek(2));
  if (subject == nullptr) return stop(BreakReason::kUnsupportedOperation, "a mapping pattern on " + stack().peek(2)->describe());
  if (haveRepeats(keys->items())) return stop(BreakReason::kExceptionEscapes, "a mapping pattern that checks a key twice");
  TupleValue::Items values;
  for (ValueRef key : keys->items()) {
    SEGUE_TRY(ValueRef value, subject->get(*this, key));
    if (value == nullptr) {
      stack().push(none());
      return {};
    }
    values.push_back(resolve(value));
  }
  stack().push(tuple(std::move(values)));
  return {};
}

Traced<void> Tracer::visitMatchClass(const Insn& insn) {
  auto* names = as<TupleValue>(stack().pop());
  auto* cls = as<ClassValue>(stack().pop());
  ValueRef subject = stack().pop();
  if (cls == nullptr) return stop(BreakReason::kExceptionEscapes, "a class pattern without a class");
  SEGUE_TRY(bool is_instance, isInstance(*this, subject, cls));
  if (!is_instance) {
    stack().push(none());
    return {};
  }
  TupleValue::Items values, asked;
  if (matchesItself(cls) && insn.arg == 1) {
    values.push_back(subject);
  } else if (insn.arg > 0) {
    SEGUE_TRY(ValueRef positional, getAttr(*this, cls, "__match_args__"));
    auto* args = as<TupleValue>(positional);
    if (args == nullptr || static_cast<int>(args->items().size()) < insn.arg) {
      return stop(BreakReason::kExceptionEscapes, "a class pattern with too many positional parts");
    }
    for (int i = 0; i < insn.arg; ++i) {
      SEGUE_TRY(ValueRef value, getAttr(*this, subject, resolve(args->items()[i])->constant()));
      values.push_back(value);
      asked.push_back(resolve(args->items()[i]));
    }
  }
  for (ValueRef name : names->items()) asked.push_back(resolve(name));
  if (haveRepeats(asked)) return stop(BreakReason::kExceptionEscapes, "a class pattern that names an attribute twice");
  for (ValueRef name : names->items()) {
    SEGUE_TRY(ValueRef value, getAttr(*this, subject, resolve(name)->constant()));
    values.push_back(value);
  }
  stack().push(tuple(std::move(values)));
  return {};
}

}  // namespace segue
