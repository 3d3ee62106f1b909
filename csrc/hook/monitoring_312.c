/* CPython 3.12 and 3.13: who listens through sys.monitoring. See monitoring.h. */
#define Py_BUILD_CORE 1
#include "hook/monitoring.h"

#if PY_VERSION_HEX >= 0x030C0000

#include <string.h>

#include "hook/eval.h"
#include "internal/pycore_interp.h"

_Static_assert(PY_MONITORING_SYS_PROFILE_ID == 6,
               "ids 0 to 5 are the tools', those above sys.setprofile's and sys.settrace's");

bool segue_tool_listens(PyThreadState* ts) {
  PyInterpreterState* interp = ts->interp;
  for (int tool = 0; tool < PY_MONITORING_SYS_PROFILE_ID; tool++) {
    if (interp->monitoring_tool_names[tool] == NULL) continue;
    for (int event = 0; event < _PY_MONITORING_EVENTS; event++) {
      if (interp->monitoring_callables[tool][event] != NULL) return true;
    }
  }
  return false;
}

static void (*on_change)(void) = NULL;

/* Subinterpreters have these functions, too. */
static PyObject* after(PyObject* result) {
  if (PyInterpreterState_Get() != segue_home) return result;
  PyObject* raised = PyErr_GetRaisedException();
  on_change();
  PyErr_SetRaisedException(raised);
  return result;
}

/* One function each, as CPython's definitions have no room for anything of ours. */
#define FOLLOW_VECTOR(NAME)                                                                   \
  static _PyCFunctionFast own_##NAME = NULL;                                                  \
  static PyObject* follow_##NAME(PyObject* module, PyObject* const* args, Py_ssize_t count) { \
    return after(own_##NAME(module, args, count));                                            \
  }
#define FOLLOW_ONE(NAME)                                            \
  static PyCFunction own_##NAME = NULL;                             \
  static PyObject* follow_##NAME(PyObject* module, PyObject* arg) { \
    return after(own_##NAME(module, arg));                          \
  }

FOLLOW_VECTOR(use_tool_id)
FOLLOW_VECTOR(register_callback)
FOLLOW_VECTOR(set_events)
FOLLOW_VECTOR(set_local_events)
FOLLOW_ONE(free_tool_id)
FOLLOW_ONE(restart_events)

#define ROW(NAME, FLAGS) \
  { #NAME, FLAGS, (PyCFunction*)&own_##NAME, (PyCFunction)(void (*)(void))follow_##NAME }
static const struct {
  const char* name;
  int flags;
  PyCFunction* own;
  PyCFunction follow;
} kFunctions[] = {ROW(use_tool_id, METH_FASTCALL), ROW(register_callback, METH_FASTCALL),
                  ROW(set_events, METH_FASTCALL),  ROW(set_local_events, METH_FASTCALL),
                  ROW(free_tool_id, METH_O),       ROW(restart_events, METH_NOARGS)};
enum { kFunctionCount = sizeof kFunctions / sizeof *kFunctions };

static PyMethodDef* definition_of(PyModuleDef* module, int function) {
  for (PyMethodDef* method = module->m_methods; method != NULL && method->ml_name != NULL; method++) {
    if (strcmp(method->ml_name, kFunctions[function].name) == 0 && method->ml_flags == kFunctions[function].flags)
      return method;
  }
  return NULL;
}

int segue_monitoring_init(void (*changed)(void)) {
  PyObject* monitoring = PySys_GetObject("monitoring");
  PyModuleDef* module = monitoring != NULL && PyModule_Check(monitoring) ? PyModule_GetDef(monitoring) : NULL;
  PyMethodDef* found[kFunctionCount];
  for (int i = 0; i < kFunctionCount; i++) {
    found[i] = module != NULL ? definition_of(module, i) : NULL;
    if (found[i] == NULL) {
      PyErr_Format(PyExc_ImportError,
                   "Segue does not know sys.monitoring of this CPython (%s): %s is not what it should be",
                   Py_GetVersion(), kFunctions[i].name);
      return -1;
    }
  }
  on_change = changed;
  for (int i = 0; i < kFunctionCount; i++) {
    *kFunctions[i].own = found[i]->ml_meth;
    found[i]->ml_meth = kFunctions[i].follow;
  }
  return 0;
}

#endif
