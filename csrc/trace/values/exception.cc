#include "trace/values/exception.h"

#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/exception_kinds.h"
#include "trace/values/string.h"

namespace segue {
namespace {

struct ExceptionState : ClonableState<ExceptionState> {
  ExceptionValue::Args args;
  ValueRef args_tuple = nullptr;   ///< `args`, once asked for
  ValueRef context = nullptr;
  ValueRef cause = nullptr;
  bool suppress_context = false;
  bool raised = false;  ///< it has a traceback
  AttrState instance;   ///< what the program has set, and __notes__
};

PyTypeObject* baseException() {
  return reinterpret_cast<PyTypeObject*>(PyExc_BaseException);
}

/// The constructor does nothing but keep its arguments; StopIteration's value is its first one, and the others take
/// more from keywords only.
bool keepsArguments(const PyTypeObject* cls) {
  for (PyObject* kind : {PyExc_BaseException, PyExc_StopIteration, PyExc_AttributeError, PyExc_NameError}) {
    if (cls->tp_init == reinterpret_cast<PyTypeObject*>(kind)->tp_init) return true;
  }
  return false;
}

/// The nearest base that is not written in Python.
const PyTypeObject* builtinBase(const PyTypeObject* cls) {
  while (cls->tp_flags & Py_TPFLAGS_HEAPTYPE) cls = cls->tp_base;
  return cls;
}

}  // namespace

// Constructors that do more than keep their arguments (OSError, ImportError, …) are left to CPython.
Traced<ValueRef> instantiateException(Tracer& t, ValueRef cls_value, const CallArgs& args) {
  auto* cls = as<ClassValue>(cls_value)->classObject();
  bool plain = cls->tp_new == baseException()->tp_new && keepsArguments(builtinBase(cls)) &&
               Py_TYPE(cls) == &PyType_Type && cls->tp_finalize == nullptr;
  if (!plain) return stop(BreakReason::kBuiltinNotModelled, std::string("calling ") + cls->tp_name);
  ExceptionValue* exception = makeException(t, cls, args.positional);
  if (keepsArguments(cls)) {
    if (!args.keywords.empty()) return stop(BreakReason::kExceptionEscapes, "keywords of an exception");
    return exception;
  }
  SEGUE_TRY(ValueRef init, specialMethod(t, exception, "__init__"));
  t.setResumableCall(false);
  SEGUE_TRY(ValueRef result, call(t, init, args));
  if (result->constant().get() != Py_None) return stop(BreakReason::kExceptionEscapes, "__init__ should return None");
  return exception;
}

ExceptionValue* makeException(Tracer& t, PyTypeObject* type, ExceptionValue::Args args) {
  auto state = std::make_unique<ExceptionState>();
  state->args = std::move(args);
  return t.make<ExceptionValue>(t.heap().add(std::move(state)), type);
}

ExceptionValue* makeException(Tracer& t, PyObject* type, ExceptionValue::Args args) {
  return makeException(t, reinterpret_cast<PyTypeObject*>(type), std::move(args));
}

bool isArgumentsOnly(const PyTypeObject* cls) { return keepsArguments(cls); }

bool isStopIteration(const ExceptionValue* exception) {
  return PyType_IsSubtype(exception->type(), reinterpret_cast<PyTypeObject*>(PyExc_StopIteration)) != 0;
}

ExceptionValue* stopIteration(Tracer& t, ValueRef returned) {
  ExceptionValue::Args args;
  if (returned->constant().get() != Py_None) args.push_back(returned);
  return makeException(t, PyExc_StopIteration, std::move(args));
}

ExceptionValue::Args ExceptionValue::args(Tracer& t) const {
  return t.heap().read<ExceptionState>(object()).args;
}
void ExceptionValue::setArgs(Tracer& t, Args args) {
  auto& state = t.heap().write<ExceptionState>(object());
  state.args = std::move(args);
  state.args_tuple = nullptr;
}
ValueRef ExceptionValue::context(Tracer& t) const {
  return t.heap().read<ExceptionState>(object()).context;
}
void ExceptionValue::setContext(Tracer& t, ValueRef context) {
  t.heap().write<ExceptionState>(object()).context = context;
}
ValueRef ExceptionValue::cause(Tracer& t) const {
  return t.heap().read<ExceptionState>(object()).cause;
}
void ExceptionValue::setCause(Tracer& t, ValueRef cause) {
  auto& state = t.heap().write<ExceptionState>(object());
  state.cause = cause;
  state.suppress_context = true;
}
void ExceptionValue::noteRaised(Tracer& t) {
  t.heap().write<ExceptionState>(object()).raised = true;
}

// --- attributes

Traced<ValueRef> ExceptionValue::ownAttr(Tracer& t, std::string_view name) {
  const auto& state = t.heap().read<ExceptionState>(object());
  auto orNone = [&](ValueRef value) { return value != nullptr ? t.resolve(value) : t.none(); };
  if (name == "args") {
    ValueRef tuple = state.args_tuple != nullptr ? state.args_tuple : t.tuple(state.args);
    t.heap().write<ExceptionState>(object()).args_tuple = tuple;
    return tuple;
  }
  if (name == "value" && isStopIteration(this)) return orNone(state.args.empty() ? nullptr : state.args[0]);
  if (name == "__class__") return t.constant(reinterpret_cast<PyObject*>(type()));
  if (name == "__context__") return orNone(state.context);
  if (name == "__cause__") return orNone(state.cause);
  if (name == "__suppress_context__") return t.boolean(state.suppress_context);
  if (name == "__traceback__") return state.raised ? t.make<TracebackValue>() : t.none();
  return ValueRef{nullptr};
}

Traced<ValueRef> ExceptionValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  if (type()->tp_getattro != PyObject_GenericGetAttr) return Value::getAttrSlot(t, name);  // __getattr__ and its like
  BorrowedRef found = lookupOnType(t, type(), name);
  if (found && isDataDescriptor(found)) {
    PyTypeObject* kind = Py_TYPE(found);
    if (kind != &PyGetSetDescr_Type && kind != &PyMemberDescr_Type) return bindFound(t, found, this, type(), name);
    SEGUE_TRY(ValueRef own, ownAttr(t, textOf(name)));
    return own != nullptr ? Traced<ValueRef>(own) : Value::getAttrSlot(t, name);
  }
  for (const AttrState::Attr& attr : t.heap().read<ExceptionState>(object()).instance.attrs) {
    if (attr.name.get() == name.get()) return t.resolve(attr.value);
  }
  if (found) return bindFound(t, found, this, type(), name);
  return t.raise(PyExc_AttributeError,
                 absl::StrFormat("'%s' object has no attribute '%s'", type()->tp_name, std::string(textOf(name))));
}

