#define Py_BUILD_CORE 1
#include "hook/context.h"

#include "internal/pycore_context.h"

static PyContextVar* as_variable(PyObject* variable) { return (PyContextVar*)variable; }
static PyContext* as_context(PyObject* context) { return (PyContext*)context; }

static bool remembers(PyThreadState* ts, const PyContextVar* variable) {
  return variable->var_cached != NULL && variable->var_cached_tsid == ts->id &&
         variable->var_cached_tsver == ts->context_ver;
}

static PyObject* search(PyObject* variable) {
  PyObject* value = NULL;
  if (PyContextVar_Get(variable, NULL, &value) < 0) PyErr_Clear();
  /* The context, or the variable as its default, keeps it alive. */
  Py_XDECREF(value);
  return value;
}

void segue_context_look(PyThreadState* ts, PyObject* variable, SegueOuterContext* outer) {
  PyContextVar* known = as_variable(variable);
  outer->context = ts->context;
  outer->value = ts->context == NULL ? known->var_default : remembers(ts, known) ? known->var_cached : search(variable);
  outer->remembered = ts->context != NULL && remembers(ts, known) ? known->var_cached : NULL;
}

bool segue_context_describe(PyObject* context, PyObject* variable, SegueContext* described) {
  PyObject* value = PyObject_GetItem(context, variable);
  if (value == NULL) {
    PyErr_Clear();
    return false;
  }
  Py_DECREF(value);
  described->context = context;
  described->variables = Py_NewRef((PyObject*)as_context(context)->ctx_vars);
  described->value = value;
  return true;
}

/* Another context is in force: no variable's memory holds any more, but this one's is known. */
static void put_in_force(PyThreadState* ts, PyContextVar* variable, PyObject* context, PyObject* value) {
  ts->context = context;
  ts->context_ver++;
  if (value == NULL) return;
  variable->var_cached = value;
  variable->var_cached_tsid = ts->id;
  variable->var_cached_tsver = ts->context_ver;
}

void segue_context_enter(PyThreadState* ts, PyObject* variable, const SegueContext* inner) {
  put_in_force(ts, as_variable(variable), inner->context, inner->value);
}

void segue_context_leave(PyThreadState* ts, PyObject* variable, const SegueContext* inner,
                         const SegueOuterContext* outer) {
  put_in_force(ts, as_variable(variable), outer->context, outer->remembered);
  PyContext* context = as_context(inner->context);
  if ((PyObject*)context->ctx_vars == inner->variables) return;
  PyHamtObject* changed = context->ctx_vars;
  context->ctx_vars = (PyHamtObject*)Py_NewRef(inner->variables);
  Py_DECREF(changed);
}

/* Facts about `variable`, whose default is None, and an empty `context`. */
static const char* failing_fact(PyThreadState* ts, PyObject* variable, PyObject* context) {
  if (as_variable(variable)->var_default != Py_None) return "a context variable's default";
  uint64_t version = ts->context_ver;
  if (PyContext_Enter(context) < 0) return "a new context";
  const char* failed = NULL;
  if (ts->context != context || ts->context_ver == version) failed = "the context in force";
  PyObject* token = PyContextVar_Set(variable, Py_Ellipsis);
  if (token == NULL || !remembers(ts, as_variable(variable)) || as_variable(variable)->var_cached != Py_Ellipsis) {
    failed = "a context variable's memory";
  }
  Py_XDECREF(token);
  if (PyContext_Exit(context) < 0) return "a context's end";
  return failed;
}

/* Goes through one exchange. */
static const char* failing_exchange(PyThreadState* ts, PyObject* variable, PyObject* context) {
  SegueContext inner;
  if (!segue_context_describe(context, variable, &inner)) return "a context's contents";
  SegueOuterContext outer, after;
  segue_context_look(ts, variable, &outer);
  segue_context_enter(ts, variable, &inner);
  PyObject* during = NULL;
  PyObject* token = NULL;
  bool works = PyContextVar_Get(variable, NULL, &during) == 0 && during == Py_Ellipsis;
  works = works && (token = PyContextVar_Set(variable, Py_True)) != NULL;
  segue_context_leave(ts, variable, &inner, &outer);
  segue_context_look(ts, variable, &after);
  works = works && after.context == outer.context && after.value == outer.value;
  works = works && (PyObject*)as_context(context)->ctx_vars == inner.variables;
  Py_XDECREF(during);
  Py_XDECREF(token);
  Py_DECREF(inner.variables);
  return works ? NULL : "an exchange of contexts";
}

const char* segue_context_self_test(void) {
  PyThreadState* ts = PyThreadState_Get();
  PyObject* variable = PyContextVar_New("segue_self_test", Py_None);
  PyObject* context = PyContext_New();
  const char* failed = variable == NULL || context == NULL ? "memory" : failing_fact(ts, variable, context);
  if (failed == NULL) failed = failing_exchange(ts, variable, context);
  Py_XDECREF(variable);
  Py_XDECREF(context);
  return failed;
}
