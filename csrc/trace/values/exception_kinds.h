// Kinds of exceptions.
#pragma once

#include "base/python.h"

namespace segue {

/// Whether instances are told by their arguments: the class is built in, and its constructor does nothing but keep them.
bool isArgumentsOnly(const PyTypeObject* cls);

}  // namespace segue
