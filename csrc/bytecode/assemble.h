// Raw code back to byte strings, and byte strings into a new code object.
#pragma once

#include "base/python.h"
#include "base/ref.h"
#include "base/traced.h"
#include "bytecode/raw.h"

namespace segue {

/// Chooses EXTENDED_ARG prefixes (as few as the distances allow), lays out caches, resolves jumps, and writes the
/// exception table and the line table as the version's compiler does: one entry per instruction on 3.11, neighbours
/// with one position in one entry later. Errors: a jump against its opcode's direction, an index out of range, a
/// negative argument, handlers that overlap.
Result<CodeBytes> assemble(const RawCode& raw);

/// Sets the offsets of all instructions, and `units`, to what assembling gives.
Result<void> relocate(RawCode& raw);

/// What a new code object takes from elsewhere than the original; null members stay the original's.
struct CodeChanges {
  Ref consts;           ///< tuple
  Ref names;            ///< tuple of str
  Ref varnames;         ///< tuple of str; co_nlocals follows
  int stack_size = -1;  ///< -1: the original's
};

/// code.replace(...) with the bytes and the changes. On failure the error is the Python exception's words.
Result<Ref> replaceCode(BorrowedRef code, const CodeBytes& bytes, const CodeChanges& changes = {});

}  // namespace segue
