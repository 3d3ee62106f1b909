#include "runtime/kernel_rows.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/fault.h"
#include "runtime/kernel_arrays.h"
#include "runtime/kernel_parts.h"
#include "runtime/thread_pool.h"

namespace segue {
namespace {

/// What a block of rows reads and writes stays in the first cache.
constexpr int64_t kBlockBytes = 16 << 10;

/// One run of a kernel with stages: block after block of rows, each stage over all rows of a block. Its *places* are the parameters, then the rows of
/// memory, of which a block has one each.
class Stages {
 public:
  Stages(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Tables& tables) : kernel_(kernel) {
    const size_t ndim = kernel.sized_by.size();
    size_ = sizeAlong(kernel, operands, regs, 0);
    for (size_t i = 0; i < operands.size(); i++) {
      places_.push_back(argOf(kernel.params[i], regs[operands[i]]));
      places_.back().stride = strideAlong(kernel.params[i], regs[operands[i]], 0);
    }
    tables.place(kernel, places_);
    for (size_t dimension = 1; dimension < ndim; dimension++) {
      Outer outer{sizeAlong(kernel, operands, regs, dimension), {}};
      for (size_t i = 0; i < operands.size(); i++) {
        outer.strides.push_back(strideAlong(kernel.params[i], regs[operands[i]], static_cast<int>(dimension)));
      }
      outer_.push_back(std::move(outer));
    }
    for (size_t i = 0; i < operands.size(); i++) places_[i].step = outer_.front().strides[i];
    chooseBlock();
  }

