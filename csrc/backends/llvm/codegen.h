// From LLVM's assembly to code in memory: out of the cache on disk (object_cache.h), or compiled by llvmlite (python/segue/native.py), which
// is imported only then; loaded by us (loader.h).
#pragma once

#include <chrono>

#include "backends/llvm/emit.h"
#include "backends/llvm/loader.h"
#include "base/traced.h"
#include "program/kernel.h"

namespace segue::llvm {

/// To be raised when the same text is to be compiled otherwise (options), or has come to mean something else (a function that it calls).
inline constexpr int kCodegenVersion = 2;

/// All that the object code of a module depends on, but for the compiler's version.
std::string cacheKey(std::string_view module, std::string_view cpu);

struct CompiledModule {
  LoadedObject loaded;
  const char* origin = "";        ///< "compiled", "compiled in the background", "from the cache"
};
/// The module's functions in memory, for good. What they call is found by findSymbol(). Fails where LLVM does, and without llvmlite unless
/// the cache has the module.
Result<CompiledModule> compileModule(const std::string& module);

struct CompiledKernel {
  KernelCode code = nullptr, streaming = nullptr;   ///< Kernel's
  std::string name;               ///< that of its function: the same in all processes
  int64_t bytes = 0;              ///< of code and constants
  const char* origin = "";        ///< that of its module, or "known": compiled or loaded before
};
/// Compiles or loads functions, once in a process, for the kernels that call them.
Result<void> offerMathFunctions(absl::Span<const MathFunction> functions);

/// Tells the channel `kernels`, if somebody listens, of code for so many nodes that has been made since `start`.
void logKernel(const std::string& name, int64_t nodes, int64_t bytes, const char* origin, std::chrono::steady_clock::time_point start,
               const std::string& text);

/// Adds the modules, without repeats, that would have to be compiled for a kernel: its own and those of math functions.
void appendModulesToCompile(const KernelText& kernel, std::vector<std::string>* modules);

/// The code of a kernel whose math functions have been offered. A failure names the file that has been saved to reproduce it.
Result<CompiledKernel> compileKernel(const KernelText& kernel);

}  // namespace segue::llvm
