// What becomes of an AttributeError.
#pragma once

#include "trace/values/value.h"

namespace segue {

/// What looking an attribute up has come to, or where that is an AttributeError, what the type's __getattr__ says.
Traced<ValueRef> orGetAttr(Tracer& t, ValueRef self, BorrowedRef name, Traced<ValueRef> found);
/// Whether the program is raising an AttributeError; takes it off then.
bool swallowAttributeError(Tracer& t);

}  // namespace segue
