// Visitors: moving values on the stack, constants.
#include "trace/finalizers.h"
#include "trace/tracer.h"

namespace segue {

Traced<void> Tracer::visitNop(const Insn& insn) { return {}; }

Traced<void> Tracer::visitResume(const Insn& insn) { return {}; }

Traced<void> Tracer::visitPopTop(const Insn& insn) {
  return letGo(*this, stack().pop());
}

Traced<void> Tracer::visitPushNull(const Insn& insn) {
  stack().push(null());
  return {};
}

Traced<void> Tracer::visitCopy(const Insn& insn) {
  stack().push(stack().peek(insn.arg));
  return {};
}

Traced<void> Tracer::visitSwap(const Insn& insn) {
  std::swap(stack().peek(1), stack().peek(insn.arg));
  return {};
}

Traced<void> Tracer::visitLoadConst(const Insn& insn) {
  stack().push(constant(frame().code->constant(insn.arg)));
  return {};
}

Traced<void> Tracer::visitEndFor(const Insn& insn) { SEGUE_UNREACHABLE("EndFor is never executed"); }

}  // namespace segue
