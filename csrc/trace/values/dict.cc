#include "trace/values/dict.h"

#include "base/objects.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/dict_views.h"
#include "trace/values/exception.h"
#include "trace/values/instance.h"
#include "trace/values/instance_dict.h"
#include "trace/values/subclass.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

ValueRef wrapDict(Tracer& t, BorrowedRef live, Source source) {
  if (InstanceValue* owner = t.ownerOfDict(live)) {
    ValueRef dict = instanceDict(t, owner);
    t.guards().same(source, *dict->source(), true);
    return dict;
  }
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    auto state = std::make_unique<DictState>();
    state->loaded = false;
    return t.make<DictValue>(t.heap().add(std::move(state)), source, live);
  });
}
SEGUE_WRAPS(PyDict_Type, wrapDict);

bool isDefaultDict(BorrowedRef live) { return strcmp(Py_TYPE(live)->tp_name, "collections.defaultdict") == 0; }

ValueRef wrapDefaultDict(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    auto state = std::make_unique<DictState>();
    state->loaded = false;
    Ref factory = Ref::steal(PyObject_GetAttrString(live, "default_factory"));  // a member of a C type
    t.keepAlive(factory);
    ValueRef made = t.pending(factory, t.sources().member(source, SourceMember::kDefaultFactory));
    return t.make<DictValue>(t.heap().add(std::move(state)), source, live, Py_TYPE(live), made);
  });
}
SEGUE_WRAPS_IF(isDefaultDict, wrapDefaultDict);

Traced<ValueRef> classDefaultDict(Tracer& t, const BuiltinCall& call) {
  ValueRef factory = call.size() > 0 ? t.resolve(call.args.positional[0]) : t.none();
  auto* cls = reinterpret_cast<PyTypeObject*>(call.function.get());
  ValueRef made = t.make<DictValue>(t.heap().add(std::make_unique<DictState>()), std::nullopt, nullptr, cls, factory);
  if (call.size() > 2) return stop(BreakReason::kExceptionEscapes, "defaultdict() with three arguments");
  if (call.size() == 2) SEGUE_TRY_VOID(dictUpdate(t, made, call.args.positional[1], /*unique=*/false));
  for (const Keyword& keyword : call.args.keywords) {
    SEGUE_TRY_VOID(setItem(t, made, t.constant(keyword.name), keyword.value));
  }
  return made;
}
SEGUE_BUILTIN("collections.defaultdict", classDefaultDict);

/// Position of a stand-in among the entries, or -1.
Py_ssize_t positionOf(const DictState& state, BorrowedRef stand_in) {
  BorrowedRef found = PyDict_GetItemWithError(state.index.get(), stand_in);
  return found ? PyLong_AsSsize_t(found) : -1;
}

/// The object that a live dict is looked up with, guarded to be this one; null where its hash may run user code.
BorrowedRef keyObject(Tracer& t, ValueRef key, BorrowedRef stand_in) {
  if (segue_is_constant(stand_in.get())) return stand_in;
  key = t.resolve(key);
  auto* instance = as<InstanceValue>(key);
  BorrowedRef object = instance != nullptr ? instance->live() : stand_in;
  if (!object || !segue_is_key(object.get())) return nullptr;
  if (key->source()) t.guardIdentity(*key->source(), object);
  return object;
}

/// Drops an entry; the positions behind it move up.
void eraseEntry(DictState& state, Py_ssize_t position) {
  state.entries.erase(state.entries.begin() + position);
  ++state.removals;
  PyDict_Clear(state.index.get());
  for (size_t i = 0; i < state.entries.size(); ++i) {
    Ref index = Ref::steal(PyLong_FromSize_t(i));
    PyDict_SetItem(state.index.get(), state.entries[i].key.get(), index.get());
  }
}

}  // namespace

bool hasPlainKeys(BorrowedRef dict) {
  Py_ssize_t position = 0;
  PyObject *key, *value;
  while (PyDict_Next(dict, &position, &key, &value)) {
    if (!segue_is_key(key)) return false;
  }
  return true;
}

