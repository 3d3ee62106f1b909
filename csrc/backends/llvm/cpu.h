// What this processor is, as far as code made for it depends on that; known without LLVM.
#pragma once

#include <string>

namespace segue::llvm {

/// A line that differs between processors for which LLVM might choose other instructions; the same in every process.
const std::string& cpuIdentity();
/// Bytes of the vectors that kernels work with on this machine.
int vectorBytes();
/// Whether it converts between float16 and float32.
bool convertsHalves();
/// For tests: kernels that are made from now on are for processors that do not.
void setWithoutHalfConversions(bool without);
/// Whether it multiplies and adds in one rounding.
bool hasFusedMultiplyAdd();

}  // namespace segue::llvm
