// Models of Segue's own calls: segue.is_compiling and segue.graph_break.
#include "trace/builtins/registry.h"
#include "trace/tracer.h"

namespace segue {
namespace {

Traced<ValueRef> isCompiling(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY_VOID(call.bind(t, "is_compiling", {}, 0));
  return t.boolean(true);
}
SEGUE_BUILTIN("segue.is_compiling", isCompiling);

Traced<ValueRef> graphBreak(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "graph_break", {"msg"}, 0));
  BorrowedRef message = args[0] != nullptr ? args[0]->constant() : nullptr;
  bool is_text = message && PyUnicode_CheckExact(message.get());
  return stop(BreakReason::kDebugBreak, is_text ? std::string(textOf(message)) : "");
}
SEGUE_BUILTIN("segue.graph_break", graphBreak);

}  // namespace
}  // namespace segue
