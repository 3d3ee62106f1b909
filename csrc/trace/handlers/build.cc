// Visitors: building and unpacking tuples, lists, dicts, sets, slices and strings.
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/dict.h"
#include "trace/values/list.h"
#include "trace/values/set.h"
#include "trace/values/string.h"
#include "trace/values/tuple.h"

namespace segue {

Traced<void> Tracer::visitBuildTuple(const Insn& insn) {
  stack().push(tuple(stack().popMany(insn.arg)));
  return {};
}

Traced<void> Tracer::visitBuildList(const Insn& insn) {
  auto items = stack().popMany(insn.arg);
  stack().push(list({items.begin(), items.end()}));
  return {};
}

Traced<void> Tracer::visitBuildMap(const Insn& insn) {
  auto pairs = stack().popMany(2 * insn.arg);
  ValueRef dict = makeDict(*this);
  for (int i = 0; i < insn.arg; ++i) SEGUE_TRY_VOID(setItem(*this, dict, pairs[2 * i], pairs[2 * i + 1]));
  stack().push(dict);
  return {};
}

Traced<void> Tracer::visitBuildConstKeyMap(const Insn& insn) {
  auto* keys = as<TupleValue>(stack().pop());
  SEGUE_CHECK(keys != nullptr, "keys are a constant tuple");
  auto values = stack().popMany(insn.arg);
  ValueRef dict = makeDict(*this);
  for (int i = 0; i < insn.arg; ++i) SEGUE_TRY_VOID(setItem(*this, dict, keys->items()[i], values[i]));
  stack().push(dict);
  return {};
}

Traced<void> Tracer::visitBuildSlice(const Insn& insn) {
  auto parts = stack().popMany(insn.arg);
  stack().push(make<SliceValue>(parts[0], parts[1], insn.arg == 3 ? parts[2] : none()));
  return {};
}

Traced<void> Tracer::visitBuildString(const Insn& insn) {
  auto parts = stack().popMany(insn.arg);
  SEGUE_TRY(ValueRef text, joinStrings(*this, parts));
  stack().push(text);
  return {};
}

Traced<void> Tracer::visitFormatSimple(const Insn& insn) {
  SEGUE_TRY(ValueRef text, format(*this, stack().pop(), string("")));
  stack().push(text);
  return {};
}

Traced<void> Tracer::visitFormatWithSpec(const Insn& insn) {
  ValueRef spec = stack().pop();
  SEGUE_TRY(ValueRef text, format(*this, stack().pop(), spec));
  stack().push(text);
  return {};
}

Traced<void> Tracer::visitConvertValue(const Insn& insn) {
  SEGUE_TRY(ValueRef text, toText(*this, stack().pop(), static_cast<TextConversion>(insn.arg)));
  stack().push(text);
  return {};
}

Traced<void> Tracer::visitBuildSet(const Insn& insn) {
  auto items = stack().popMany(insn.arg);
  SetValue* set = makeSet(*this);
  for (ValueRef item : items) SEGUE_TRY_VOID(set->add(*this, item));
  stack().push(set);
  return {};
}

namespace {

/// The set that a display or comprehension fills; one that the trace found on the stack may be opaque.
Traced<SetValue*> setOnStack(Tracer& t, const Insn& insn) {
  ValueRef value = t.stack().peek(insn.arg);
  auto* set = as<SetValue>(value);
  if (set == nullptr) return stop(BreakReason::kOpaqueValue, value->describe());
  return set;
}

}  // namespace

Traced<void> Tracer::visitSetAdd(const Insn& insn) {
  ValueRef item = stack().pop();
  SEGUE_TRY(SetValue* set, setOnStack(*this, insn));
  return set->add(*this, item);
}

Traced<void> Tracer::visitSetUpdate(const Insn& insn) {
  ValueRef added = stack().pop();
  SEGUE_TRY(SetValue* set, setOnStack(*this, insn));
  return set->update(*this, added);
}

Traced<void> Tracer::visitListAppend(const Insn& insn) {
  ValueRef item = stack().pop();
  return listAppend(*this, stack().peek(insn.arg), item);
}

Traced<void> Tracer::visitMapAdd(const Insn& insn) {
  ValueRef value = stack().pop();
  ValueRef key = stack().pop();
  return setItem(*this, stack().peek(insn.arg), key, value);
}

Traced<void> Tracer::visitListExtend(const Insn& insn) {
  SEGUE_TRY(std::vector<ValueRef> added, itemsOfNew(*this, stack().pop()));
  for (ValueRef item : added) SEGUE_TRY_VOID(listAppend(*this, stack().peek(insn.arg), item));
  return {};
}

Traced<void> Tracer::visitListToTuple(const Insn& insn) {
  SEGUE_TRY(std::vector<ValueRef> all, items(*this, stack().pop()));
  stack().push(tuple({all.begin(), all.end()}));
  return {};
}

Traced<void> Tracer::visitDictUpdate(const Insn& insn) {
  ValueRef source = stack().pop();
  return dictUpdate(*this, stack().peek(insn.arg), source, /*unique=*/false);
}

Traced<void> Tracer::visitDictMerge(const Insn& insn) {
  ValueRef source = stack().pop();
  return dictUpdate(*this, stack().peek(insn.arg), source, /*unique=*/true);
}

Traced<void> Tracer::visitUnpackSequence(const Insn& insn) {
  SEGUE_TRY(std::vector<ValueRef> all, items(*this, stack().pop()));
  int count = static_cast<int>(all.size());
  if (count < insn.arg) {
    return raise(PyExc_ValueError, absl::StrFormat("not enough values to unpack (expected %d, got %d)", insn.arg, count));
  }
  if (count > insn.arg) return raise(PyExc_ValueError, absl::StrFormat("too many values to unpack (expected %d)", insn.arg));
  for (auto it = all.rbegin(); it != all.rend(); ++it) stack().push(*it);
  return {};
}

Traced<void> Tracer::visitUnpackEx(const Insn& insn) {
  SEGUE_TRY(std::vector<ValueRef> all, items(*this, stack().pop()));
  int count = static_cast<int>(all.size());
  if (count < insn.arg + insn.arg2) {
    return raise(PyExc_ValueError, absl::StrFormat("not enough values to unpack (expected at least %d, got %d)",
                                                   insn.arg + insn.arg2, count));
  }
  for (int i = count - 1; i >= count - insn.arg2; --i) stack().push(all[i]);
  stack().push(list({all.begin() + insn.arg, all.end() - insn.arg2}));
  for (int i = insn.arg - 1; i >= 0; --i) stack().push(all[i]);
  return {};
}

Traced<void> Tracer::visitGetLen(const Insn& insn) {
  SEGUE_TRY(ValueRef size, length(*this, stack().peek()));
  stack().push(size);
  return {};
}

}  // namespace segue
