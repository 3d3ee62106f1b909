#include "runtime/kernel_rows.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "base/fault.h"
#include "runtime/kernel_arrays.h"
#include "runtime/kernel_parts.h"
#include "runtime/thread_pool.h"

namespace segue {
namespace {

/// One run of a kernel with stages. Its *places* are the parameters, then the rows of memory.
class Stages {
 public:
  Stages(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs) : kernel_(kernel) {
    const size_t ndim = kernel.sized_by.size();
    size_ = sizeAlong(kernel, operands, regs, 0);
    for (size_t i = 0; i < operands.size(); i++) {
      places_.push_back(argOf(kernel.params[i], regs[operands[i]]));
      places_.back().stride = strideAlong(kernel.params[i], regs[operands[i]], 0);
    }
    for (size_t dimension = 1; dimension < ndim; dimension++) {
      Outer outer{sizeAlong(kernel, operands, regs, dimension), {}};
      for (size_t i = 0; i < operands.size(); i++) {
        outer.strides.push_back(strideAlong(kernel.params[i], regs[operands[i]], static_cast<int>(dimension)));
      }
      outer_.push_back(std::move(outer));
    }
  }

  /// False with an exception when there is no memory for rows.
  bool takeMemory() {
    auto bytesOf = [this](const KernelRow& row) {
      const auto bytes = static_cast<size_t>(row.item_size * (row.single ? 1 : size_));
      return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
    };
    size_t bytes = 0;
    for (const KernelRow& row : kernel_.rows) bytes += bytesOf(row);
    if (bytes != 0) memory_.reset(static_cast<char*>(std::aligned_alloc(kCacheLine, bytes)));
    if (bytes != 0 && memory_ == nullptr) return PyErr_NoMemory() != nullptr;
    char* next = memory_.get();
    for (const KernelRow& row : kernel_.rows) {
      KernelArg place{};
      place.data = next;
      place.stride = row.single ? 0 : row.item_size;
      next += bytesOf(row);
      places_.push_back(place);
    }
    for (const KernelStage& stage : kernel_.stages) {
      Args& args = args_.emplace_back();
      for (const uint32_t param : stage.params) args.push_back(places_[param]);
    }
    return true;
  }

  void run() { runFrom(outer_.size()); }

  /// The outermost dimension around a row that gives so many parts, or the one that gives most.
  size_t dimensionToCut(int64_t parts) const {
    size_t best = outer_.size() - 1;
    for (size_t i = best; i > 0 && outer_[best].size < parts; i--) {
      if (outer_[i - 1].size > outer_[best].size) best = i - 1;
    }
    return best;
  }
  int64_t outerSize(size_t dimension) const { return outer_[dimension].size; }

  /// Runs part of the rows: those within some elements of a dimension.
  void runPart(size_t dimension, int64_t begin, int64_t size) {
    Outer& outer = outer_[dimension];
    const int64_t whole = std::exchange(outer.size, size);
    for (size_t i = 0; i < outer.strides.size(); i++) places_[i].data += outer.strides[i] * begin;
    run();
    for (size_t i = 0; i < outer.strides.size(); i++) places_[i].data -= outer.strides[i] * begin;
    outer.size = whole;
  }

 private:
  struct Outer {
    int64_t size;
    Strides strides;   ///< by parameter
  };
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  void runFrom(size_t depth) {
    if (depth == 0) return runRow();
    const Outer& outer = outer_[depth - 1];
    for (int64_t left = outer.size; left > 0; left--) {
      runFrom(depth - 1);
      for (size_t i = 0; i < outer.strides.size(); i++) places_[i].data += outer.strides[i];
    }
    for (size_t i = 0; i < outer.strides.size(); i++) places_[i].data -= outer.strides[i] * outer.size;
  }

  void runRow() {
    for (size_t i = 0; i < kernel_.stages.size(); i++) {
      const KernelStage& stage = kernel_.stages[i];
      Args& args = args_[i];
      for (size_t k = 0; k < args.size(); k++) args[k].data = places_[stage.params[k]].data;
      for (const KernelReduction& reduction : stage.kernel->reductions) {
        fillElements({args[reduction.param].data, 1}, reduction.initial, descrItemSize(reduction.descr.get()));
      }
      stage.kernel->code(args.data(), stage.single ? 1 : size_, 1);
      if (SEGUE_FAULT(StagesNeverAverage)) continue;
      for (const KernelReduction& reduction : stage.kernel->reductions) {
        if (reduction.averages) averageElements({args[reduction.param].data, 1}, descrItemSize(reduction.descr.get()), size_);
      }
    }
  }

  const Kernel& kernel_;
  int64_t size_ = 0;                               ///< of a row
  Args places_;
  absl::InlinedVector<Outer, 4> outer_;            ///< the dimensions around a row, innermost first
  absl::InlinedVector<Args, 4> args_;              ///< by stage
  std::unique_ptr<char, Free> memory_;
};

using LaneStages = std::vector<std::unique_ptr<Stages>>;

/// What other threads than this one run rows in; fewer where there is no memory for them.
LaneStages otherLanes(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, int64_t lanes) {
  LaneStages out;
  while (static_cast<int64_t>(out.size()) + 1 < lanes) {
    out.push_back(std::make_unique<Stages>(kernel, operands, regs));
    if (out.back()->takeMemory()) continue;
    PyErr_Clear();
    out.pop_back();
    break;
  }
  return out;
}

}  // namespace

bool runStages(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, int64_t count) {
  if (count == 0) return true;
  Stages stages(kernel, operands, regs);
  if (!stages.takeMemory()) return false;
  const Effort effort = effortFor(kernel, count);
  if (effort.alone()) {
    letOthersRun(count, [&stages] { stages.run(); });
    return true;
  }
  const size_t dimension = stages.dimensionToCut(effort.usefulParts());
  const Cut cut = cutAxis(stages.outerSize(dimension), effort.usefulParts(), 1);
  const LaneStages others = otherLanes(kernel, operands, regs, std::min(effort.lanes, cut.parts()));
  letOthersRun(count, [&] {
    runParts(cut.parts(), static_cast<int>(others.size()) + 1, effort.wakes, [&](int lane, int64_t part) {
      Stages& own = lane == 0 || SEGUE_FAULT(LanesShareRows) ? stages : *others[static_cast<size_t>(lane) - 1];
      own.runPart(dimension, cut.begin(part), cut.sizeOf(part));
    });
  });
  return true;
}

}  // namespace segue
