#include "backends/llvm/compiler.h"

#include "base/exceptions.h"
#include "base/imports.h"
#include "base/interrupt.h"
#include "base/once.h"

namespace segue::llvm {
namespace {

Ref callOnce(const char* function, absl::Span<const std::string_view> texts) {
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

}  // namespace

Result<Ref> callNative(const char* function, absl::Span<const std::string_view> texts) {
  for (int attempt = 0; attempt < 2; attempt++) {
    if (Ref answer = callOnce(function, texts)) return answer;
    if (PyErr_ExceptionMatches(PyExc_Exception)) return Error{takeException()};
    clearFailure([]() -> PyObject* { return nullptr; });   // not asked: what is no Exception came from outside
  }
  return Error{"it was interrupted"};
}

Result<std::string> textFrom(const char* function, absl::Span<const std::string_view> texts) {
  SEGUE_TRY(Ref answer, callNative(function, texts));
  if (PyBytes_Check(answer.get())) return std::string(PyBytes_AS_STRING(answer.get()), static_cast<size_t>(PyBytes_GET_SIZE(answer.get())));
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(answer.get(), &size);
  if (utf8 == nullptr) return Error{takeException()};
  return std::string(utf8, static_cast<size_t>(size));
}

const std::string& compilerName() {
  static constinit Once<std::string> once;
  return once.get([] {
    Result<std::string> name = textFrom("maker", {});
    return name.ok() ? name.value() : std::string();
  });
}

}  // namespace segue::llvm
