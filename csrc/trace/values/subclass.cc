#include "trace/values/subclass.h"

#include "base/objects.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/builtin.h"
#include "trace/values/class_value.h"
#include "trace/values/exception.h"
#include "trace/values/plain_instance.h"
#include "trace/values/string.h"

namespace segue {
namespace {

class PayloadDict final : public DictValue {
 public:
  PayloadDict(ObjectId object, SubclassValue* owner)
      : DictValue(object, owner->source(), owner->live()), owner_(owner) {}
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override { return b.of(owner_); }
  // dict_subscript asks subclasses for what is missing.
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override {
    SEGUE_TRY(ValueRef value, get(t, key));
    if (value != nullptr) return t.resolve(value);
    SEGUE_TRY(value, callSpecial(t, owner_, "__missing__", {key}));
    return value != nullptr ? Traced<ValueRef>(value) : t.raise(makeException(t, PyExc_KeyError, {key}));
  }

 private:
  SubclassValue* owner_;
};

SubclassValue* makeSubclass(Tracer& t, PyTypeObject* cls, std::optional<Source> source, BorrowedRef live) {
  auto* made = t.make<SubclassValue>(t.heap().add(std::make_unique<AttrState>()), cls, source, live);
  auto state = std::make_unique<DictState>();
  state->loaded = !live;
  made->setPayload(t.make<PayloadDict>(t.heap().add(std::move(state)), made));
  return made;
}

bool isSubclassInstance(BorrowedRef live) { return isDictSubclass(Py_TYPE(live)); }

ValueRef wrapSubclass(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&]() -> ValueRef {
    t.guardType(source, live);
    SubclassValue* made = makeSubclass(t, Py_TYPE(live), source, live);
    BorrowedRef dict = segue_made_dict(live.get());
    if (!dict || t.noteInstanceDict(dict, made)) return made;
    return t.make<OpaqueValue>(live, source, BreakReason::kSharedAttributes);
  });
}
SEGUE_WRAPS_IF(isSubclassInstance, wrapSubclass);

Traced<ValueRef> dictNew(Tracer& t, const BuiltinCall& call) {
  auto* cls = as<ClassValue>(call.self(t));
  if (cls == nullptr || !isDictSubclass(cls->classObject())) return stop(BreakReason::kBuiltinNotModelled, "dict.__new__");
  return makeSubclassInstance(t, cls->classObject());
}
SEGUE_BUILTIN("builtins.dict.__new__", dictNew);

/// collections._count_elements(mapping, iterable), which Counter counts with.
Traced<ValueRef> countElements(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "_count_elements", {"/mapping", "/iterable"}, 2));
  DictValue* counts = entriesOf(t, args[0]);
  for (const char* name : {"get", "__setitem__"}) {
    BorrowedRef interned = t.internedName(name);
    bool own = lookupOnType(t, args[0]->type(), interned).get() == _PyType_Lookup(&PyDict_Type, interned);
    if (!own) counts = nullptr;
  }
  if (counts == nullptr) return stop(BreakReason::kBuiltinNotModelled, "counting into " + args[0]->describe());
  SEGUE_TRY(ValueRef iterator, iter(t, args[1]));
  while (true) {
    SEGUE_TRY(ValueRef item, next(t, iterator));
    if (item == nullptr) return t.none();
    SEGUE_TRY(ValueRef count, counts->get(t, item));
    SEGUE_TRY(count, binary(t, BinaryOp::kAdd, count != nullptr ? count : t.integer(0), t.integer(1)));
    SEGUE_TRY_VOID(counts->set(t, item, count));
  }
}
SEGUE_BUILTIN("collections._count_elements", countElements);

bool isMethodOfBase(BorrowedRef method) {
  return Py_TYPE(method) == &PyMethodDescr_Type || Py_TYPE(method) == &PyWrapperDescr_Type;
}

/// dict compares and combines with subclasses as with its own.
ValueRef contentsOf(ValueRef value) {
  SubclassValue* instance = asSubclass(value);
  return instance != nullptr ? instance->payload() : value;
}

std::string_view nameOf(BorrowedRef method) {
  return textOf(PyDescr_NAME(method.get()));
}

}  // namespace

bool isDictSubclass(PyTypeObject* cls) {
  return cls != &PyDict_Type && (cls->tp_flags & Py_TPFLAGS_DICT_SUBCLASS) != 0 && isPlainClassOver(cls, &PyDict_Type);
}

SubclassValue* asSubclass(ValueRef value) {
  auto* instance = as<InstanceValue>(value);
  return instance != nullptr && isDictSubclass(instance->type()) ? static_cast<SubclassValue*>(instance) : nullptr;
}

InstanceValue* makeSubclassInstance(Tracer& t, PyTypeObject* cls) {
  return makeSubclass(t, cls, std::nullopt, nullptr);
}

DictValue* entriesOf(Tracer& t, ValueRef mapping) {
  mapping = t.resolve(mapping);
  if (auto* dict = as<DictValue>(mapping)) return dict;
  SubclassValue* instance = asSubclass(mapping);
  if (instance == nullptr || instance->type()->tp_iter != PyDict_Type.tp_iter) return nullptr;
  lookupOnType(t, instance->type(), t.internedName("__iter__"));  // and it stays so
  return instance->payload();
}

