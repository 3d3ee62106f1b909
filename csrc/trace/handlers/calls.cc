// Visitors: calls, functions, returns.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"
#include "trace/values/dict.h"
#include "trace/values/function.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// Calls what the two slots (a, b) of a call stand for; see bytecode/insn.h.
Traced<void> callSlots(Tracer& t, CallArgs args) {
  ValueRef b = t.stack().pop();
  ValueRef a = t.stack().pop();
  ValueRef callee = a->kind() == ValueKind::kNull ? b : a;
  if (a->kind() != ValueKind::kNull && b->kind() != ValueKind::kNull) {
    args.positional.insert(args.positional.begin(), b);
  }
  // A plain function's frame stands on its own: a break inside leaves into both frames. Anything else that calls back
  // into traced code is part of this instruction.
  auto* method = as<MethodValue>(callee);
  t.setResumableCall((method != nullptr ? method->function() : callee)->kind() == ValueKind::kFunction);
  Traced<ValueRef> result = call(t, callee, args);
  t.setResumableCall(false);
  SEGUE_TRY(ValueRef value, std::move(result));
  t.stack().push(value);
  return {};
}

}  // namespace

Traced<void> Tracer::visitCall(const Insn& insn) {
  CallArgs args;
  args.positional = stack().popMany(insn.arg);
  return callSlots(*this, std::move(args));
}

Traced<void> Tracer::visitCallKw(const Insn& insn) {
  BorrowedRef names = stack().pop()->constant();
  SEGUE_CHECK(names && PyTuple_CheckExact(names.get()), "keyword names are a constant tuple");
  auto all = stack().popMany(insn.arg);
  size_t positional = all.size() - static_cast<size_t>(PyTuple_GET_SIZE(names.get()));
  CallArgs args;
  args.positional.assign(all.begin(), all.begin() + positional);
  for (size_t i = positional; i < all.size(); ++i) {
    args.keywords.push_back({PyTuple_GET_ITEM(names.get(), static_cast<Py_ssize_t>(i - positional)), all[i]});
  }
  return callSlots(*this, std::move(args));
}

Traced<void> Tracer::visitCallEx(const Insn& insn) {
  ValueRef keywords = insn.arg == 1 ? stack().pop() : nullptr;
  SEGUE_TRY(std::vector<ValueRef> positional, items(*this, stack().pop()));
  CallArgs args;
  args.positional.assign(positional.begin(), positional.end());
  if (keywords != nullptr) {
    SEGUE_TRY(args.keywords, dictKeywords(*this, keywords));
  }
  return callSlots(*this, std::move(args));
}

Traced<void> Tracer::visitMakeFunction(const Insn& insn) {
  BorrowedRef code = stack().pop()->constant();
  SEGUE_CHECK(code && PyCode_Check(code.get()), "a function is made of code");
  FunctionParts parts;
  parts.code = Ref::borrow(code);
  parts.globals = Ref::borrow(frame().globals);
  stack().push(makeFunction(*this, std::move(parts)));
  return {};
}

Traced<void> Tracer::visitSetFunctionAttribute(const Insn& insn) {
  FunctionParts parts = as<FunctionValue>(stack().pop())->parts();
  ValueRef value = stack().pop();
  switch (insn.arg) {
    case 1: parts.defaults = value; break;
    case 2: parts.kwdefaults = value; break;
    case 4: parts.annotations = value; break;
    case 8: parts.closure = value; break;
    default: SEGUE_UNREACHABLE("function attribute");
  }
  stack().push(makeFunction(*this, std::move(parts)));
  return {};
}

Traced<void> Tracer::visitReturn(const Insn& insn) {
  frame().result = stack().pop();
  return {};
}

}  // namespace segue
