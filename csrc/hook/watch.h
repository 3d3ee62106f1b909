/* Noticing that dicts and types change, and per-code-object storage: what CPython's versions name or do differently.
 *
 * Model. From 3.12 on CPython calls back before a watched dict changes and when a watched type does. On 3.11 there are
 * version tags only: numbers that differ after a change.
 *
 * Requirements
 *  1. The GIL is held. Callbacks run inside the program's own writes: they must not run Python code nor drop references.
 *  2. A type is told of once until it gets a version tag again: segue_watch_type after every event.
 *  3. Tags are never reused while the process lives; 0 is no tag (such a type changes unnoticed).
 */
#pragma once

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `key` is about to get `value` (NULL: it is removed); `key` NULL: any number of keys may change. */
typedef void (*SegueDictEvent)(PyObject* dict, PyObject* key, PyObject* value);
/* The type's attributes, or a base's, change. Whether they already have is not said. */
typedef void (*SegueTypeEvent)(PyTypeObject* type);

/* Whether this CPython has watchers; then segue_watch_init takes the callbacks, once. 0, or -1 with an exception set. */
bool segue_has_watchers(void);
int segue_watch_init(SegueDictEvent dict_event, SegueTypeEvent type_event);

/* True when changes will be told from now on. False: this object cannot be watched. No exception is set. */
bool segue_watch_dict(PyObject* dict);
bool segue_watch_type(PyTypeObject* type);
void segue_unwatch_dict(PyObject* dict);
void segue_unwatch_type(PyTypeObject* type);

/* A number that differs after every change of the dict. */
static inline uint64_t segue_dict_version(PyObject* dict) {
#if PY_VERSION_HEX < 0x030C0000
  return ((PyDictObject*)dict)->ma_version_tag;
#else
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  return ((PyDictObject*)dict)->ma_version_tag >> 12; /* the low bits say who watches */
#pragma GCC diagnostic pop
#endif
}
/* The type's version tag; given one first when it has none. 0: CPython gives it none any more. */
uint32_t segue_type_version(PyTypeObject* type);

/* One pointer per code object, freed by `free` with it. The index, or -1 with an exception set. */
Py_ssize_t segue_code_extra_index(freefunc free);
void* segue_code_extra(PyCodeObject* code, Py_ssize_t index);
/* 0, or -1 with MemoryError set. */
int segue_set_code_extra(PyCodeObject* code, Py_ssize_t index, void* extra);

#ifdef __cplusplus
}
#endif
