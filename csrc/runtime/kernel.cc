#include "runtime/kernel.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <memory>
#include <new>

#include "absl/container/inlined_vector.h"
#include "base/check.h"
#include "base/fault.h"
#include "runtime/float_steps.h"
#include "runtime/floating_status.h"
#include "runtime/kernel_arrays.h"
#include "runtime/kernel_bins.h"
#include "runtime/kernel_parts.h"
#include "runtime/kernel_rows.h"
#include "runtime/kernel_runs.h"
#include "runtime/output_memory.h"
#include "runtime/thread_pool.h"
#include "runtime/warning_filters.h"

namespace segue {
namespace {

/// Whether the axis continues the one inside it, for every argument.
bool continues(const Axis& inner, const Axis& outer) {
  for (size_t i = 0; i < inner.strides.size(); i++) {
    if (outer.strides[i] != inner.strides[i] * inner.size) return false;
  }
  return true;
}

/// How far apart positions are along a dimension, counted from the last one.
int64_t positionStride(const Kernel& kernel, const KernelParam& param, absl::Span<const Operand> operands, PyObject* const* regs, size_t from_last) {
  if (((param.spread >> from_last) & 1) != 0) return 0;
  int64_t out = 1;
  for (size_t i = 0; i < from_last; i++) {
    if (((param.spread >> i) & 1) == 0) out *= sizeAlong(kernel, operands, regs, i);
  }
  return out;
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
      const KernelParam& param = kernel.params[k];
      axis.strides.push_back(param.kind == KernelParam::Kind::kPosition ? positionStride(kernel, param, operands, regs, from_last)
                                                                        : strideAlong(param, regs[operands[k]], static_cast<int>(from_last)));
    }
    const bool whole_row = kernel.scans && axes.size() == 1 && !SEGUE_FAULT(KernelScansGoOn);
    if (!axes.empty() && !whole_row && continues(axes.back(), axis)) {
      axes.back().size *= axis.size;
    } else {
      axes.push_back(std::move(axis));
    }
  }
  if (axes.empty()) axes.push_back({1, Strides(operands.size(), 0)});
  return axes;
}

Elements elementsOf(const Kernel& kernel, size_t reduction, absl::Span<const Operand> operands, PyObject* const* regs, Results& results) {
  if (makesScalar(kernel, kernel.reductions[reduction])) return {reinterpret_cast<char*>(&results[reduction]), 1};
  PyArrayObject* array = arrayOf(regs[operands[kernel.reductions[reduction].param]]);
  return {PyArray_BYTES(array), PyArray_SIZE(array)};
}

int64_t countOf(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs) {
  if (kernel.flat) return PyArray_SIZE(arrayOf(regs[operands[kernel.sized_by[0]]]));
  int64_t count = 1;
  for (size_t i = 0; i < kernel.sized_by.size(); i++) count *= sizeAlong(kernel, operands, regs, i);
  return count;
}

void run(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Results& results, Tables& tables, int64_t count,
         bool lets_others_run) {
  Args args;
  for (size_t i = 0; i < operands.size(); i++) args.push_back(argOf(kernel.params[i], regs[operands[i]]));
  for (size_t i = 0; i < results.size(); i++) {
    const KernelReduction& reduction = kernel.reductions[i];
    if (makesScalar(kernel, reduction)) args[reduction.param].data = reinterpret_cast<char*>(&results[i]);
  }
  tables.place(kernel, args);
  Axes axes;
  if (!kernel.flat) {
    axes = axesOf(kernel, operands, regs);
    for (size_t i = 0; i < operands.size(); i++) args[i].stride = axes.front().strides[i];
  }
  letOthersRun(lets_others_run ? count : 0, [&] {
    if (runInParts(kernel, args, axes, results, count)) [[unlikely]] return;
    if (kernel.flat) {
      codeFor(kernel, args, count)(args.data(), SEGUE_FAULT(KernelRunsOver) ? count + 1 : count, 1);
    } else {
      runRows(kernel.code, axes, axes.size() - 1, args);
    }
  });
}

void startReductions(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Results& results) {
  for (size_t i = 0; i < results.size(); i++) {
    const KernelReduction& reduction = kernel.reductions[i];
    fillElements(elementsOf(kernel, i, operands, regs, results), reduction.initial, descrItemSize(reduction.descr.get()));
  }
}

void averageReductions(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Results& results, int64_t count) {
  for (size_t i = 0; i < results.size(); i++) {
    const KernelReduction& reduction = kernel.reductions[i];
    if (!reduction.averages) continue;
    const Elements elements = elementsOf(kernel, i, operands, regs, results);
    if (elements.count == 0) continue;
    averageElements(elements, descrItemSize(reduction.descr.get()), SEGUE_FAULT(KernelMeansOfAll) ? count : count / elements.count);
  }
}