std::optional<Traced<ValueRef>> callOnPayload(Tracer& t, BorrowedRef method, const CallArgs& args) {
  SubclassValue* instance =
      isMethodOfBase(method) && !args.positional.empty() ? asSubclass(t.resolve(args.positional[0])) : nullptr;
  if (instance == nullptr || PyDescr_TYPE(method.get()) != &PyDict_Type) return std::nullopt;
  std::string_view name = nameOf(method);
  if (name == "__getattribute__") {
    BorrowedRef attribute = args.positional.size() == 2 ? t.resolve(args.positional[1])->constant() : BorrowedRef();
    if (!attribute || !PyUnicode_CheckExact(attribute.get())) return std::nullopt;
    return plainAttr(t, instance, internedText(t, attribute));
  }
  // An iterator that is alive at an exit would be made by the class's own method.
  if (name == "__iter__" || name == "__reversed__") {
    BorrowedRef own = lookupOnType(t, instance->type(), t.internedName("__iter__"));
    if (!isMethodOfBase(own)) {
      return stop(BreakReason::kUnsupportedOperation, "the base's iteration of " + instance->describe());
    }
  }
  CallArgs with_payload = args;
  with_payload.positional[0] = instance->payload();
  const size_t writes = t.heap().writes().size();
  Traced<ValueRef> result = t.constant(method)->callSlot(t, with_payload);
  if (t.heap().writes().size() > writes && instance->source()) t.noteWrite(instance);
  if (result.ok() && result.value() == instance->payload()) return ValueRef{instance};  // self |= …
  return result;
}

namespace {

Traced<ValueRef> orNotImplemented(Tracer& t, Traced<ValueRef> result) {
  if (result.ok() && result.value() == nullptr) return t.constant(BorrowedRef(Py_NotImplemented));
  return result;
}

Traced<ValueRef> nextOrStop(Tracer& t, ValueRef self) {
  SEGUE_TRY(ValueRef item, next(t, self));
  return item != nullptr ? Traced<ValueRef>(item) : t.raise(stopIteration(t, t.none()));
}

Traced<ValueRef> unarySlotMethod(Tracer& t, std::string_view name, ValueRef self, bool& known) {
  if (name == "__len__") return length(t, self);
  if (name == "__iter__") return iter(t, self);
  if (name == "__next__") return nextOrStop(t, self);
  if (name == "__repr__") return toText(t, self, TextConversion::kRepr);
  known = false;
  return ValueRef{nullptr};
}

Traced<ValueRef> binarySlotMethod(Tracer& t, std::string_view name, ValueRef self, ValueRef other, bool& known) {
  if (name == "__getitem__") return getItem(t, self, other);
  if (name == "__delitem__") {
    SEGUE_TRY_VOID(deleteItem(t, self, other));
    return t.none();
  }
  if (name == "__contains__") {
    SEGUE_TRY(bool found, contains(t, self, other));
    return t.boolean(found);
  }
  for (CompareOp op :
       {CompareOp::kLt, CompareOp::kLe, CompareOp::kEq, CompareOp::kNe, CompareOp::kGt, CompareOp::kGe}) {
    if (name == methodOf(op)) return orNotImplemented(t, self->compareSlot(t, op, contentsOf(other)));
  }
  for (BinaryOp op : {BinaryOp::kInplaceAdd, BinaryOp::kInplaceMultiply, BinaryOp::kInplaceOr}) {
    if (name == methodOf(op, /*reflected=*/false)) return self->inplaceSlot(t, op, other);
  }
  for (BinaryOp op : {BinaryOp::kAdd, BinaryOp::kMultiply, BinaryOp::kOr}) {
    if (name == methodOf(op, /*reflected=*/false))
      return self->binarySlot(t, op, contentsOf(other), /*reflected=*/false);
  }
  known = false;
  return ValueRef{nullptr};
}

/// Of containers and their iterators.
bool hasSlotMethods(ValueRef self) {
  switch (self->kind()) {
    case ValueKind::kList:
    case ValueKind::kDict:
    case ValueKind::kTuple:
    case ValueKind::kSet:
    case ValueKind::kDeque:
    case ValueKind::kIterator:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<Traced<ValueRef>> callSlotMethod(Tracer& t, BorrowedRef method, const CallArgs& args) {
  if (!isMethodOfBase(method) || args.positional.empty() || !args.keywords.empty()) return std::nullopt;
  ValueRef self = t.resolve(args.positional[0]);
  if (self->type() != PyDescr_TYPE(method.get()) || !hasSlotMethods(self)) return std::nullopt;
  std::string_view name = nameOf(method);
  auto argument = [&](size_t i) { return t.resolve(args.positional[i]); };
  bool known = true;
  Traced<ValueRef> result = ValueRef{nullptr};
  if (args.positional.size() == 1) result = unarySlotMethod(t, name, self, known);
  if (args.positional.size() == 2) result = binarySlotMethod(t, name, self, argument(1), known);
  if (args.positional.size() == 3 && name == "__setitem__") {
    Traced<void> done = setItem(t, self, argument(1), argument(2));
    return done.ok() ? Traced<ValueRef>(t.none()) : std::move(done).failure();
  }
  if (!known || (result.ok() && result.value() == nullptr)) return std::nullopt;
  return result;
}

// The contents come through writes, behind the attributes.
Traced<RecipeId> SubclassValue::recipeSlot(RecipeBuilder& b) {
  SEGUE_TRY(RecipeId id, InstanceValue::recipeSlot(b));
  SEGUE_TRY(const std::vector<DictEntry>* entries, payload_->entries(b.tracer()));
  for (const DictEntry& entry : std::vector<DictEntry>(*entries)) {
    if (!segue_hashes_in_c(entry.key.get())) return stop(BreakReason::kNotReconstructible, "a dict whose keys hash in Python");
    SEGUE_TRY(RecipeId key, b.of(entry.key_value));
    SEGUE_TRY(RecipeId value, b.of(entry.value));
    b.write(WriteKind::kSetItem, id, key, value);
  }
  return id;
}

}  // namespace segue
