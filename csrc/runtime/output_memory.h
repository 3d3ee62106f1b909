// Memory of large arrays that kernels make.
//
// Model. What the C library gives for a large array it takes from the system and gives back at once, and the system clears every page of it at
// its first use: for one operator over 10^7 elements that is more work than the operator. So blocks of arrays that die are kept, up to
// a bound, oldest forgotten first, and given to the next array of about their size. The arrays own their data by NumPy's allocator interface (NEP 49), so
// that they may live as long as they like, be resized, and die in any thread; a user's own allocator is used instead of this one.
#pragma once

#include "absl/types/span.h"
#include "base/python.h"

namespace segue {

/// Arrays of fewer bytes are NumPy's to allocate: the C library keeps such blocks itself. (What is at the end of its memory it gives back
/// when that is twice as large as the largest block that it has once asked the system for: two results of 800 kB are enough.)
inline constexpr int64_t kPooledBytes = int64_t{1} << 17;

/// A fresh array of `bytes` bytes, as emptyArray (runtime/kernel.h) makes it. Null with an exception when there is no memory.
PyObject* pooledArray(PyArray_Descr* descr, bool f_order, absl::Span<const int64_t> shape, int64_t bytes);
/// Whether the allocator of new arrays is NumPy's own, in this thread's context, and blocks are kept at all.
bool mayPoolArrays();

/// Bytes of blocks that are kept for arrays to come; 0 for none.
int64_t outputMemoryLimit();
/// Gives back at once what is above the limit.
void setOutputMemoryLimit(int64_t bytes);
/// Gives back all blocks that no array uses.
void releaseOutputMemory();

}  // namespace segue
