#define Py_BUILD_CORE 1
#include "base/objects.h"

#include "internal/pycore_dict.h"
#include "internal/pycore_object.h"
#ifdef Py_TPFLAGS_INLINE_VALUES
#include "internal/pycore_setobject.h" /* _PySet_NextEntry became internal with 3.13 */
#endif

/* ---- constants ---------------------------------------------------------------------------------------------------- */

static bool is_scalar_constant(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  return type == &PyUnicode_Type || type == &PyLong_Type || type == &PyBool_Type || type == &PyFloat_Type ||
         type == &PyBytes_Type || type == &PyComplex_Type || object == Py_None || object == Py_Ellipsis;
}

bool segue_generator_has_ended(PyObject* object) {
  if (!PyGen_CheckExact(object) && !PyCoro_CheckExact(object) && !PyAsyncGen_CheckExact(object)) return false;
  return ((PyGenObject*)object)->gi_frame_state > 0; /* FRAME_COMPLETED, FRAME_CLEARED */
}

bool segue_is_constant(PyObject* object) {
  if (is_scalar_constant(object)) return true;
  if (PyTuple_CheckExact(object)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); i++) {
      if (!segue_is_constant(PyTuple_GET_ITEM(object, i))) return false;
    }
    return true;
  }
  if (PyFrozenSet_CheckExact(object)) {
    Py_ssize_t position = 0;
    PyObject* element;
    while (segue_set_next(object, &position, &element)) {
      if (!segue_is_constant(element)) return false;
    }
    return true;
  }
  return false;
}

/* Equal to itself alone, by object's own comparison. */
static bool is_equal_to_itself_only(PyObject* object) {
  richcmpfunc compare = Py_TYPE(object)->tp_richcompare;
  return compare == NULL || compare == PyBaseObject_Type.tp_richcompare;
}

/* The name that a member of an Enum hashes by; NULL for anything else. */
static PyObject* enum_name(PyObject* object) {
  static PyObject* enum_hash = NULL; /* enum.Enum.__hash__, which lives as long as its module */
  static PyObject* hash_name = NULL;
  static PyObject* member_name = NULL;
  if (enum_hash == NULL) {
    PyObject* module = PyDict_GetItemString(PyImport_GetModuleDict(), "enum");
    PyObject* base = module != NULL ? PyDict_GetItemString(PyModule_GetDict(module), "Enum") : NULL;
    hash_name = PyUnicode_InternFromString("__hash__");
    member_name = PyUnicode_InternFromString("_name_");
    if (base == NULL || !PyType_Check(base) || hash_name == NULL || member_name == NULL) return NULL;
    enum_hash = Py_XNewRef(_PyType_Lookup((PyTypeObject*)base, hash_name));
  }
  if (enum_hash == NULL || _PyType_Lookup(Py_TYPE(object), hash_name) != enum_hash) return NULL;
  PyObject* name = NULL;
  if (segue_instance_attr(object, member_name, -1, &name) != SEGUE_FOUND) return NULL;
  return PyUnicode_CheckExact(name) ? name : NULL;
}

bool segue_hashes_in_c(PyObject* object) {
  return segue_is_constant(object) ||
         (is_equal_to_itself_only(object) && Py_TYPE(object)->tp_hash == PyBaseObject_Type.tp_hash);
}

bool segue_is_key(PyObject* object) {
  return segue_hashes_in_c(object) || (is_equal_to_itself_only(object) && enum_name(object) != NULL);
}

bool segue_set_next(PyObject* set, Py_ssize_t* position, PyObject** element) {
  Py_hash_t hash;
  return _PySet_NextEntry(set, position, element, &hash) != 0;
}

/* ---- dicts -------------------------------------------------------------------------------------------------------- */

enum { NO_INDEX = -1, UNKNOWN_INDEX = -2, SLOT_EMPTY = -1 };

static Py_ssize_t slot_index(const PyDictKeysObject* keys, size_t slot) {
  if (keys->dk_log2_size < 8) return ((const int8_t*)keys->dk_indices)[slot];
  if (keys->dk_log2_size < 16) return ((const int16_t*)keys->dk_indices)[slot];
  if (keys->dk_log2_size < 32) return ((const int32_t*)keys->dk_indices)[slot];
  return (Py_ssize_t)((const int64_t*)keys->dk_indices)[slot];
}

