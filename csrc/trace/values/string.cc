#include "trace/values/string.h"

#include "trace/attributes.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"

namespace segue {

Traced<ValueRef> toText(Tracer& t, ValueRef value, TextConversion conversion) {
  if (value->kind() == ValueKind::kInstance) {
    const char* name = conversion == TextConversion::kStr ? "__str__" : "__repr__";
    BorrowedRef found = lookupOnType(t, value->type(), t.internedName(name));
    if (Py_TYPE(found) == &PyWrapperDescr_Type && conversion == TextConversion::kStr) {
      return toText(t, value, TextConversion::kRepr);  // object.__str__ is repr
    }
    if (Py_TYPE(found) != &PyWrapperDescr_Type && conversion != TextConversion::kAscii) {
      return callSpecial(t, value, name, {});
    }
    return stop(BreakReason::kUnsupportedOperation, "text of " + value->describe());
  }
  BorrowedRef constant = specialize(t, value);
  if (!constant || !isFoldable(constant)) return stop(BreakReason::kConstantNeeded, "text of " + value->describe());
  switch (conversion) {
    case TextConversion::kStr: return folded(t, PyObject_Str(constant));
    case TextConversion::kRepr: return folded(t, PyObject_Repr(constant));
    case TextConversion::kAscii: return folded(t, PyObject_ASCII(constant));
  }
  SEGUE_UNREACHABLE("conversion");
}

Traced<ValueRef> joinStrings(Tracer& t, absl::Span<const ValueRef> parts) {
  Ref list = Ref::steal(PyList_New(0));
  for (ValueRef part : parts) {
    BorrowedRef text = t.resolve(part)->constant();
    if (!text || !PyUnicode_CheckExact(text.get())) return stop(BreakReason::kConstantNeeded, "a part of an f-string");
    PyList_Append(list.get(), text);
  }
  Ref empty = Ref::steal(PyUnicode_FromString(""));
  return t.constant(Ref::steal(PyUnicode_Join(empty.get(), list.get())));
}

}  // namespace segue
