// The __dict__ of an instance.
#pragma once

#include "trace/values/value.h"

namespace segue {

class InstanceValue;

/// owner.__dict__ of an instance that has one.
ValueRef instanceDict(Tracer& t, InstanceValue* owner);

}  // namespace segue
