// What kernels are given: addresses, strides and sizes of arrays. Shared by the ways to run them (kernel.cc, kernel_rows.cc).
#pragma once

#include <bit>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "base/python.h"
#include "program/kernel.h"
#include "program/plan.h"
#include "runtime/finalization.h"

namespace segue {

/// Two arrays of three columns, and as much again.
inline constexpr size_t kInlineParams = 12;
using Args = absl::InlinedVector<KernelArg, kInlineParams>;
/// By argument: bytes from one element to the next along a dimension.
using Strides = absl::InlinedVector<int64_t, kInlineParams>;

inline PyArrayObject* arrayOf(PyObject* object) { return reinterpret_cast<PyArrayObject*>(object); }
inline int64_t descrItemSize(PyObject* descr) { return PyDataType_ELSIZE(reinterpret_cast<PyArray_Descr*>(descr)); }

/// Dimensions of a run that go on as one.
struct Axis {
  int64_t size;
  Strides strides;
};
/// Innermost first.
using Axes = absl::InlinedVector<Axis, 4>;

/// By reduction: the element of a scalar that the kernel makes.
using Results = absl::InlinedVector<uint64_t, 2>;

/// What a run's code knows of its tables (Kernel::tables), by address.
class Tables {
 public:
  Tables(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs);
  Tables(const Tables&) = delete;

  /// Puts them where the code looks for them.
  void place(const Kernel& kernel, Args& args);
  /// Whether an index was out of bounds.
  bool anyOutside() const;

 private:
  absl::InlinedVector<KernelTable, 1> tables_;
};

/// The stride of an argument along a dimension, counted from the last one; not of positions.
int64_t strideAlong(const KernelParam& param, PyObject* object, int from_last);
/// `data + bytes`, also for the integer that a position is (KernelParam::Kind::kPosition).
inline char* moved(char* data, int64_t bytes) { return reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(data) + static_cast<uintptr_t>(bytes)); }
/// The size of the run along a dimension, counted from the last one.
int64_t sizeAlong(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, size_t from_last);
/// An argument's first element and the stride that it has without gaps, or its value; nothing for a scalar that the kernel makes and for tables.
KernelArg argOf(const KernelParam& param, PyObject* object);

/// Runs the kernel's code over the first of the axes, for all elements of the others up to `depth`. The arguments are the same behind it.
void runRows(KernelCode code, const Axes& axes, size_t depth, Args& args);

/// The code for a run over `count` elements. `args`: those of the whole run.
KernelCode codeFor(const Kernel& kernel, const Args& args, int64_t count);
/// For tests. Runs over less bytes are not stored past the caches; how many runs have been, since that was last set.
void setStreamedBytes(int64_t bytes);
int64_t streamedBytes();
int64_t streamedRuns();

/// Where a reduction's elements are, and how many; all of them lie side by side.
struct Elements {
  char* data;
  int64_t count;
};

/// Every element becomes the one with these bits.
void fillElements(Elements elements, uint64_t bits, int64_t item_size);
/// Of sums of `count` elements, as NumPy's mean does it: in float64. (Not inline: the compiler must not move it behind a test of the status.)
void averageElements(Elements elements, int64_t item_size, int64_t count);

/// Other threads get a turn during runs of more elements, as in NumPy's loops.
inline constexpr int64_t kLongRun = 4096;
template <class Work>
void letOthersRun(int64_t count, Work&& work) {
  PyThreadState* thread = count >= kLongRun ? PyEval_SaveThread() : nullptr;
  work();
  if (thread != nullptr) stoppedByExit([thread] { PyEval_RestoreThread(thread); });
}

}  // namespace segue
