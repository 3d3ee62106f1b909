#include "trace/values/instance.h"

#include "base/fault.h"
#include "base/objects.h"
#include "base/once.h"
#include "trace/attribute_errors.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/builtin.h"
#include "trace/values/exception.h"
#include "trace/values/instance_dict.h"
#include "trace/values/plain_instance.h"

namespace segue {
namespace {

/// tp_dealloc of every class that a `class` statement makes.
destructor subtypeDealloc() {
  static constinit Once<destructor> dealloc;
  return dealloc.get([] {
    Ref cls = Ref::steal(PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyType_Type), "s(){}", "_"));
    SEGUE_CHECK(cls, "type() failed");
    return reinterpret_cast<PyTypeObject*>(cls.get())->tp_dealloc;
  });
}

bool isPlainInstance(BorrowedRef live) { return isPlainClass(Py_TYPE(live)); }

SEGUE_WRAPS_IF(isPlainInstance, wrapInstance);

const char* kBinaryMethods[][3] = {
    {"__add__", "__radd__", "__iadd__"},
    {"__and__", "__rand__", "__iand__"},
    {"__floordiv__", "__rfloordiv__", "__ifloordiv__"},
    {"__lshift__", "__rlshift__", "__ilshift__"},
    {"__matmul__", "__rmatmul__", "__imatmul__"},
    {"__mul__", "__rmul__", "__imul__"},
    {"__mod__", "__rmod__", "__imod__"},
    {"__or__", "__ror__", "__ior__"},
    {"__pow__", "__rpow__", "__ipow__"},
    {"__rshift__", "__rrshift__", "__irshift__"},
    {"__sub__", "__rsub__", "__isub__"},
    {"__truediv__", "__rtruediv__", "__itruediv__"},
    {"__xor__", "__rxor__", "__ixor__"},
};
ValueRef orNull(ValueRef value) {
  return value != nullptr && value->constant().get() == Py_NotImplemented ? nullptr : value;
}

/// A dunder that must be there for the operation to work; where it is not, CPython raises TypeError.
Traced<ValueRef> required(Tracer& t, ValueRef self, const char* name, std::initializer_list<ValueRef> args) {
  SEGUE_TRY(ValueRef result, callSpecial(t, self, name, args));
  if (result == nullptr) {
    return stop(BreakReason::kUnsupportedOperation, absl::StrFormat("%s has no %s", self->describe(), name));
  }
  return result;
}

}  // namespace

const char* methodOf(BinaryOp op, bool reflected) {
  const BinaryOp plain = withoutInplace(op);
  return kBinaryMethods[static_cast<int>(plain)][plain != op ? 2 : reflected ? 1 : 0];
}

const char* methodOf(UnaryOp op) {
  constexpr const char* kMethods[] = {"__neg__", "__pos__", "__invert__"};
  return kMethods[static_cast<int>(op)];
}

const char* methodOf(CompareOp op) {
  constexpr const char* kMethods[] = {"__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__"};
  return kMethods[static_cast<int>(op)];
}

ValueRef wrapInstance(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&]() -> ValueRef {
    t.guardType(source, live);
    auto* instance = t.make<InstanceValue>(t.heap().add(std::make_unique<AttrState>()), Py_TYPE(live), source, live);
    BorrowedRef dict = segue_made_dict(live.get());
    if (!dict || t.noteInstanceDict(dict, instance)) return instance;
    return t.make<OpaqueValue>(live, source, BreakReason::kSharedAttributes);
  });
}
bool isPlainClass(PyTypeObject* cls) { return isPlainClassOver(cls, &PyBaseObject_Type); }

bool isPlainClassOver(PyTypeObject* cls, const PyTypeObject* other_base) {
  if (!(cls->tp_flags & Py_TPFLAGS_HEAPTYPE) || cls->tp_mro == nullptr) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(cls->tp_mro); ++i) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(cls->tp_mro, i));
    if (base == &PyBaseObject_Type || base == other_base) continue;
    // A class in C that adds nothing to an object, as typing.Generic is from 3.12 on, leaves no trace in instances.
    const bool adds_nothing = base->tp_basicsize == PyBaseObject_Type.tp_basicsize && base->tp_dictoffset == 0 &&
                              base->tp_new == PyBaseObject_Type.tp_new && base->tp_init == PyBaseObject_Type.tp_init;
    if (!(base->tp_flags & Py_TPFLAGS_HEAPTYPE) || (base->tp_dealloc != subtypeDealloc() && !adds_nothing)) return false;
  }
  return true;
}

