#include "runtime/callable.h"

#include <cstddef>
#include <new>
#include <utility>

#include <structmember.h>

#include "base/fault.h"
#include "base/interrupt.h"

namespace segue {
namespace {

PyTypeObject* function_type = nullptr;  // wraps Python functions
PyTypeObject* callable_type = nullptr;  // wraps anything else
EagerNotice eager_notice = nullptr;
__thread CompiledFunction* current __attribute__((tls_model("initial-exec"))) = nullptr;

/// Attribute names that types define themselves, so that a lookup on the type would hide the wrapped function's.
struct Names {
  PyObject* doc = PyUnicode_InternFromString("__doc__");
  PyObject* module = PyUnicode_InternFromString("__module__");
};
const Names* names = nullptr;

CompiledFunction* compiled(PyObject* object) { return reinterpret_cast<CompiledFunction*>(object); }

// --- calling ---------------------------------------------------------------------------------------------------------

/// Plain Python: what the call would be without Segue. Its evaluator is reached through C where CPython would have
/// inlined the call, hence the loan.
PyObject* callPlain(PyThreadState* ts, CompiledFunction* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  segue_recursion_lend(ts);
  PyObject* result = PyObject_Vectorcall(self->wrapped.get(), args, nargsf, kwnames);
  segue_recursion_return(ts);
  return result;
}

PyObject* callCompiled(PyObject* callable, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  CompiledFunction* self = compiled(callable);
  PyThreadState* ts = PyThreadState_Get();
  if (ts->interp != segue_home && !segue_require_main_interpreter(PyExc_RuntimeError)) [[unlikely]] return nullptr;
  const bool plain = segue_hook_paused() || (segue_observed(ts) && !SEGUE_FAULT(TracingIgnored));
  if (self->fast_path != nullptr && !plain) [[likely]] {
    PyObject* result;
    if (self->fast_path(self, args, nargsf, kwnames, &result)) return result;
  }
  if (!SEGUE_FAULT(StackEndIgnored) && segue_stack_exhausted()) [[unlikely]] return nullptr;
  if (SEGUE_FAULT(CallLeaksArgument) && PyVectorcall_NARGS(nargsf) > 0) Py_INCREF(args[0]);
  if (plain) [[unlikely]] return callPlain(ts, self, args, nargsf, kwnames);
  SegueExtent extent = segue_extent_enter(ts);
  if (extent != SEGUE_EXTENT_ENTERED) [[unlikely]] {
    if (eager_notice != nullptr) eager_notice(self);
    return callPlain(ts, self, args, nargsf, kwnames);
  }
  CompiledFunction* outer = std::exchange(current, self);
  PyObject* result = PyObject_Vectorcall(self->wrapped.get(), args, nargsf, kwnames);
  if (!SEGUE_FAULT(CallerForgotten)) current = outer;
  if (SEGUE_FAULT(ExtentKeptOnRaise) && result == nullptr) return nullptr;
  segue_extent_leave(ts);
  if (!interruptKept()) [[likely]] return result;
  Py_XDECREF(result);
  raiseInterrupt();
  return nullptr;
}

// --- binding ---------------------------------------------------------------------------------------------------------

PyObject* bindFunction(PyObject* self, PyObject* object, PyObject*) {
  if (object == nullptr || object == Py_None) return Py_NewRef(self);
  return PyMethod_New(self, object);
}

/// Binds as the wrapped callable does: what has no binding of its own stays what it is.
PyObject* bindCallable(PyObject* self, PyObject* object, PyObject* type) {
  const Ref& wrapped = compiled(self)->wrapped;
  descrgetfunc get = wrapped.type()->tp_descr_get;
  if (get == nullptr || SEGUE_FAULT(CallableBindsNothing)) return Py_NewRef(self);
  Ref bound = Ref::steal(get(wrapped.get(), object, type));
  if (!bound) return nullptr;
  if (bound.get() == wrapped.get() || !PyCallable_Check(bound.get())) return Py_NewRef(self);
  return makeCompiled(bound, compiled(self)->options, compiled(self)->options_object).release();
}

// --- attributes ------------------------------------------------------------------------------------------------------

bool isOwnAttribute(PyObject* self, PyObject* name) {
  if (PyUnicode_Compare(name, names->doc) == 0 || PyUnicode_Compare(name, names->module) == 0) return false;
  return _PyType_Lookup(Py_TYPE(self), name) != nullptr;
}

PyObject* getAttribute(PyObject* self, PyObject* name) {
  if (isOwnAttribute(self, name)) return PyObject_GenericGetAttr(self, name);
  return PyObject_GetAttr(compiled(self)->wrapped.get(), name);
}

int setAttribute(PyObject* self, PyObject* name, PyObject* value) {
  return PyObject_SetAttr(compiled(self)->wrapped.get(), name, value);
}

PyObject* wrappedOf(PyObject* self, void*) { return Py_NewRef(compiled(self)->wrapped.get()); }

PyObject* optionsOf(PyObject* self, void*) {
  const Ref& options = compiled(self)->options_object;
  return Py_NewRef(options ? options.get() : Py_None);
}

PyObject* represent(PyObject* self) { return PyUnicode_FromFormat("<compiled %R>", compiled(self)->wrapped.get()); }

/// Pickled as functions are: by the name under which the module has it.
PyObject* reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

PyObject* itself(PyObject* self, PyObject*) { return Py_NewRef(self); }

PyObject* listAttributes(PyObject* self, PyObject*) {
  Ref list = Ref::steal(PyObject_Dir(compiled(self)->wrapped.get()));
  Ref own = Ref::steal(Py_BuildValue("[ss]", "__wrapped__", "__segue_options__"));
  if (!list || !own) return nullptr;
  return PySequence_InPlaceConcat(list.get(), own.get());
}

// --- lifetime --------------------------------------------------------------------------------------------------------

int traverse(PyObject* self, visitproc visit, void* arg) {
  CompiledFunction* function = compiled(self);
  Py_VISIT(Py_TYPE(self));
  if (!SEGUE_FAULT(CallableNotTraversed)) Py_VISIT(function->wrapped.get());
  Py_VISIT(function->options_object.get());
  // The options are shared between bound copies; only who leads to all of their owners may account for what they hold.
  const int64_t led_to = function->dispatch != nullptr ? function->dispatch->countOptions(function->options.get()) : 0;
  if (function->options.use_count() == 1 + led_to) {
    Py_VISIT(function->options->backend_function.get());
    Py_VISIT(function->options->backend_options.get());
  }
  return function->dispatch != nullptr ? function->dispatch->traverse(visit, arg) : 0;
}

void finalize(PyObject* self) {
  CompiledFunction* function = compiled(self);
  function->fast_path = nullptr;
  std::unique_ptr<DispatchState> dispatch = std::move(function->dispatch);
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (dispatch != nullptr) dispatch->retire();
  PyErr_Restore(type, value, traceback);
}

int clear(PyObject* self) {
  CompiledFunction* function = compiled(self);
  finalize(self);
  // Still callable, as a cleared object may be reached by a finalizer: it calls None and raises TypeError.
  Ref wrapped = std::exchange(function->wrapped, Ref::borrow(Py_None));
  Ref options_object = std::exchange(function->options_object, nullptr);
  static const auto no_options = std::make_shared<const CompileOptions>();
  std::shared_ptr<const CompileOptions> options = std::exchange(function->options, no_options);
  return 0;
}

void deallocate(PyObject* self) {
  CompiledFunction* function = compiled(self);
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (function->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  function->dispatch.~unique_ptr();
  function->options.~shared_ptr();
  function->options_object.~Ref();
  function->wrapped.~Ref();
  type->tp_free(self);
  Py_DECREF(type);
}

// --- the types -------------------------------------------------------------------------------------------------------

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(CompiledFunction, vectorcall), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(CompiledFunction, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

PyGetSetDef properties[] = {
    {"__wrapped__", wrappedOf, nullptr, "the callable given to segue.compile", nullptr},
    {"__segue_options__", optionsOf, nullptr, "the options given to segue.compile", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr},
                         {"__copy__", itself, METH_NOARGS, nullptr},
                         {"__deepcopy__", itself, METH_O, nullptr},
                         {"__dir__", listAttributes, METH_NOARGS, nullptr},
                         {nullptr, nullptr, 0, nullptr}};

PyTypeObject* makeType(const char* name, const char* doc, descrgetfunc bind, unsigned flags) {
  PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
                         {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                         {Py_tp_clear, reinterpret_cast<void*>(clear)},
                         {Py_tp_finalize, reinterpret_cast<void*>(finalize)},
                         {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                         {Py_tp_repr, reinterpret_cast<void*>(represent)},
                         {Py_tp_getattro, reinterpret_cast<void*>(getAttribute)},
                         {Py_tp_setattro, reinterpret_cast<void*>(setAttribute)},
                         {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
                         {Py_tp_members, members},
                         {Py_tp_getset, properties},
                         {Py_tp_methods, methods},
                         {Py_tp_doc, const_cast<char*>(doc)},
                         {0, nullptr}};
  PyType_Spec spec = {name, sizeof(CompiledFunction), 0,
                      static_cast<unsigned>(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                                            Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE) |
                          flags,
                      slots};
  return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

/// compile(staticmethod(f)) is staticmethod(compile(f)), and likewise for class methods.
Ref compileInside(BorrowedRef descriptor, std::shared_ptr<const CompileOptions> options, BorrowedRef options_object) {
  Ref function = Ref::steal(PyObject_GetAttrString(descriptor, "__func__"));
  if (!function) return nullptr;
  Ref inside = makeCompiled(function, std::move(options), options_object);
  if (!inside) return nullptr;
  return Ref::steal(PyObject_CallOneArg(reinterpret_cast<PyObject*>(Py_TYPE(descriptor.get())), inside.get()));
}

}  // namespace

bool initCallable() {
  if (function_type != nullptr) return true;
  static const Names interned;
  if (interned.doc == nullptr || interned.module == nullptr) return false;
  names = &interned;
  callable_type = makeType("segue._segue.CompiledCallable", "A callable compiled by segue.compile.", bindCallable, 0);
  if (callable_type == nullptr) return false;
  function_type = makeType("segue._segue.CompiledFunction", "A function compiled by segue.compile.", bindFunction,
                           Py_TPFLAGS_METHOD_DESCRIPTOR);
  return function_type != nullptr;
}

PyTypeObject* compiledFunctionType() { return function_type; }
PyTypeObject* compiledCallableType() { return callable_type; }

bool isCompiled(BorrowedRef object) {
  return Py_IS_TYPE(object.get(), function_type) || Py_IS_TYPE(object.get(), callable_type);
}

Ref makeCompiled(BorrowedRef callable, std::shared_ptr<const CompileOptions> options, BorrowedRef options_object) {
  if (Py_IS_TYPE(callable.get(), &PyStaticMethod_Type) || Py_IS_TYPE(callable.get(), &PyClassMethod_Type)) {
    return compileInside(callable, std::move(options), options_object);
  }
  if (!PyCallable_Check(callable)) {
    PyErr_Format(PyExc_TypeError, "segue.compile needs a callable, not %.200s", Py_TYPE(callable.get())->tp_name);
    return nullptr;
  }
  PyTypeObject* type = PyFunction_Check(callable) ? function_type : callable_type;
  PyObject* object = type->tp_alloc(type, 0);
  if (object == nullptr) return nullptr;
  // tp_alloc zeroed the memory and tracks the object already; zeroed members are valid empty ones.
  CompiledFunction* self = compiled(object);
  self->vectorcall = callCompiled;
  new (&self->wrapped) Ref(Ref::borrow(callable));
  new (&self->dispatch) std::unique_ptr<DispatchState>();
  new (&self->options) std::shared_ptr<const CompileOptions>(std::move(options));
  new (&self->options_object) Ref(Ref::borrow(options_object));
  return Ref::steal(object);
}

CompiledFunction* currentCompiled() { return current; }

SegueExtent enterCompiled(PyThreadState* ts, CompiledFunction* self, CompiledFunction** outer) {
  SegueExtent extent = segue_extent_enter(ts);
  if (extent == SEGUE_EXTENT_ENTERED) *outer = std::exchange(current, self);
  return extent;
}

bool leaveCompiled(PyThreadState* ts, CompiledFunction* outer) {
  current = outer;
  segue_extent_leave(ts);
  if (!interruptKept()) return true;
  raiseInterrupt();
  return false;
}

EagerNotice setEagerNotice(EagerNotice notice) { return std::exchange(eager_notice, notice); }

}  // namespace segue
