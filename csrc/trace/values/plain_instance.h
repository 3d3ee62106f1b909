// Parts of instances that the values of their relatives are made of: namespaces, subclasses of dict.
#pragma once

#include "trace/values/instance.h"

namespace segue {

/// object.__getattribute__(self, name): without the class's __getattribute__ and __getattr__.
Traced<ValueRef> plainAttr(Tracer& t, InstanceValue* self, BorrowedRef name);
/// The value of a live instance of a class whose instances hold nothing but attributes.
ValueRef wrapInstance(Tracer& t, BorrowedRef live, Source source);
/// As isPlainClass, where `base` may be among the bases.
bool isPlainClassOver(PyTypeObject* cls, const PyTypeObject* base);

}  // namespace segue
