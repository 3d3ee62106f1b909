// The state of random generators, which draws in a plan advance: saved before the first, put back when the run is dropped.
//
// Model. The state of a numpy.random.Generator is its bit generator's, a RandomState has the second half of a pair of normals besides. Both
// give it as a dict. Only generators whose bit generator is NumPy's own are known: others may run the program's code.
#pragma once

#include "base/ref.h"

namespace segue {

/// Exactly a Generator or a RandomState, on a bit generator of NumPy's own. Never raises.
bool hasKnownRandomState(BorrowedRef generator);
/// The state; null for other generators, or (with an exception) without memory.
Ref saveRandomState(BorrowedRef generator);
/// Puts it back.
void restoreRandomState(BorrowedRef saved);

}  // namespace segue
