/* CPython 3.11: version tags only. See watch.h. */
#include "hook/watch.h"

#if PY_VERSION_HEX < 0x030C0000

bool segue_has_watchers(void) { return false; }
int segue_watch_init(SegueDictEvent dict_event, SegueTypeEvent type_event) { return 0; }
bool segue_watch_dict(PyObject* dict) { return false; }
bool segue_watch_type(PyTypeObject* type) { return false; }
void segue_unwatch_dict(PyObject* dict) {}
void segue_unwatch_type(PyTypeObject* type) {}

/* A lookup through the method cache gives the type a tag. */
uint32_t segue_type_version(PyTypeObject* type) {
  if (!(type->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG)) {
    PyObject* name = PyUnicode_InternFromString("__class__");
    if (name == NULL) {
      PyErr_Clear();
      return 0;
    }
    _PyType_Lookup(type, name);
    Py_DECREF(name);
  }
  return type->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG ? type->tp_version_tag : 0;
}

Py_ssize_t segue_code_extra_index(freefunc free) { return _PyEval_RequestCodeExtraIndex(free); }

void* segue_code_extra(PyCodeObject* code, Py_ssize_t index) {
  void* extra = NULL;
  _PyCode_GetExtra((PyObject*)code, index, &extra);
  return extra;
}

int segue_set_code_extra(PyCodeObject* code, Py_ssize_t index, void* extra) {
  return _PyCode_SetExtra((PyObject*)code, index, extra);
}

#endif