/* Does a stored key equal `key`, which segue_is_key? Its hash does. 1, 0, or -1: only user code could tell. */
static int same_key(PyObject* stored, PyObject* key) {
  if (stored == key) return 1;
  bool stored_constant = segue_is_constant(stored), key_constant = segue_is_constant(key);
  if (stored_constant && key_constant) return PyObject_RichCompareBool(stored, key, Py_EQ);
  bool different = (stored_constant || is_equal_to_itself_only(stored)) && (key_constant || is_equal_to_itself_only(key));
  return different ? 0 : -1;
}

/* Index of `key` among the entries, NO_INDEX or UNKNOWN_INDEX. Walks the table in CPython's probe order, so that it stops
 * where CPython's own lookup stops. */
static Py_ssize_t find_entry(PyDictKeysObject* keys, PyObject* key, Py_hash_t hash) {
  bool unicode = DK_IS_UNICODE(keys);
  if (unicode && !PyUnicode_CheckExact(key)) return NO_INDEX;
  size_t mask = ((size_t)1 << keys->dk_log2_size) - 1;
  size_t perturb = (size_t)hash;
  for (size_t slot = (size_t)hash & mask;; perturb >>= 5, slot = (slot * 5 + perturb + 1) & mask) {
    Py_ssize_t index = slot_index(keys, slot);
    if (index == SLOT_EMPTY) return NO_INDEX;
    if (index < 0) continue; /* a deleted entry */
    PyObject* stored;
    Py_hash_t stored_hash;
    if (unicode) {
      stored = DK_UNICODE_ENTRIES(keys)[index].me_key;
      stored_hash = ((PyASCIIObject*)stored)->hash;
    } else {
      stored = DK_ENTRIES(keys)[index].me_key;
      stored_hash = DK_ENTRIES(keys)[index].me_hash;
    }
    if (stored != key && stored_hash != hash) continue;
    int same = same_key(stored, key);
    if (same != 0) return same > 0 ? index : UNKNOWN_INDEX;
  }
}

static Py_hash_t key_hash(PyObject* key) {
  if (PyUnicode_CheckExact(key) && ((PyASCIIObject*)key)->hash != -1) return ((PyASCIIObject*)key)->hash;
  PyObject* name = is_equal_to_itself_only(key) ? enum_name(key) : NULL;
  return PyObject_Hash(name != NULL ? name : key);
}

SegueLookup segue_dict_get(PyObject* dict, PyObject* key, PyObject** value) {
  PyDictObject* table = (PyDictObject*)dict;
  PyDictKeysObject* keys = table->ma_keys;
  Py_ssize_t index = find_entry(keys, key, key_hash(key));
  if (index == UNKNOWN_INDEX) return SEGUE_UNKNOWN;
  if (index == NO_INDEX) return SEGUE_ABSENT;
  if (table->ma_values != NULL) {
    *value = table->ma_values->values[index];
  } else if (DK_IS_UNICODE(keys)) {
    *value = DK_UNICODE_ENTRIES(keys)[index].me_value;
  } else {
    *value = DK_ENTRIES(keys)[index].me_value;
  }
  return *value != NULL ? SEGUE_FOUND : SEGUE_ABSENT;
}

/* ---- instances ---------------------------------------------------------------------------------------------------- */

/* Where a managed instance keeps its attributes: in `*values` (laid out by its type's shared keys), or else in the dict
 * returned; NULL when it has neither yet. */
static PyObject* managed_storage(PyObject* object, PyDictValues** values) {
  *values = NULL;
#if defined(Py_TPFLAGS_INLINE_VALUES) /* 3.13: values inside the object, shared with its dict while they are valid */
  if (Py_TYPE(object)->tp_flags & Py_TPFLAGS_INLINE_VALUES) {
    PyDictValues* own = _PyObject_InlineValues(object);
    if (own->valid) {
      *values = own;
      return NULL;
    }
  }
  return (PyObject*)_PyObject_ManagedDictPointer(object)->dict;
#elif defined(Py_TPFLAGS_MANAGED_WEAKREF) /* 3.12: one word, a tagged pointer to values or to the dict */
  PyDictOrValues word = *_PyObject_DictOrValuesPointer(object);
  if (_PyDictOrValues_IsValues(word)) {
    *values = _PyDictOrValues_GetValues(word);
    return NULL;
  }
  return _PyDictOrValues_GetDict(word);
#else /* 3.11: two words, of which one at most is set */
  *values = *_PyObject_ValuesPointer(object);
  return *values != NULL ? NULL : *_PyObject_ManagedDictPointer(object);
#endif
}

