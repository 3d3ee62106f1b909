// How a trace ends: exits with snapshots of every frame.
#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "base/fault.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/function.h"

namespace segue {

void Tracer::exitAtReturn(ValueRef value) {
  if (Traced<void> left = checkGenerators(); !left.ok()) return exitAtStart(left.stop(), {}, {});
  RecipeBuilder recipes(*this, result_);
  Traced<RecipeId> id = recipes.of(value);
  if (!id.ok()) return exitAtStart(id.stop(), {}, {});
  result_.exit.kind = ExitKind::kReturn;
  result_.exit.value = id.value();
  result_.exit.let_go = slotsLetGo(value);
  if (Traced<void> log = recipes.replayLog(); !log.ok()) return exitAtStart(log.stop(), {}, {});
  exited_ = true;
}

void Tracer::exitAtBreak(const Break& reason) {
  const Location where = location();
  std::vector<Location> chain;
  for (const FrameState* frame : frames_) {
    const Insn& insn = frame->code->insn(frame->pc);
    if (frame == frames_.back()) break;
    chain.push_back({reinterpret_cast<PyObject*>(frame->code->object()), insn.position.line, insn.lasti});
  }
  do {
    if (exitAt(reason, where, chain)) return;
    dropExit();
  } while (returnToRaisePoint());
  exitAtStart(reason, where, std::move(chain));
}

bool Tracer::exitAt(const Break& reason, const Location& location, const std::vector<Location>& chain) {
  if (handled_ != nullptr && !SEGUE_FAULT(ExitForgetsHandled)) return false;
  RecipeBuilder recipes(*this, result_);
  Exit exit{.kind = ExitKind::kBreak, .reason = reason.reason, .detail = reason.detail, .location = location, .inlined_chain = chain};
  bool complete = true;
  for (const FrameState* frame : frames_) exit.frames.push_back(snapshot(*frame, recipes, complete));
  exit.let_go = slotsLetGo(nullptr);
  if (SEGUE_FAULT(CalleesReversed) && exit.frames.size() > 2) std::reverse(exit.frames.begin() + 1, exit.frames.end());
  result_.exit = std::move(exit);
  exited_ = complete && checkGenerators().ok() && recipes.replayLog().ok();
  return exited_;
}

void Tracer::exitAtLoop() {
  const Break reason = stop(BreakReason::kLoopNotUnrolled, "a trip of a loop");
  if (exitAt(reason, location(), {})) {
    result_.exit.kind = ExitKind::kLoop;
    return;
  }
  dropExit();
  exitAtBreak(reason);
}

void Tracer::dropExit() {
  result_.graph->outputs().clear();
  result_.recipes.clear();
  result_.writes.clear();
  result_.exit = {};
}

void Tracer::noteRaisePoint(const Mark& before, int unit, const std::vector<ValueRef>& stack) {
  if (!allResumable()) return;
  RaisePoint& point = raise_points_.emplace_back(RaisePoint{before, {}, result_.instruction_count});
  for (const FrameState* frame : frames_) point.frames.push_back(*frame);
  point.frames.back().pc = unit;
  point.frames.back().stack.assign(stack);
}

bool Tracer::returnToRaisePoint() {
  if (raise_points_.empty()) return false;
  RaisePoint point = std::move(raise_points_.back());
  raise_points_.pop_back();
  left_frames_ = std::move(point.frames);
  frames_.clear();
  for (FrameState& frame : left_frames_) frames_.push_back(&frame);
  rollback(point.mark);
  return true;
}

bool Tracer::nothingHandledOutside() {
  PyObject* handled = PyErr_GetHandledException();
  Py_XDECREF(handled);
  if (handled == nullptr) guards().identity(sources().handled(), Py_None);
  return handled == nullptr;
}

// Something live at the exit cannot be rebuilt (a generator half-way): the segment does nothing, and CPython runs the frame from
// the segment's start.
void Tracer::exitAtStart(const Break& reason, const Location& where, std::vector<Location> chain) {
  frames_.assign(1, outermost_.get());
  rollback({{}, 0, 1, 0, 0, 0, nullptr, nullptr});
  dropExit();
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

// What the frame held at the start and neither a frame nor the result holds now dies, if nobody else has it. CPython lets it die
// where it is dropped: the run has to look whether that shows.
std::vector<int> Tracer::slotsLetGo(ValueRef result) {
  absl::flat_hash_set<uint32_t> kept;
  auto keep = [&](ValueRef value) {
    if (value != nullptr && value->source()) kept.insert(value->source()->id);
  };
  keep(result);
  for (const FrameState* frame : frames_) {
    for (ValueRef value : frame->slots) keep(value);
    for (ValueRef value : frame->stack.items()) keep(value);
  }
  std::vector<int> let_go;
  const FrameState start = startState();
  auto look = [&](ValueRef value, Source at, int slot) {
    if (value != nullptr && value->source() == at && !kept.contains(at.id)) let_go.push_back(slot);
  };
  const int slot_count = static_cast<int>(start.slots.size());
  for (int i = 0; i < slot_count; i++) look(start.slots[static_cast<size_t>(i)], sources().local(i), i);
  for (int i = 0; i < start.stack.size(); i++) {
    look(start.stack.items()[static_cast<size_t>(i)], sources().stack(i), slot_count + i);
  }
  return let_go;
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
