#include "trace/values/generator.h"

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/exception.h"
#include "trace/values/function.h"

namespace segue {

// The frame is created suspended behind ReturnGenerator, whose visitor never runs.
Traced<ValueRef> Tracer::makeGenerator(FrameState frame) {
  auto state = std::make_unique<GeneratorState>();
  while (frame.code->insn(frame.pc).op != Opcode::kReturnGenerator) {
    // CopyFreeVars and MakeCell come first.
    frames_.push_back(&frame);
    Traced<void> step = dispatch(frame.code->insn(frame.pc));
    frames_.pop_back();
    SEGUE_TRY_VOID(std::move(step));
    ++frame.pc;
  }
  ++frame.pc;
  frame.resumable = false;
  state->frame = std::move(frame);
  return make<GeneratorValue>(heap().add(std::move(state)));
}

Traced<ValueRef> GeneratorValue::getAttrSlot(Tracer& t, BorrowedRef name) { return builtinTypeAttr(t, this, name); }

Traced<ValueRef> GeneratorValue::nextSlot(Tracer& t) {
  ValueRef returned = nullptr;
  return send(t, t.none(), &returned);
}

Traced<ValueRef> GeneratorValue::send(Tracer& t, ValueRef sent, ValueRef* returned) {
  using Phase = GeneratorState::Phase;
  GeneratorState state = t.heap().read<GeneratorState>(object());
  *returned = t.none();
  if (state.phase == Phase::kFinished) return ValueRef{nullptr};
  if (state.phase == Phase::kRunning) return t.raise(PyExc_ValueError, "generator already executing");
  if (state.phase == Phase::kCreated && sent->constant().get() != Py_None) {
    return t.raise(PyExc_TypeError, "can't send non-None value to a just-started generator");
  }
  t.heap().write<GeneratorState>(object()).phase = Phase::kRunning;
  state.frame.stack.push(sent);
  ValueRef outer = t.handled();
  if (state.handled != nullptr) t.setHandled(state.handled);
  t.setResumableCall(false);
  Traced<void> outcome = t.runFrame(state.frame);
  if (outcome.broke()) return std::move(outcome).failure();
  state.handled = t.handled() == outer ? nullptr : t.handled();
  t.setHandled(outer);
  auto& written = t.heap().write<GeneratorState>(object());
  if (!outcome.ok()) {
    written.phase = Phase::kFinished;
    return Raised{};
  }
  ValueRef result = state.frame.result;
  if (!state.frame.yielded) {
    written.phase = Phase::kFinished;
    *returned = result;
    return ValueRef{nullptr};
  }
  written.frame = std::move(state.frame);
  written.handled = state.handled;
  written.phase = Phase::kSuspended;
  return result;
}

}  // namespace segue
