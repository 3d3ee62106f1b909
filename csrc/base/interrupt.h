// Exceptions from outside: what a signal handler raised, or another thread sent (PyThreadState_SetAsyncExc), while Segue
// ran NumPy's Python code on its own account.
//
// Model. CPython looks for signals in Python frames only. An exception of an operator needs no care: CPython runs the
// code again and raises it in its place. One from outside would not come again, so it is kept, and raised where the
// outermost Python function that it went through is called the next time, with the traceback that it has: the compiled
// frame, which now runs eagerly, sees what it had seen without Segue. Should that call not come, the exception ends the
// compiled call.
//
// Requirements
//  1. The GIL is held. What is kept belongs to the thread and does not outlive its compiled call.
#pragma once

#include "base/python.h"

#include "absl/functional/function_ref.h"

namespace segue {

/// Clears the current exception, if there is one, but keeps it when it came from outside: it is no subclass of Exception
/// (no operator raises those), or it went through Python code and `again`, which repeats what failed (a new reference, or
/// null with an exception), does not raise it at the same place. MemoryError never counts.
void clearFailure(absl::FunctionRef<PyObject*()> again);

extern __thread PyObject* kept_interrupt __attribute__((tls_model("initial-exec"), visibility("hidden")));
/// Whether this thread holds an exception back.
inline bool interruptKept() { return kept_interrupt != nullptr; }

/// Raises what is kept when a call of `code` is the place for it. False: it is not.
bool raiseInterruptIn(PyCodeObject* code);
/// Raises what is kept, in the context of the current exception if there is one.
void raiseInterrupt();

}  // namespace segue