Traced<void> ExceptionValue::setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value) {
  std::string_view text = textOf(name);
  if (type()->tp_setattro != PyObject_GenericSetAttr) return Value::setAttrSlot(t, name, value);
  if (text == "__traceback__" && value != nullptr) {
    value = t.resolve(value);
    if (value->type() != &PyTraceBack_Type && value->constant().get() != Py_None) return stop(BreakReason::kExceptionEscapes, "a __traceback__ of another type");
    noteRaised(t);  // whatever it is now, it is not rebuilt
    return {};
  }
  bool is_exception = value != nullptr && (t.resolve(value)->kind() == kKind || value->constant().get() == Py_None);
  if ((text == "__cause__" || text == "__context__") && is_exception) {
    ValueRef given = t.resolve(value)->kind() == kKind ? t.resolve(value) : nullptr;
    text == "__cause__" ? setCause(t, given) : setContext(t, given);
    return {};
  }
  BorrowedRef found = lookupOnType(t, type(), name);
  if (found && isDataDescriptor(found)) return Value::setAttrSlot(t, name, value);
  auto& attrs = t.heap().write<ExceptionState>(object()).instance.attrs;
  auto it = std::find_if(attrs.begin(), attrs.end(), [&](const auto& attr) { return attr.name.get() == name.get(); });
  if (value == nullptr) {
    if (it == attrs.end()) return t.raise(PyExc_AttributeError, std::string(text));
    attrs.erase(it);
  } else if (it != attrs.end()) {
    it->value = value;
  } else {
    attrs.push_back({name, value});
  }
  return {};
}

