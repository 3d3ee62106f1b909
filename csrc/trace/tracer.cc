#include "trace/tracer.h"

#include "trace/protocols.h"
#include "trace/values/basic.h"
#include "trace/values/exception.h"
#include "trace/values/function.h"

namespace segue {
namespace {

constexpr BreakRow kBreakRows[] = {
#define SEGUE_BREAK(name, id, explanation, hint) {id, explanation, hint},
#include "trace/breaks.def"
#undef SEGUE_BREAK
};

}  // namespace

const BreakRow& breakRow(uint16_t reason) {
  SEGUE_CHECK(reason < breakCount(), "unknown break reason");
  return kBreakRows[reason];
}
int breakCount() { return static_cast<int>(std::size(kBreakRows)); }

TraceResult traceFrame(const TraceRequest& request) { return Tracer(request).run(); }

Tracer::Tracer(const TraceRequest& request) : request_(request) {
  result_.sources = std::make_unique<SourceTable>();
  result_.guards = std::make_unique<GuardSet>(*result_.sources);
  result_.graph = std::make_unique<Graph>();
  dims().allowGuesses(request.may_guess);
  null_ = make<NullValue>();
  decoded_.emplace(reinterpret_cast<PyObject*>(request.code->object()), request.code);
  keepAlive(reinterpret_cast<PyObject*>(request.code->object()));
}

TraceResult Tracer::run() {
  pushOutermostFrame();
  FrameState& outermost = *outermost_;
  Traced<void> outcome = runFrame(outermost);
  if (outcome.ok()) exitAtReturn(outermost.result);
  SEGUE_CHECK(exited_, "a trace without an exit");
  frames_.clear();
  return std::move(result_);
}

// Cells are made by a function's first instructions: behind those, a slot holds the cell.
ValueRef Tracer::outermostSlot(int index) {
  PyObject* live = request_.locals[static_cast<size_t>(index)];
  if (live == nullptr && request_.start_offset == 0) return nullptr;
  const Slot& slot = request_.code->slots()[static_cast<size_t>(index)];
  const bool is_cell = (slot.is_cell || slot.is_free) && request_.start_offset > 0 && live != nullptr && PyCell_Check(live);
  if (!is_cell) return pending(live, sources().local(index));
  return wrapCell(*this, live, sources().local(index), sources().cell(index));
}

ValueRef ValueStack::resolved(ValueRef pending) {
  SEGUE_CHECK(tracer_ != nullptr, "a pending value on the stack of an inlined frame");
  ValueRef value = tracer_->resolve(pending);
  return value != nullptr ? value : tracer_->null();
}

FrameState Tracer::startState() {
  FrameState frame;
  frame.code = request_.code;
  frame.globals = request_.globals;
  frame.builtins = request_.builtins;
  frame.slots.resize(frame.code->slotCount(), nullptr);
  for (size_t i = 0; i < request_.locals.size(); ++i) frame.slots[i] = outermostSlot(static_cast<int>(i));
  for (size_t i = 0; i < request_.stack.size(); ++i) {
    frame.stack.push(pending(request_.stack[i], sources().stack(static_cast<int>(i))));
  }
  frame.stack.resolveWith(this);
  frame.pc = frame.code->indexAt(request_.start_offset);
  SEGUE_CHECK(frame.pc >= 0, "start offset outside of the code");
  return frame;
}

void Tracer::pushOutermostFrame() {
  outermost_ = std::make_unique<FrameState>(startState());
  if (request_.start_offset > 0) start_ = outermost_->pc;
}

// Steps of one unit roll back together: between units, and only there, the stack is CPython's.
Traced<void> Tracer::runFrame(FrameState& frame) {
  frames_.push_back(&frame);
  frame.result = nullptr;
  frame.yielded = false;
  std::vector<ValueRef> stack_before;
  Mark before{};
  int unit = frame.pc;
  int begun = 0;   // instructions before this unit
  while (true) {
    const Insn& insn = frame.code->insn(frame.pc);
    if (insn.is_first_of_raw) {
      unit = frame.pc;
      stack_before = frame.stack.items();
      before = mark();
      begun = result_.instruction_count;
    }
    frame.next = frame.pc + 1;
    Traced<void> step = ++result_.instruction_count > config().trace_budget
                            ? Traced<void>(stop(BreakReason::kTraceBudget))
                            : dispatch(insn);
    const bool undecided = dims().takeUndecided();
    if (!step.broke() && undecided) step = stop(BreakReason::kConstantNeeded, "a size that depends on data");
    if (!step.broke() && pinsVarying(before.relations)) step = stop(BreakReason::kValueVaries);
    if (step.ok()) [[likely]] {
      frame.pc = frame.next;
      if (frame.result != nullptr) {
        frames_.pop_back();
        return {};
      }
      if (frame.pc != start_ || frames_.size() > 1) [[likely]] continue;
      exitAtLoop();
      return stop(BreakReason::kLoopNotUnrolled);
    }
    bool outermost = frames_.front() == &frame;
    if (step.raised() && before.handled == nullptr) {
      if (!nothingHandledOutside()) step = stop(BreakReason::kOutsideHandler, raised_->describe());
      // A frame further in may have noted the place.
      else if (raise_points_.empty() || raise_points_.back().instruction_count <= begun) noteRaisePoint(before, unit, stack_before);
    }
    if (step.raised() && unwind(frame)) continue;
    if (step.raised() && !outermost) {
      frames_.pop_back();
      return Raised{};
    }
    Break reason = step.broke() ? step.stop() : stop(BreakReason::kExceptionEscapes, raised_->describe());
    if (!exited_) {
      rollback(before);
      while (!raise_points_.empty() && raise_points_.back().instruction_count > begun) raise_points_.pop_back();
      dropVarying(before.relations);
      frame.stack.assign(stack_before);
      frame.pc = unit;
      if (allResumable()) exitAtBreak(reason);
    }
    if (!exited_) frames_.pop_back();
    return reason;
  }
}

bool Tracer::allResumable() const {
  return absl::c_all_of(frames_, [](const FrameState* frame) { return frame->resumable; });
}

Tracer::Mark Tracer::mark() {
  return {heap_.checkpoint(), graph().nodes().size(), frames_.size(), generators_.size(), dims().relations().size(),
          result_.numpy_calls, raised_, handled_};
}

void Tracer::rollback(const Mark& mark) {
  heap_.rollback(mark.heap);
  graph().truncate(mark.nodes);
  SEGUE_CHECK(frames_.size() >= mark.frames, "rollback to a frame that has ended");
  frames_.resize(mark.frames);
  generators_.resize(mark.generators);
  result_.numpy_calls = mark.numpy_calls;
  raised_ = mark.raised;
  handled_ = mark.handled;
  resumable_call_ = false;
}

Traced<void> Tracer::dispatch(const Insn& insn) {
  switch (insn.op) {
#define SEGUE_CANONICAL_OP(name, operand, operand2, flow, doc) \
  case Opcode::k##name:                                        \
    return visit##name(insn);
#include "bytecode/canonical_ops.def"
#undef SEGUE_CANONICAL_OP
  }
  SEGUE_UNREACHABLE("canonical opcode");
}

Location Tracer::location() const {
  const FrameState& frame = *frames_.back();
  const Insn& insn = frame.code->insn(frame.pc);
  return {reinterpret_cast<PyObject*>(frame.code->object()), insn.position.line, insn.lasti};
}

std::shared_ptr<const Code> Tracer::decoded(BorrowedRef code) {
  auto [it, inserted] = decoded_.try_emplace(code.get());
  if (inserted) {
    Result<std::shared_ptr<const Code>> decoded = Code::decode(code);
    if (decoded.ok()) it->second = std::move(decoded.value());
    keepAlive(code);
  }
  return it->second;
}

}  // namespace segue
