// Models of set's methods.
#include "trace/values/set.h"

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/exception.h"

namespace segue {
namespace {

Traced<ValueRef> setAdd(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "add", {"/self", "/object"}, 2));
  SEGUE_TRY_VOID(set->add(t, args[1]));
  return t.none();
}
SEGUE_BUILTIN("builtins.set.add", setAdd);

Traced<ValueRef> setDiscard(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "discard", {"/self", "/object"}, 2));
  SEGUE_TRY_VOID(set->discard(t, args[1]));
  return t.none();
}
SEGUE_BUILTIN("builtins.set.discard", setDiscard);

Traced<ValueRef> setRemove(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "remove", {"/self", "/object"}, 2));
  SEGUE_TRY(bool found, set->discard(t, args[1]));
  if (found) return t.none();
  return t.raise(makeException(t, PyExc_KeyError, {args[1]}));
}
SEGUE_BUILTIN("builtins.set.remove", setRemove);

Traced<ValueRef> setPop(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY_VOID(call.bind(t, "pop", {"/self"}, 1));
  return set->pop(t);
}
SEGUE_BUILTIN("builtins.set.pop", setPop);

Traced<ValueRef> setClear(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY_VOID(call.bind(t, "clear", {"/self"}, 1));
  SEGUE_TRY_VOID(set->clear(t));
  return t.none();
}
SEGUE_BUILTIN("builtins.set.clear", setClear);

Traced<ValueRef> setCopy(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY_VOID(call.bind(t, "copy", {"/self"}, 1));
  return set->derived(t, SetStep::Op::kCopy, nullptr);
}
SEGUE_BUILTIN("builtins.set.copy", setCopy);

Traced<ValueRef> setUpdate(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  for (size_t i = 1; i < call.size(); ++i) SEGUE_TRY_VOID(set->update(t, call.args.positional[i]));
  return t.none();
}
SEGUE_BUILTIN("builtins.set.update", setUpdate);

Traced<ValueRef> setUnion(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY(ValueRef result, set->derived(t, SetStep::Op::kCopy, nullptr));
  for (size_t i = 1; i < call.size(); ++i) SEGUE_TRY_VOID(as<SetValue>(result)->update(t, call.args.positional[i]));
  return result;
}
SEGUE_BUILTIN("builtins.set.union", setUnion);

/// Methods of two sets that are operators: other iterables go through the set in their own way.
template <BinaryOp op>
Traced<ValueRef> setOperator(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "a set method", {"/self", "/other"}, 2));
  if (!isSetLike(args[1])) return stop(BreakReason::kUnsupportedOperation, "a set method with " + args[1]->describe());
  return binary(t, op, set, args[1]);
}
SEGUE_BUILTIN("builtins.set.intersection", setOperator<BinaryOp::kAnd>);
SEGUE_BUILTIN("builtins.set.difference", setOperator<BinaryOp::kSubtract>);
SEGUE_BUILTIN("builtins.set.symmetric_difference", setOperator<BinaryOp::kXor>);

template <CompareOp op>
Traced<ValueRef> setComparison(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "a set method", {"/self", "/other"}, 2));
  SetValue* other = makeSet(t);
  SEGUE_TRY_VOID(other->update(t, args[1]));
  return compare(t, op, set, other);
}
SEGUE_BUILTIN("builtins.set.issubset", setComparison<CompareOp::kLe>);
SEGUE_BUILTIN("builtins.set.issuperset", setComparison<CompareOp::kGe>);

Traced<ValueRef> setIsDisjoint(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(SetValue* set, selfOf<SetValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "isdisjoint", {"/self", "/other"}, 2));
  SetValue* other = makeSet(t);
  SEGUE_TRY_VOID(other->update(t, args[1]));
  SEGUE_TRY(ValueRef common, set->derived(t, SetStep::Op::kAnd, other));
  SEGUE_TRY(bool any, truth(t, common));
  return t.boolean(!any);
}
SEGUE_BUILTIN("builtins.set.isdisjoint", setIsDisjoint);

Traced<ValueRef> classSet(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "set", {"/iterable"}, 0));
  SetValue* set = makeSet(t);
  if (args[0] != nullptr) SEGUE_TRY_VOID(set->update(t, args[0]));
  return set;
}
SEGUE_BUILTIN("builtins.set", classSet);

}  // namespace
}  // namespace segue
