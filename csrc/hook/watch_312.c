/* CPython 3.12 and 3.13: watchers. See watch.h. */
#include "hook/watch.h"

#if PY_VERSION_HEX >= 0x030C0000

static SegueDictEvent on_dict = NULL;
static SegueTypeEvent on_type = NULL;
static int dict_watcher = -1;
static int type_watcher = -1;

static int dict_event(PyDict_WatchEvent event, PyObject* dict, PyObject* key, PyObject* value) {
  bool one_key =
      event == PyDict_EVENT_ADDED || event == PyDict_EVENT_MODIFIED || event == PyDict_EVENT_DELETED;
  on_dict(dict, one_key ? key : NULL, one_key ? value : NULL);
  return 0;
}

static int type_event(PyTypeObject* type) {
  on_type(type);
  return 0;
}

bool segue_has_watchers(void) { return true; }

int segue_watch_init(SegueDictEvent dict_callback, SegueTypeEvent type_callback) {
  on_dict = dict_callback;
  on_type = type_callback;
  if (dict_watcher < 0) dict_watcher = PyDict_AddWatcher(dict_event);
  if (dict_watcher >= 0 && type_watcher < 0) type_watcher = PyType_AddWatcher(type_event);
  return dict_watcher < 0 || type_watcher < 0 ? -1 : 0;
}

bool segue_watch_dict(PyObject* dict) {
  if (PyDict_Watch(dict_watcher, dict) == 0) return true;
  PyErr_Clear();
  return false;
}

bool segue_watch_type(PyTypeObject* type) {
  if (PyType_Watch(type_watcher, (PyObject*)type) == 0 && PyUnstable_Type_AssignVersionTag(type)) return true;
  PyErr_Clear();
  return false;
}

void segue_unwatch_dict(PyObject* dict) {
  if (PyDict_Unwatch(dict_watcher, dict) < 0) PyErr_Clear();
}

void segue_unwatch_type(PyTypeObject* type) {
  if (PyType_Unwatch(type_watcher, (PyObject*)type) < 0) PyErr_Clear();
}

uint32_t segue_type_version(PyTypeObject* type) {
  return PyUnstable_Type_AssignVersionTag(type) ? type->tp_version_tag : 0;
}

Py_ssize_t segue_code_extra_index(freefunc free) { return PyUnstable_Eval_RequestCodeExtraIndex(free); }

void* segue_code_extra(PyCodeObject* code, Py_ssize_t index) {
  void* extra = NULL;
  PyUnstable_Code_GetExtra((PyObject*)code, index, &extra);
  return extra;
}

int segue_set_code_extra(PyCodeObject* code, Py_ssize_t index, void* extra) {
  return PyUnstable_Code_SetExtra((PyObject*)code, index, extra);
}

#endif
