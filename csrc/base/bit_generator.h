// The C state of NumPy's bit generators, copied as it is, instead of a dict made of it.
//
// Model. A bit generator's capsule holds a bitgen_t (numpy/random/bitgen.h), whose `state` points to the structure of its class. The
// structures are NumPy's own affair (numpy/random/src); so each class is tried once, on an instance of its own: a copy that is put
// back must give the state that the `state` property had shown. A class that fails, or is not listed, has no raw state.
#pragma once

#include "base/ref.h"

namespace segue {

/// Bytes; null without an exception where the class has no raw state. `bits` is exactly of one of NumPy's classes.
Ref copyRawState(BorrowedRef bits);
/// Puts back what copyRawState gave.
void restoreRawState(BorrowedRef bits, BorrowedRef bytes);

}  // namespace segue
