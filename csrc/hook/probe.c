#define PY_SSIZE_T_CLEAN
#include "hook/probe.h"

#include <opcode.h>
#include <stddef.h>
#include <string.h>

#include "hook/eval.h"

static SegueProbeHandler handler = NULL;
static PyObject* visit_function = NULL;

/* The probe that is being visited; set only between its inversion and the negation. Borrowed: the running code's. */
static SegueProbe* visited = NULL;

static bool can_visit(SegueProbe* probe, PyThreadState* ts) {
  return probe->site != NULL && handler != NULL && !segue_hook_paused() && !segue_observed(ts) &&
         segue_python_calls_left(ts) > 1 && (uintptr_t)__builtin_frame_address(0) >= segue_stack_floor();
}

static PyObject* invert(PyObject* self) {
  SegueProbe* probe = (SegueProbe*)self;
  PyThreadState* ts = PyThreadState_Get();
  if (!can_visit(probe, ts) || !segue_evaluator_take_out(ts)) return Py_NewRef(self);
  visited = probe;
  return Py_NewRef(visit_function);
}

static PyObject* negate(PyObject* self) {
  (void)self;
  SegueProbe* probe = visited;
  if (probe == NULL) Py_RETURN_NONE; /* somebody has got hold of the visit function */
  visited = NULL;
  PyThreadState* ts = PyThreadState_Get();
  segue_evaluator_put_back(ts);
  SegueFrame* visit = segue_current_frame(ts);
  if (!segue_frame_returns_inline(visit)) Py_RETURN_NONE;
  segue_hook_pause();
  PyObject* value = handler(probe, segue_frame_caller(visit), ts);
  segue_hook_resume();
  return value;
}

static void free_probe(PyObject* self) {
  SegueProbe* probe = (SegueProbe*)self;
  if (probe->site != NULL && probe->free_site != NULL) probe->free_site(probe->site);
  PyObject_Free(self);
}

static PyObject* give_none(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* names) {
  (void)self;
  (void)args;
  (void)nargsf;
  (void)names;
  Py_RETURN_NONE;
}

static PyNumberMethods probe_number = {.nb_invert = invert, .nb_negative = negate};
static PyTypeObject probe_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "segue.Probe",
    .tp_basicsize = sizeof(SegueProbe),
    .tp_dealloc = free_probe,
    .tp_as_number = &probe_number,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(SegueProbe, vectorcall),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_doc = "A place in rewritten code at which capture may go on.",
};

PyObject* segue_probe_new(void* site, void (*free_site)(void*)) {
  SegueProbe* probe = PyObject_New(SegueProbe, &probe_type);
  if (probe == NULL) return NULL;
  probe->vectorcall = give_none;
  probe->site = site;
  probe->free_site = free_site;
  return (PyObject*)probe;
}

void segue_probe_set_gate(PyCodeObject* code, int unit, int skip) {
  segue_code_put(code, unit, skip == 0 ? NOP : JUMP_FORWARD, skip);
}

/* ---- frames that start in the middle ---- */

typedef struct Resumption {
  PyObject_VAR_HEAD
  PyFunctionObject* function; /* NULL: not filled in, or used up */
  PyCodeObject* code;
  int unit;
  PyObject* slots[1];
} Resumption;

static int clear_resumption(PyObject* self) {
  Resumption* resumption = (Resumption*)self;
  PyFunctionObject* function = resumption->function;
  if (function == NULL) return 0;
  resumption->function = NULL;
  Py_CLEAR(resumption->code);
  for (Py_ssize_t i = 0; i < Py_SIZE(resumption); i++) Py_CLEAR(resumption->slots[i]);
  Py_DECREF(function);
  return 0;
}

static int traverse_resumption(PyObject* self, visitproc visit, void* arg) {
  Resumption* resumption = (Resumption*)self;
  if (resumption->function == NULL) return 0;
  Py_VISIT(resumption->function);
  Py_VISIT(resumption->code);
  for (Py_ssize_t i = 0; i < Py_SIZE(resumption); i++) Py_VISIT(resumption->slots[i]);
  return 0;
}

