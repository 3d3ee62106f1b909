#include "trace/values/builtin.h"

#include <algorithm>

#include "base/fault.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/constant.h"
#include "trace/values/graph_values.h"
#include "trace/values/list.h"
#include "trace/values/subclass.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// items.append and its like: another object at every access.
bool isBoundToInstance(BorrowedRef live) {
  BorrowedRef self = PyCFunction_Check(live.get()) ? PyCFunction_GET_SELF(live.get()) : nullptr;
  return self && !PyModule_Check(self.get()) && !PyType_Check(self.get());
}

ValueRef wrapBuiltin(Tracer& t, BorrowedRef live, Source source) {
  if (isBoundToInstance(live) && !t.isPinned(source)) {
    return t.wrapOnce(live, source, [&] {
      t.guardType(source, live);
      return t.make<OpaqueValue>(live, source);
    });
  }
  t.guardIdentity(source, live);
  return t.make<BuiltinValue>(live, source);
}

ValueRef wrapMethod(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    auto part = [&](PyObject* object, SourceMember member) {
      return t.wrap(object, t.isPinned(source) ? t.sources().constant(object) : t.sources().member(source, member));
    };
    ValueRef function = part(PyMethod_GET_FUNCTION(live.get()), SourceMember::kMethodFunction);
    ValueRef self = part(PyMethod_GET_SELF(live.get()), SourceMember::kMethodSelf);
    return t.make<MethodValue>(function, self, source);
  });
}

SEGUE_WRAPS(PyCFunction_Type, wrapBuiltin);
SEGUE_WRAPS(PyMethodDescr_Type, wrapBuiltin);
SEGUE_WRAPS(PyWrapperDescr_Type, wrapBuiltin);
SEGUE_WRAPS(PyClassMethodDescr_Type, wrapBuiltin);
SEGUE_WRAPS(PyMethod_Type, wrapMethod);

bool isUfunc(BorrowedRef object) { return Py_TYPE(object) == &PyUFunc_Type; }

/// The function behind np.median and its like, which numpy/_core/overrides.py wraps so that arguments may override it
/// (`__array_function__`); null for other objects.
Ref implementationOf(BorrowedRef object) {
  if (strcmp(Py_TYPE(object)->tp_name, "numpy._ArrayFunctionDispatcher") != 0) return nullptr;
  Ref found = Ref::steal(PyObject_GetAttrString(object.get(), "_implementation"));
  if (!found) PyErr_Clear();
  return found;
}

/// Values that have no `__array_function__`, and hold none that have.
bool overridesNothing(Tracer& t, ValueRef value, int depth = 0) {
  value = t.resolve(value);
  switch (value->kind()) {
    case ValueKind::kConstant:
    case ValueKind::kInt:
    case ValueKind::kScalar:
    case ValueKind::kArray:
    case ValueKind::kNumpyScalar:
    case ValueKind::kDType:
    case ValueKind::kBuiltin:
    case ValueKind::kClass:
    case ValueKind::kFunction:
    case ValueKind::kText:
    case ValueKind::kSlice: return true;
    case ValueKind::kTuple:
      for (ValueRef item : as<TupleValue>(value)->items()) {
        if (!overridesNothing(t, item, depth)) return false;
      }
      return true;
    case ValueKind::kList:
      if (depth > 8) return false;  // a list may hold itself
      for (ValueRef item : std::vector<ValueRef>(as<ListValue>(value)->items(t))) {
        if (!overridesNothing(t, item, depth + 1)) return false;
      }
      return true;
    default: return isNoValue(value) || SEGUE_FAULT(OverridesIgnored);
  }
}

bool overridesNothing(Tracer& t, const CallArgs& args) {
  for (ValueRef value : args.positional) {
    if (!overridesNothing(t, value)) return false;
  }
  for (const Keyword& keyword : args.keywords) {
    if (!overridesNothing(t, keyword.value)) return false;
  }
  return true;
}

