#include "runtime/kernel_parts.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <vector>

#include "base/fault.h"
#include "runtime/thread_pool.h"

namespace segue {
namespace {

/// Shorter runs gain little or lose, even where the other threads are awake. Measured: docs/backends.md.
constexpr int64_t kLongRunWork = 30'000'000;
/// Waking a thread takes about 50 microseconds, some of them this thread's: runs that are so many times as long.
constexpr int64_t kWakingRuns = 3;
/// A long run has at least so many parts, so that a thread that comes late finds work.
constexpr int64_t kLeastParts = 4;
/// Reductions are cut into at most so many parts, whatever the number of threads.
constexpr int64_t kMostLeaves = 64;
/// Parts of a kernel's own loop start at multiples of so many elements. No loop takes more of them at once, so that an element is computed by
/// the same instructions as in one run. It is also a whole number of cache lines.
constexpr int64_t kUnit = 128;
/// And they have as many elements at least.
constexpr int64_t kShortestPart = 512;

std::atomic<int64_t> long_run_work{kLongRunWork};

/// What a lane changes while it runs parts.
struct alignas(kCacheLine) Lane {
  Axes axes;
  Args args;
};

/// One run, cut along an axis.
class PartedRun {
 public:
  PartedRun(const Kernel& kernel, const Args& args, const Axes& axes, size_t axis, const Effort& effort)
      : kernel_(kernel), code_(codeFor(kernel, args, axes[axis].size)), args_(args), axes_(axes), axis_(axis), effort_(effort) {}

  /// No reduction goes across the parts.
  void run(Cut cut) {
    runCut(cut, [this, &cut](Lane& lane, int64_t part) { runPart(lane, cut.begin(part), cut.sizeOf(part)); });
  }

  /// Scalars that the kernel makes are reduced across the parts: each of these has *leaves*, which are reduced on their own.
  void reduce(int64_t most_parts, bool buffers, Results& results) {
    bounds_.push_back(0);
    buffers ? cutBuffers() : halve(0, axes_[axis_].size, most_parts);
    const auto leaves = static_cast<int64_t>(bounds_.size()) - 1;
    const size_t reductions = kernel_.reductions.size();
    leaves_.resize(static_cast<size_t>(leaves) * reductions);
    for (size_t i = 0; i < leaves_.size(); i++) leaves_[i] = kernel_.reductions[i % reductions].neutral;
    const Cut cut = cutAxis(leaves, most_parts, 1);
    runCut(cut, [this, &cut](Lane& lane, int64_t part) {
      for (int64_t leaf = cut.begin(part); leaf < cut.begin(part) + cut.sizeOf(part); leaf++) runLeaf(lane, static_cast<size_t>(leaf));
    });
    if (buffers) {
      for (size_t leaf = 1; leaf < static_cast<size_t>(leaves); leaf++) combineLeaves(0, leaf);
    } else {
      combineHalves(0, axes_[axis_].size, most_parts);
    }
    combineScalars(kernel_, results.data(), leaves_.data());
  }

 private:
  template <class Part>
  void runCut(const Cut& cut, Part&& part) {
    const auto lanes = static_cast<int>(std::min(effort_.lanes, cut.parts()));
    lanes_.assign(static_cast<size_t>(lanes), Lane{axes_, args_});
    runParts(cut.parts(), lanes, effort_.wakes, [this, &part](int lane, int64_t number) { part(lanes_[static_cast<size_t>(lane)], number); });
  }

  void runPart(Lane& lane, int64_t begin, int64_t size) const {
    const Strides& strides = axes_[axis_].strides;
    for (size_t i = 0; i < args_.size(); i++) {
      // Others have their value there, or a result's place.
      if (hasStrides(kernel_.params[i])) lane.args[i].data = moved(args_[i].data, strides[i] * begin);
    }
    lane.axes[axis_].size = size;
    runRows(code_, lane.axes, lane.axes.size() - 1, lane.args);
  }

  void runLeaf(Lane& lane, size_t leaf) {
    const size_t reductions = kernel_.reductions.size();
    for (size_t i = 0; i < reductions; i++) {
      const KernelReduction& reduction = kernel_.reductions[i];
      if (makesScalar(kernel_, reduction)) lane.args[reduction.param].data = reinterpret_cast<char*>(&leaves_[leaf * reductions + i]);
    }
    runPart(lane, bounds_[leaf], bounds_[leaf + 1] - bounds_[leaf]);
  }

  void cutBuffers() {
    const int64_t size = axes_[axis_].size;
    for (int64_t end = kNumpyBuffer; end < size; end += kNumpyBuffer) bounds_.push_back(end);
    bounds_.push_back(size);
  }

  /// How many of `count` elements are the first half's that becomes parts of its own; 0: all of them are one part.
  int64_t firstHalf(int64_t count, int64_t parts) const {
    if (parts < 2 || count < (axis_ == 0 ? 2 * kShortestPart : 2)) return 0;
    return axis_ == 0 && !SEGUE_FAULT(PartsHalvedAnywhere) ? halfOf(count) : count / 2;
  }

  /// The ends of parts.
  void halve(int64_t begin, int64_t count, int64_t parts) {
    const int64_t first = firstHalf(count, parts);
    if (first == 0) return bounds_.push_back(begin + count);
    halve(begin, first, parts / 2);
    halve(begin + first, count - first, parts / 2);
  }

  /// The value of `count` elements goes into their first leaf. The leaf behind theirs.
  size_t combineHalves(size_t leaf, int64_t count, int64_t parts) {
    const int64_t first = firstHalf(count, parts);
    if (first == 0) return leaf + 1;
    const size_t middle = combineHalves(leaf, first, parts / 2), end = combineHalves(middle, count - first, parts / 2);
    combineLeaves(leaf, middle);
    return end;
  }

