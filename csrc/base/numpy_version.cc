#include "base/python.h"

#include "base/numpy_version.h"

#include <cstdio>
#include <utility>

#include "base/imports.h"
#include "base/once.h"
#include "base/ref.h"

namespace segue {
namespace {

/// Major and minor of numpy.__version__ ("2.4.6", "2.5.0rc1").
std::pair<int, int> readVersion() {
  std::pair<int, int> version{0, 0};
  Ref numpy = importModule("numpy");
  Ref text = numpy ? Ref::steal(PyObject_GetAttrString(numpy.get(), "__version__")) : Ref(nullptr);
  const char* words = text && PyUnicode_Check(text.get()) ? PyUnicode_AsUTF8(text.get()) : nullptr;
  if (words != nullptr) std::sscanf(words, "%d.%d", &version.first, &version.second);
  PyErr_Clear();
  return version;
}

}  // namespace

bool numpyAtLeast(int major, int minor) {
  static constinit Once<std::pair<int, int>> running;
  return running.get(readVersion) >= std::pair(major, minor);
}

}  // namespace segue
