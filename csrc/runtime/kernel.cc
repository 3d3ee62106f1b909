#include "runtime/kernel.h"

#include <cfenv>

#include "absl/container/inlined_vector.h"
#include "base/fault.h"
#include "runtime/finalization.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace segue {
namespace {

/// Other threads get a turn during runs of more elements, as in NumPy's loops.
constexpr int64_t kLongRun = 4096;

/// The four conditions NumPy reports, as its NPY_FPE_ bits.
constexpr int kDivideByZero = 1, kOverflow = 2, kUnderflow = 4, kInvalid = 8;

#if defined(__SSE2__)
// The x87 unit's status, which <cfenv> reads and clears as well, costs more than a short run; kernels do not use it.
constexpr unsigned kSseInvalid = 1, kSseDivide = 4, kSseOverflow = 8, kSseUnderflow = 16;
constexpr unsigned kSseConditions = kSseInvalid | kSseDivide | kSseOverflow | kSseUnderflow;

void clearStatus() {
  if (const unsigned status = _mm_getcsr(); status & kSseConditions) _mm_setcsr(status & ~kSseConditions);
}

int readStatus() {
  const unsigned status = _mm_getcsr();
  return (status & kSseDivide ? kDivideByZero : 0) | (status & kSseOverflow ? kOverflow : 0) |
         (status & kSseUnderflow ? kUnderflow : 0) | (status & kSseInvalid ? kInvalid : 0);
}
#else
void clearStatus() { std::feclearexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID); }

int readStatus() {
  const int status = std::fetestexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID);
  return (status & FE_DIVBYZERO ? kDivideByZero : 0) | (status & FE_OVERFLOW ? kOverflow : 0) |
         (status & FE_UNDERFLOW ? kUnderflow : 0) | (status & FE_INVALID ? kInvalid : 0);
}
#endif

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

/// The stride of an argument along a dimension, counted from the last one.
int64_t strideAlong(const KernelParam& param, PyObject* object, int from_last) {
  if (param.kind != KernelParam::Kind::kArray || ((param.spread >> from_last) & 1)) return 0;
  const int ndim = PyArray_NDIM(arrayOf(object));
  return PyArray_STRIDE(arrayOf(object), ndim - 1 - from_last);
}

/// Whether the axis continues the one inside it, for every argument.
bool continues(const Axis& inner, const Axis& outer) {
  for (size_t i = 0; i < inner.strides.size(); i++) {
    if (outer.strides[i] != inner.strides[i] * inner.size) return false;
  }
  return true;
}

/// The dimensions to run over, in the order of the outputs' memory, joined where one goes on as the other.
Axes axesOf(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs) {
  PyArrayObject* model = arrayOf(regs[operands.back()]);
  Axes axes;
  for (int i = 0; i < kernel.ndim; i++) {
    const int from_last = kernel.f_order ? kernel.ndim - 1 - i : i;
    Axis axis{PyArray_DIM(model, kernel.ndim - 1 - from_last), {}};
    if (axis.size == 1) continue;
    for (size_t k = 0; k < operands.size(); k++) {
      axis.strides.push_back(strideAlong(kernel.params[k], regs[operands[k]], from_last));
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
    case KernelParam::Kind::kScalar: PyArray_ScalarAsCtype(object, &arg.integer); break;
  }
  return arg;
}

void run(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, int64_t count) {
  Args args;
  for (size_t i = 0; i < operands.size(); i++) args.push_back(argOf(kernel.params[i], regs[operands[i]]));
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

}  // namespace

PyObject* emptyArray(PyObject* descr, bool f_order, absl::Span<const int64_t> shape) {
  Py_INCREF(descr);
  return PyArray_NewFromDescr(&PyArray_Type, reinterpret_cast<PyArray_Descr*>(descr), static_cast<int>(shape.size()),
                              shape.data(), nullptr, nullptr, f_order ? NPY_ARRAY_F_CONTIGUOUS : 0, nullptr);
}

bool runKernel(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, int reported) {
  const int64_t count = PyArray_SIZE(arrayOf(regs[operands.back()]));
  if (count == 0) return true;
  if (!kernel.reports || reported == 0) {
    run(kernel, operands, regs, count);
    return true;
  }
  clearStatus();
  run(kernel, operands, regs, count);
  return (readStatus() & reported) == 0 || SEGUE_FAULT(KernelStatusIgnored);
}

}  // namespace segue
