#include "runtime/kernel.h"

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cstring>

#include "absl/container/inlined_vector.h"
#include "base/fault.h"
#include "runtime/finalization.h"
#include "runtime/output_memory.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace segue {
namespace {

/// Other threads get a turn during runs of more elements, as in NumPy's loops.
constexpr int64_t kLongRun = 4096;

#if defined(__SSE2__)
// The x87 unit's status, which <cfenv> reads and clears as well, costs more than a short run; kernels do not use it. The bits are the same.
constexpr unsigned kConditions = FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID;

void clearStatus() {
  if (const unsigned status = _mm_getcsr(); status & kConditions) _mm_setcsr(status & ~kConditions);
}

int testStatus() { return static_cast<int>(_mm_getcsr()); }
#else
void clearStatus() { std::feclearexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID); }

int testStatus() { return std::fetestexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID); }
#endif

/// The conditions set, as NumPy numbers them.
int readStatus() {
  const int status = testStatus();
  return (status & FE_DIVBYZERO ? NPY_FPE_DIVIDEBYZERO : 0) | (status & FE_OVERFLOW ? NPY_FPE_OVERFLOW : 0) |
         (status & FE_UNDERFLOW ? NPY_FPE_UNDERFLOW : 0) | (status & FE_INVALID ? NPY_FPE_INVALID : 0);
}

constexpr size_t kInlineParams = 8;
using Args = absl::InlinedVector<KernelArg, kInlineParams>;
/// By argument: bytes from one element to the next along a dimension.
using Strides = absl::InlinedVector<int64_t, kInlineParams>;

struct Axis {
  int64_t size;
  Strides strides;
};
/// Innermost first.
using Axes = absl::InlinedVector<Axis, 4>;

PyArrayObject* arrayOf(PyObject* object) { return reinterpret_cast<PyArrayObject*>(object); }
int64_t descrItemSize(PyObject* descr) { return PyDataType_ELSIZE(reinterpret_cast<PyArray_Descr*>(descr)); }

/// The stride of an argument along a dimension, counted from the last one.
int64_t strideAlong(const KernelParam& param, PyObject* object, int from_last) {
  if (param.kind != KernelParam::Kind::kArray || ((param.spread >> from_last) & 1)) return 0;
  const int dropped = param.squeezed ? std::popcount(param.spread & ((1u << from_last) - 1)) : 0;
  const int ndim = PyArray_NDIM(arrayOf(object));
  return PyArray_STRIDE(arrayOf(object), ndim - 1 - (from_last - dropped));
}

/// Whether the axis continues the one inside it, for every argument.
bool continues(const Axis& inner, const Axis& outer) {
  for (size_t i = 0; i < inner.strides.size(); i++) {
    if (outer.strides[i] != inner.strides[i] * inner.size) return false;
  }
  return true;
}

/// The size of the run along a dimension, counted from the last one.
int64_t sizeAlong(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, size_t from_last) {
  PyArrayObject* array = arrayOf(regs[operands[kernel.sized_by[from_last]]]);
  return PyArray_DIM(array, PyArray_NDIM(array) - 1 - static_cast<int>(from_last));
}

/// The dimensions to run over, in the order of the outputs' memory, joined where one goes on as the other.
Axes axesOf(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs) {
  const size_t ndim = kernel.sized_by.size();
  Axes axes;
  for (size_t i = 0; i < ndim; i++) {
    const size_t from_last = kernel.f_order ? ndim - 1 - i : i;
    Axis axis{sizeAlong(kernel, operands, regs, from_last), {}};
    if (axis.size == 1 && from_last != kernel.innermost) continue;
    for (size_t k = 0; k < operands.size(); k++) {
      axis.strides.push_back(strideAlong(kernel.params[k], regs[operands[k]], static_cast<int>(from_last)));
    }
    if (!axes.empty() && continues(axes.back(), axis)) {
      axes.back().size *= axis.size;
    } else {
      axes.push_back(std::move(axis));
    }
  }
  if (axes.empty()) axes.push_back({1, Strides(operands.size(), 0)});
  return axes;
}