InstanceValue* makeInstance(Tracer& t, PyTypeObject* cls) {
  return t.make<InstanceValue>(t.heap().add(std::make_unique<AttrState>()), cls, std::nullopt, nullptr);
}

Traced<ValueRef> InstanceValue::storedAttr(Tracer& t, BorrowedRef name) {
  for (const AttrState::Attr& attr : t.heap().read<AttrState>(object()).attrs) {
    if (attr.name.get() == name.get()) return attr.value == nullptr ? attr.value : t.resolve(attr.value);
  }
  if (!live_) return ValueRef{nullptr};
  PyObject* held = nullptr;
  BorrowedRef found = _PyType_Lookup(type(), name);
  if (isSlot(found)) {
    Ref value = Ref::steal(PyObject_GenericGetAttr(live_.get(), name));
    if (!value) PyErr_Clear();
    held = value.get();  // the instance holds it
  } else if (segue_instance_attr(live_.get(), name, -1, &held) == SEGUE_UNKNOWN) {
    return stop(BreakReason::kAttributeLookup, describe() + " has attributes under names that are no strings");
  }
  ValueRef value = nullptr;
  if (held != nullptr) {
    value = t.pending(held, t.sources().attr(*source(), name));
  } else if (isSlot(found)) {
    return stop(BreakReason::kAttributeLookup, "an empty slot");
  } else {
    t.guards().add({.kind = GuardKind::kNoInstanceAttr, .source = *source(), .operand = Ref::borrow(name)});
  }
  t.heap().write<AttrState>(object()).attrs.push_back({name, value});
  return value == nullptr ? value : t.resolve(value);
}

void InstanceValue::storeAttr(Tracer& t, BorrowedRef name, ValueRef value) {
  auto& state = t.heap().write<AttrState>(object());
  auto it =
      std::find_if(state.attrs.begin(), state.attrs.end(), [&](const auto& a) { return a.name.get() == name.get(); });
  bool absent = it == state.attrs.end() || it->value == nullptr;
  if (it != state.attrs.end() && (absent || value == nullptr)) {
    state.attrs.erase(it);  // set again later it goes to the end, as in a dict
    it = state.attrs.end();
  }
  if (it != state.attrs.end()) {
    it->value = value;
  } else if (value != nullptr || live_) {
    state.attrs.push_back({name, value});
  }
  if (value == nullptr && live_) state.deleted.push_back(name);
  if (!source()) return;
  t.noteWrite(this);
  WriteKind kind = value != nullptr ? WriteKind::kSetAttr : WriteKind::kDelAttr;
  t.heap().log({kind, this, t.constant(name), value, t.location()});
}

bool InstanceValue::wasDeleted(Tracer& t, BorrowedRef name) const {
  const auto& deleted = t.heap().read<AttrState>(object()).deleted;
  return std::any_of(deleted.begin(), deleted.end(), [&](BorrowedRef one) { return one.get() == name.get(); });
}

Traced<ValueRef> InstanceValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  PyTypeObject* cls = type();
  if (cls->tp_getattro == PyObject_GenericGetAttr) return plainAttr(t, this, name);
  Traced<ValueRef> found = hasPlainGetattribute(t, cls)
                               ? plainAttr(t, this, name)
                               : callSpecial(t, this, "__getattribute__", {t.constant(name)});
  return orGetAttr(t, this, name, std::move(found));
}

Traced<ValueRef> plainAttr(Tracer& t, InstanceValue* self, BorrowedRef name) {
  PyTypeObject* cls = self->type();
  BorrowedRef found = lookupOnType(t, cls, name);
  if (isSlot(found)) {
    SEGUE_TRY(ValueRef value, self->storedAttr(t, name));
    if (value != nullptr) return value;
  } else if (found && isDataDescriptor(found)) {
    // The instance's own attribute goes first then, but a guard can't read it behind a data descriptor.
    if (Py_TYPE(found)->tp_descr_get == nullptr) return stop(BreakReason::kAttributeLookup, "a descriptor without __get__");
    if (textOf(name) == "__class__" && Py_TYPE(found) == &PyGetSetDescr_Type) return t.constant(reinterpret_cast<PyObject*>(cls));
    bool is_c_member = Py_TYPE(found) == &PyGetSetDescr_Type || Py_TYPE(found) == &PyMemberDescr_Type;
    bool own_dict = textOf(name) == "__dict__" && is_c_member && hasInstanceDict(cls);
    if (own_dict) return instanceDict(t, self);
    return bindFound(t, found, self, cls, name);
  } else {
    SEGUE_TRY(ValueRef value, self->storedAttr(t, name));
    if (value != nullptr) return value;
    if (found) return bindFound(t, found, self, cls, name);
  }
  return t.raise(PyExc_AttributeError,
                 absl::StrFormat("'%s' object has no attribute '%s'", cls->tp_name, std::string(textOf(name))));
}

