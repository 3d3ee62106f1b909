// Exceptions of the traced program: raising, and unwinding to handlers by the exception tables.
#include "base/fault.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/exception.h"
#include "trace/values/exception_kinds.h"

namespace segue {

namespace {

/// `exception` leaves the chain of contexts that begins with `handled`. Chains that are cycles already, which programs can make,
/// are found as _PyErr_SetObject finds them: a second pointer follows at half the speed.
void cutContextCycle(Tracer& t, ExceptionValue* handled, ExceptionValue* exception) {
  ExceptionValue* slow = handled;
  bool slow_moves = false;
  for (ExceptionValue* e = handled; e != nullptr;) {
    auto* context = as<ExceptionValue>(e->context(t));
    if (context == exception) return e->setContext(t, nullptr);
    e = context;
    if (e == slow) return;
    if (slow_moves) slow = as<ExceptionValue>(slow->context(t));
    slow_moves = !slow_moves;
  }
}

}  // namespace

Raised Tracer::raise(PyObject* type, const std::string& message) {
  return raise(makeException(*this, type, {string(message)}));
}

Raised Tracer::raise(ExceptionValue* exception) {
  // _PyErr_SetObject: the exception being handled becomes the context.
  auto* handled = as<ExceptionValue>(handled_);
  if (handled != nullptr && handled != exception && !SEGUE_FAULT(ContextForgotten)) {
    cutContextCycle(*this, handled, exception);
    exception->setContext(*this, handled);
  }
  exception->noteRaised(*this);
  raised_ = exception;
  return {};
}

Traced<ValueRef> Tracer::raiseCurrent() {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  Ref owned_type = Ref::steal(type);
  Ref owned_value = Ref::steal(value);
  Ref owned_traceback = Ref::steal(traceback);
  SEGUE_CHECK(owned_value, "CPython reported an error without an exception");
  if (!isArgumentsOnly(owned_value.type())) {  // UnicodeDecodeError and its like hold more
    return stop(BreakReason::kExceptionEscapes, owned_value.type()->tp_name);
  }
  Ref args = Ref::steal(PyObject_GetAttrString(owned_value.get(), "args"));
  SEGUE_CHECK(args && PyTuple_CheckExact(args.get()), "an exception of a built-in type has a tuple of arguments");
  absl::InlinedVector<ValueRef, 6> values;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args.get()); ++i) {
    values.push_back(constant(BorrowedRef(PyTuple_GET_ITEM(args.get(), i))));
  }
  return raise(makeException(*this, Py_TYPE(owned_value.get()), std::move(values)));
}

bool Tracer::unwind(FrameState& frame) {
  const Handler* handler = frame.code->handlerOf(frame.pc);
  if (handler == nullptr) return false;
  if (!SEGUE_FAULT(UnwindKeepsStack)) frame.stack.cut(handler->depth);
  if (handler->push_offset) frame.stack.push(integer(frame.code->insn(frame.pc).lasti / 2));
  frame.stack.push(takeRaised());
  frame.pc = handler->target;
  return true;
}

}  // namespace segue
