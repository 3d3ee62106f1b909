// Visitors: globals, builtins and attributes.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"
#include "trace/values/function.h"
#include "trace/values/super.h"

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

// Calling it is what breaks.
Traced<void> Tracer::visitLoadBuildClass(const Insn& insn) {
  SEGUE_TRY(ValueRef value, namespaceItem(frame().builtins, internedName("__build_class__")));
  if (value == nullptr) return raise(PyExc_NameError, "__build_class__ not found");
  stack().push(value);
  return {};
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

namespace {

// A call's two slots: function and self for a method, else the attribute with NULL where this version has it.
void pushCallee(Tracer& t, ValueRef owner, ValueRef value) {
  auto* method = as<MethodValue>(value);
  if (method == nullptr || method->source() || method->self() != owner) {
    t.stack().push(kNullBelowCallable ? t.null() : value);
    t.stack().push(kNullBelowCallable ? value : t.null());
    return;
  }
  t.stack().push(method->function());
  t.stack().push(method->self());
}

}  // namespace

Traced<void> Tracer::visitLoadMethod(const Insn& insn) {
  ValueRef owner = stack().pop();
  SEGUE_TRY(ValueRef value, getAttr(*this, owner, frame().code->name(insn.arg)));
  pushCallee(*this, owner, value);
  return {};
}

// The instruction calls whatever `super` is: only CPython's own is looked through.
Traced<void> Tracer::visitLoadSuperAttr(const Insn& insn) {
  ValueRef self = stack().pop();
  ValueRef cls = stack().pop();
  if (stack().pop()->constant().get() != reinterpret_cast<PyObject*>(&PySuper_Type)) {
    return stop(BreakReason::kUnsupportedOperation, "super is replaced");
  }
  SEGUE_TRY(ValueRef value, superAttr(*this, cls, self, frame().code->name(insn.arg)));
  stack().push(value);
  return {};
}

Traced<void> Tracer::visitLoadSuperMethod(const Insn& insn) {
  ValueRef self = stack().peek();
  SEGUE_TRY_VOID(visitLoadSuperAttr(insn));
  pushCallee(*this, self, stack().pop());
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