Traced<void> InstanceValue::setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value) {
  if (type()->tp_setattro != PyObject_GenericSetAttr) {
    SEGUE_TRY(ValueRef done, value != nullptr ? callSpecial(t, this, "__setattr__", {t.constant(name), value})
                                              : callSpecial(t, this, "__delattr__", {t.constant(name)}));
    SEGUE_CHECK(done != nullptr, "object has __setattr__");
    return {};
  }
  return setPlainAttr(t, this, name, value);
}

Traced<void> setPlainAttr(Tracer& t, InstanceValue* self, BorrowedRef name, ValueRef value) {
  BorrowedRef found = lookupOnType(t, self->type(), name);
  if (found && isDataDescriptor(found) && !isSlot(found)) {
    if (Py_TYPE(found) == &PyProperty_Type) {
      Ref setter = Ref::steal(PyObject_GetAttrString(found, value != nullptr ? "fset" : "fdel"));
      if (setter.get() == Py_None) return stop(BreakReason::kExceptionEscapes, "a property without setter");
      CallArgs args;
      args.positional.push_back(self);
      if (value != nullptr) args.positional.push_back(value);
      SEGUE_TRY_VOID(call(t, t.constant(std::move(setter)), args));
      return {};
    }
    if (!isPlainClass(Py_TYPE(found)) || value == nullptr) return self->Value::setAttrSlot(t, name, value);
    SEGUE_TRY(ValueRef done, callSpecial(t, t.constant(found), "__set__", {self, value}));
    if (done == nullptr) return self->Value::setAttrSlot(t, name, value);
    return {};
  }
  if (!isSlot(found) && !hasInstanceDict(self->type())) {
    return stop(BreakReason::kExceptionEscapes, "an attribute that __slots__ does not name");
  }
  if (value == nullptr) {
    SEGUE_TRY(ValueRef held, self->storedAttr(t, name));
    if (held == nullptr) return t.raise(PyExc_AttributeError, std::string(textOf(name)));
  }
  self->storeAttr(t, name, value);
  return {};
}

// --- operators

Traced<ValueRef> InstanceValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  SEGUE_TRY(ValueRef result, callSpecial(t, this, methodOf(op, reflected), {other}));
  return orNull(result);
}

Traced<ValueRef> InstanceValue::inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) {
  SEGUE_TRY(ValueRef result, callSpecial(t, this, methodOf(op, /*reflected=*/false), {other}));
  return orNull(result);
}

Traced<ValueRef> InstanceValue::unarySlot(Tracer& t, UnaryOp op) {
  return required(t, this, methodOf(op), {});
}

Traced<ValueRef> InstanceValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  BorrowedRef found = lookupOnType(t, type(), t.internedName(methodOf(op)));
  if (found && Py_TYPE(found) == &PyWrapperDescr_Type && PyDescr_TYPE(found.get()) == &PyBaseObject_Type) {  // object's own
    if (op != CompareOp::kNe) return ValueRef{nullptr};
    SEGUE_TRY(ValueRef equal, compareSlot(t, CompareOp::kEq, other));
    if (equal == nullptr) return equal;
    SEGUE_TRY(bool same, truth(t, equal));
    return t.boolean(!same);
  }
  SEGUE_TRY(ValueRef result, callSpecial(t, this, methodOf(op), {other}));
  return orNull(result);
}

Traced<bool> InstanceValue::truthSlot(Tracer& t) {
  SEGUE_TRY(ValueRef result, callSpecial(t, this, "__bool__", {}));
  if (result == nullptr) {
    SEGUE_TRY(result, callSpecial(t, this, "__len__", {}));
  }
  if (result == nullptr) return true;
  return truth(t, result);
}

