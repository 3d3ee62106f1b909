#include "backends/llvm/codegen.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "backends/llvm/cpu.h"
#include "backends/llvm/object_cache.h"
#include "backends/llvm/symbols.h"
#include "base/exceptions.h"
#include "base/fault.h"
#include "base/hash.h"
#include "base/imports.h"
#include "base/interrupt.h"
#include "base/once.h"
#include "log/log.h"

namespace segue::llvm {
namespace {

using Texts = std::initializer_list<std::string_view>;

Ref callOnce(const char* function, Texts texts) {
  Ref native = importModule("segue.native");
  Ref method = native ? Ref::steal(PyObject_GetAttrString(native.get(), function)) : Ref();
  Ref arguments = method ? Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(texts.size()))) : Ref();
  if (!arguments) return nullptr;
  Py_ssize_t i = 0;
  for (std::string_view text : texts) {
    PyObject* object = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
    if (object == nullptr) return nullptr;
    PyTuple_SET_ITEM(arguments.get(), i++, object);
  }
  return Ref::steal(PyObject_CallObject(method.get(), arguments.get()));
}

/// What a function of python/segue/native.py answers. An interrupt that comes meanwhile is kept for the program, and the call made again.
Result<Ref> callNative(const char* function, Texts texts) {
  for (int attempt = 0; attempt < 2; attempt++) {
    if (Ref answer = callOnce(function, texts)) return answer;
    if (PyErr_ExceptionMatches(PyExc_Exception)) return Error{takeException()};
    clearFailure([]() -> PyObject* { return nullptr; });   // not asked: what is no Exception came from outside
  }
  return Error{"it was interrupted"};
}

/// Its answer, a str or bytes.
Result<std::string> textFrom(const char* function, Texts texts) {
  SEGUE_TRY(Ref answer, callNative(function, texts));
  if (PyBytes_Check(answer.get())) return std::string(PyBytes_AS_STRING(answer.get()), static_cast<size_t>(PyBytes_GET_SIZE(answer.get())));
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(answer.get(), &size);
  if (utf8 == nullptr) return Error{takeException()};
  return std::string(utf8, static_cast<size_t>(size));
}

/// The compiler that is installed, found without importing it: "llvmlite 0.50.0"; "" for none.
const std::string& maker() {
  static constinit Once<std::string> once;
  return once.get([] {
    Result<std::string> name = textFrom("maker", {});
    return name.ok() ? name.value() : std::string();
  });
}

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

Result<CompiledModule> compileModule(const std::string& module) {
  SEGUE_REQUIRE(canLoadCode(), "there are no kernels for this processor");
  const std::string key = cacheKey(module, cpuIdentity());
  if (std::optional<CachedObject> cached = processCache().find(key)) {
    // Without a compiler, code of any is good.
    const bool current = cached->maker == maker() || maker().empty() || SEGUE_FAULT(CacheMakerIgnored);
    Result<LoadedObject> loaded = current ? load(cached->object) : Result<LoadedObject>(Error{"of another compiler"});
    if (loaded.ok()) return CompiledModule{std::move(loaded.value()), true};
  }
  SEGUE_TRY(const std::string object, textFrom("object_code", {module}));
  SEGUE_TRY(LoadedObject loaded, load(object));
  processCache().store(key, maker(), object);
  return CompiledModule{std::move(loaded), false};
}

namespace {

/// Logs the module, and says in a failure where it is saved.
Result<CompiledModule> compileNamed(const std::string& name, const std::string& module) {
  logText(name, module);
  Result<CompiledModule> compiled = compileModule(module);
  if (compiled.ok() || maker().empty()) return compiled;
  return Error{absl::StrCat(compiled.error(), saveReproducer(name, module, compiled.error()))};
}

Result<void> offerMathFunction(const MathFunction& function) {
  const std::string name = mathFunctionName(function);
  if (findSymbol(name) != nullptr) return {};
  const auto start = std::chrono::steady_clock::now();
  SEGUE_TRY(const CompiledModule compiled, compileNamed(name, mathFunctionModule(function, hasFusedMultiplyAdd())));
  SEGUE_REQUIRE(compiled.loaded.functions.contains(name), "the object of %s has no such function", name);
  offerSymbols(compiled.loaded.functions);
  if (logs(Channel::kKernels)) {
    const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
    const auto bytes = static_cast<int64_t>(compiled.loaded.code_size + compiled.loaded.constants_size);
    emit(KernelEvent{name, 1, bytes, compiled.from_cache ? "from the cache" : "compiled", spent.count(), "a math function\n"});
  }
  return {};
}

}  // namespace

Result<void> offerMathFunctions(absl::Span<const MathFunction> functions) {
  for (const MathFunction& function : functions) SEGUE_TRY_VOID(offerMathFunction(function));
  return {};
}

Result<CompiledKernel> compileKernel(const KernelText& kernel) {
  static auto* known = new absl::flat_hash_map<std::string, CompiledKernel>;
  if (auto found = known->find(kernel.text); found != known->end()) return found->second;
  CompiledKernel out;
  out.name = absl::StrFormat("segue_kernel_%016x", stableHash(kernel.text));
  SEGUE_TRY(const CompiledModule compiled, compileNamed(out.name, emitModule(out.name, kernel.text)));
  const LoadedObject& loaded = compiled.loaded;
  auto code = loaded.functions.find(out.name);
  SEGUE_REQUIRE(code != loaded.functions.end(), "the object of %s has no such function", out.name);
  out.code = reinterpret_cast<KernelCode>(const_cast<void*>(code->second));
  out.bytes = static_cast<int64_t>(loaded.code_size + loaded.constants_size);
  CompiledKernel& kept = (*known)[kernel.text] = out;
  kept.origin = "known";
  out.origin = compiled.from_cache ? "from the cache" : "compiled";
  return out;
}

}  // namespace segue::llvm
