// Importing for ourselves.
#pragma once

#include "base/python.h"
#include "base/ref.h"

namespace segue {

/// The module of that dotted name; null with an exception where it cannot be imported. PyImport_ImportModule asks the globals of
/// the running frame for `__import__`, which is the program's, or is not there (a namedtuple's `__new__` has no builtins).
Ref importModule(const char* name);

}  // namespace segue