PyObject* scalarOf(uint64_t bits, PyArray_Descr* descr) {
  return descr->type_num == NPY_DOUBLE ? makeFloat64(std::bit_cast<double>(bits)) : PyArray_Scalar(&bits, descr, nullptr);
}

bool makeScalars(const Kernel& kernel, absl::Span<const Operand> operands, PyObject** regs, Results& results) {
  for (size_t i = 0; i < results.size(); i++) {
    const KernelReduction& reduction = kernel.reductions[i];
    const bool extreme = reduction.combine == nullptr && reduction.locate == nullptr;
    if (!makesScalar(kernel, reduction) || extreme) continue;
    PyObject* made = scalarOf(results[i], reinterpret_cast<PyArray_Descr*>(reduction.descr.get()));
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

bool checkKernel(const Kernel& kernel, size_t outputs, absl::Span<const Operand> operands, PyObject* const* regs, int reported) {
  SEGUE_CHECK(kernel.tables.empty(), "a kernel that reads tables stores into arguments");
  if (!kernel.reports || reported == 0) return true;
  const int64_t count = countOf(kernel, operands, regs) + (SEGUE_FAULT(KernelChecksOver) ? 1 : 0);
  if (count == 0) return true;
  // What becomes of so many elements stays in the first cache.
  const int64_t chunk = std::min<int64_t>(count, 1024);
  const Effort effort = effortFor(kernel, count);
  const Cut cut = cutAxis(count, effort.alone() ? 1 : effort.usefulParts(), chunk);
  const auto lanes = static_cast<size_t>(effort.alone() ? 1 : std::min(effort.lanes, cut.parts()));
  const size_t first_output = operands.size() - outputs, bytes = static_cast<size_t>(chunk) * kLargestElement;
  const std::unique_ptr<char[]> chunks(new (std::nothrow) char[lanes * outputs * bytes]);
  if (chunks == nullptr) return PyErr_NoMemory() != nullptr;
  Args args;
  Strides strides;   // of what is loaded
  for (size_t i = 0; i < operands.size(); i++) {
    args.push_back(argOf(kernel.params[i], regs[operands[i]]));
    strides.push_back(i < first_output ? args[i].stride : 0);
  }
  absl::InlinedVector<Args, 1> lane_args(lanes, args);
  for (size_t i = 0; i < lanes * outputs; i++) lane_args[i / outputs][first_output + i % outputs].data = chunks.get() + i * bytes;
  clearStatus();
  letOthersRun(count, [&] {
    runParts(cut.parts(), static_cast<int>(lanes), effort.wakes, [&](int lane, int64_t part) {
      Args& own = lane_args[static_cast<size_t>(lane)];
      const int64_t end = cut.begin(part) + cut.sizeOf(part);
      for (int64_t begin = cut.begin(part); begin < end; begin += chunk) {
        for (size_t i = 0; i < first_output; i++) {
          if (strides[i] != 0) own[i].data = args[i].data + strides[i] * begin;
        }
        kernel.code(own.data(), std::min(chunk, end - begin), 1);
      }
    });
  });
  return (readStatus() & reported) == 0 || SEGUE_FAULT(KernelCheckIgnored);
}

namespace {

bool runElements(const Kernel& kernel, absl::Span<const Operand> operands, PyObject** regs, int reported, bool lets_others_run, int64_t count) {
  const bool checks = kernel.reports && reported != 0;
  Results results(kernel.reductions.size());
  startReductions(kernel, operands, regs, results);
  Tables tables(kernel, operands, regs);
  if (checks) clearStatus();
  if (kernel.stages.empty()) {
    if (count != 0) run(kernel, operands, regs, results, tables, count, lets_others_run);
  } else if (!runStages(kernel, operands, regs, tables, count)) {
    return false;
  }
  if (tables.anyOutside()) return false;
  averageReductions(kernel, operands, regs, results, count);
  if (checks && (readStatus() & reported) != 0 && !SEGUE_FAULT(KernelStatusIgnored)) return false;
  return makeScalars(kernel, operands, regs, results);
}

/// Arrays for the extremes that stand at the positions of an array. False with an exception when there is no memory.
bool takeExtremes(const Kernel& kernel, absl::Span<PyObject*> objects) {
  for (const KernelReduction& reduction : kernel.reductions) {
    if (reduction.locate == nullptr || makesScalar(kernel, reduction)) continue;
    const KernelReduction& extreme = kernel.reductions[reduction.extreme];
    PyArrayObject* positions = arrayOf(objects[reduction.param]);
    objects[extreme.param] = emptyArray(extreme.descr.get(), kernel.f_order, {PyArray_DIMS(positions), static_cast<size_t>(PyArray_NDIM(positions))});
    if (objects[extreme.param] == nullptr) return false;
  }
  return true;
}

/// A run that needs more than its arguments: extremes beside positions, bins.
class OwnArrays {
 public:
  OwnArrays(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs) : kernel_(kernel), given_(operands.size()) {
    for (size_t i = 0; i < given_; i++) objects_.push_back(isMadeByKernel(kernel.params[i]) ? nullptr : regs[operands[i]]);
    objects_.resize(kernel.params.size(), nullptr);
    for (Operand i = 0; i < objects_.size(); i++) places_.push_back(i);
  }
  ~OwnArrays() {
    for (size_t i = given_; i < objects_.size(); i++) Py_XDECREF(objects_[i]);
    dropMade(KernelParam::Kind::kResult);
    dropMade(KernelParam::Kind::kBins);
  }
  OwnArrays(const OwnArrays&) = delete;

  bool run(int reported, bool lets_others_run, int64_t count) {
    if (!takeExtremes(kernel_, objects()) || !takeBins(kernel_, objects())) return false;
    auto runOnce = [&] { return runElements(kernel_, places_, objects_.data(), reported, lets_others_run, count); };
    if (!runOnce()) return false;
    Bins bins = fitBins(kernel_, objects(), count);
    if (bins == Bins::kTooFew) dropMade(KernelParam::Kind::kResult);
    if (bins == Bins::kTooFew) bins = runOnce() ? fitBins(kernel_, objects(), count) : Bins::kFailed;
    return bins == Bins::kEnough;   // (what is too few again has changed in the meantime)
  }

  /// What the kernel has made.
  void give(absl::Span<const Operand> operands, PyObject** regs) {
    for (size_t i = 0; i < given_; i++) {
      if (isMadeByKernel(kernel_.params[i])) regs[operands[i]] = std::exchange(objects_[i], nullptr);
    }
  }

 private:
  void dropMade(KernelParam::Kind kind) {
    for (size_t i = 0; i < given_; i++) {
      if (kernel_.params[i].kind == kind) Py_CLEAR(objects_[i]);
    }
  }
  absl::Span<PyObject*> objects() { return absl::MakeSpan(objects_); }

  const Kernel& kernel_;
  const size_t given_;                                        ///< arguments; what is behind them is owned
  absl::InlinedVector<PyObject*, kInlineParams> objects_;     ///< by parameter
  absl::InlinedVector<Operand, kInlineParams> places_;        ///< 0, 1, 2 …
};

bool runAny(const Kernel& kernel, absl::Span<const Operand> operands, PyObject** regs, int reported, bool lets_others_run, int64_t count) {
  const bool complete = kernel.params.size() == operands.size();
  if (complete) [[likely]] return runElements(kernel, operands, regs, reported, lets_others_run, count);
  OwnArrays own(kernel, operands, regs);
  if (!own.run(reported, lets_others_run, count)) return false;
  own.give(operands, regs);
  return true;
}

}  // namespace

bool runKernel(const Kernel& kernel, absl::Span<const Operand> operands, PyObject** regs, int reported, bool lets_others_run) {
  const int64_t count = countOf(kernel, operands, regs);
  if (kernel_watchers == 0 || !watchesKernels()) [[likely]] return runAny(kernel, operands, regs, reported, lets_others_run, count);
  const auto start = std::chrono::steady_clock::now();
  const bool good = runAny(kernel, operands, regs, reported, lets_others_run, count);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  if (good) addKernelRun(kernel, operands, regs, count, spent.count());
  return good;
}

bool storeKernel(const Kernel& kernel, size_t outputs, absl::Span<const Operand> operands, PyObject** regs, int reported, int beyond_warnings) {
  // Fewer elements are computed twice in the time that it takes to look at the warnings' filters.
  constexpr int64_t kWorthLooking = 4096;
  const bool silent = !kernel.reports || reported == 0;
  const bool only_warns = (beyond_warnings == 0 || SEGUE_FAULT(StoresBeforeErrors)) && countOf(kernel, operands, regs) >= kWorthLooking && warningsOnlyShow();
  if (silent || only_warns) return runKernel(kernel, operands, regs, reported, false);
  return checkKernel(kernel, outputs, operands, regs, reported) && runKernel(kernel, operands, regs, 0, false);
}

}  // namespace segue
