// Models of dict's methods and views.
#include "trace/attribute_errors.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/dict_views.h"
#include "trace/values/exception.h"
#include "trace/values/subclass.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

Traced<ValueRef> dictGetMethod(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "get", {"/self", "/key", "/default"}, 2));
  SEGUE_TRY(DictValue* dict, selfOf<DictValue>(t, call));
  SEGUE_TRY(ValueRef value, dict->get(t, args[1]));
  if (value != nullptr) return t.resolve(value);
  return args[2] != nullptr ? args[2] : t.none();
}
SEGUE_BUILTIN("builtins.dict.get", dictGetMethod);

Traced<ValueRef> dictSetdefault(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "setdefault", {"/self", "/key", "/default"}, 2));
  SEGUE_TRY(DictValue* dict, selfOf<DictValue>(t, call));
  SEGUE_TRY(ValueRef value, dict->get(t, args[1]));
  if (value != nullptr) return t.resolve(value);
  ValueRef fresh = args[2] != nullptr ? args[2] : t.none();
  SEGUE_TRY_VOID(dict->set(t, args[1], fresh));
  return fresh;
}
SEGUE_BUILTIN("builtins.dict.setdefault", dictSetdefault);

Traced<ValueRef> dictPop(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "pop", {"/self", "/key", "/default"}, 2));
  SEGUE_TRY(DictValue* dict, selfOf<DictValue>(t, call));
  SEGUE_TRY(ValueRef value, dict->remove(t, args[1]));
  if (value != nullptr) return value;
  if (args[2] != nullptr) return args[2];
  return t.raise(makeException(t, PyExc_KeyError, {args[1]}));
}
SEGUE_BUILTIN("builtins.dict.pop", dictPop);

/// Of a mapping written in Python: all its keys, then one item after the other.
Traced<void> updateByKeys(Tracer& t, ValueRef dict, ValueRef mapping, ValueRef keys) {
  SEGUE_TRY(ValueRef view, call(t, keys, {}));
  SEGUE_TRY(std::vector<ValueRef> all, items(t, view));
  for (ValueRef key : all) {
    SEGUE_TRY(ValueRef value, getItem(t, mapping, key));
    SEGUE_TRY_VOID(setItem(t, dict, key, value));
  }
  return {};
}

/// dict.update(source): a dict, a mapping, or an iterable of pairs.
Traced<void> updateFrom(Tracer& t, ValueRef dict, ValueRef source) {
  if (entriesOf(t, source) != nullptr) return dictUpdate(t, dict, source, /*unique=*/false);
  if (source->kind() == ValueKind::kInstance) {
    Traced<ValueRef> keys = getAttr(t, source, "keys");
    if (!keys.raised() || !swallowAttributeError(t)) {
      SEGUE_TRY(ValueRef method, std::move(keys));
      return updateByKeys(t, dict, source, method);
    }
  }
  SEGUE_TRY(std::vector<ValueRef> pairs, items(t, source));
  for (ValueRef pair : pairs) {
    SEGUE_TRY(std::vector<ValueRef> parts, items(t, pair));
    if (parts.size() != 2) return stop(BreakReason::kExceptionEscapes, "dict items that are no pairs");
    SEGUE_TRY_VOID(setItem(t, dict, parts[0], parts[1]));
  }
  return {};
}

Traced<ValueRef> dictUpdateMethod(Tracer& t, const BuiltinCall& call) {
  if (call.size() == 0 || call.size() > 2) return stop(BreakReason::kExceptionEscapes, "dict.update arguments");
  ValueRef self = t.resolve(call.args.positional[0]);
  if (call.size() == 2) SEGUE_TRY_VOID(updateFrom(t, self, t.resolve(call.args.positional[1])));
  for (const Keyword& keyword : call.args.keywords) {
    SEGUE_TRY_VOID(setItem(t, self, t.constant(keyword.name), keyword.value));
  }
  return t.none();
}
SEGUE_BUILTIN("builtins.dict.update", dictUpdateMethod);
SEGUE_BUILTIN("builtins.dict.__init__", dictUpdateMethod);

Traced<ValueRef> classDict(Tracer& t, const BuiltinCall& call) {
  DictValue* dict = makeDict(t);
  if (call.size() > 1) return stop(BreakReason::kExceptionEscapes, "dict() with two positional arguments");
  if (call.size() == 1) SEGUE_TRY_VOID(updateFrom(t, dict, t.resolve(call.args.positional[0])));
  for (const Keyword& keyword : call.args.keywords) {
    SEGUE_TRY_VOID(dict->set(t, t.constant(keyword.name), keyword.value));
  }
  return dict;
}
SEGUE_BUILTIN("builtins.dict", classDict);

Traced<ValueRef> dictPopItem(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "popitem", {"/self"}, 1));
  SEGUE_TRY(DictValue* dict, selfOf<DictValue>(t, call));
  SEGUE_TRY(const std::vector<DictEntry>* all, dict->entries(t));
  if (all->empty()) {
    ValueRef message = t.string("popitem(): dictionary is empty");
    return t.raise(makeException(t, PyExc_KeyError, {message}));
  }
  ValueRef last = all->back().key_value;
  SEGUE_TRY(ValueRef value, dict->remove(t, last));
  return t.tuple({last, value});
}
SEGUE_BUILTIN("builtins.dict.popitem", dictPopItem);

Traced<ValueRef> dictFromKeys(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "fromkeys", {"/cls", "/iterable", "/value"}, 2));
  if (args[0]->constant().get() != reinterpret_cast<PyObject*>(&PyDict_Type)) {
    return stop(BreakReason::kBuiltinNotModelled, "fromkeys() of a dict's subclass");
  }
  SEGUE_TRY(std::vector<ValueRef> keys, items(t, args[1]));
  DictValue* dict = makeDict(t);
  for (ValueRef key : keys) SEGUE_TRY_VOID(dict->set(t, key, args[2] != nullptr ? args[2] : t.none()));
  return dict;
}
SEGUE_BUILTIN("builtins.dict.fromkeys", dictFromKeys);

Traced<ValueRef> dictCopy(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "copy", {"/self"}, 1));
  DictValue* copy = makeDict(t);
  SEGUE_TRY_VOID(dictUpdate(t, copy, args[0], /*unique=*/false));
  return copy;
}
SEGUE_BUILTIN("builtins.dict.copy", dictCopy);

Traced<ValueRef> dictClear(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "clear", {"/self"}, 1));
  SEGUE_TRY(DictValue* dict, selfOf<DictValue>(t, call));
  SEGUE_TRY(const std::vector<DictEntry>* all, dict->entries(t));
  for (const DictEntry& entry : std::vector<DictEntry>(*all)) SEGUE_TRY_VOID(dict->remove(t, entry.key_value));
  return t.none();
}
SEGUE_BUILTIN("builtins.dict.clear", dictClear);

template <DictPart part>
Traced<ValueRef> dictView(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "view", {"/self"}, 1));
  SEGUE_TRY(DictValue* dict, selfOf<DictValue>(t, call));
  return t.make<DictViewValue>(dict, part);
}
SEGUE_BUILTIN("builtins.dict.keys", dictView<DictPart::kKeys>);
SEGUE_BUILTIN("builtins.dict.values", dictView<DictPart::kValues>);
SEGUE_BUILTIN("builtins.dict.items", dictView<DictPart::kItems>);

}  // namespace
}  // namespace segue
