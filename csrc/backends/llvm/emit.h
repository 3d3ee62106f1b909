// Kernels as LLVM IR.
//
// The loops are written with explicit vectors and no pass of LLVM's optimizer is meant to run over them: what does not change is computed in
// front of a loop, equal values are one already (kernel_dag.h). Two registers' worth of elements are done at once, so that chains of
// instructions overlap; what is left over goes element by element, and so does, without a reduction, all of an array with gaps.
// With math functions (math/functions.h) and without a reduction it is four registers' worth, and always vectors.
#pragma once

#include <string>
#include <string_view>

#include "backends/llvm/fusion.h"
#include "backends/llvm/math/library.h"

namespace segue::llvm {

/// The name of a kernel's second form, in its module, which stores past the caches (Kernel::streaming).
inline constexpr std::string_view kStreamingKernel = "segue_streaming";

struct KernelText {
  std::string text;                       ///< the body of a function of KernelCode's type and what stands behind it: all but its name
  std::vector<MathFunction> functions;    ///< that it calls
};

/// `vector_bytes`: of a register.
KernelText emitKernel(const Group& group, int vector_bytes);
/// A module with the kernel under a name.
std::string emitModule(std::string_view name, std::string_view kernel);

}  // namespace segue::llvm
