// Models of methods of arrays whose arguments choose the operator.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/graph_values.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// item(): the one element; item(i): of the flat array; item(i, j) and item((i, j)): by an index.
Traced<ValueRef> arrayItem(Tracer& t, const BuiltinCall& call) {
  constexpr std::string_view kOperator = "ndarray.item";
  if (call.size() == 0 || !call.args.keywords.empty()) {
    return stop(BreakReason::kExceptionEscapes, "item() with keywords");
  }
  if (call.size() == 1) return t.applyNumpy(kOperator, call.args);
  ValueRef self = t.resolve(call.args.positional[0]);
  ValueRef index = t.resolve(call.args.positional[1]);
  ValueRef element = nullptr;
  if (call.size() == 2 && asDim(t, index)) {
    SEGUE_TRY(element, t.applyNumpy("numpy.take", {{self, index}, {}}));
  } else {
    if (call.size() > 2) index = t.tuple({call.args.positional.begin() + 1, call.args.positional.end()});
    SEGUE_TRY(element, getItem(t, self, index));
  }
  if (element->kind() != ValueKind::kNumpyScalar) {
    return stop(BreakReason::kExceptionEscapes, "item() of more than one element");
  }
  return t.applyNumpy("generic.item", {{element}, {}});
}
SEGUE_BUILTIN("numpy.ndarray.item", arrayItem);

}  // namespace
}  // namespace segue
