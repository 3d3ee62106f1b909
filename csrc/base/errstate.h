// NumPy's floating-point error state (np.errstate, np.seterr) read without Python code: NumPy keeps it in a capsule in
// a context variable, which CPython caches per thread. And the other variable that its C code asks for.
#pragma once

#include <string>

#include "base/ref.h"

namespace segue {

struct ErrState {
  int mask = 0;          ///< three bits each for divide, over, under, invalid: 0 ignore, 1 warn, 2 raise, 3 call …
  npy_intp buffer_size = 0;  ///< np.getbufsize()
  BorrowedRef callback;  ///< np.seterrcall's object, or None; borrowed from the state in force
};

/// The state in force on this thread. False (no exception set) when this NumPy keeps it elsewhere.
bool currentErrState(ErrState* state);

/// The context variable that holds the state, borrowed for good; null when this NumPy keeps it elsewhere.
PyObject* errStateVariable();

/// The context variable that holds the handler NumPy takes arrays' memory from (NEP 49), borrowed for good; null without an
/// exception when it cannot be found.
PyObject* memoryHandlerVariable();

/// "divide=warn, over=warn, under=ignore, invalid=raise".
std::string printErrMask(int mask);

}  // namespace segue
