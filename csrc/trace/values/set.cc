#include "trace/values/set.h"

#include "base/objects.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/exception.h"

namespace segue {
namespace {

std::unique_ptr<SetState> emptyState() {
  auto state = std::make_unique<SetState>();
  state->stand_ins = Ref::steal(PySet_New(nullptr));
  state->values = Ref::steal(PyDict_New());
  return state;
}

ValueRef wrapSet(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    auto state = emptyState();
    state->loaded = false;
    return t.make<SetValue>(t.heap().add(std::move(state)), source, live);
  });
}
SEGUE_WRAPS(PySet_Type, wrapSet);

void addElement(SetState& state, BorrowedRef stand_in, ValueRef item) {
  Ref index = Ref::steal(PyLong_FromSize_t(state.elements.size()));
  PySet_Add(state.stand_ins.get(), stand_in);
  PyDict_SetItem(state.values.get(), stand_in, index.get());
  state.elements.push_back(item);
}

}  // namespace

std::unique_ptr<ObjectState> SetState::clone() const {
  auto copy = std::make_unique<SetState>();
  copy->loaded = loaded;
  copy->stand_ins = Ref::steal(PySet_New(stand_ins.get()));
  copy->values = Ref::steal(PyDict_Copy(values.get()));
  copy->elements = elements;
  return copy;
}

SetValue* makeSet(Tracer& t) { return t.make<SetValue>(t.heap().add(emptyState()), std::nullopt, nullptr); }

Traced<void> SetValue::load(Tracer& t) {
  if (t.heap().read<SetState>(object()).loaded) return {};
  auto state = emptyState();
  Py_ssize_t position = 0;
  PyObject* element;
  while (segue_set_next(live_.get(), &position, &element)) {
    if (!segue_is_constant(element)) return stop(BreakReason::kUnhashableKey, "a set of objects that are no constants");
    addElement(*state, element, t.constant(BorrowedRef(element)));
  }
  t.guards().add({.kind = GuardKind::kSetEquals, .source = *source(), .operand = Ref::steal(PyFrozenSet_New(live_.get()))});
  t.heap().write<SetState>(object()) = std::move(*state);
  return {};
}

Traced<void> SetValue::add(Tracer& t, ValueRef item) {
  SEGUE_TRY_VOID(load(t));
  SEGUE_TRY(Ref stand_in, key(t, item));
  if (source()) {
    if (!segue_is_constant(stand_in.get())) return stop(BreakReason::kUnhashableKey, "adding to a live set");
    t.noteWrite(this);
    t.heap().log({WriteKind::kSetAdd, this, nullptr, item, t.location()});
  }
  if (PySet_Contains(t.heap().read<SetState>(object()).stand_ins.get(), stand_in.get()) == 1) return {};
  addElement(t.heap().write<SetState>(object()), stand_in, item);
  return {};
}

Traced<bool> SetValue::discard(Tracer& t, ValueRef item) {
  SEGUE_TRY_VOID(load(t));
  SEGUE_TRY(Ref stand_in, key(t, item));
  if (PySet_Contains(t.heap().read<SetState>(object()).stand_ins.get(), stand_in.get()) != 1) return false;
  auto& state = t.heap().write<SetState>(object());
  PySet_Discard(state.stand_ins.get(), stand_in.get());
  PyDict_DelItem(state.values.get(), stand_in.get());
  if (source()) {
    t.noteWrite(this);
    t.heap().log({WriteKind::kSetDiscard, this, nullptr, item, t.location()});
  }
  return true;
}

Traced<std::vector<ValueRef>> SetValue::elements(Tracer& t) {
  // Equal sets may iterate in different orders, and only equality is guarded.
  if (source()) return stop(BreakReason::kUnsupportedOperation, "iteration over a set from outside");
  const auto& state = t.heap().read<SetState>(object());
  std::vector<ValueRef> all;
  Py_ssize_t position = 0;
  PyObject* element;
  while (segue_set_next(state.stand_ins.get(), &position, &element)) {
    // Strings hash the same in one process only, and others by address: the order of this run is the order of all runs
    // of the segment for constants alone.
    if (!segue_is_constant(element)) return stop(BreakReason::kUnsupportedOperation, "iteration over a set of objects");
    all.push_back(state.elements[PyLong_AsSsize_t(PyDict_GetItem(state.values.get(), element))]);
  }
  return all;
}

Traced<bool> SetValue::truthSlot(Tracer& t) {
  SEGUE_TRY_VOID(load(t));
  return PySet_GET_SIZE(t.heap().read<SetState>(object()).stand_ins.get()) != 0;
}

Traced<ValueRef> SetValue::lengthSlot(Tracer& t) {
  SEGUE_TRY_VOID(load(t));
  return t.integer(static_cast<int64_t>(PySet_GET_SIZE(t.heap().read<SetState>(object()).stand_ins.get())));
}

Traced<ValueRef> SetValue::getAttrSlot(Tracer& t, BorrowedRef name) { return builtinTypeAttr(t, this, name); }

Traced<bool> SetValue::containsSlot(Tracer& t, ValueRef item) {
  SEGUE_TRY_VOID(load(t));
  SEGUE_TRY(Ref stand_in, key(t, item));
  return PySet_Contains(t.heap().read<SetState>(object()).stand_ins.get(), stand_in.get()) == 1;
}

Traced<ValueRef> SetValue::iterSlot(Tracer& t) {
  SEGUE_TRY(std::vector<ValueRef> all, elements(t));
  return iter(t, t.tuple({all.begin(), all.end()}));
}

Traced<RecipeId> SetValue::recipeSlot(RecipeBuilder& b) {
  Recipe recipe{.kind = RecipeKind::kSet};
  const auto& state = b.tracer().heap().read<SetState>(object());
  for (ValueRef element : state.elements) {
    SEGUE_TRY(Ref stand_in, key(b.tracer(), element));
    if (PySet_Contains(state.stand_ins.get(), stand_in.get()) != 1) continue;  // discarded since
    SEGUE_TRY(RecipeId id, b.of(element));
    recipe.items.push_back(id);
  }
  return b.add(std::move(recipe));
}

namespace {

Traced<SetValue*> selfSet(ValueRef self) {
  auto* set = as<SetValue>(self);
  if (set == nullptr) return stop(BreakReason::kUnsupportedOperation, "a set method of " + self->describe());
  return set;
}

Traced<ValueRef> setAddMethod(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "add", {"/self", "/object"}, 2));
  SEGUE_TRY(SetValue* set, selfSet(args[0]));
  SEGUE_TRY_VOID(set->add(t, args[1]));
  return t.none();
}
SEGUE_BUILTIN("builtins.set.add", setAddMethod);

Traced<ValueRef> setDiscardMethod(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "discard", {"/self", "/object"}, 2));
  SEGUE_TRY(SetValue* set, selfSet(args[0]));
  SEGUE_TRY_VOID(set->discard(t, args[1]));
  return t.none();
}
SEGUE_BUILTIN("builtins.set.discard", setDiscardMethod);

Traced<ValueRef> classSet(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "set", {"/iterable"}, 0));
  SetValue* set = makeSet(t);
  if (args[0] == nullptr) return set;
  // A set made of another set is laid out by its table, not by its order.
  if (args[0]->kind() == ValueKind::kSet) return stop(BreakReason::kUnsupportedOperation, "a copy of a set");
  SEGUE_TRY(std::vector<ValueRef> all, items(t, args[0]));
  for (ValueRef item : all) SEGUE_TRY_VOID(set->add(t, item));
  return set;
}
SEGUE_BUILTIN("builtins.set", classSet);

}  // namespace
}  // namespace segue
