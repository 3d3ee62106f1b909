/* CPython 3.12 and 3.13: rewritten code that no tool sees. See quiet.h. */
#define Py_BUILD_CORE 1
#include "hook/quiet.h"

#if PY_VERSION_HEX >= 0x030C0000

#include <opcode.h>
#include <string.h>

#include "internal/pycore_code.h"
#include "internal/pycore_frame.h"

typedef struct Layout {
  PyObject_HEAD PyObject* original; /* weak references to code objects */
  PyObject* rewritten;              /* NULL until attached */
  SegueLayoutParts parts;           /* owned */
  bool quiet;
  bool* open;            /* by foreign unit, of a quiet one: gates that are to be opened again */
  int running;           /* frames of `rewritten` that run, while somebody counts them */
  struct Layout* before; /* in the list of all, which has a head */
  struct Layout* after;
} Layout;

static Layout all = {.before = &all, .after = &all};

static void free_layout(PyObject* self) {
  Layout* layout = (Layout*)self;
  layout->before->after = layout->after;
  layout->after->before = layout->before;
  Py_XDECREF(layout->original);
  Py_XDECREF(layout->rewritten);
  PyMem_Free((void*)layout->parts.foreign);
  PyMem_Free((void*)layout->parts.rests);
  PyMem_Free((void*)layout->parts.joins);
  PyMem_Free(layout->open);
  PyObject_Free(self);
}

static PyTypeObject layout_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "segue.Layout",
    .tp_basicsize = sizeof(Layout),
    .tp_dealloc = free_layout,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = "What rewritten code has that the original does not have.",
};

bool segue_has_tools(void) {
  return true;
}

static void* copy_of(const void* items, int count, size_t size) {
  void* copy = PyMem_Calloc((size_t)count + 1, size); /* an empty vector has no address */
  if (copy != NULL && count > 0) memcpy(copy, items, (size_t)count * size);
  return copy;
}

PyObject* segue_layout_new(PyCodeObject* original, const SegueLayoutParts* parts) {
  if (PyType_Ready(&layout_type) < 0) return NULL;
  Layout* layout = PyObject_New(Layout, &layout_type);
  if (layout == NULL) return NULL;
  memset((char*)layout + sizeof(PyObject), 0, sizeof(Layout) - sizeof(PyObject));
  layout->before = &all;
  layout->after = all.after;
  layout->before->after = layout->after->before = layout;
  layout->original = PyWeakref_NewRef((PyObject*)original, NULL);
  layout->parts = *parts;
  layout->parts.foreign = copy_of(parts->foreign, parts->foreign_count, sizeof *parts->foreign);
  layout->parts.rests = copy_of(parts->rests, parts->rest_count, sizeof *parts->rests);
  layout->parts.joins = copy_of(parts->joins, parts->join_count, sizeof *parts->joins);
  layout->open = PyMem_Calloc((size_t)parts->foreign_count + 1, sizeof *layout->open);
  if (layout->original != NULL && layout->parts.foreign != NULL && layout->parts.rests != NULL &&
      layout->parts.joins != NULL && layout->open != NULL) {
    return (PyObject*)layout;
  }
  Py_DECREF(layout);
  return PyErr_NoMemory();
}

void segue_layout_attach(PyObject* layout, PyCodeObject* rewritten) {
  PyObject* weak = PyWeakref_NewRef((PyObject*)rewritten, NULL);
  if (weak == NULL) PyErr_Clear(); /* tools see more then */
  Py_XSETREF(((Layout*)layout)->rewritten, weak);
}

/* Borrowed; NULL for code that is gone. */
static PyCodeObject* referent(PyObject* weak) {
  PyObject* object = weak != NULL ? ((PyWeakReference*)weak)->wr_object : Py_None;
  return object != Py_None ? (PyCodeObject*)object : NULL;
}

/* NULL for code that is not rewritten. */
static Layout* layout_of(PyCodeObject* code) {
  Py_ssize_t count = PyTuple_GET_SIZE(code->co_consts);
  PyObject* last = count > 0 ? PyTuple_GET_ITEM(code->co_consts, count - 1) : NULL;
  if (last == NULL || !Py_IS_TYPE(last, &layout_type) || referent(((Layout*)last)->rewritten) != code) return NULL;
  return (Layout*)last;
}

/* What CPython runs at a unit besides telling tools. */
static unsigned char opcode_at(PyCodeObject* code, int unit) {
  unsigned char opcode = _PyCode_CODE(code)[unit].op.code;
  if (opcode == INSTRUMENTED_LINE) opcode = code->_co_monitoring->lines[unit].original_opcode;
  if (opcode == INSTRUMENTED_INSTRUCTION) opcode = code->_co_monitoring->per_instruction_opcodes[unit];
  return opcode;
}

void segue_code_put(PyCodeObject* code, int unit, int opcode, int arg) {
  _Py_CODEUNIT* at = &_PyCode_CODE(code)[unit];
  if (at->op.code == INSTRUMENTED_LINE) {
    code->_co_monitoring->lines[unit].original_opcode = (unsigned char)opcode;
  } else {
    at->op.code = (unsigned char)opcode;
  }
  at->op.arg = (unsigned char)arg;
}