Traced<ValueRef> InstanceValue::lengthSlot(Tracer& t) { return required(t, this, "__len__", {}); }
Traced<ValueRef> InstanceValue::getItemSlot(Tracer& t, ValueRef key) { return required(t, this, "__getitem__", {key}); }

Traced<void> InstanceValue::setItemSlot(Tracer& t, ValueRef key, ValueRef value) {
  SEGUE_TRY_VOID(value != nullptr ? required(t, this, "__setitem__", {key, value})
                                  : required(t, this, "__delitem__", {key}));
  return {};
}

Traced<bool> InstanceValue::containsSlot(Tracer& t, ValueRef item) {
  SEGUE_TRY(ValueRef result, callSpecial(t, this, "__contains__", {item}));
  if (result != nullptr) return truth(t, result);
  SEGUE_TRY(std::vector<ValueRef> all, items(t, this));
  for (ValueRef candidate : all) {
    SEGUE_TRY(bool equal, equalItems(t, candidate, item));
    if (equal) return true;
  }
  return false;
}

Traced<ValueRef> InstanceValue::callSlot(Tracer& t, const CallArgs& args) {
  SEGUE_TRY(ValueRef method, specialMethod(t, this, "__call__"));
  if (method == nullptr) return Value::callSlot(t, args);
  return call(t, method, args);
}

Traced<ValueRef> InstanceValue::iterSlot(Tracer& t) {
  SEGUE_TRY(ValueRef iterator, required(t, this, "__iter__", {}));
  iterator = t.resolve(iterator);
  PyTypeObject* type = iterator->type();
  const bool in_python = (type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0;   // their tp_iternext may be one that only raises
  if (in_python ? bool(lookupOnType(t, type, t.internedName("__next__"))) : type->tp_iternext != nullptr) return iterator;
  return t.raise(PyExc_TypeError, absl::StrFormat("iter() returned non-iterator of type '%s'", type->tp_name));
}

Traced<ValueRef> InstanceValue::nextSlot(Tracer& t) {
  Traced<ValueRef> item = required(t, this, "__next__", {});
  if (!item.raised() || !isStopIteration(t.raised())) return item;
  // next() and `yield from` would see more of it than that it ends the iteration.
  bool plain =
      t.raised()->type() == reinterpret_cast<PyTypeObject*>(PyExc_StopIteration) && t.raised()->args(t).empty();
  if (!plain) return stop(BreakReason::kUnsupportedOperation, "a StopIteration with a value");
  t.takeRaised();
  return ValueRef{nullptr};
}

Traced<ValueRef> InstanceValue::formatSlot(Tracer& t, ValueRef spec) {
  BorrowedRef found = lookupOnType(t, type(), t.internedName("__format__"));
  if (found && Py_TYPE(found) == &PyMethodDescr_Type) return Value::formatSlot(t, spec);  // object's: str(self)
  return required(t, this, "__format__", {spec});
}

// Identity hashing and comparison: the object itself, or a token for one that the trace made.
Traced<Ref> InstanceValue::keySlot(Tracer& t) {
  PyTypeObject* cls = type();
  if (cls->tp_richcompare != PyBaseObject_Type.tp_richcompare) return Value::keySlot(t);
  t.noteIdentityKey(this, live_);
  if (cls->tp_hash == PyBaseObject_Type.tp_hash) return live_ ? live_ : t.identityToken(this);
  // A member of an Enum hashes by its name, in Python, and is equal to itself alone.
  if (live_ && segue_is_key(live_.get())) return t.identityToken(this);
  return Value::keySlot(t);
}

Traced<RecipeId> InstanceValue::recipeSlot(RecipeBuilder& b) {
  Recipe empty{.kind = RecipeKind::kObject, .items = {b.constant(cls_)}};
  b.open(this, empty);
  std::vector<std::pair<RecipeId, RecipeId>> attrs;
  for (const AttrState::Attr& attr : b.tracer().heap().read<AttrState>(object()).attrs) {
    if (attr.value == nullptr || SEGUE_FAULT(NewObjectLeftEmpty)) continue;
    SEGUE_TRY(RecipeId value, b.of(attr.value));
    attrs.emplace_back(b.constant(attr.name), value);
  }
  bool met_inside = false;
  RecipeId id = b.finish(this, std::move(empty), met_inside);
  for (auto [name, value] : attrs) b.write(WriteKind::kSetAttr, id, name, value);
  return id;
}

}  // namespace segue
