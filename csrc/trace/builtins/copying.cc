// Models of the copy module.
#include "absl/container/flat_hash_map.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/dict.h"
#include "trace/values/instance.h"
#include "trace/values/list.h"
#include "trace/values/set.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// One call of copy or deepcopy. What was copied before is not copied again, so that sharing survives.
class Copier {
 public:
  Copier(Tracer& t, bool deep) : t_(t), deep_(deep) {}

  Traced<ValueRef> copy(ValueRef value) {
    value = t_.resolve(value);
    if (auto it = copies_.find(value); it != copies_.end()) return it->second;
    switch (value->kind()) {
      case ValueKind::kConstant:
        if (deep_ && value->type() == &PyFrozenSet_Type) break;
        return value;
      case ValueKind::kInt:
      case ValueKind::kScalar:
      case ValueKind::kFunction:
      case ValueKind::kBuiltin:
      case ValueKind::kClass:
        return value;
      case ValueKind::kTuple:
        return copyTuple(as<TupleValue>(value));
      case ValueKind::kList:
        return copyList(as<ListValue>(value));
      case ValueKind::kDict:
        return copyDict(as<DictValue>(value));
      case ValueKind::kSet:
        if (!deep_) return as<SetValue>(value)->derived(t_, SetStep::Op::kCopy, nullptr);
        break;
      case ValueKind::kArray:
        return remember(value, t_.applyNumpy("ndarray.copy", {{value, t_.string("K")}, {}}));
      case ValueKind::kInstance:
        return copyInstance(as<InstanceValue>(value));
      default:
        break;
    }
    return stop(BreakReason::kBuiltinNotModelled,
                std::string(deep_ ? "deepcopy" : "copy") + " of " + value->describe());
  }

 private:
  Traced<ValueRef> part(ValueRef value) { return deep_ ? copy(value) : Traced<ValueRef>(value); }

  Traced<ValueRef> remember(ValueRef value, Traced<ValueRef> made) {
    SEGUE_TRY(ValueRef copied, std::move(made));
    copies_[value] = copied;
    return copied;
  }

  // A tuple whose items are their own copies is its own copy.
  Traced<ValueRef> copyTuple(TupleValue* tuple) {
    if (tuple->type() != &PyTuple_Type) return stop(BreakReason::kBuiltinNotModelled, "copying a named tuple");
    if (!deep_) return ValueRef{tuple};
    TupleValue::Items items;
    bool same = true;
    for (ValueRef item : tuple->items()) {
      SEGUE_TRY(ValueRef copied, copy(item));
      same = same && copied == t_.resolve(item);
      items.push_back(copied);
    }
    return same ? Traced<ValueRef>(tuple) : remember(tuple, t_.tuple(std::move(items)));
  }

  Traced<ValueRef> copyList(ListValue* list) {
    SEGUE_TRY(ValueRef made, remember(list, t_.list({})));
    for (ValueRef item : std::vector<ValueRef>(list->items(t_))) {
      SEGUE_TRY(ValueRef copied, part(item));
      as<ListValue>(made)->append(t_, copied);
    }
    return made;
  }

  Traced<ValueRef> copyDict(DictValue* dict) {
    if (dict->type() != &PyDict_Type) return stop(BreakReason::kBuiltinNotModelled, "copying " + dict->describe());
    SEGUE_TRY(ValueRef made, remember(dict, makeDict(t_)));
    SEGUE_TRY(const std::vector<DictEntry>* entries, dict->entries(t_));
    for (const DictEntry& entry : std::vector<DictEntry>(*entries)) {
      SEGUE_TRY(ValueRef key, part(entry.key_value));
      SEGUE_TRY(ValueRef value, part(entry.value));
      SEGUE_TRY_VOID(as<DictValue>(made)->set(t_, key, value));
    }
    return made;
  }

  /// An instance is copied by its attributes where nothing says otherwise: no method of these, and no entry in copyreg.
  Traced<ValueRef> copyInstance(InstanceValue* instance) {
    PyTypeObject* cls = instance->type();
    for (const char* name :
         {"__copy__", "__deepcopy__", "__setstate__", "__getnewargs__", "__getnewargs_ex__", "__del__"}) {
      if (lookupOnType(t_, cls, t_.internedName(name))) return special(instance, name);
    }
    for (const char* name : {"__reduce_ex__", "__reduce__", "__getstate__"}) {
      BorrowedRef found = lookupOnType(t_, cls, t_.internedName(name));
      bool plain = found && Py_TYPE(found) == &PyMethodDescr_Type && PyDescr_TYPE(found.get()) == &PyBaseObject_Type;
      if (!plain) return special(instance, name);
    }
    if (cls->tp_new != PyBaseObject_Type.tp_new) return special(instance, "__new__");
    SEGUE_TRY_VOID(checkRegistry(cls));
    SEGUE_TRY(ValueRef attributes, getAttr(t_, instance, "__dict__"));
    if (attributes->kind() != ValueKind::kDict || hasSlots(cls)) return special(instance, "__slots__");
    InstanceValue* made = makeInstance(t_, cls);
    copies_[instance] = made;
    SEGUE_TRY(const std::vector<DictEntry>* entries, as<DictValue>(attributes)->entries(t_));
    for (const DictEntry& entry : std::vector<DictEntry>(*entries)) {
      SEGUE_TRY(ValueRef value, part(entry.value));
      made->storeAttr(t_, internedText(t_, entry.key), value);
    }
    return ValueRef{made};
  }

  static bool hasSlots(PyTypeObject* cls) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(cls->tp_mro); ++i) {
      auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(cls->tp_mro, i));
      if (base != &PyBaseObject_Type && Py_SIZE(base) > 0) return true;  // the number of slots of a heap type
    }
    return false;
  }

  /// Classes may be registered at any time: the number of entries is guarded.
  Traced<void> checkRegistry(PyTypeObject* cls) {
    BorrowedRef copyreg = PyDict_GetItemString(PyImport_GetModuleDict(), "copyreg");
    BorrowedRef table = copyreg ? PyDict_GetItemString(PyModule_GetDict(copyreg.get()), "dispatch_table") : nullptr;
    if (!table || !PyDict_CheckExact(table.get()) ||
        PyDict_Contains(table.get(), reinterpret_cast<PyObject*>(cls)) != 0) {
      PyErr_Clear();
      return stop(BreakReason::kBuiltinNotModelled, "copying a class that copyreg knows");
    }
    t_.guards().length(t_.sources().constant(table), PyDict_GET_SIZE(table.get()));
    return {};
  }

  Break special(const Value* value, const char* name) {
    return stop(BreakReason::kBuiltinNotModelled, absl::StrFormat("copying %s, which has %s", value->describe(), name));
  }

  Tracer& t_;
  bool deep_;
  absl::flat_hash_map<ValueRef, ValueRef> copies_;  ///< by original: mutable objects, and tuples that changed
};

template <bool deep>
Traced<ValueRef> functionCopy(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "copy", {"x", "memo"}, 1));
  if (args[1] != nullptr && args[1]->constant().get() != Py_None) {
    return stop(BreakReason::kBuiltinNotModelled, "deepcopy() with a memo");
  }
  return Copier(t, deep).copy(args[0]);
}
SEGUE_BUILTIN("copy.copy", functionCopy<false>);
SEGUE_BUILTIN("copy.deepcopy", functionCopy<true>);

}  // namespace
}  // namespace segue
