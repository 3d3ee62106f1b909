// Exceptions of the traced program: raising, and unwinding to handlers by the exception tables.
#include "base/fault.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/exception.h"

namespace segue {

Raised Tracer::raise(PyObject* type, const std::string& message) {
  return raise(makeException(*this, type, {string(message)}));
}

Raised Tracer::raise(ExceptionValue* exception) {
  // _PyErr_SetObject: the exception being handled becomes the context, and a cycle through contexts is cut.
  auto* handled = as<ExceptionValue>(handled_);
  if (handled != nullptr && handled != exception && !SEGUE_FAULT(ContextForgotten)) {
    for (auto* e = handled; e != nullptr; e = as<ExceptionValue>(e->context(*this))) {
      auto* context = as<ExceptionValue>(e->context(*this));
      if (context != exception) continue;
      e->setContext(*this, nullptr);
      break;
    }
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
