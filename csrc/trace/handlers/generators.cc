// Visitors: yielding, and yield from.
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/exception.h"
#include "trace/values/generator.h"

namespace segue {

Traced<void> Tracer::visitReturnGenerator(const Insn& insn) {
  return stop(BreakReason::kGeneratorState, "the traced frame is a generator's");
}

// CPython yields from the traced frame.
Traced<void> Tracer::visitYieldValue(const Insn& insn) {
  if (frames_.size() == 1) return stop(BreakReason::kYields);
  frame().result = stack().pop();
  frame().yielded = true;
  return {};
}

Traced<void> Tracer::visitGetYieldFromIter(const Insn& insn) {
  SEGUE_TRY(ValueRef iterator, iter(*this, stack().pop()));
  stack().push(iterator);
  return {};
}

// (receiver, value -- receiver, yielded), or the result of the receiver where it ends.
Traced<void> Tracer::visitSend(const Insn& insn) {
  ValueRef sent = stack().pop();
  ValueRef receiver = stack().peek();
  ValueRef returned = none();
  ValueRef item = nullptr;
  if (auto* generator = as<GeneratorValue>(receiver)) {
    SEGUE_TRY(item, generator->send(*this, sent, &returned));
  } else if (sent->constant().get() == Py_None) {
    SEGUE_TRY(item, next(*this, receiver));
  } else {
    return stop(BreakReason::kUnsupportedOperation, "send() to " + receiver->describe());
  }
  stack().push(item != nullptr ? item : returned);
  if (item == nullptr) jump(insn);
  return {};
}

Traced<void> Tracer::visitSendDrop(const Insn& insn) {
  int next_before = frame().next;
  SEGUE_TRY_VOID(visitSend(insn));
  if (frame().next == next_before) return {};
  ValueRef result = stack().pop();
  stack().peek() = result;
  return {};
}

Traced<void> Tracer::visitEndSend(const Insn& insn) {
  ValueRef value = stack().pop();
  stack().peek() = value;
  return {};
}

// (receiver, sent, exc -- none, value): what was thrown into `yield from` ends it where it is a StopIteration.
Traced<void> Tracer::visitCleanupThrow(const Insn& insn) {
  auto* exception = as<ExceptionValue>(stack().pop());
  SEGUE_CHECK(exception != nullptr, "only exceptions are thrown");
  if (!isStopIteration(exception)) return setRaised(exception);
  ExceptionValue::Args args = exception->args(*this);
  stack().pop();
  stack().peek() = none();
  stack().push(args.empty() ? none() : resolve(args[0]));
  return {};
}

}  // namespace segue
