// Members of an IntEnum, StrEnum or IntFlag: instances that are an int or a str as well. What their class leaves to int
// or str is done with the plain number or text, which is a constant, because the member is guarded to be this one.
#pragma once

#include "trace/values/value.h"

namespace segue {

bool isEnumMember(BorrowedRef live);
/// The plain int or str that the value is, when it is such a member and its class does not define `special` in Python;
/// null otherwise. No `special`: whatever the class defines.
ValueRef plainValue(Tracer& t, ValueRef value, const char* special = nullptr);

}  // namespace segue
