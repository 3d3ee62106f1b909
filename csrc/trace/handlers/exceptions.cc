// Visitors: raising, handling, with.
#include "base/fault.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/exception.h"
#include "trace/values/generator.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// The exception that `raise value` raises: an instance, or a class called without arguments.
Traced<ExceptionValue*> exceptionOf(Tracer& t, ValueRef value) {
  if (value->kind() == ValueKind::kClass) {
    SEGUE_TRY(value, call(t, value, {}));
  }
  auto* exception = as<ExceptionValue>(value);
  if (exception == nullptr) return stop(BreakReason::kUnsupportedOperation, "raising " + value->describe());
  return exception;
}

/// As CHECK_EXC_MATCH asks: every class of a tuple must be one of exceptions, and only MROs count, not what metaclasses say.
Traced<bool> matches(Tracer& t, ValueRef exception, ValueRef wanted) {
  wanted = t.resolve(wanted);
  auto* tuple = as<TupleValue>(wanted);
  std::vector<ValueRef> classes = {wanted};
  if (tuple != nullptr) classes.assign(tuple->items().begin(), tuple->items().end());
  bool matches = false;
  for (ValueRef item : classes) {
    auto* cls = as<ClassValue>(t.resolve(item));
    if (cls == nullptr || !PyExceptionClass_Check(cls->constant().get())) {
      return stop(BreakReason::kExceptionEscapes, "except " + t.resolve(item)->describe());
    }
    matches = matches || PyType_IsSubtype(t.resolve(exception)->type(), cls->classObject()) != 0;
  }
  return matches;
}

}  // namespace

Traced<void> Tracer::visitRaiseVarargs(const Insn& insn) {
  if (insn.arg == 0) {
    auto* handled = as<ExceptionValue>(this->handled());
    if (handled == nullptr) return raise(PyExc_RuntimeError, "No active exception to reraise");
    return raise(handled);
  }
  ValueRef cause = insn.arg == 2 ? stack().pop() : nullptr;
  SEGUE_TRY(ExceptionValue* exception, exceptionOf(*this, stack().pop()));
  if (cause != nullptr) {
    if (cause->constant().get() != Py_None) {
      SEGUE_TRY(cause, exceptionOf(*this, cause));
    }
    exception->setCause(*this, cause);
  }
  return raise(exception);
}

Traced<void> Tracer::visitReraise(const Insn& insn) {
  ValueRef value = stack().pop();
  auto* exception = as<ExceptionValue>(value);
  if (exception == nullptr) return stop(BreakReason::kUnsupportedOperation, "raising " + value->describe());
  return setRaised(exception);  // its context is set already
}

Traced<void> Tracer::visitPushExcInfo(const Insn& insn) {
  ValueRef exception = stack().pop();
  stack().push(handled() != nullptr ? handled() : none());
  stack().push(exception);
  setHandled(exception);
  return {};
}

Traced<void> Tracer::visitPopExcept(const Insn& insn) {
  if (handled() == nullptr && !SEGUE_FAULT(HandlerEndCaptured)) return stop(BreakReason::kOutsideHandler, "the end of a handler of what CPython has raised");
  ValueRef previous = stack().pop();
  setHandled(previous->kind() == ValueKind::kException ? previous : nullptr);
  return {};
}

Traced<void> Tracer::visitCheckExcMatch(const Insn& insn) {
  ValueRef type = stack().pop();
  SEGUE_TRY(bool caught, matches(*this, stack().peek(), type));
  stack().push(boolean(caught));
  return {};
}

// An exception that the program catches from code we do not model never gets here, so a StopIteration that leaves a
// generator is one that traced code raised.
Traced<void> Tracer::visitStopIterationError(const Insn& insn) {
  auto* exception = as<ExceptionValue>(stack().peek());
  SEGUE_CHECK(exception != nullptr, "only exceptions leave a generator");
  stack().peek() = stopIterationError(*this, exception);
  return {};
}

Traced<void> Tracer::visitBeforeWith(const Insn& insn) {
  ValueRef manager = stack().pop();
  SEGUE_TRY(ValueRef enter, specialMethod(*this, manager, "__enter__"));
  SEGUE_TRY(ValueRef exit, specialMethod(*this, manager, "__exit__"));
  if (enter == nullptr || exit == nullptr) {
    return stop(BreakReason::kExceptionEscapes, manager->describe() + " is no context manager");
  }
  SEGUE_TRY(ValueRef result, call(*this, enter, {}));
  stack().push(exit);
  stack().push(result);
  return {};
}

Traced<void> Tracer::visitWithExceptStart(const Insn& insn) {
  ValueRef exception = stack().peek(1);
  ValueRef exit = stack().peek(4);
  ValueRef type = constant(reinterpret_cast<PyObject*>(exception->type()));
  // The traceback is an object of CPython's own: code that looks at it is not captured.
  SEGUE_TRY(ValueRef result, call(*this, exit, {{type, exception, make<TracebackValue>()}, {}}));
  stack().push(result);
  return {};
}

}  // namespace segue
