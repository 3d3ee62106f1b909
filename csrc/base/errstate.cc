#include "base/errstate.h"

#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/imports.h"

namespace segue {
namespace {

constexpr const char* kCapsule = "numpy.ufunc.extobj";
constexpr std::array<const char*, 4> kConditions = {"divide", "over", "under", "invalid"};
constexpr std::array<const char*, 6> kAnswers = {"ignore", "warn", "raise", "call", "print", "log"};

/// What NumPy's capsule points to.
struct NumpyErrState {
  int mask;
  npy_intp buffer_size;
  PyObject* callback;
};

PyObject* variable = nullptr;  ///< NumPy's context variable; kept for good
bool looked = false;

bool read(ErrState* state) {
  PyObject* capsule = nullptr;
  if (PyContextVar_Get(variable, nullptr, &capsule) < 0 || capsule == nullptr) {
    PyErr_Clear();
    return false;
  }
  // The context keeps the capsule alive for longer than the caller looks at it.
  Py_DECREF(capsule);
  if (!PyCapsule_IsValid(capsule, kCapsule)) return false;
  auto* found = static_cast<NumpyErrState*>(PyCapsule_GetPointer(capsule, kCapsule));
  *state = {found->mask, found->buffer_size, found->callback == nullptr ? Py_None : found->callback};
  return true;
}

/// The mask that np.geterr() describes, -1 when it cannot be told.
int publicMask() {
  Ref numpy = importModule("numpy");
  Ref state = numpy ? Ref::steal(PyObject_CallMethod(numpy.get(), "geterr", nullptr)) : Ref();
  if (!state || !PyDict_Check(state.get())) return -1;
  int mask = 0;
  for (size_t i = 0; i < kConditions.size(); i++) {
    PyObject* answer = PyDict_GetItemString(state.get(), kConditions[i]);
    const char* text = answer != nullptr ? PyUnicode_AsUTF8(answer) : nullptr;
    if (text == nullptr) return -1;
    for (size_t code = 0; code < kAnswers.size(); code++) {
      if (std::string_view(text) == kAnswers[code]) mask |= static_cast<int>(code) << (3 * i);
    }
  }
  return mask;
}

/// Finds the variable and compares what it holds with np.geterr().
void look() {
  looked = true;
  Ref umath = importModule("numpy._core._multiarray_umath");
  Ref found = umath ? Ref::steal(PyObject_GetAttrString(umath.get(), "_extobj_contextvar")) : Ref();
  if (found && PyContextVar_CheckExact(found.get())) variable = found.release();
  ErrState state;
  if (variable != nullptr && (!read(&state) || state.mask != publicMask())) variable = nullptr;
  PyErr_Clear();
}

/// The one variable of a context in which nothing but the handler has been set.
Ref findMemoryHandlerVariable() {
  Ref context = Ref::steal(PyContext_New());
  if (!context || PyContext_Enter(context.get()) < 0) return Ref();
  Ref handler = Ref::steal(PyDataMem_GetHandler());
  Ref before = handler ? Ref::steal(PyDataMem_SetHandler(handler.get())) : Ref();
  if (PyContext_Exit(context.get()) < 0 || !before) return Ref();
  Ref variables = Ref::steal(PyObject_GetIter(context.get()));
  return variables ? Ref::steal(PyIter_Next(variables.get())) : Ref();
}

}  // namespace

bool currentErrState(ErrState* state) {
  if (!looked) look();
  return variable != nullptr && read(state);
}

PyObject* errStateVariable() {
  if (!looked) look();
  return variable;
}

PyObject* memoryHandlerVariable() {
  static PyObject* found = nullptr;
  if (found == nullptr) found = findMemoryHandlerVariable().release();
  if (found == nullptr) PyErr_Clear();
  return found;
}

std::string printErrMask(int mask) {
  std::string out;
  for (size_t i = 0; i < kConditions.size(); i++) {
    size_t answer = static_cast<size_t>(mask >> (3 * i)) & 7;
    absl::StrAppend(&out, i > 0 ? ", " : "", kConditions[i], "=", answer < kAnswers.size() ? kAnswers[answer] : "?");
  }
  return out;
}

}  // namespace segue
