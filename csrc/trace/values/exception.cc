#include "trace/values/exception.h"

#include "trace/builtins/registry.h"
#include "trace/recipes.h"
#include "trace/tracer.h"

namespace segue {
namespace {

struct ExceptionState : ClonableState<ExceptionState> {
  ValueRef context = nullptr;
  ValueRef cause = nullptr;
};

}  // namespace

// Constructors that do more than keep their arguments (OSError, ImportError, …) are left to CPython; StopIteration's value
// is its first argument.
Traced<ValueRef> instantiateException(Tracer& t, PyTypeObject* cls, const CallArgs& args) {
  auto* base = reinterpret_cast<PyTypeObject*>(PyExc_BaseException);
  auto* stop_iteration = reinterpret_cast<PyTypeObject*>(PyExc_StopIteration);
  bool plain = cls->tp_init == base->tp_init || cls->tp_init == stop_iteration->tp_init;
  if (!plain || cls->tp_new != base->tp_new || !args.keywords.empty()) {
    return stop(BreakReason::kBuiltinNotModelled, std::string("calling ") + cls->tp_name);
  }
  return makeException(t, cls, args.positional);
}

ExceptionValue* makeException(Tracer& t, PyTypeObject* type, absl::InlinedVector<ValueRef, 6> args) {
  return t.make<ExceptionValue>(t.heap().add(std::make_unique<ExceptionState>()), type, std::move(args));
}

ValueRef ExceptionValue::context(Tracer& t) const { return t.heap().read<ExceptionState>(object()).context; }
void ExceptionValue::setContext(Tracer& t, ValueRef context) {
  t.heap().write<ExceptionState>(object()).context = context;
}
ValueRef ExceptionValue::cause(Tracer& t) const { return t.heap().read<ExceptionState>(object()).cause; }
void ExceptionValue::setCause(Tracer& t, ValueRef cause) { t.heap().write<ExceptionState>(object()).cause = cause; }

Traced<ValueRef> ExceptionValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  std::string_view text = textOf(name);
  auto orNone = [&](ValueRef value) { return value != nullptr ? value : t.none(); };
  if (text == "args") return t.tuple(args_);
  if (text == "value" && PyType_IsSubtype(type(), reinterpret_cast<PyTypeObject*>(PyExc_StopIteration))) {
    return args_.empty() ? t.none() : t.resolve(args_[0]);
  }
  if (text == "__class__") return t.constant(reinterpret_cast<PyObject*>(type()));
  if (text == "__context__") return orNone(context(t));
  if (text == "__cause__") return orNone(cause(t));
  return stop(BreakReason::kAttributeLookup, describe() + "." + std::string(text));
}

// A traceback cannot be rebuilt: an exception that outlives the captured code is left to CPython.
Traced<RecipeId> ExceptionValue::recipeSlot(RecipeBuilder& b) {
  return stop(BreakReason::kNotReconstructible, "an exception with its traceback");
}

}  // namespace segue
