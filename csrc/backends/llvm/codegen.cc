#include "backends/llvm/codegen.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "backends/llvm/background.h"
#include "backends/llvm/compiler.h"
#include "backends/llvm/cpu.h"
#include "backends/llvm/object_cache.h"
#include "backends/llvm/symbols.h"
#include "base/fault.h"
#include "base/hash.h"
#include "log/log.h"

namespace segue::llvm {
namespace {

Result<LoadedObject> load(const std::string& object) {
  return loadObject({reinterpret_cast<const uint8_t*>(object.data()), object.size()}, findSymbol);
}

void logText(const std::string& name, const std::string& module) {
  if (logs(Channel::kIr)) emit(IrEvent{name, module});
  if (logLevel(Channel::kAsm) == LogLevel::kOff) return;   // it takes LLVM: who merely listens has not asked for it
  Result<std::string> text = textFrom("assembly", {module});
  emit(AsmEvent{name, text.ok() ? text.value() : absl::StrCat("there is none: ", text.error(), "\n")});
}

/// Saves what LLVM has failed on. The words behind the error: where it lies.
std::string saveReproducer(const std::string& name, const std::string& module, const std::string& error) {
  Result<std::string> text = textFrom("reproducer", {module, error});
  if (!text.ok()) return absl::StrCat(" (it could not be saved: ", text.error(), ")");
  std::string path = processCache().storeText(name, text.value());
  if (path.empty()) {
    Result<std::string> elsewhere = textFrom("save_temporarily", {name, text.value()});
    if (!elsewhere.ok()) return absl::StrCat(" (it could not be saved: ", elsewhere.error(), ")");
    path = elsewhere.value();
  }
  return absl::StrCat("; to report it, add the file ", path);
}

}  // namespace

std::string cacheKey(std::string_view module, std::string_view cpu) {
  return absl::StrCat("codegen ", kCodegenVersion, "\n", SEGUE_FAULT(CacheKeyWithoutCpu) ? "" : cpu, "\n", module);
}

namespace {

/// The module's object in the cache, if the compiler that is here has made it. Without a compiler, code of any is good.
std::optional<std::string> cachedObject(const std::string& key) {
  std::optional<CachedObject> cached = processCache().find(key);
  const bool current = cached && (cached->maker == compilerName() || compilerName().empty() || SEGUE_FAULT(CacheMakerIgnored));
  return current ? std::optional(std::move(cached->object)) : std::nullopt;
}

/// Compiled in the background, or now.
Result<CompiledModule> compileNew(const std::string& module, const std::string& key) {
  const std::optional<Result<std::string>> handed_in = takeHandedIn(module);
  const Result<std::string> object = handed_in ? *handed_in : textFrom("object_code", {module});
  if (!object.ok()) return object.failure();
  SEGUE_TRY(LoadedObject loaded, load(object.value()));
  processCache().store(key, compilerName(), object.value());
  return CompiledModule{std::move(loaded), handed_in ? "compiled in the background" : "compiled"};
}

}  // namespace

Result<CompiledModule> compileModule(const std::string& module) {
  SEGUE_REQUIRE(canLoadCode(), "there are no kernels for this processor");
  const std::string key = cacheKey(module, cpuIdentity());
  if (const std::optional<std::string> cached = cachedObject(key)) {
    Result<LoadedObject> loaded = load(*cached);
    if (loaded.ok()) return CompiledModule{std::move(loaded.value()), "from the cache"};
  }
  return compileNew(module, key);
}

namespace {

/// Logs the module, and says in a failure where it is saved.
Result<CompiledModule> compileNamed(const std::string& name, const std::string& module) {
  logText(name, module);
  Result<CompiledModule> compiled = compileModule(module);
  if (compiled.ok() || compilerName().empty()) return compiled;
  return Error{absl::StrCat(compiled.error(), saveReproducer(name, module, compiled.error()))};
}

int64_t bytesOf(const LoadedObject& loaded) { return static_cast<int64_t>(loaded.code_size + loaded.constants_size); }

Result<void> offerMathFunction(const MathFunction& function) {
  const std::string name = mathFunctionName(function);
  if (findSymbol(name) != nullptr) return {};
  const auto start = std::chrono::steady_clock::now();
  SEGUE_TRY(const CompiledModule compiled, compileNamed(name, mathFunctionModule(function, hasFusedMultiplyAdd())));
  SEGUE_REQUIRE(compiled.loaded.functions.contains(name), "the object of %s has no such function", name);
  offerSymbols(compiled.loaded.functions);
  logKernel(name, 1, bytesOf(compiled.loaded), compiled.origin, start, "a math function\n");
  return {};
}

}  // namespace

void logKernel(const std::string& name, int64_t nodes, int64_t bytes, const char* origin, std::chrono::steady_clock::time_point start,
               const std::string& text) {
  if (!logs(Channel::kKernels)) return;
  const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
  emit(KernelEvent{name, nodes, bytes, origin, spent.count(), text});
}

Result<void> offerMathFunctions(absl::Span<const MathFunction> functions) {
  for (const MathFunction& function : functions) SEGUE_TRY_VOID(offerMathFunction(function));
  return {};
}

namespace {

/// The kernels of this process, by text.
absl::flat_hash_map<std::string, CompiledKernel>& knownKernels() {
  static auto* known = new absl::flat_hash_map<std::string, CompiledKernel>;
  return *known;
}

std::string kernelName(const KernelText& kernel) { return absl::StrFormat("segue_kernel_%016x", stableHash(kernel.text)); }

}  // namespace

void appendModulesToCompile(const KernelText& kernel, std::vector<std::string>* modules) {
  auto require = [modules](std::string module) {
    const bool here = wasHandedIn(module) || cachedObject(cacheKey(module, cpuIdentity()));
    if (!here && std::find(modules->begin(), modules->end(), module) == modules->end()) modules->push_back(std::move(module));
  };
  for (const MathFunction& function : kernel.functions) {
    if (findSymbol(mathFunctionName(function)) == nullptr) require(mathFunctionModule(function, hasFusedMultiplyAdd()));
  }
  if (!knownKernels().contains(kernel.text)) require(emitModule(kernelName(kernel), kernel.text));
}

Result<CompiledKernel> compileKernel(const KernelText& kernel) {
  if (auto found = knownKernels().find(kernel.text); found != knownKernels().end()) return found->second;
  CompiledKernel out;
  out.name = kernelName(kernel);
  SEGUE_TRY(const CompiledModule compiled, compileNamed(out.name, emitModule(out.name, kernel.text)));
  const LoadedObject& loaded = compiled.loaded;
  auto find = [&loaded](std::string_view name) {
    auto code = loaded.functions.find(name);
    return code == loaded.functions.end() ? nullptr : reinterpret_cast<KernelCode>(const_cast<void*>(code->second));
  };
  out.code = find(out.name);
  SEGUE_REQUIRE(out.code != nullptr, "the object of %s has no such function", out.name);
  out.streaming = find(kStreamingKernel);
  out.bytes = bytesOf(loaded);
  CompiledKernel& kept = knownKernels()[kernel.text] = out;
  kept.origin = "known";
  out.origin = compiled.origin;
  return out;
}

}  // namespace segue::llvm
