// isinstance and issubclass with abstract classes: those whose metaclass asks abc.ABCMeta.
//
// CPython keeps what it has found out: that a class is a subclass for good, that it is not until a class is registered with
// any abstract class. So it is asked once, while tracing, and the second answer is guarded by the count of registrations.
// It is not asked where the answer may run the program's own code: a __subclasshook__ of an abstract class, or of one that
// derives from it or is registered with it.
#pragma once

#include "trace/values/value.h"

namespace segue {

/// issubclass(sub, cls) where cls is abstract; breaks where it is not, or its answer may run code of the program.
Traced<bool> isAbstractSubclass(Tracer& t, PyTypeObject* sub, PyTypeObject* cls);

}  // namespace segue