void addDictEntry(DictState& state, Ref stand_in, ValueRef key, ValueRef value) {
  Ref position = Ref::steal(PyLong_FromSize_t(state.entries.size()));
  PyDict_SetItem(state.index.get(), stand_in.get(), position.get());
  state.entries.push_back({std::move(stand_in), key, value});
}

std::unique_ptr<ObjectState> DictState::clone() const {
  auto copy = std::make_unique<DictState>();
  copy->loaded = loaded;
  copy->entries = entries;
  copy->removals = removals;
  copy->index = Ref::steal(PyDict_Copy(index.get()));
  return copy;
}

DictValue* makeDict(Tracer& t) {
  return t.make<DictValue>(t.heap().add(std::make_unique<DictState>()), std::nullopt, nullptr);
}

Traced<void> DictValue::load(Tracer& t) {
  if (t.heap().read<DictState>(object()).loaded) return {};
  if (!hasPlainKeys(live_)) return stop(BreakReason::kUnhashableKey, "a dict with keys that are no built-in constants");
  t.guards().add({.kind = GuardKind::kDictKeys, .source = *source(), .operand = Ref::steal(PySequence_Tuple(live_.get()))});
  DictState loaded;
  const auto& known = t.heap().read<DictState>(object());
  Py_ssize_t position = 0;
  PyObject *key, *value;
  while (PyDict_Next(live_.get(), &position, &key, &value)) {
    ValueRef key_value = t.constant(BorrowedRef(key));
    SEGUE_TRY(Ref stand_in, segue::key(t, key_value));
    addDictEntry(loaded, std::move(stand_in), key_value, t.pending(value, t.sources().key(*source(), key)));
  }
  for (const DictEntry& entry : known.entries) {
    Py_ssize_t at = positionOf(loaded, entry.key);
    if (entry.value == nullptr) continue;  // absent then as now: removals load first
    if (at >= 0) {
      loaded.entries[at].value = entry.value;
    } else {
      addDictEntry(loaded, entry.key, entry.key_value, entry.value);
    }
  }
  auto& state = t.heap().write<DictState>(object());
  state.entries = std::move(loaded.entries);
  state.index = std::move(loaded.index);
  state.loaded = true;
  return {};
}

Traced<const std::vector<DictEntry>*> DictValue::entries(Tracer& t) {
  SEGUE_TRY_VOID(load(t));
  return &t.heap().read<DictState>(object()).entries;
}

Traced<ValueRef> DictValue::get(Tracer& t, ValueRef key) {
  SEGUE_TRY(Ref stand_in, segue::key(t, key));
  const auto& state = t.heap().read<DictState>(object());
  if (Py_ssize_t at = positionOf(state, stand_in); at >= 0) return state.entries[at].value;
  if (state.loaded) return ValueRef{nullptr};
  ValueRef value = nullptr;
  PyObject* found = nullptr;
  Ref held = Ref::borrow(keyObject(t, key, stand_in));
  if (!held || segue_dict_get(live_.get(), held.get(), &found) == SEGUE_UNKNOWN) {
    return stop(BreakReason::kUnhashableKey, "looking up " + t.resolve(key)->describe());
  }
  t.guards().add({.kind = found ? GuardKind::kDictHas : GuardKind::kDictLacks, .source = *source(), .operand = held});
  if (found != nullptr) value = t.pending(found, t.sources().key(*source(), held));
  addDictEntry(t.heap().write<DictState>(object()), std::move(stand_in), key, value);
  return value;
}

Traced<void> DictValue::set(Tracer& t, ValueRef key, ValueRef value) {
  SEGUE_TRY(Ref stand_in, segue::key(t, key));
  if (source() && !segue_hashes_in_c(stand_in.get())) return stop(BreakReason::kUnhashableKey, t.resolve(key)->describe());
  auto& state = t.heap().write<DictState>(object());
  Py_ssize_t at = positionOf(state, stand_in);
  if (at >= 0 && state.entries[at].value == nullptr) {  // known to be absent: a new key comes last
    eraseEntry(state, at);
    at = -1;
  }
  if (at >= 0) {
    state.entries[at].value = value;
  } else {
    addDictEntry(state, std::move(stand_in), key, value);
  }
  log(t, WriteKind::kSetItem, key, value);
  return {};
}

