#include "trace/values/string.h"

#include "trace/protocols.h"
#include "trace/tracer.h"

namespace segue {

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
