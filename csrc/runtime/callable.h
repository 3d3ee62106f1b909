// What segue.compile returns: a C type whose instances behave as the function that they wrap.
//
// Model. A CompiledFunction holds the wrapped callable and the options of its compile() call. Attributes are the
// wrapped function's, by delegation, so names, documentation, signature, code and defaults have one home. Calling it
// tries the fast path (no frame at all), then opens an extent of the frame hook and calls the wrapped function; the
// frame handler does the rest. No Python frame is added, so tracebacks are those of the plain function.
//
// Two types share all of this: `CompiledFunction` wraps Python functions and is a method descriptor (CPython calls
// `obj.method(...)` without making a bound method); `CompiledCallable` wraps any other callable and binds as it does.
//
// Requirements
//  1. The call path allocates nothing, logs nothing and uses no pybind11.
//  2. Fast path and extent are skipped while the thread is traced, profiled or monitored, and while the hook is paused.
//  3. A call that cannot open an extent runs the plain function and tells the eager notice. One in a subinterpreter raises.
//  4. An instance is freed with its dispatch state, and takes part in garbage collection. What its state reports may be
//     reached by others, too: so the state goes as the instance's finalizer, before the collector clears any object.
#pragma once

#include "base/ref.h"

#include <memory>
#include <string>

#include "hook/eval.h"

namespace segue {

/// Options of one compile() call, as the engine reads them; the Python side has validated them.
struct CompileOptions {
  std::string backend = "reference";  ///< name in the backend registry; empty when `backend_function` is set
  Ref backend_function;               ///< backend given as a callable, or null
  bool fullgraph = false;             ///< a break raises GraphBreakError
  bool dynamic = true;                ///< array sizes are symbolic from the first call
  bool exact = false;                 ///< mode="exact": every bit as NumPy computes it
  Ref backend_options;                ///< dict for the backend, or null
  bool capture_all = false;           ///< libraries' frames, and segments without array operators, too (segue.testing.trace_all)
};

/// Per-function state that the dispatcher hangs onto a CompiledFunction; freed with it.
class DispatchState {
 public:
  virtual ~DispatchState() = default;
  /// Visits the Python objects that it owns, as tp_traverse does.
  virtual int traverse(visitproc visit, void* arg) { return 0; }
  /// Copies of the function's options that only it leads to.
  virtual int64_t countOptions(const CompileOptions* options) const { return 0; }
  /// The function is garbage: lets go of everything that it visits. It is deleted behind.
  virtual void retire() {}
};

struct CompiledFunction;

/// Tries to answer a call without a frame. True: answered, `*result` is a new reference, or null with an exception set.
/// False: not applicable, nothing has happened. `nargsf` may carry PY_VECTORCALL_ARGUMENTS_OFFSET.
using FastPath = bool (*)(CompiledFunction* self, PyObject* const* args, size_t nargsf, PyObject* kwnames,
                          PyObject** result);
using EagerNotice = void (*)(CompiledFunction* self);

struct CompiledFunction {
  PyObject ob_base;
  vectorcallfunc vectorcall;                        ///< CPython calls instances through it
  PyObject* weak_references;                        ///< kept by CPython
  Ref wrapped;                                      ///< the callable given to compile(); a function in CompiledFunction
  FastPath fast_path;                               ///< null: no entry of this function qualifies now
  std::unique_ptr<DispatchState> dispatch;          ///< the dispatcher's, or null before the first call
  std::shared_ptr<const CompileOptions> options;    ///< never null
  Ref options_object;                               ///< the options as the Python side holds them, or null
};

/// Creates the types. False with a Python exception set on failure. Idempotent.
bool initCallable();
/// The types, borrowed; valid after initCallable().
PyTypeObject* compiledFunctionType();
PyTypeObject* compiledCallableType();
/// True for instances of either type.
bool isCompiled(BorrowedRef object);

/// Wraps `callable` (TypeError when it is not one). Null with a Python exception set on failure.
Ref makeCompiled(BorrowedRef callable, std::shared_ptr<const CompileOptions> options, BorrowedRef options_object);

/// The compiled function whose call this thread is in, innermost; null outside. Borrowed for the handler's time.
CompiledFunction* currentCompiled();

/// What a call of `self` opens and closes, for a block of code instead of a call. `self` outlives the block; `*outer` goes to
/// leaveCompiled. Other results than SEGUE_EXTENT_ENTERED: nothing was opened.
SegueExtent enterCompiled(PyThreadState* ts, CompiledFunction* self, CompiledFunction** outer);
/// False with the exception set that a signal handler or another thread raised meanwhile.
bool leaveCompiled(PyThreadState* ts, CompiledFunction* outer);

/// Called when a call runs eagerly, because another evaluator is installed. Returns the previous notice; null (the start) tells nobody.
EagerNotice setEagerNotice(EagerNotice notice);

}  // namespace segue