void runRows(KernelCode code, const Axes& axes, size_t depth, Args& args) {
  const Axis& axis = axes[depth];
  if (depth == 0) return code(args.data(), axis.size);
  for (int64_t left = axis.size;; left--) {
    runRows(code, axes, depth - 1, args);
    if (left == 1) break;
    for (size_t i = 0; i < args.size(); i++) args[i].data += axis.strides[i];
  }
  for (size_t i = 0; i < args.size(); i++) args[i].data -= axis.strides[i] * (axis.size - 1);
}

KernelArg argOf(const KernelParam& param, PyObject* object) {
  KernelArg arg{};
  switch (param.kind) {
    case KernelParam::Kind::kArray: arg.data = PyArray_BYTES(arrayOf(object)); break;
    case KernelParam::Kind::kFloat: arg.real = PyFloat_AS_DOUBLE(object); break;
    case KernelParam::Kind::kInt: arg.integer = PyLong_AsLongLong(object); break;
    case KernelParam::Kind::kScalar: PyArray_ScalarAsCtype(object, &arg.integer); break;
    case KernelParam::Kind::kResult: break;   // an element of Results
  }
  return arg;
}

/// By reduction: the element of a scalar that the kernel makes.
using Results = absl::InlinedVector<uint64_t, 2>;

/// Where a reduction's elements are, and how many; all of them lie side by side.
struct Elements {
  char* data;
  int64_t count;
};

Elements elementsOf(const Kernel& kernel, size_t reduction, absl::Span<const Operand> operands, PyObject* const* regs, Results& results) {
  const uint32_t param = kernel.reductions[reduction].param;
  if (kernel.params[param].kind == KernelParam::Kind::kResult) return {reinterpret_cast<char*>(&results[reduction]), 1};
  PyArrayObject* array = arrayOf(regs[operands[param]]);
  return {PyArray_BYTES(array), PyArray_SIZE(array)};
}

void fill(Elements elements, uint64_t bits, int64_t item_size) {
  switch (item_size) {
    case 1: std::memset(elements.data, static_cast<int>(bits), static_cast<size_t>(elements.count)); break;
    case 2: std::fill_n(reinterpret_cast<uint16_t*>(elements.data), elements.count, static_cast<uint16_t>(bits)); break;
    case 4: std::fill_n(reinterpret_cast<uint32_t*>(elements.data), elements.count, static_cast<uint32_t>(bits)); break;
    default: std::fill_n(reinterpret_cast<uint64_t*>(elements.data), elements.count, bits);
  }
}

template <class Float>
void divide(Elements elements, double count) {
  auto* values = reinterpret_cast<Float*>(elements.data);
  for (int64_t i = 0; i < elements.count; i++) values[i] = static_cast<Float>(static_cast<double>(values[i]) / count);
}

/// Of sums of `count` elements, as NumPy's mean does it: in float64. Kept apart so that the compiler keeps it in front of the status's test.
[[gnu::noinline]] void average(Elements elements, int64_t item_size, int64_t count) {
  item_size == sizeof(float) ? divide<float>(elements, static_cast<double>(count)) : divide<double>(elements, static_cast<double>(count));
}

int64_t countOf(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs) {
  if (kernel.flat) return PyArray_SIZE(arrayOf(regs[operands[kernel.sized_by[0]]]));
  int64_t count = 1;
  for (size_t i = 0; i < kernel.sized_by.size(); i++) count *= sizeAlong(kernel, operands, regs, i);
  return count;
}