static PyDictKeysObject* shared_keys(PyTypeObject* type) { return ((PyHeapTypeObject*)type)->ht_cached_keys; }

Py_ssize_t segue_attr_hint(PyTypeObject* type, PyObject* name) {
  if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE) || shared_keys(type) == NULL) return -1;
  Py_ssize_t index = find_entry(shared_keys(type), name, key_hash(name));
  return index < 0 ? -1 : index;
}

SegueLookup segue_instance_attr(PyObject* object, PyObject* name, Py_ssize_t hint, PyObject** value) {
  PyTypeObject* type = Py_TYPE(object);
  PyObject* dict;
  if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
    PyDictValues* values;
    dict = managed_storage(object, &values);
    if (values != NULL) {
      PyDictKeysObject* keys = shared_keys(type);
      if (hint < 0 || hint >= keys->dk_nentries || DK_UNICODE_ENTRIES(keys)[hint].me_key != name) {
        hint = find_entry(keys, name, key_hash(name));
      }
      *value = hint < 0 ? NULL : values->values[hint];
      return *value != NULL ? SEGUE_FOUND : SEGUE_ABSENT;
    }
  } else {
    PyObject** place = _PyObject_GetDictPtr(object);
    dict = place == NULL ? NULL : *place;
  }
  return dict == NULL ? SEGUE_ABSENT : segue_dict_get(dict, name, value);
}

PyObject* segue_made_dict(PyObject* object) {
  if (PyType_Check(object)) return NULL;
#if defined(Py_TPFLAGS_INLINE_VALUES) /* 3.13: a dict may stand beside values that are valid */
  if (Py_TYPE(object)->tp_flags & Py_TPFLAGS_MANAGED_DICT) return (PyObject*)_PyObject_ManagedDictPointer(object)->dict;
#else
  PyDictValues* values;
  if (Py_TYPE(object)->tp_flags & Py_TPFLAGS_MANAGED_DICT) return managed_storage(object, &values);
#endif
  PyObject** place = _PyObject_GetDictPtr(object);
  return place == NULL ? NULL : *place;
}

PyObject* segue_instance_dict(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (PyType_Check(object)) return NULL; /* a proxy, made anew each time */
  if (!(type->tp_flags & Py_TPFLAGS_MANAGED_DICT) && type->tp_dictoffset == 0) return NULL;
  int collecting = PyGC_Disable(); /* 3.11 collects inside allocations, which would run finalizers */
  PyObject* dict = PyObject_GenericGetDict(object, NULL);
  if (collecting) PyGC_Enable();
  if (dict == NULL) {
    PyErr_Clear();
    return NULL;
  }
  Py_DECREF(dict); /* the instance owns it */
  return dict;
}

/* 3.11's range iterators keep where they started and an index, those of 3.12 and later count down. */
typedef struct {
  PyObject_HEAD
  long index, start, step, len;
} IndexingRange;
typedef struct {
  PyObject_HEAD
  long start, step, len;
} CountingRange;

bool segue_range_iterator(PyObject* iterator, int64_t* next, int64_t* step, int64_t* left) {
  if (Py_TYPE(iterator) != &PyRangeIter_Type) return false;
  if (PyRangeIter_Type.tp_basicsize == sizeof(IndexingRange)) {
    const IndexingRange* range = (IndexingRange*)iterator;
    *next = (int64_t)((unsigned long)range->start + (unsigned long)range->index * (unsigned long)range->step);
    *step = range->step;
    *left = range->len - range->index;
    return true;
  }
  if (PyRangeIter_Type.tp_basicsize != sizeof(CountingRange)) return false;
  const CountingRange* range = (CountingRange*)iterator;
  *next = range->start;
  *step = range->step;
  *left = range->len;
  return true;
}

void segue_range_iterator_move(PyObject* iterator, int64_t count) {
  if (PyRangeIter_Type.tp_basicsize == sizeof(IndexingRange)) {
    ((IndexingRange*)iterator)->index += (long)count;
    return;
  }
  CountingRange* range = (CountingRange*)iterator;
  range->start = (long)((unsigned long)range->start + (unsigned long)count * (unsigned long)range->step);
  range->len -= (long)count;
}

void segue_trace_memory(unsigned domain, void* data, size_t bytes) { PyTraceMalloc_Track(domain, (uintptr_t)data, bytes); }