Traced<Ref> ExceptionValue::keySlot(Tracer& t) {
  if (type()->tp_hash != PyBaseObject_Type.tp_hash) return Value::keySlot(t);
  return t.identityToken(this);
}

Traced<RecipeId> ExceptionValue::recipeSlot(RecipeBuilder& b) {
  const auto& state = b.tracer().heap().read<ExceptionState>(object());
  bool fresh = !state.raised && state.context == nullptr && !state.suppress_context && state.instance.attrs.empty();
  if (!fresh || !keepsArguments(type())) {
    return stop(BreakReason::kNotReconstructible, "an exception with its traceback");
  }
  Recipe recipe{.kind = RecipeKind::kCall, .items = {b.constant(type_)}};
  for (ValueRef arg : Args(state.args)) {
    SEGUE_TRY(RecipeId id, b.of(arg));
    recipe.items.push_back(id);
  }
  return b.add(std::move(recipe));
}

Traced<ValueRef> exceptionText(Tracer& t, ExceptionValue* exception, bool is_repr) {
  ExceptionValue::Args args = exception->args(t);
  if (is_repr) {
    SEGUE_TRY(ValueRef name, className(t, exception->type()));
    if (args.size() != 1) {
      SEGUE_TRY(ValueRef text, toText(t, t.tuple(args), TextConversion::kRepr));
      return joinStrings(t, {name, text});
    }
    SEGUE_TRY(ValueRef text, toText(t, t.resolve(args[0]), TextConversion::kRepr));
    return joinStrings(t, {name, t.string("("), text, t.string(")")});
  }
  if (args.empty()) return t.string("");
  if (args.size() > 1) return toText(t, t.tuple(args), TextConversion::kStr);
  bool key_error = PyType_IsSubtype(exception->type(), reinterpret_cast<PyTypeObject*>(PyExc_KeyError)) != 0;
  return toText(t, t.resolve(args[0]), key_error ? TextConversion::kRepr : TextConversion::kStr);
}

namespace {

Traced<ValueRef> exceptionInit(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(ExceptionValue* self, selfOf<ExceptionValue>(t, call));
  if (!call.args.keywords.empty()) return stop(BreakReason::kExceptionEscapes, "keywords of an exception");
  self->setArgs(t, {call.args.positional.begin() + 1, call.args.positional.end()});
  return t.none();
}
// Each built-in exception has an __init__ of its own, and all of these do the same.
SEGUE_BUILTIN("builtins.BaseException.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.Exception.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.ArithmeticError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.AssertionError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.AttributeError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.FloatingPointError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.IndexError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.KeyError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.LookupError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.NotImplementedError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.OverflowError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.RecursionError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.RuntimeError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.TypeError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.UserWarning.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.ValueError.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.Warning.__init__", exceptionInit);
SEGUE_BUILTIN("builtins.ZeroDivisionError.__init__", exceptionInit);

Traced<ValueRef> exceptionWithTraceback(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(ExceptionValue* self, selfOf<ExceptionValue>(t, call));
  SEGUE_TRY_VOID(call.bind(t, "with_traceback", {"/self", "/tb"}, 2));
  self->noteRaised(t);
  return self;
}
SEGUE_BUILTIN("builtins.BaseException.with_traceback", exceptionWithTraceback);

Traced<ValueRef> exceptionAddNote(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(ExceptionValue* self, selfOf<ExceptionValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "add_note", {"/self", "/note"}, 2));
  if (args[1]->type() != &PyUnicode_Type) return stop(BreakReason::kExceptionEscapes, "a note that is no str");
  BorrowedRef name = t.internedName("__notes__");
  Traced<ValueRef> notes = self->getAttrSlot(t, name);
  if (notes.raised()) {
    t.takeRaised();
    notes = t.list({});
    SEGUE_TRY_VOID(self->setAttrSlot(t, name, notes.value()));
  }
  SEGUE_TRY(ValueRef list, std::move(notes));
  if (list->kind() != ValueKind::kList) return stop(BreakReason::kExceptionEscapes, "__notes__ is no list");
  SEGUE_TRY(ValueRef append, getAttr(t, list, "append"));
  return segue::call(t, append, {{args[1]}, {}});
}
SEGUE_BUILTIN("builtins.BaseException.add_note", exceptionAddNote);

}  // namespace
}  // namespace segue