static PyObject* start(PyObject* self) {
  Resumption* resumption = (Resumption*)self;
  if (resumption->function == NULL) {
    PyErr_SetString(PyExc_SystemError, "a call was resumed twice");
    return NULL;
  }
  PyFunctionObject* function = resumption->function;
  PyCodeObject* code = resumption->code;
  resumption->function = NULL; /* the slots move */
  resumption->code = NULL;
  PyObject* result = segue_frame_start(PyThreadState_Get(), function, code, resumption->slots, (int)Py_SIZE(resumption),
                                       resumption->unit);
  Py_DECREF(code);
  Py_DECREF(function);
  return result;
}

static void free_resumption(PyObject* self) {
  PyObject_GC_UnTrack(self);
  clear_resumption(self);
  PyObject_GC_Del(self);
}

static PyNumberMethods resumption_number = {.nb_negative = start};
static PyTypeObject resumption_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "segue.Resumption",
    .tp_basicsize = offsetof(Resumption, slots),
    .tp_itemsize = sizeof(PyObject*),
    .tp_dealloc = free_resumption,
    .tp_traverse = traverse_resumption,
    .tp_clear = clear_resumption,
    .tp_as_number = &resumption_number,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = "A call that goes on in the middle.",
};

PyObject* segue_resumption_new(int slot_count) {
  Resumption* resumption = PyObject_GC_NewVar(Resumption, &resumption_type, slot_count);
  if (resumption == NULL) return NULL;
  resumption->function = NULL;
  resumption->code = NULL;
  PyObject_GC_Track(resumption);
  return (PyObject*)resumption;
}

void segue_resumption_set(PyObject* self, PyFunctionObject* function, PyCodeObject* code, PyObject* const* slots,
                          int unit) {
  Resumption* resumption = (Resumption*)self;
  resumption->function = (PyFunctionObject*)Py_NewRef((PyObject*)function);
  resumption->code = (PyCodeObject*)Py_NewRef((PyObject*)code);
  resumption->unit = unit;
  for (Py_ssize_t i = 0; i < Py_SIZE(resumption); i++) resumption->slots[i] = slots[i];
}

/* ---- the visit function ---- */

/* LOAD_CONST any probe; UNARY_NEGATIVE; RETURN_VALUE. */
static PyObject* visit_code(void) {
  const unsigned char units[] = {LOAD_CONST, 0, UNARY_NEGATIVE, 0, RETURN_VALUE, 0};
  PyObject* probe = segue_probe_new(NULL, NULL);
  PyObject* empty = (PyObject*)PyCode_NewEmpty("segue", "visit", 1);
  PyObject* replace = empty != NULL ? PyObject_GetAttrString(empty, "replace") : NULL;
  PyObject* arguments = PyTuple_New(0);
  PyObject* changes = Py_BuildValue("{s:y#,s:(O),s:i,s:y#,s:i}", "co_code", units, (Py_ssize_t)sizeof units, "co_consts",
                                    probe, "co_stacksize", 1, "co_exceptiontable", "", (Py_ssize_t)0, "co_flags",
                                    CO_OPTIMIZED | CO_NEWLOCALS);
  PyObject* code = NULL;
  if (probe != NULL && replace != NULL && arguments != NULL && changes != NULL) {
    code = PyObject_Call(replace, arguments, changes);
  }
  Py_XDECREF(probe);
  Py_XDECREF(empty);
  Py_XDECREF(replace);
  Py_XDECREF(arguments);
  Py_XDECREF(changes);
  return code;
}

int segue_probe_init(void) {
  if (visit_function != NULL) return 0;
  if (PyType_Ready(&probe_type) < 0 || PyType_Ready(&resumption_type) < 0) return -1;
  PyObject* code = visit_code();
  PyObject* globals = PyDict_New(); /* imports that the handler makes find __import__ there */
  if (globals != NULL && PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) < 0) Py_CLEAR(globals);
  if (code != NULL && globals != NULL) visit_function = PyFunction_New(code, globals);
  Py_XDECREF(code);
  Py_XDECREF(globals);
  return visit_function != NULL ? 0 : -1;
}

SegueProbeHandler segue_set_probe_handler(SegueProbeHandler new_handler) {
  SegueProbeHandler previous = handler;
  handler = new_handler;
  return previous;
}
