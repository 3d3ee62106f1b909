// Models of functions in `builtins`.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/range.h"

namespace segue {
namespace {

Traced<ValueRef> builtinLen(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "len", {"/obj"}, 1));
  return length(t, args[0]);
}
SEGUE_BUILTIN("builtins.len", builtinLen);

Traced<ValueRef> builtinIsinstance(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "isinstance", {"/obj", "/class_or_tuple"}, 2));
  SEGUE_TRY(bool matches, isInstance(t, args[0], args[1]));
  return t.boolean(matches);
}
SEGUE_BUILTIN("builtins.isinstance", builtinIsinstance);

Traced<ValueRef> builtinRange(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "range", {"/start", "/stop", "/step"}, 1));
  for (ValueRef arg : args) {
    if (arg != nullptr && !asDim(t, arg)) return stop(BreakReason::kUnsupportedOperation, "range of " + arg->describe());
  }
  if (args[1] == nullptr) return t.make<RangeValue>(t.integer(0), args[0], t.integer(1));
  ValueRef step = args[2] != nullptr ? args[2] : t.integer(1);
  SEGUE_TRY(bool nonzero, truth(t, step));
  if (!nonzero) return t.raise(PyExc_ValueError, "range() arg 3 must not be zero");
  return t.make<RangeValue>(args[0], args[1], step);
}
SEGUE_BUILTIN("builtins.range", builtinRange);

Traced<ValueRef> builtinAbs(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "abs", {"/x"}, 1));
  if (args[0]->kind() == ValueKind::kArray || args[0]->kind() == ValueKind::kNumpyScalar) {
    return t.applyNumpy("ndarray.__abs__", {{args[0]}, {}});
  }
  return callPure(t, call);
}
SEGUE_BUILTIN("builtins.abs", builtinAbs);

}  // namespace
}  // namespace segue
