// Guard pages around the memory of arrays, for tests: what sees that a kernel loads or stores outside of its arrays.
//
// Model. AddressSanitizer knows nothing of machine code that is made at run time. So every array gets pages of its own, between two that
// nobody may access: by a coin toss its data end where the second of these begins, or begin where the first ends. (Whole pages: both.)
// The rest of its pages, up to one page at the other end, is filled with a byte that is checked when the array dies. Thus
// - loads beyond one end, stores beyond it, and any access to an array that has died, kill the process by SIGSEGV at the instruction that
//   makes them, behind a line that says which array it missed and by how much;
// - stores beyond the other end end the process when the array dies;
// - fresh memory holds another byte every time, so that nothing depends on what nobody has written.
// Data are aligned as far as their size is: to all that their dtype asks for, but not to more.
//
// NumPy asks the current context for its allocator (NEP 49), and a new thread has a context of its own, with NumPy's default allocator. So it
// is the functions of this one that are replaced: thus arrays of all threads are guarded, and the engine takes the paths that it takes for
// anybody. Arrays that were there before keep their memory. The engine's own pool of large results (runtime/output_memory.h) is to be turned off.
//
// Every array takes two mappings of those that the system grants a process. When half of them are taken, further arrays get the default
// allocator's memory, until others die; GuardCounts tells how many did.
#pragma once

#include <cstdint>

namespace segue::tests {

struct GuardCounts {
  int64_t guarded = 0;     ///< arrays that got pages of their own, in all
  int64_t unguarded = 0;   ///< those that did not: too many were alive, or there was no memory
};

/// From now on the default allocator's arrays are guarded. Calls behind the first do nothing. False with an exception.
bool guardMemory();
GuardCounts guardCounts();

}  // namespace segue::tests
