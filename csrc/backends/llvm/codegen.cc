#include "backends/llvm/codegen.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "backends/llvm/emit.h"
#include "base/imports.h"

namespace segue::llvm {
namespace {

/// "ValueError: words" of the current exception, which is cleared.
std::string takeException() {
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  Ref held_type = Ref::steal(type), held_value = Ref::steal(value), held_traceback = Ref::steal(traceback);
  Ref words = held_value ? Ref::steal(PyObject_Str(value)) : Ref();
  const char* utf8 = words ? PyUnicode_AsUTF8(words.get()) : nullptr;
  std::string out = utf8 != nullptr ? utf8 : "an error without words";
  PyErr_Clear();
  return out;
}

}  // namespace

int vectorBytes() {
#if defined(__x86_64__)
  static const int bytes = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") ? 64
                           : __builtin_cpu_supports("avx2")                                         ? 32
                                                                                                    : 16;
  return bytes;
#else
  return 16;
#endif
}

Result<KernelCode> compileKernel(const std::string& kernel) {
  static auto* known = new absl::flat_hash_map<std::string, KernelCode>;
  static int number = 0;
  if (auto found = known->find(kernel); found != known->end()) return found->second;
  const std::string name = absl::StrCat("segue_kernel_", number++);
  const std::string module = emitModule(name, kernel);
  Ref native = importModule("segue.native");
  Ref address = native ? Ref::steal(PyObject_CallMethod(native.get(), "load", "ss", name.c_str(), module.c_str())) : Ref();
  void* code = address ? PyLong_AsVoidPtr(address.get()) : nullptr;
  if (code == nullptr) return Error{PyErr_Occurred() != nullptr ? takeException() : "LLVM has lost the kernel"};
  return (*known)[kernel] = reinterpret_cast<KernelCode>(code);
}

}  // namespace segue::llvm
