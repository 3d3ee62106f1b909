#include "backends/llvm/native.h"

#include "backends/llvm/codegen.h"
#include "backends/llvm/emit.h"
#include "backends/llvm/fusion.h"

namespace segue {
namespace {

Result<KernelCall> kernelCall(const llvm::Group& group) {
  SEGUE_TRY(KernelCode code, llvm::compileKernel(llvm::emitKernel(group, 2 * llvm::vectorBytes())));
  auto kernel = std::make_shared<Kernel>();
  kernel->code = code;
  kernel->params = group.params;
  kernel->ndim = group.outputs.front()->type->ndim();
  kernel->f_order = group.f_order;
  kernel->flat = group.flat;
  kernel->reports = group.dag.reports();
  kernel->text = group.dag.print();
  return KernelCall{std::move(kernel), group.inputs, group.outputs};
}

}  // namespace

Result<Plan> NativeBackend::compile(const BackendInput& input) {
  llvm::Fusion fusion = llvm::fuse(*input.graph);
  for (size_t i = 0; i < fusion.groups.size(); i++) {
    SEGUE_TRY(fusion.schedule.items[fusion.items[i]].kernel, kernelCall(*fusion.groups[i]));
  }
  return lowerToPlan(input, fusion.schedule);
}

}  // namespace segue