Traced<ValueRef> DictValue::remove(Tracer& t, ValueRef key) {
  SEGUE_TRY_VOID(load(t));
  SEGUE_TRY(Ref stand_in, segue::key(t, key));
  Py_ssize_t at = positionOf(t.heap().read<DictState>(object()), stand_in);
  if (at < 0) return ValueRef{nullptr};
  auto& state = t.heap().write<DictState>(object());
  ValueRef value = state.entries[at].value;
  eraseEntry(state, at);
  log(t, WriteKind::kDelItem, key, nullptr);
  return t.resolve(value);
}

int64_t DictValue::removals(Tracer& t) const { return t.heap().read<DictState>(object()).removals; }

void DictValue::log(Tracer& t, WriteKind kind, ValueRef key, ValueRef value) {
  if (!source()) return;
  t.noteWrite(this);
  t.heap().log({kind, this, key, value, t.location()});
}

Traced<ValueRef> DictValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  if (op != BinaryOp::kOr || reflected || type() != &PyDict_Type || other->type() != &PyDict_Type) return ValueRef{nullptr};
  DictValue* merged = makeDict(t);
  for (ValueRef part : {ValueRef{this}, other}) SEGUE_TRY_VOID(dictUpdate(t, merged, part, /*unique=*/false));
  return merged;
}

Traced<ValueRef> DictValue::inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) {
  if (op != BinaryOp::kInplaceOr || other->kind() != ValueKind::kDict) return Value::inplaceSlot(t, op, other);
  SEGUE_TRY_VOID(dictUpdate(t, this, other, /*unique=*/false));
  return this;
}

Traced<ValueRef> DictValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  auto* dict = as<DictValue>(other);
  if (dict == nullptr && PyType_IsSubtype(other->type(), &PyDict_Type)) {
    return stop(BreakReason::kUnsupportedOperation, "comparing a dict with " + other->describe());
  }
  if (dict == nullptr || (op != CompareOp::kEq && op != CompareOp::kNe)) return ValueRef{nullptr};
  SEGUE_TRY(const std::vector<DictEntry>* mine, entries(t));
  SEGUE_TRY(const std::vector<DictEntry>* theirs, dict->entries(t));
  bool equal = mine->size() == theirs->size();
  for (size_t i = 0; equal && i < mine->size(); ++i) {
    DictEntry entry = (*mine)[i];
    SEGUE_TRY(ValueRef found, dict->get(t, entry.key_value));
    equal = found != nullptr;
    if (equal) {
      SEGUE_TRY(equal, equalItems(t, entry.value, found));
    }
    SEGUE_TRY(mine, entries(t));
  }
  return t.boolean(equal == (op == CompareOp::kEq));
}

Traced<bool> DictValue::truthSlot(Tracer& t) {
  SEGUE_TRY(const std::vector<DictEntry>* all, entries(t));
  return !all->empty();
}

Traced<ValueRef> DictValue::lengthSlot(Tracer& t) {
  SEGUE_TRY(const std::vector<DictEntry>* all, entries(t));
  return t.integer(static_cast<int64_t>(all->size()));
}

Traced<ValueRef> DictValue::getAttrSlot(Tracer& t, BorrowedRef name) { return builtinTypeAttr(t, this, name); }

Traced<ValueRef> DictValue::getItemSlot(Tracer& t, ValueRef key) {
  SEGUE_TRY(ValueRef value, get(t, key));
  return value == nullptr ? missing(t, key) : t.resolve(value);
}

Traced<ValueRef> DictValue::missing(Tracer& t, ValueRef key) {
  ValueRef factory = factory_ != nullptr ? t.resolve(factory_) : t.none();
  if (factory->constant().get() == Py_None) {
    return t.raise(makeException(t, PyExc_KeyError, {key}));
  }
  SEGUE_TRY(ValueRef made, call(t, factory, {}));
  SEGUE_TRY_VOID(set(t, key, made));
  return made;
}

