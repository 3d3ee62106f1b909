// Visitors: operators, comparisons, items.
#include "trace/protocols.h"
#include "trace/tracer.h"

namespace segue {

Traced<void> Tracer::visitUnaryNegative(const Insn& insn) {
  SEGUE_TRY(ValueRef res, unary(*this, UnaryOp::kNegative, stack().pop()));
  stack().push(res);
  return {};
}

Traced<void> Tracer::visitUnaryPositive(const Insn& insn) {
  SEGUE_TRY(ValueRef res, unary(*this, UnaryOp::kPositive, stack().pop()));
  stack().push(res);
  return {};
}

Traced<void> Tracer::visitUnaryInvert(const Insn& insn) {
  SEGUE_TRY(ValueRef res, unary(*this, UnaryOp::kInvert, stack().pop()));
  stack().push(res);
  return {};
}

Traced<void> Tracer::visitUnaryNot(const Insn& insn) {
  SEGUE_TRY(bool condition, truth(*this, stack().pop()));
  stack().push(boolean(!condition));
  return {};
}

Traced<void> Tracer::visitToBool(const Insn& insn) {
  SEGUE_TRY(bool condition, this->condition(stack().pop(), frame().pc + 1));
  stack().push(boolean(condition));
  return {};
}

// On a break the step loop restores the stack, so popping first is safe.
Traced<void> Tracer::visitBinaryOp(const Insn& insn) {
  ValueRef rhs = stack().pop();
  ValueRef lhs = stack().pop();
  SEGUE_TRY(ValueRef res, binary(*this, insn.binaryOp(), lhs, rhs));
  stack().push(res);
  return {};
}

Traced<void> Tracer::visitCompareOp(const Insn& insn) {
  ValueRef rhs = stack().pop();
  ValueRef lhs = stack().pop();
  SEGUE_TRY(ValueRef res, compare(*this, insn.compareOp(), lhs, rhs));
  stack().push(res);
  return {};
}

Traced<void> Tracer::visitContainsOp(const Insn& insn) {
  ValueRef container = stack().pop();
  ValueRef item = stack().pop();
  SEGUE_TRY(bool found, contains(*this, container, item));
  stack().push(boolean(found != (insn.arg == 1)));
  return {};
}

Traced<void> Tracer::visitIsOp(const Insn& insn) {
  ValueRef rhs = stack().pop();
  ValueRef lhs = stack().pop();
  SEGUE_TRY(bool same, sameObject(*this, lhs, rhs));
  stack().push(boolean(same != (insn.arg == 1)));
  return {};
}

Traced<void> Tracer::visitBinarySubscr(const Insn& insn) {
  ValueRef key = stack().pop();
  ValueRef container = stack().pop();
  SEGUE_TRY(ValueRef value, getItem(*this, container, key));
  stack().push(value);
  return {};
}

Traced<void> Tracer::visitStoreSubscr(const Insn& insn) {
  ValueRef key = stack().pop();
  ValueRef container = stack().pop();
  ValueRef value = stack().pop();
  return setItem(*this, container, key, value);
}

Traced<void> Tracer::visitDeleteSubscr(const Insn& insn) {
  ValueRef key = stack().pop();
  ValueRef container = stack().pop();
  return deleteItem(*this, container, key);
}

}  // namespace segue
