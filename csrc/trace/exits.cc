// How a trace ends: exits with snapshots of every frame.
#include "base/fault.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/function.h"

namespace segue {

void Tracer::exitAtReturn(ValueRef value) {
  if (Traced<void> left = checkGenerators(); !left.ok()) return exitAtStart(left.stop());
  RecipeBuilder recipes(*this, result_);
  Traced<RecipeId> id = recipes.of(value);
  if (!id.ok()) return exitAtStart(id.stop());
  result_.exit.kind = ExitKind::kReturn;
  result_.exit.value = id.value();
  if (Traced<void> log = recipes.replayLog(); !log.ok()) return exitAtStart(log.stop());
  exited_ = true;
}

void Tracer::exitAtBreak(const Break& reason) {
  RecipeBuilder recipes(*this, result_);
  Exit exit;
  exit.kind = ExitKind::kBreak;
  exit.reason = reason.reason;
  exit.detail = reason.detail;
  exit.location = location();
  bool complete = true;
  for (const FrameState* frame : frames_) {
    const Insn& insn = frame->code->insn(frame->pc);
    if (frame != frames_.back()) {
      exit.inlined_chain.push_back(
          {reinterpret_cast<PyObject*>(frame->code->object()), insn.position.line, insn.lasti});
    }
    exit.frames.push_back(snapshot(*frame, recipes, complete));
  }
  result_.exit = std::move(exit);
  if (!complete || !checkGenerators().ok() || !recipes.replayLog().ok()) return exitAtStart(reason);
  exited_ = true;
}

// Something live at the exit cannot be rebuilt (an exception being handled, a generator half-way): the segment does
// nothing, and CPython runs the frame from the segment's start.
void Tracer::exitAtStart(const Break& reason) {
  Location where = frames_.empty() ? Location{} : location();
  std::vector<Location> chain = std::move(result_.exit.inlined_chain);
  rollback({{}, 0, frames_.empty() ? 0u : 1u, 0, nullptr, nullptr});
  frames_.assign(1, outermost_.get());
  result_.graph->outputs().clear();
  result_.recipes.clear();
  result_.writes.clear();
  RecipeBuilder recipes(*this, result_);
  FrameState start = startState();
  bool complete = true;
  Exit exit{.kind = ExitKind::kBreak, .reason = reason.reason, .detail = reason.detail, .location = where};
  exit.inlined_chain = std::move(chain);
  exit.frames.push_back(snapshot(start, recipes, complete));
  SEGUE_CHECK(complete, "the start of a trace can always be rebuilt");
  result_.exit = std::move(exit);
  exited_ = true;
}

FrameSnapshot Tracer::snapshot(const FrameState& frame, RecipeBuilder& recipes, bool& complete) {
  FrameSnapshot snapshot;
  snapshot.code = Ref::borrow(reinterpret_cast<PyObject*>(frame.code->object()));
  snapshot.offset = frame.code->insn(frame.pc).offset;
  auto recipe = [&](ValueRef value) {
    Traced<RecipeId> id = recipes.of(value);
    complete = complete && id.ok();
    return id.ok() ? id.value() : RecipeId{};
  };
  if (frame.function != nullptr) {
    snapshot.function = Ref::borrow(frame.function->live());
    snapshot.function_recipe = recipe(frame.function);
  }
  // What still stands where the trace found it stays there, unlooked at.
  const bool outermost = frame.function == nullptr;
  auto slotRecipe = [&](ValueRef value, Source at, int slot) {
    auto* pending = as<PendingValue>(value);
    const bool untouched = outermost && pending != nullptr && pending->isAt(at);
    return untouched ? recipes.ownSlot(slot) : recipe(value);
  };
  const int slot_count = static_cast<int>(frame.slots.size());
  for (int i = 0; i < slot_count; i++) {
    ValueRef value = SEGUE_FAULT(SnapshotLosesLocals) ? nullptr : frame.slots[static_cast<size_t>(i)];
    snapshot.locals.push_back(slotRecipe(value, sources().local(i), i));
  }
  for (int i = 0; i < frame.stack.size(); i++) {
    ValueRef value = frame.stack.items()[static_cast<size_t>(i)];
    snapshot.stack.push_back(slotRecipe(value, sources().stack(i), slot_count + i));
  }
  return snapshot;
}

}  // namespace segue
