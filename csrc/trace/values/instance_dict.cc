// vars(x) and x.__dict__ of an instance: a dict whose items are the instance's attributes.
#include "trace/values/instance_dict.h"

#include "base/objects.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/dict.h"
#include "trace/values/instance.h"

namespace segue {
namespace {

/// The name under which the instance stores a key; null where the dict cannot have it.
Traced<BorrowedRef> attributeOf(Tracer& t, const InstanceValue& owner, ValueRef key) {
  BorrowedRef text = t.resolve(key)->constant();
  if (!text || !PyUnicode_CheckExact(text.get())) return stop(BreakReason::kUnhashableKey, "an attribute's name");
  BorrowedRef name = internedText(t, text);
  BorrowedRef found = _PyType_Lookup(owner.type(), name);
  if (found && isDataDescriptor(found)) {  // a slot, or a property: the dict is beside it
    return stop(BreakReason::kAttributeLookup, owner.describe() + " has a descriptor of a dict key's name");
  }
  return name;
}

class InstanceDictValue final : public DictValue {
 public:
  // It holds no reference to the live dict: guards count those.
  InstanceDictValue(ObjectId object, InstanceValue* owner, std::optional<Source> source)
      : DictValue(object, source, nullptr), owner_(owner) {}

  Traced<const std::vector<DictEntry>*> entries(Tracer& t) override {
    auto made = std::make_unique<DictState>();
    if (owner_->live()) SEGUE_TRY_VOID(addLive(t, *made));
    for (const AttrState::Attr& attr : std::vector<AttrState::Attr>(t.heap().read<AttrState>(owner_->object()).attrs)) {
      bool known = PyDict_Contains(made->index.get(), attr.name) == 1;
      if (attr.value != nullptr && !known && !isSlot(_PyType_Lookup(owner_->type(), attr.name)))
        addDictEntry(*made, Ref::borrow(attr.name), t.constant(attr.name), attr.value);
    }
    auto& state = t.heap().write<DictState>(object());
    made->removals = state.removals;
    state = std::move(*made);
    return &state.entries;
  }

  Traced<ValueRef> get(Tracer& t, ValueRef key) override {
    SEGUE_TRY(BorrowedRef name, attributeOf(t, *owner_, key));
    return owner_->storedAttr(t, name);
  }

  Traced<void> set(Tracer& t, ValueRef key, ValueRef value) override {
    SEGUE_TRY(BorrowedRef name, attributeOf(t, *owner_, key));
    owner_->storeAttr(t, name, value);
    return {};
  }

  Traced<ValueRef> remove(Tracer& t, ValueRef key) override {
    SEGUE_TRY(BorrowedRef name, attributeOf(t, *owner_, key));
    SEGUE_TRY(ValueRef held, owner_->storedAttr(t, name));
    if (held == nullptr) return held;
    owner_->storeAttr(t, name, nullptr);
    ++t.heap().write<DictState>(object()).removals;
    return held;
  }

  // One that the trace made exists with its instance only.
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override { return Value::recipeSlot(b); }

 private:
  /// What the live dict holds now, in its order, as the trace has changed it.
  Traced<void> addLive(Tracer& t, DictState& made) {
    BorrowedRef dict = segue_instance_dict(owner_->live().get());
    if (!dict || !PyDict_CheckExact(dict.get()) || !hasPlainKeys(dict)) {
      return stop(BreakReason::kAttributeLookup, "the attributes of " + owner_->describe());
    }
    t.guardType(*source(), dict);
    t.guards().add(
        {.kind = GuardKind::kDictKeys, .source = *source(), .operand = Ref::steal(PySequence_Tuple(dict.get()))});
    Py_ssize_t position = 0;
    PyObject* key;
    std::vector<Ref> names;
    while (PyDict_Next(dict.get(), &position, &key, nullptr)) names.push_back(Ref::borrow(key));
    for (Ref& name : names) {
      ValueRef key_value = t.constant(BorrowedRef(name));
      SEGUE_TRY(ValueRef value, get(t, key_value));
      // Deleted by the trace. Set again since, it would have moved to the end, which the attributes do not tell.
      if (value == nullptr || owner_->wasDeleted(t, name)) {
        return stop(BreakReason::kUnsupportedOperation, "the attributes of an instance that has lost some");
      }
      addDictEntry(made, std::move(name), key_value, value);
    }
    return {};
  }

  InstanceValue* owner_;
};

Traced<ValueRef> builtinVars(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "vars", {"/object"}, 1));
  bool has_dict = args[0]->kind() == ValueKind::kInstance || args[0]->kind() == ValueKind::kFunction;
  if (!has_dict) return stop(BreakReason::kBuiltinNotModelled, "vars() of " + args[0]->describe());
  return getAttr(t, args[0], "__dict__");
}
SEGUE_BUILTIN("builtins.vars", builtinVars);

}  // namespace

ValueRef instanceDict(Tracer& t, InstanceValue* owner) {
  if (ValueRef known = t.heap().read<AttrState>(owner->object()).dict) return known;
  std::optional<Source> source;
  if (owner->live()) {
    source = t.sources().member(*owner->source(), SourceMember::kInstanceDict);
    // Made now, if need be: the dict may be found on another path later, and guards fetch it.
    if (BorrowedRef live = segue_instance_dict(owner->live().get())) t.noteInstanceDict(live, owner);
  }
  auto* dict = t.make<InstanceDictValue>(t.heap().add(std::make_unique<DictState>()), owner, source);
  t.heap().write<AttrState>(owner->object()).dict = dict;
  return dict;
}

}  // namespace segue