  /// False with an exception when there is no memory for rows.
  bool takeMemory() {
    // Single elements lie side by side.
    auto stepOf = [this](const KernelRow& row) { return row.single ? row.item_size : alignUp(row.item_size * size_); };
    size_t bytes = 0;
    for (const KernelRow& row : kernel_.rows) bytes += static_cast<size_t>(alignUp(stepOf(row) * block_));
    if (bytes != 0) memory_.reset(static_cast<char*>(std::aligned_alloc(kCacheLine, bytes)));
    if (bytes != 0 && memory_ == nullptr) return PyErr_NoMemory() != nullptr;
    char* next = memory_.get();
    for (const KernelRow& row : kernel_.rows) {
      KernelArg place{};
      place.data = next;
      place.stride = row.single ? 0 : row.item_size;
      place.step = stepOf(row);
      next += alignUp(place.step * block_);
      places_.push_back(place);
    }
    for (const KernelStage& stage : kernel_.stages) {
      Args& args = args_.emplace_back();
      for (const uint32_t param : stage.params) {
        args.push_back(places_[param]);
        if (stage.single) args.back().stride = places_[param].step;
      }
      addOwn(*stage.kernel, args);
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

  static int64_t alignUp(int64_t bytes) { return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine; }

  void chooseBlock() {
    int64_t bytes = 0;   // of a row
    for (const KernelArg& place : places_) bytes += std::abs(place.stride) * size_;
    for (const KernelRow& row : kernel_.rows) bytes += row.single ? 0 : row.item_size * size_;
    block_ = std::clamp<int64_t>(kBlockBytes / std::max<int64_t>(bytes, 1), 1, std::max<int64_t>(outer_.front().size, 1));
  }

  /// What positions need: they are those along a row.
  void addOwn(const Kernel& kernel, Args& args) {
    const size_t given = args.size();
    args.resize(kernel.params.size(), KernelArg{});
    for (size_t i = given; i < args.size(); i++) {
      if (kernel.params[i].kind == KernelParam::Kind::kPosition) args[i].stride = 1;
    }
    for (const KernelReduction& reduction : kernel.reductions) {
      if (reduction.param < given) continue;
      args[reduction.param].data = reinterpret_cast<char*>(extremes_.emplace_back(static_cast<size_t>(block_)).data());
      args[reduction.param].step = descrItemSize(reduction.descr.get());
    }
  }

  void runFrom(size_t depth) {
    const Outer& outer = outer_[depth - 1];
    const int64_t whole = depth == 1 ? block_ : 1;
    for (int64_t left = outer.size; left > 0; left -= whole) {
      const int64_t taken = std::min(left, whole);
      depth == 1 ? runBlock(taken) : runFrom(depth - 1);
      for (size_t i = 0; i < outer.strides.size(); i++) places_[i].data += outer.strides[i] * taken;
    }
    for (size_t i = 0; i < outer.strides.size(); i++) places_[i].data -= outer.strides[i] * outer.size;
  }

  /// So many rows.
  void runBlock(int64_t rows) {
    for (size_t i = 0; i < kernel_.stages.size(); i++) {
      const KernelStage& stage = kernel_.stages[i];
      Args& args = args_[i];
      for (size_t k = 0; k < stage.params.size(); k++) args[k].data = places_[stage.params[k]].data;
      for (const KernelReduction& reduction : stage.kernel->reductions) {
        fillElements(resultsOf(reduction, args, rows), reduction.initial, descrItemSize(reduction.descr.get()));
      }
      if (stage.single) {
        stage.kernel->code(args.data(), rows, 1);
      } else {
        stage.kernel->code(args.data(), size_, SEGUE_FAULT(StagesRunFirstRows) ? 1 : rows);
      }
      if (SEGUE_FAULT(StagesNeverAverage)) continue;
      for (const KernelReduction& reduction : stage.kernel->reductions) {
        if (reduction.averages) averageElements(resultsOf(reduction, args, rows), descrItemSize(reduction.descr.get()), size_);
      }
    }
  }

  /// What rows behind each other are reduced to lies side by side: outputs are fresh, and single elements of memory too.
  static Elements resultsOf(const KernelReduction& reduction, const Args& args, int64_t rows) {
    SEGUE_CHECK(rows == 1 || args[reduction.param].step == descrItemSize(reduction.descr.get()), "gaps between the results of rows");
    return {args[reduction.param].data, rows};
  }

  const Kernel& kernel_;
  int64_t size_ = 0;                               ///< of a row
  int64_t block_ = 1;                              ///< rows
  Args places_;
  absl::InlinedVector<Outer, 4> outer_;            ///< the dimensions around a row, innermost first
  absl::InlinedVector<Args, 4> args_;              ///< by stage
  std::vector<std::vector<uint64_t>> extremes_;    ///< that stages look for in rows of a block, of no more bytes
  std::unique_ptr<char, Free> memory_;
};

using LaneStages = std::vector<std::unique_ptr<Stages>>;

/// What other threads than this one run rows in; fewer where there is no memory for them.
LaneStages otherLanes(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Tables& tables, int64_t lanes) {
  LaneStages out;
  while (static_cast<int64_t>(out.size()) + 1 < lanes) {
    out.push_back(std::make_unique<Stages>(kernel, operands, regs, tables));
    if (out.back()->takeMemory()) continue;
    PyErr_Clear();
    out.pop_back();
    break;
  }
  return out;
}

}  // namespace

bool runStages(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Tables& tables, int64_t count) {
  if (count == 0) return true;
  Stages stages(kernel, operands, regs, tables);
  if (!stages.takeMemory()) return false;
  const Effort effort = effortFor(kernel, count);
  if (effort.alone()) {
    letOthersRun(count, [&stages] { stages.run(); });
    return true;
  }
  const size_t dimension = stages.dimensionToCut(effort.usefulParts());
  const Cut cut = cutAxis(stages.outerSize(dimension), effort.usefulParts(), 1);
  const LaneStages others = otherLanes(kernel, operands, regs, tables, std::min(effort.lanes, cut.parts()));
  letOthersRun(count, [&] {
    runParts(cut.parts(), static_cast<int>(others.size()) + 1, effort.wakes, [&](int lane, int64_t part) {
      Stages& own = lane == 0 || SEGUE_FAULT(LanesShareRows) ? stages : *others[static_cast<size_t>(lane) - 1];
      own.runPart(dimension, cut.begin(part), cut.sizeOf(part));
    });
  });
  return true;
}

}  // namespace segue
