#include "runtime/kernel_runs.h"

#include <utility>

#include "base/check.h"
#include "runtime/kernel_arrays.h"

namespace segue {
namespace {

thread_local std::vector<std::vector<KernelRun>> watches;   ///< of this thread, innermost last

}  // namespace

void beginKernelRuns() {
  watches.emplace_back();
  kernel_watchers++;
}

std::vector<KernelRun> endKernelRuns() {
  SEGUE_CHECK(!watches.empty(), "nothing was begun");
  std::vector<KernelRun> runs = std::move(watches.back());
  watches.pop_back();
  kernel_watchers--;
  return runs;
}

bool watchesKernels() { return !watches.empty(); }

void addKernelRun(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, int64_t elements, double seconds) {
  KernelRun run{.name = kernel.name, .operators = kernel.operators, .elements = elements, .seconds = seconds};
  for (size_t i = 0; i < operands.size(); i++) {
    if (kernel.params[i].kind == KernelParam::Kind::kArray) run.bytes += PyArray_NBYTES(arrayOf(regs[operands[i]]));
  }
  for (const uint32_t table : kernel.tables) run.bytes += elements * PyArray_ITEMSIZE(arrayOf(regs[operands[table]]));
  run.flops = elements * kernel.flops;
  run.estimated_seconds = static_cast<double>(elements * kernel.cost) * 1e-12;
  for (std::vector<KernelRun>& watch : watches) watch.push_back(run);
}

}  // namespace segue
