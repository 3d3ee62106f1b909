// Attribute lookup on classes: what object.__getattribute__, type.__getattribute__ and super do with what they find.
#pragma once

#include "trace/values/value.h"

namespace segue {

/// What looking `name` up along the class's MRO finds, assumed to stay so; null when nothing.
BorrowedRef lookupOnType(Tracer& t, PyTypeObject* cls, BorrowedRef name);

/// found.__get__(self, cls), for what a class's dict holds; `self` null: read from the class itself.
Traced<ValueRef> bindFound(Tracer& t, BorrowedRef found, ValueRef self, PyTypeObject* cls, BorrowedRef name);

/// Whether the object has __set__ or __delete__.
bool isDataDescriptor(BorrowedRef found);
/// No __getattribute__ written in Python.
bool hasPlainGetattribute(Tracer& t, PyTypeObject* cls);
/// Whether it is a slot of the class: it reads a PyObject* field of the instance. Null is none.
bool isSlot(BorrowedRef found);
/// Whether instances of the class have a __dict__.
bool hasInstanceDict(const PyTypeObject* cls);

/// The interned str that is equal to `text`, as attribute names are compared; kept alive.
BorrowedRef internedText(Tracer& t, BorrowedRef text);

/// The method that an operator calls: type(self).name bound to self, or null where the class has none or None.
Traced<ValueRef> specialMethod(Tracer& t, ValueRef self, const char* name);
/// Calls it; null where there is none.
Traced<ValueRef> callSpecial(Tracer& t, ValueRef self, const char* name, std::initializer_list<ValueRef> args);

}  // namespace segue
