#include "base/interrupt.h"

#include "base/ref.h"

namespace segue {

__thread PyObject* kept_interrupt = nullptr;

namespace {

/// An exception taken from the thread, whole.
struct Raised {
  Ref type, value, traceback;

  static Raised take() {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != nullptr) PyException_SetTraceback(value, traceback);
    return {Ref::steal(type), Ref::steal(value), Ref::steal(traceback)};
  }
  bool is(PyObject* kind) const { return PyErr_GivenExceptionMatches(type.get(), kind) != 0; }
};

PyTracebackObject* entries(BorrowedRef traceback) { return reinterpret_cast<PyTracebackObject*>(traceback.get()); }

Ref codeOf(PyTracebackObject* entry) { return Ref::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(entry->tb_frame))); }

bool samePlace(const Raised& a, const Raised& b) {
  if (a.type.get() != b.type.get()) return false;
  PyTracebackObject *x = entries(a.traceback), *y = entries(b.traceback);
  while (x != nullptr && y != nullptr && x->tb_lasti == y->tb_lasti && codeOf(x).get() == codeOf(y).get()) {
    x = x->tb_next;
    y = y->tb_next;
  }
  return x == nullptr && y == nullptr;
}

void keep(Raised raised) {
  PyObject* older = std::exchange(kept_interrupt, raised.value.release());
  if (older != nullptr) PyException_SetContext(kept_interrupt, older);
}

void restore(PyObject* exception) {
  PyErr_Restore(Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(exception))), exception,
                PyException_GetTraceback(exception));
}

}  // namespace

void clearFailure(absl::FunctionRef<PyObject*()> again) {
  if (PyErr_Occurred() == nullptr) return;
  Raised first = Raised::take();
  if (!first.is(PyExc_Exception)) return keep(std::move(first));
  if (!first.traceback || first.is(PyExc_MemoryError)) return;
  if (Ref::steal(again())) return keep(std::move(first));
  Raised second = Raised::take();
  if (!second.is(PyExc_Exception)) return keep(std::move(second));
  if (!samePlace(first, second)) keep(std::move(first));
}

bool raiseInterruptIn(PyCodeObject* code) {
  if (kept_interrupt == nullptr) return false;
  Ref traceback = Ref::steal(PyException_GetTraceback(kept_interrupt));
  if (!traceback || codeOf(entries(traceback)).get() != reinterpret_cast<PyObject*>(code)) return false;
  restore(std::exchange(kept_interrupt, nullptr));
  return true;
}

void raiseInterrupt() {
  Ref context = PyErr_Occurred() != nullptr ? Raised::take().value : Ref();
  PyObject* exception = std::exchange(kept_interrupt, nullptr);
  if (context && context.get() != exception) PyException_SetContext(exception, context.release());
  restore(exception);
}

}  // namespace segue
