// Visitors: globals, builtins and attributes.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"
#include "trace/values/function.h"

namespace segue {

Traced<void> Tracer::visitLoadGlobal(const Insn& insn) {
  BorrowedRef name = frame().code->name(insn.arg);
  SEGUE_TRY(ValueRef value, namespaceItem(frame().globals, name));
  if (value == nullptr) {
    SEGUE_TRY(value, namespaceItem(frame().builtins, name));
  }
  if (value == nullptr) return raise(PyExc_NameError, absl::StrFormat("name '%s' is not defined", std::string(textOf(name))));
  stack().push(value);
  return {};
}

Traced<void> Tracer::visitStoreGlobal(const Insn& insn) {
  ValueRef value = stack().pop();
  return setNamespaceItem(frame().globals, frame().code->name(insn.arg), value);
}

Traced<void> Tracer::visitLoadAssertionError(const Insn& insn) {
  stack().push(constant(PyExc_AssertionError));
  return {};
}

Traced<void> Tracer::visitLoadAttr(const Insn& insn) {
  ValueRef owner = stack().pop();
  SEGUE_TRY(ValueRef value, getAttr(*this, owner, frame().code->name(insn.arg)));
  stack().push(value);
  return {};
}

// A call's two slots: function and self for a method, else the attribute with NULL where this version has it.
Traced<void> Tracer::visitLoadMethod(const Insn& insn) {
  ValueRef owner = stack().pop();
  SEGUE_TRY(ValueRef value, getAttr(*this, owner, frame().code->name(insn.arg)));
  auto* method = as<MethodValue>(value);
  bool plain = method == nullptr || method->source() || method->self() != owner;
  if (plain) {
    stack().push(kNullBelowCallable ? null() : value);
    stack().push(kNullBelowCallable ? value : null());
    return {};
  }
  stack().push(method->function());
  stack().push(method->self());
  return {};
}

Traced<void> Tracer::visitStoreAttr(const Insn& insn) {
  ValueRef owner = stack().pop();
  ValueRef value = stack().pop();
  return setAttr(*this, owner, frame().code->name(insn.arg), value);
}

Traced<void> Tracer::visitDeleteAttr(const Insn& insn) {
  return deleteAttr(*this, stack().pop(), frame().code->name(insn.arg));
}

}  // namespace segue