/// NumPy's functions that call the method of that name of what is no array (_wrapfunc and its like in fromnumeric.py).
bool asksForTheMethod(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "numpy.sum",    "numpy.prod",   "numpy.max",    "numpy.min",       "numpy.any",     "numpy.all",     "numpy.mean",
      "numpy.std",    "numpy.var",    "numpy.argmax", "numpy.argmin",    "numpy.cumsum",  "numpy.cumprod", "numpy.take",
      "numpy.repeat", "numpy.round",  "numpy.clip",   "numpy.transpose", "numpy.squeeze", "numpy.reshape", "numpy.argsort"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

/// f(scalar, …) as scalar.f(…); null for other calls.
Traced<ValueRef> callOnScalar(Tracer& t, const LibraryName& function, const CallArgs& args) {
  if (args.positional.empty() || !asksForTheMethod(function.name)) return ValueRef{nullptr};
  ValueRef scalar = t.resolve(args.positional[0]);
  if (scalar->kind() != ValueKind::kNumpyScalar) return ValueRef{nullptr};
  std::string name(function.name.substr(function.name.rfind('.') + 1));
  ValueRef method = sharedMethod(t, scalar, t.internedName(name.c_str()));
  if (method == nullptr) return ValueRef{nullptr};
  CallArgs rest{{args.positional.begin() + 1, args.positional.end()}, args.keywords};
  return call(t, method, rest);
}

}  // namespace

std::string describeCallable(BorrowedRef callable) {
  if (PyCFunction_Check(callable.get())) {
    BorrowedRef self = PyCFunction_GET_SELF(callable.get());
    std::string owner;
    if (self && PyModule_Check(self.get())) owner = std::string(PyModule_GetName(self)) + ".";
    if (self && !PyModule_Check(self.get())) owner = std::string(Py_TYPE(self)->tp_name) + ".";
    return owner + reinterpret_cast<PyCFunctionObject*>(callable.get())->m_ml->ml_name;
  }
  if (Py_TYPE(callable) == &PyMethodDescr_Type || Py_TYPE(callable) == &PyWrapperDescr_Type) {
    return std::string(PyDescr_TYPE(callable.get())->tp_name) + "." + std::string(textOf(PyDescr_NAME(callable.get())));
  }
  if (Ref implementation = implementationOf(callable)) {
    if (!PyFunction_Check(implementation.get())) return describeCallable(implementation);
    return "numpy." + std::string(textOf(reinterpret_cast<PyFunctionObject*>(implementation.get())->func_name));
  }
  if (isUfunc(callable)) return std::string("numpy.") + reinterpret_cast<PyUFuncObject*>(callable.get())->name;
  if (PyType_Check(callable.get())) return reinterpret_cast<PyTypeObject*>(callable.get())->tp_name;
  return std::string("an object of type ") + Py_TYPE(callable)->tp_name;
}

namespace {

/// ufunc.types: a new list at every access.
bool isListOfConstants(BorrowedRef object) {
  if (!PyList_CheckExact(object.get())) return false;
  PyObject** items = PySequence_Fast_ITEMS(object.get());
  return std::all_of(items, items + PyList_GET_SIZE(object.get()), [](PyObject* item) { return isFoldable(item); });
}

/// The descriptor's name means the descriptor on the value, which has no attributes of its own.
bool isFoundOn(ValueRef value, BorrowedRef descriptor) {
  if (value->type() == PyDescr_TYPE(descriptor.get())) return true;
  return value->kind() == ValueKind::kNumpyScalar &&
         _PyType_Lookup(value->type(), PyDescr_NAME(descriptor.get())) == descriptor.get();
}

}  // namespace

std::string BuiltinValue::describe() const { return describeCallable(object_); }

Traced<ValueRef> BuiltinValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  if (isUfunc(object_)) {
    std::string numpy_name = describe() + "." + std::string(textOf(name));
    if (const LibraryName* op = findNumpyName(numpy_name)) return t.make<OperatorValue>(op, object_);
    BorrowedRef found = _PyType_Lookup(&PyUFunc_Type, name);
    if (!found || Py_TYPE(found) == &PyMethodDescr_Type) return builtinTypeAttr(t, this, name);
    Ref attribute = Ref::steal(PyObject_GetAttr(object_.get(), name));  // facts of the ufunc: nin, identity, __name__
    if (!attribute) return t.raiseCurrent();
    if (isFoldable(attribute)) return t.constant(std::move(attribute));
    if (isListOfConstants(attribute)) {
      std::vector<ValueRef> items;
      for (Py_ssize_t i = 0; i < PyList_GET_SIZE(attribute.get()); ++i) {
        items.push_back(t.constant(BorrowedRef(PyList_GET_ITEM(attribute.get(), i))));
      }
      return t.list(std::move(items));
    }
    return stop(BreakReason::kNumpyNotModelled, numpy_name);
  }
  std::string_view text = textOf(name);
  if (object_.type() == &PyCFunction_Type && (text == "__name__" || text == "__qualname__" || text == "__doc__")) {
    return t.constant(Ref::steal(PyObject_GetAttr(object_.get(), name)));
  }
  return builtinTypeAttr(t, this, name);
}