  void combineLeaves(size_t into, size_t from) {
    const size_t reductions = kernel_.reductions.size();
    combineScalars(kernel_, &leaves_[into * reductions], &leaves_[from * reductions]);
  }

  const Kernel& kernel_;
  const KernelCode code_;
  const Args& args_;
  const Axes& axes_;
  const size_t axis_;
  const Effort effort_;
  std::vector<Lane> lanes_;
  std::vector<int64_t> bounds_;      ///< of leaves
  std::vector<uint64_t> leaves_;     ///< values: by leaf, by reduction
};

bool makesScalars(const Kernel& kernel) {
  return std::any_of(kernel.reductions.begin(), kernel.reductions.end(), [&kernel](const auto& reduction) { return makesScalar(kernel, reduction); });
}

/// Whether a scalar that the kernel makes is reduced in that order.
bool hasOrder(const Kernel& kernel, KernelOrder order) {
  return std::any_of(kernel.reductions.begin(), kernel.reductions.end(), [&kernel, order](const KernelReduction& reduction) {
    return makesScalar(kernel, reduction) && reduction.order == order;
  });
}

/// Whether the elements of reduced arrays differ along the axis.
bool isFree(const Kernel& kernel, const Axis& axis) {
  if (SEGUE_FAULT(PartsShareOutputs)) return true;
  return std::all_of(kernel.reductions.begin(), kernel.reductions.end(), [&kernel, &axis](const KernelReduction& reduction) {
    return makesScalar(kernel, reduction) || axis.strides[reduction.param] != 0;
  });
}

/// The outermost axis that gives so many parts, or the one that gives most; as many as there are axes where none gives two.
size_t axisToCut(const Kernel& kernel, const Axes& axes, int64_t parts) {
  size_t best = axes.size();
  int64_t most = 1;
  for (size_t i = axes.size(); i-- > 0 && most < parts;) {
    const int64_t possible = i == 0 ? axes[i].size / kShortestPart : axes[i].size;
    if (possible <= most || (i == 0 && kernel.scans && !SEGUE_FAULT(KernelScansCut)) || !isFree(kernel, axes[i])) continue;
    best = i;
    most = possible;
  }
  return best;
}

/// Of a flat run: its elements.
Axes flatAxes(const Args& args, int64_t count) {
  Axes out = {{count, {}}};
  for (const KernelArg& arg : args) out[0].strides.push_back(arg.stride);
  return out;
}

bool cutAndRun(const Kernel& kernel, const Args& args, const Axes& given, Results& results, int64_t count) {
  const Effort effort = effortFor(kernel, count);
  if (effort.parts < 2) return false;
  const bool scalars = makesScalars(kernel);
  if (effort.lanes == 1 && !hasOrder(kernel, KernelOrder::kFixed)) return false;
  const Axes axes = given.empty() ? flatAxes(args, count) : given;
  const bool buffers = hasOrder(kernel, KernelOrder::kBuffers);
  if (hasOrder(kernel, KernelOrder::kWhole) && !SEGUE_FAULT(HalfSumsInParts)) return false;
  if (axes.size() > 1 && (buffers || hasOrder(kernel, KernelOrder::kHalves))) return false;
  int64_t parts = scalars ? std::min(effort.parts, kMostLeaves) : effort.usefulParts();
  const size_t axis = axisToCut(kernel, axes, parts);
  if (axis == axes.size()) return false;
  PartedRun run(kernel, args, axes, axis, effort);
  if (scalars) {
    run.reduce(parts, buffers, results);
  } else {
    // Pieces of rows are read with gaps: the fewer the better.
    if (axis == 0 && axes.size() > 1) parts = std::min(parts, effort.lanes);
    run.run(cutAxis(axes[axis].size, parts, axis == 0 ? kUnit : 1));
  }
  return true;
}

}  // namespace

int64_t longRunWork() { return long_run_work.load(std::memory_order_relaxed); }
void setLongRunWork(int64_t picoseconds) { long_run_work.store(picoseconds, std::memory_order_relaxed); }

Effort effortFor(const Kernel& kernel, int64_t count) {
  if (count < kLongRun) return {};
  const int64_t work = count * kernel.cost, enough = longRunWork();
  if (work < enough) return {};
  Effort out{.parts = work / std::max<int64_t>(enough / kLeastParts, 1)};
  const int64_t most_lanes = threadCount();
  if (most_lanes == 1) return out;
  out.wakes = work / kWakingRuns >= enough;
  if (out.wakes || anyWorkerAwake()) out.lanes = std::min(most_lanes, std::max<int64_t>(work / enough, 2));
  return out;
}

Cut cutAxis(int64_t size, int64_t parts, int64_t unit) {
  const int64_t length = (size + parts - 1) / parts;
  return {size, (length + unit - 1) / unit * unit};
}

void combineScalars(const Kernel& kernel, uint64_t* so_far, const uint64_t* values) {
  for (size_t i = 0; i < kernel.reductions.size(); i++) {
    const KernelReduction& reduction = kernel.reductions[i];
    if (!makesScalar(kernel, reduction)) continue;
    if (reduction.combine != nullptr) reduction.combine(&so_far[i], values[i]);
    const uint32_t extreme = reduction.extreme;
    if (reduction.locate != nullptr) reduction.locate(&so_far[i], values[i], &so_far[extreme], values[extreme]);
  }
}

bool runInParts(const Kernel& kernel, const Args& args, const Axes& axes, Results& results, int64_t count) {
  try {
    return cutAndRun(kernel, args, axes, results, count);
  } catch (const std::bad_alloc&) {
    return false;   // before anything has been run: parts allocate nothing
  }
}

}  // namespace segue
