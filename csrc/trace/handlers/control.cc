// Visitors: jumps, branches and loops.
#include "base/fault.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/known.h"
#include "trace/values/range.h"
#include "trace/values/text.h"

namespace segue {

Traced<void> Tracer::visitJump(const Insn& insn) {
  jump(insn);
  return {};
}

bool Tracer::roundsStart(int target) const {
  return start_ >= 0 && frames_.size() == 1 && target <= start_ && start_ <= frames_.back()->pc;
}

bool Tracer::startsBehindItem(int pc) const {
  if (start_ <= pc || frames_.size() > 1) return false;
  for (int at = pc + 1; at < start_; at++) {
    const Opcode op = frames_.back()->code->insn(at).op;
    if (op != Opcode::kStoreLocal && op != Opcode::kPopTop && op != Opcode::kNop) return false;
  }
  return true;
}

// `for` counts its trips at its ForIter; this bounds `while`. A loop inside starts afresh with every trip. Of a loop that was
// running already, a trip is a segment: from its head to its head (Tracer::exitAtLoop), or from a place inside to that place.
Traced<void> Tracer::jumpCounted(const Insn& insn) {
  int pc = frame().pc;
  jump(insn);
  if (insn.target > pc) return {};
  absl::erase_if(frame().trips, [&](const auto& trip) { return trip.first > insn.target && trip.first < pc; });
  bool is_for = frame().code->insn(insn.target).op == Opcode::kForIter;
  int64_t limit = config().unroll_objects;
  if (roundsStart(insn.target)) limit = 1;
  if (!is_for && countTrip() > limit) return stop(BreakReason::kLoopNotUnrolled, "a while loop");
  return {};
}

Traced<void> Tracer::visitJumpBackward(const Insn& insn) { return jumpCounted(insn); }

namespace {

constexpr int kMostComplaint = 40;   // instructions of a message

/// Whether all that the code does from here on is to raise or to warn: no branch comes before.
bool complains(const Code& code, int pc) {
  auto isName = [&code](const Insn& insn, std::string_view word) { return textOf(code.name(insn.arg)) == word; };
  for (int left = kMostComplaint; left > 0 && pc < code.size(); left--) {
    const Insn& insn = code.insn(pc);
    if (insn.op == Opcode::kRaiseVarargs) return !SEGUE_FAULT(ComplaintsMissed);
    const bool attribute = insn.op == Opcode::kLoadAttr || insn.op == Opcode::kLoadMethod;
    if (attribute && pc > 0 && isName(insn, "warn")) {
      const Insn& owner = code.insn(pc - 1);
      return owner.op == Opcode::kLoadGlobal && isName(owner, "warnings");
    }
    switch (traitsOf(insn.op).flow) {
      case Flow::kNext: pc++; break;
      case Flow::kJump:
        if (insn.target <= pc) return false;
        pc = insn.target;
        break;
      default: return false;
    }
  }
  return false;
}

}  // namespace

Traced<bool> Tracer::condition(ValueRef value, int branch_at) {
  const Code& code = *frame().code;
  const Insn& branch = code.insn(branch_at);
  const bool if_true = branch.op == Opcode::kPopJumpIfTrue;
  value = resolve(value);
  if (!isComputedNumber(value) || !request_.may_guess || (!if_true && branch.op != Opcode::kPopJumpIfFalse)) return truth(*this, value);
  const bool jump_complains = complains(code, branch.target);
  if (jump_complains == complains(code, branch_at + 1) || knownScalar(*this, *static_cast<GraphValue*>(value))) return truth(*this, value);
  const bool outcome = jump_complains != if_true;
  SEGUE_TRY_VOID(applyNumpy("py.assert", {{value, boolean(outcome)}, {}}));
  return outcome;
}

Traced<void> Tracer::visitPopJumpIfFalse(const Insn& insn) {
  SEGUE_TRY(bool condition, this->condition(stack().pop(), frame().pc));
  return condition ? Traced<void>() : jumpCounted(insn);
}

Traced<void> Tracer::visitPopJumpIfTrue(const Insn& insn) {
  SEGUE_TRY(bool condition, this->condition(stack().pop(), frame().pc));
  return condition ? jumpCounted(insn) : Traced<void>();
}

Traced<void> Tracer::visitPopJumpIfNone(const Insn& insn) {
  SEGUE_TRY(bool is_none, sameObject(*this, stack().pop(), none()));
  return is_none ? jumpCounted(insn) : Traced<void>();
}

Traced<void> Tracer::visitPopJumpIfNotNone(const Insn& insn) {
  SEGUE_TRY(bool is_none, sameObject(*this, stack().pop(), none()));
  return is_none ? Traced<void>() : jumpCounted(insn);
}

Traced<void> Tracer::visitGetIter(const Insn& insn) {
  SEGUE_TRY(ValueRef iterator, iter(*this, stack().pop()));
  stack().push(iterator);
  return {};
}

Traced<void> Tracer::visitForIter(const Insn& insn) {
  ValueRef iterator = stack().peek();
  // One that was running when the trace started: its trips are segments of their own, which start behind it.
  if (iterator->source() && isRangeIterator(iterator) && !startsBehindItem(frame().pc)) {
    return stop(BreakReason::kLoopNotUnrolled, "the next trip of a loop");
  }
  // A loop that is known to be too long breaks before its first trip, others when they have gone on for too long.
  int64_t limit = isRangeIterator(iterator) ? config().unroll_range : config().unroll_objects;
  int64_t trip = countTrip();
  if (trip == 1 && iterator->remainingSlot(*this).value_or(0) > limit) {
    return stop(BreakReason::kLoopNotUnrolled, "a loop of more trips than are unrolled");
  }
  if (trip > limit + 1) return stop(BreakReason::kLoopNotUnrolled, "a loop of more trips than are unrolled");
  SEGUE_TRY(ValueRef item, next(*this, iterator));
  if (item != nullptr) {
    stack().push(item);
    return {};
  }
  frame().trips.erase(frame().pc);  // an outer loop starts it afresh
  stack().pop();
  jump(insn);
  return {};
}

}  // namespace segue