/* No line begins at the unit. */
static void continue_line(PyCodeObject* code, int unit) {
  if (code->_co_monitoring == NULL || code->_co_monitoring->lines == NULL) return;
  unsigned char* known = &code->_co_monitoring->lines[unit].original_opcode;
  _Py_CODEUNIT* at = &_PyCode_CODE(code)[unit];
  if (at->op.code == INSTRUMENTED_LINE) at->op.code = *known;
  *known = 0;
}

static void quiet_code(Layout* layout) {
  PyCodeObject* code = referent(layout->rewritten);
  for (int i = 0; i < layout->parts.foreign_count; i++) {
    SegueForeign at = layout->parts.foreign[i];
    if (!layout->quiet) layout->open[i] = at.gate && opcode_at(code, at.unit) == NOP;
    segue_code_put(code, at.unit, at.opcode, at.arg);
  }
  for (int i = 0; i < layout->parts.join_count; i++) continue_line(code, layout->parts.joins[i]);
  layout->quiet = true;
}

/* Generators, coroutines and asynchronous generators have one layout. */
static PyGenObject* generator_of(PyObject* object) {
  bool is_one = PyGen_CheckExact(object) || PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object);
  return is_one ? (PyGenObject*)object : NULL;
}

/* Goes on in the original code. A frame that a traceback holds does not, as that counts in the code that has run. */
static void move_out(PyGenObject* generator) {
  SegueFrame* frame = (SegueFrame*)generator->gi_iframe;
  SegueFrameView view = segue_frame_view(frame);
  Layout* layout = layout_of(view.code);
  if (layout == NULL || segue_frame_is_held(frame)) return;
  PyCodeObject* original = referent(layout->original);
  const SegueRest* end = layout->parts.rests + layout->parts.rest_count;
  const SegueRest* at = layout->parts.rests;
  while (at < end && at->unit != view.next_unit) at++;
  if (at < end && original != NULL) segue_frame_change_code(frame, original, at->original);
}

typedef struct Found {
  PyGenObject** generators;
  int count, room;
} Found;

/* Nothing may be made or freed during the visit. */
static int find_suspended(PyObject* object, void* arg) {
  Found* found = (Found*)arg;
  PyGenObject* generator = generator_of(object);
  if (generator == NULL || generator->gi_frame_state >= FRAME_EXECUTING) return 1;
  if (layout_of(segue_frame_view((SegueFrame*)generator->gi_iframe).code) == NULL) return 1;
  if (found->count < found->room) found->generators[found->count] = (PyGenObject*)Py_NewRef(object);
  found->count++;
  return 1;
}

static void move_generators_out(void) {
  Found found = {.room = 64};
  for (;;) { /* once more where there are many */
    found.generators = PyMem_New(PyGenObject*, found.room);
    if (found.generators == NULL) return;
    found.count = 0;
    PyUnstable_GC_VisitObjects(find_suspended, &found);
    int held = found.count < found.room ? found.count : found.room;
    for (int i = 0; i < held; i++) {
      move_out(found.generators[i]);
      Py_DECREF(found.generators[i]);
    }
    PyMem_Free(found.generators);
    if (found.count <= found.room) return;
    found.room = 2 * found.count;
  }
}

/* Whether the code has more references than running frames and, while it is the newest, its owner have: then a
 * generator may be suspended in it. The owner holds the layout, too. */
static bool may_rest(const Layout* layout) {
  PyCodeObject* code = referent(layout->rewritten);
  if (layout->parts.rest_count == 0 || code == NULL) return false;
  return Py_REFCNT(code) > layout->running + (Py_REFCNT(layout) > 1 ? 1 : 0);
}

void segue_quiet(PyInterpreterState* interp) {
  for (Layout* layout = all.after; layout != &all; layout = layout->after) layout->running = 0;
  for (PyThreadState* ts = PyInterpreterState_ThreadHead(interp); ts != NULL; ts = PyThreadState_Next(ts)) {
    for (SegueFrame* frame = segue_current_frame(ts); frame != NULL; frame = segue_frame_caller(frame)) {
      Layout* layout = layout_of(segue_frame_view(frame).code);
      if (layout != NULL && layout->running++ == 0) quiet_code(layout);
    }
  }
  bool rests = false;
  for (Layout* layout = all.after; layout != &all && !rests; layout = layout->after) rests = may_rest(layout);
  if (rests) move_generators_out();
}

void segue_unquiet(void) {
  for (Layout* layout = all.after; layout != &all; layout = layout->after) {
    PyCodeObject* code = referent(layout->rewritten);
    for (int i = 0; layout->quiet && code != NULL && i < layout->parts.foreign_count; i++) {
      if (layout->open[i]) segue_code_put(code, layout->parts.foreign[i].unit, NOP, 0);
    }
    layout->quiet = false;
  }
}

#endif