Traced<void> DictValue::setItemSlot(Tracer& t, ValueRef key, ValueRef value) {
  if (value != nullptr) return set(t, key, value);
  SEGUE_TRY(ValueRef removed, remove(t, key));
  if (removed == nullptr) return t.raise(makeException(t, PyExc_KeyError, {key}));
  return {};
}

Traced<bool> DictValue::containsSlot(Tracer& t, ValueRef item) {
  SEGUE_TRY(ValueRef value, get(t, item));
  return value != nullptr;
}

Traced<ValueRef> DictValue::iterSlot(Tracer& t) {
  return makeDictIterator(t, this, DictPart::kKeys);
}

Traced<RecipeId> DictValue::recipeSlot(RecipeBuilder& b) {
  Recipe recipe{.kind = RecipeKind::kDict};
  if (type() != &PyDict_Type) {
    SEGUE_TRY(RecipeId factory, b.of(factory_));
    recipe = {.kind = RecipeKind::kDefaultDict, .items = {factory}};
  }
  b.open(this, recipe);
  size_t first = recipe.items.size();
  SEGUE_TRY(const std::vector<DictEntry>* all, entries(b.tracer()));
  for (const DictEntry& entry : *all) {
    bool hashes_in_c = entry.key_value->kind() != ValueKind::kInstance || entry.key_value->type()->tp_hash == PyBaseObject_Type.tp_hash;
    if (!hashes_in_c) return stop(BreakReason::kNotReconstructible, "a dict whose keys hash in Python");
    SEGUE_TRY(RecipeId key, b.of(entry.key_value));
    SEGUE_TRY(RecipeId value, b.of(entry.value));
    recipe.items.push_back(key);
    recipe.items.push_back(value);
  }
  bool by_writes = false;
  std::vector<RecipeId> contents = recipe.items;
  RecipeId id = b.finish(this, std::move(recipe), by_writes);
  for (size_t i = first; by_writes && i < contents.size(); i += 2) {
    b.write(WriteKind::kSetItem, id, contents[i], contents[i + 1]);
  }
  return id;
}

Traced<ValueRef> dictGet(Tracer& t, ValueRef dict, ValueRef key) {
  auto* target = as<DictValue>(t.resolve(dict));
  if (target == nullptr) return stop(BreakReason::kUnsupportedOperation, "a mapping that is no exact dict");
  return target->get(t, key);
}

Traced<void> dictUpdate(Tracer& t, ValueRef dict, ValueRef source, bool unique) {
  DictValue* from = entriesOf(t, source);
  if (from == nullptr) return stop(BreakReason::kUnsupportedOperation, "a mapping that is no exact dict");
  SEGUE_TRY(const std::vector<DictEntry>* all, from->entries(t));
  for (const DictEntry& entry : std::vector<DictEntry>(*all)) {
    if (unique) {
      SEGUE_TRY(ValueRef there, dictGet(t, dict, entry.key_value));
      if (there != nullptr) return stop(BreakReason::kExceptionEscapes, "a keyword argument is given twice");
    }
    SEGUE_TRY_VOID(setItem(t, dict, entry.key_value, entry.value));
  }
  return {};
}

Traced<absl::InlinedVector<Keyword, 2>> dictKeywords(Tracer& t, ValueRef dict) {
  DictValue* target = entriesOf(t, dict);
  if (target == nullptr) return stop(BreakReason::kUnsupportedOperation, "a mapping that is no exact dict");
  SEGUE_TRY(const std::vector<DictEntry>* all, target->entries(t));
  absl::InlinedVector<Keyword, 2> keywords;
  for (const DictEntry& entry : *all) {
    if (!PyUnicode_CheckExact(entry.key.get())) return stop(BreakReason::kExceptionEscapes, "a keyword that is no string");
    t.keepAlive(entry.key);
    keywords.push_back({entry.key, t.resolve(entry.value)});
  }
  return keywords;
}

}  // namespace segue
