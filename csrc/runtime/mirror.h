// Mirrors: private copies of arrays that a plan writes to (program/plan.h: staged writes).
//
// A mirror has its original's shape, strides and flags, and an address with the same alignment, so that every result
// computed from it has exactly the layout it would have had; only the memory is another.
#pragma once

#include "base/ref.h"

namespace segue {

/// A private copy of an exact ndarray. Null with a Python exception set when there is no memory.
Ref mirrorArray(BorrowedRef original);
/// `value` where it looks at the mirror's memory (the mirror itself, views of it, tuples and lists of these): the same on
/// the original's memory. Anything else comes back as it is. Null with a Python exception set when there is no memory.
Ref rebaseOnOriginal(BorrowedRef value, BorrowedRef mirror, BorrowedRef original);
/// What a basic index selects of an exact ndarray, to be restored. Null with a Python exception set when there is no such
/// thing or no memory.
Ref saveItem(BorrowedRef array, BorrowedRef index);
/// Puts it back. Cannot fail.
void restoreItem(BorrowedRef saved);
/// Copies a mirror's elements into the original, or those of any array of the dtype whose shape broadcasts to the target's and whose memory
/// is its own. Cannot fail.
void storeArray(BorrowedRef target, BorrowedRef value);

}  // namespace segue