Traced<ValueRef> BuiltinValue::callSlot(Tracer& t, const CallArgs& args) {
  if (std::optional<Traced<ValueRef>> result = callOnPayload(t, object_, args)) return std::move(*result);
  if (std::optional<Traced<ValueRef>> result = callModel(t, object_, args)) return std::move(*result);
  Ref implementation = implementationOf(object_);
  const bool inlines = implementation && PyFunction_Check(implementation.get()) && overridesNothing(t, args);
  if (const LibraryName* op = findNumpyCallable(object_)) {
    SEGUE_TRY(ValueRef result, callOnScalar(t, *op, args));
    Traced<ValueRef> applied = result != nullptr ? Traced<ValueRef>(result) : t.apply(*op, args);
    if (!applied.broke() || !inlines) return applied;   // what the operator does not know, its implementation in Python may do
  }
  if (std::optional<Traced<ValueRef>> result = callSlotMethod(t, object_, args)) return std::move(*result);
  if (inlines) {
    DimTable::Guessing guessing(t.dims());   // what NumPy's own code asks of sizes that depend on data, as type rules do
    return call(t, t.constant(std::move(implementation)), args);
  }
  bool numpy = isUfunc(object_) || strncmp(object_.type()->tp_name, "numpy.", 6) == 0;
  return stop(numpy ? BreakReason::kNumpyNotModelled : BreakReason::kBuiltinNotModelled, describe());
}

Traced<Arg> BuiltinValue::argSlot(Tracer& t) {
  return isUfunc(object_) ? Traced<Arg>(Arg(ArgObject{object_})) : Value::argSlot(t);
}

Traced<RecipeId> BuiltinValue::recipeSlot(RecipeBuilder& b) { return b.constant(object_); }

PyTypeObject* OperatorValue::type() const { return isUfunc(object_) ? &PyCFunction_Type : object_.type(); }

BorrowedRef OperatorValue::constant() const { return isUfunc(object_) ? BorrowedRef() : BorrowedRef(object_); }

Traced<ValueRef> OperatorValue::callSlot(Tracer& t, const CallArgs& args) { return t.apply(*name_, args); }

Traced<RecipeId> OperatorValue::recipeSlot(RecipeBuilder& b) {
  if (!isUfunc(object_)) return b.constant(object_);
  ValueRef name = b.tracer().string(std::string(name_->name.substr(name_->name.rfind('.') + 1)));
  return b.attribute(b.constant(object_), name->constant());
}

PyTypeObject* MethodValue::type() const {
  return function_->kind() == ValueKind::kBuiltin ? &PyCFunction_Type : &PyMethod_Type;
}

Traced<ValueRef> MethodValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  auto* method = as<MethodValue>(other);
  if (method == nullptr || (op != CompareOp::kEq && op != CompareOp::kNe)) return Value::compareSlot(t, op, other);
  SEGUE_TRY(bool same_self, sameObject(t, self_, method->self_));
  SEGUE_TRY(bool same_function, sameObject(t, function_, method->function_));
  return t.boolean((same_self && same_function) == (op == CompareOp::kEq));
}

Traced<ValueRef> MethodValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  if (textOf(name) == "__self__") return self_;
  if (textOf(name) == "__func__") return function_;
  return getAttr(t, function_, name);
}

Traced<ValueRef> MethodValue::callSlot(Tracer& t, const CallArgs& args) {
  CallArgs with_self;
  with_self.positional.push_back(self_);
  with_self.positional.insert(with_self.positional.end(), args.positional.begin(), args.positional.end());
  with_self.keywords = args.keywords;
  return function_->callSlot(t, with_self);
}

Traced<RecipeId> MethodValue::recipeSlot(RecipeBuilder& b) {
  BorrowedRef method = function_->constant();
  if (method && Py_TYPE(method) == &PyMethodDescr_Type && isFoundOn(self_, method)) {  // items.append
    SEGUE_TRY(RecipeId self, b.of(self_));
    return b.attribute(self, PyDescr_NAME(method.get()));
  }
  if (type() != &PyMethod_Type) return Value::recipeSlot(b);
  return b.node(RecipeKind::kBoundMethod, {function_, self_});
}

}  // namespace segue
