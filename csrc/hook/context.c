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

static __attribute__((noinline)) void look_into(PyThreadState* ts, const SegueVariables* known, SegueOuterContext* outer) {
  for (int i = 0; i < SEGUE_CONTEXT_VARIABLES; i++) {
    PyContextVar* variable = as_variable(known->variables[i]);
    outer->values[i] = remembers(ts, variable) ? variable->var_cached : search((PyObject*)variable);
    outer->remembered[i] = remembers(ts, variable) ? variable->var_cached : NULL;
  }
}

void segue_context_look(PyThreadState* ts, const SegueVariables* known, SegueOuterContext* outer) {
  outer->context = ts->context;
  if (ts->context != NULL) {
    look_into(ts, known, outer);
    return;
  }
  for (int i = 0; i < SEGUE_CONTEXT_VARIABLES; i++) {
    outer->values[i] = as_variable(known->variables[i])->var_default;
    outer->remembered[i] = NULL;
  }
}

bool segue_context_describe(PyObject* context, const SegueVariables* known, SegueContext* described) {
  for (int i = 0; i < SEGUE_CONTEXT_VARIABLES; i++) {
    PyObject* value = PyObject_GetItem(context, known->variables[i]);
    if (value == NULL) {
      PyErr_Clear();
      return false;
    }
    Py_DECREF(value);
    described->values[i] = value;
  }
  described->context = context;
  described->contents = Py_NewRef((PyObject*)as_context(context)->ctx_vars);
  return true;
}

/* Another context is in force: no variable's memory holds any more, but these values are known. */
static inline void put_in_force(PyThreadState* ts, const SegueVariables* known, PyObject* context, PyObject* const* values) {
  const uint64_t version = ts->context_ver + 1;
  ts->context = context;
  ts->context_ver = version;
  for (int i = 0; i < SEGUE_CONTEXT_VARIABLES; i++) {
    if (values[i] == NULL) continue;
    PyContextVar* variable = as_variable(known->variables[i]);
    variable->var_cached = values[i];
    variable->var_cached_tsid = ts->id;
    variable->var_cached_tsver = version;
  }
}

void segue_context_enter(PyThreadState* ts, const SegueVariables* known, const SegueContext* inner) {
  put_in_force(ts, known, inner->context, inner->values);
}

/* The values are written down only where somebody reads them again, and what searches is a call of its own: a run pays for
 * each instruction here. */
bool segue_context_exchange(PyThreadState* ts, const SegueVariables* known, PyObject* const* expected,
                            const SegueContext* inner, SegueOuterContext* outer) {
  outer->context = ts->context;
  if (ts->context != NULL) look_into(ts, known, outer);
  for (int i = 0; i < SEGUE_CONTEXT_VARIABLES; i++) {
    if (outer->context == NULL) {
      outer->remembered[i] = NULL;
      if (as_variable(known->variables[i])->var_default != expected[i]) return false;
    } else if (outer->values[i] != expected[i]) {
      return false;
    }
  }
  put_in_force(ts, known, inner->context, inner->values);
  return true;
}

void segue_context_leave(PyThreadState* ts, const SegueVariables* known, const SegueContext* inner,
                         const SegueOuterContext* outer) {
  put_in_force(ts, known, outer->context, outer->remembered);
  PyContext* context = as_context(inner->context);
  if ((PyObject*)context->ctx_vars == inner->contents) return;
  PyHamtObject* changed = context->ctx_vars;
  context->ctx_vars = (PyHamtObject*)Py_NewRef(inner->contents);
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

/* Whether each variable has `value` now, as CPython says it. */
static bool all_have(const SegueVariables* known, PyObject* value) {
  bool same = true;
  for (int i = 0; i < SEGUE_CONTEXT_VARIABLES; i++) {
    PyObject* found = NULL;
    same = PyContextVar_Get(known->variables[i], NULL, &found) == 0 && found == value && same;
    Py_XDECREF(found);
  }
  return same;
}

/* Goes through one exchange. */
static const char* failing_exchange(PyThreadState* ts, const SegueVariables* known, PyObject* context) {
  SegueContext inner;
  if (!segue_context_describe(context, known, &inner)) return "a context's contents";
  SegueOuterContext before, outer, after;
  segue_context_look(ts, known, &before);
  if (segue_context_exchange(ts, known, inner.values, &inner, &outer)) return "a context variable's value";
  if (!segue_context_exchange(ts, known, before.values, &inner, &outer)) return "a context variable's value";
  bool works = all_have(known, Py_Ellipsis);
  PyObject* token = PyContextVar_Set(known->variables[0], Py_True);
  works = works && token != NULL;
  segue_context_leave(ts, known, &inner, &outer);
  segue_context_look(ts, known, &after);
  works = works && after.context == before.context && all_have(known, Py_None);
  for (int i = 0; i < SEGUE_CONTEXT_VARIABLES; i++) works = works && after.values[i] == before.values[i];
  works = works && (PyObject*)as_context(context)->ctx_vars == inner.contents;
  Py_XDECREF(token);
  Py_DECREF(inner.contents);
  return works ? NULL : "an exchange of contexts";
}

const char* segue_context_self_test(void) {
  PyThreadState* ts = PyThreadState_Get();
  SegueVariables known = {{NULL}};
  PyObject* context = PyContext_New();
  const char* failed = context == NULL ? "memory" : NULL;
  for (int i = 0; i < SEGUE_CONTEXT_VARIABLES && failed == NULL; i++) {
    known.variables[i] = PyContextVar_New("segue_self_test", Py_None);
    failed = known.variables[i] == NULL ? "memory" : failing_fact(ts, known.variables[i], context);
  }
  if (failed == NULL) failed = failing_exchange(ts, &known, context);
  for (int i = 0; i < SEGUE_CONTEXT_VARIABLES; i++) Py_XDECREF(known.variables[i]);
  Py_XDECREF(context);
  return failed;
}