void run(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Results& results, int64_t count) {
  Args args;
  for (size_t i = 0; i < operands.size(); i++) args.push_back(argOf(kernel.params[i], regs[operands[i]]));
  for (size_t i = 0; i < results.size(); i++) {
    const uint32_t param = kernel.reductions[i].param;
    if (kernel.params[param].kind == KernelParam::Kind::kResult) args[param].data = reinterpret_cast<char*>(&results[i]);
  }
  Axes axes;
  if (kernel.flat) {
    for (size_t i = 0; i < operands.size(); i++) {
      if (kernel.params[i].kind == KernelParam::Kind::kArray) args[i].stride = PyArray_ITEMSIZE(arrayOf(regs[operands[i]]));
    }
  } else {
    axes = axesOf(kernel, operands, regs);
    for (size_t i = 0; i < operands.size(); i++) args[i].stride = axes.front().strides[i];
  }
  PyThreadState* thread = count >= kLongRun ? PyEval_SaveThread() : nullptr;
  if (kernel.flat) {
    kernel.code(args.data(), count);
  } else {
    runRows(kernel.code, axes, axes.size() - 1, args);
  }
  if (thread != nullptr) stoppedByExit([thread] { PyEval_RestoreThread(thread); });
}

void startReductions(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Results& results) {
  for (size_t i = 0; i < results.size(); i++) {
    const KernelReduction& reduction = kernel.reductions[i];
    fill(elementsOf(kernel, i, operands, regs, results), reduction.initial, descrItemSize(reduction.descr.get()));
  }
}

void averageReductions(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Results& results, int64_t count) {
  for (size_t i = 0; i < results.size(); i++) {
    const KernelReduction& reduction = kernel.reductions[i];
    if (!reduction.averages) continue;
    const Elements elements = elementsOf(kernel, i, operands, regs, results);
    if (elements.count == 0) continue;
    average(elements, descrItemSize(reduction.descr.get()), SEGUE_FAULT(KernelMeansOfAll) ? count : count / elements.count);
  }
}

bool makeScalars(const Kernel& kernel, absl::Span<const Operand> operands, PyObject** regs, Results& results) {
  for (size_t i = 0; i < results.size(); i++) {
    const KernelReduction& reduction = kernel.reductions[i];
    if (kernel.params[reduction.param].kind != KernelParam::Kind::kResult) continue;
    PyObject* made = PyArray_Scalar(&results[i], reinterpret_cast<PyArray_Descr*>(reduction.descr.get()), nullptr);
    if (made == nullptr) return false;
    regs[operands[reduction.param]] = made;
  }
  return true;
}

}  // namespace

PyObject* emptyArray(PyObject* descr, bool f_order, absl::Span<const int64_t> shape) {
  int64_t bytes = descrItemSize(descr);
  bool fits = true;
  for (int64_t size : shape) fits &= !__builtin_mul_overflow(bytes, size, &bytes);
  if (fits && bytes >= kPooledBytes && mayPoolArrays()) return pooledArray(reinterpret_cast<PyArray_Descr*>(descr), f_order, shape, bytes);
  Py_INCREF(descr);
  return PyArray_NewFromDescr(&PyArray_Type, reinterpret_cast<PyArray_Descr*>(descr), static_cast<int>(shape.size()),
                              shape.data(), nullptr, nullptr, f_order ? NPY_ARRAY_F_CONTIGUOUS : 0, nullptr);
}

bool runKernel(const Kernel& kernel, absl::Span<const Operand> operands, PyObject** regs, int reported) {
  const int64_t count = countOf(kernel, operands, regs);
  Results results(kernel.reductions.size());
  startReductions(kernel, operands, regs, results);
  const bool checks = kernel.reports && reported != 0;
  if (checks) clearStatus();
  if (count != 0) run(kernel, operands, regs, results, count);
  averageReductions(kernel, operands, regs, results, count);
  if (checks && (readStatus() & reported) != 0 && !SEGUE_FAULT(KernelStatusIgnored)) return false;
  return makeScalars(kernel, operands, regs, results);
}

}  // namespace segue
