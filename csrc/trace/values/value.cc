// Defaults of the slots: each breaks with the reason that says what is missing.
#include "trace/values/value.h"

#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/string.h"

namespace segue {
namespace {

Break unsupported(const Value* self, std::string_view what) {
  return stop(BreakReason::kUnsupportedOperation, absl::StrFormat("%s of %s", std::string(what), self->describe()));
}

}  // namespace

std::string Value::describe() const { return type()->tp_name; }

Traced<ValueRef> Value::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) { return ValueRef{nullptr}; }
Traced<ValueRef> Value::inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) { return ValueRef{nullptr}; }
Traced<ValueRef> Value::unarySlot(Tracer& t, UnaryOp op) { return unsupported(this, "a unary operator"); }
// object's own comparison is by identity, which compare() falls back to; other types break.
Traced<ValueRef> Value::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  if (type()->tp_richcompare == PyBaseObject_Type.tp_richcompare || type()->tp_richcompare == nullptr) {
    return ValueRef{nullptr};
  }
  return unsupported(this, "comparison");
}
Traced<bool> Value::truthSlot(Tracer& t) { return unsupported(this, "truth"); }
Traced<ValueRef> Value::lengthSlot(Tracer& t) { return unsupported(this, "length"); }
Traced<ValueRef> Value::getAttrSlot(Tracer& t, BorrowedRef name) {
  return stop(BreakReason::kAttributeLookup, absl::StrFormat("%s.%s", describe(), std::string(textOf(name))));
}
Traced<void> Value::setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value) {
  return stop(BreakReason::kAttributeWrite, absl::StrFormat("%s.%s", describe(), std::string(textOf(name))));
}
Traced<ValueRef> Value::getItemSlot(Tracer& t, ValueRef key) { return unsupported(this, "an item"); }
Traced<void> Value::setItemSlot(Tracer& t, ValueRef key, ValueRef value) {
  return unsupported(this, "setting or deleting an item");
}
Traced<bool> Value::containsSlot(Tracer& t, ValueRef item) { return unsupported(this, "membership"); }
Traced<ValueRef> Value::callSlot(Tracer& t, const CallArgs& args) { return unsupported(this, "a call"); }
Traced<ValueRef> Value::iterSlot(Tracer& t) { return unsupported(this, "iteration"); }
Traced<ValueRef> Value::nextSlot(Tracer& t) { return unsupported(this, "next()"); }
// object.__format__: str(self), and no other format.
Traced<ValueRef> Value::formatSlot(Tracer& t, ValueRef spec) {
  BorrowedRef name = t.internedName("__format__");
  BorrowedRef text = spec->constant();
  bool inherited = lookupOnType(t, type(), name).get() == _PyType_Lookup(&PyBaseObject_Type, name);
  if (!inherited || !text || !PyUnicode_CheckExact(text.get())) return unsupported(this, "formatting");
  if (PyUnicode_GET_LENGTH(text.get()) > 0) {
    return t.raise(PyExc_TypeError,
                   absl::StrFormat("unsupported format string passed to %.200s.__format__", type()->tp_name));
  }
  return toText(t, this, TextConversion::kStr);
}
Traced<Ref> Value::keySlot(Tracer& t) { return stop(BreakReason::kUnhashableKey, describe()); }
Traced<Arg> Value::argSlot(Tracer& t) {
  return stop(BreakReason::kNumpyTypeRule, "an array operator's argument is " + describe());
}
Traced<RecipeId> Value::recipeSlot(RecipeBuilder& b) { return stop(BreakReason::kNotReconstructible, describe()); }

}  // namespace segue
