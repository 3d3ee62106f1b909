#include "program/guard_checks.h"

#include "base/errstate.h"
#include "base/fault.h"
#include "program/registrations.h"

namespace segue::checks {

bool readInt64(PyObject* value, int64_t* number) {
  if (!PyLong_CheckExact(value)) return false;
  int overflow = 0;
  *number = PyLong_AsLongLongAndOverflow(value, &overflow);
  return overflow == 0;
}

bool checkInt64(const GuardInsn& insn, PyObject* const* regs) {
  int64_t number;
  return readInt64(regs[insn.dst], &number);
}

namespace {

/// The integers that a dtype represents: of unsigned 64 bits the upper half is beyond int64, so it has its own test.
struct IntRange {
  int64_t low, high;
  bool beyond = false;  ///< ints of up to 64 bits above `high` are in range too
};

IntRange rangeOf(PyArray_Descr* descr) {
  int bits = static_cast<int>(PyDataType_ELSIZE(descr)) * 8;
  switch (descr->kind) {
    case 'b':
      return {0, 1};
    case 'u':
      return bits == 64 ? IntRange{0, INT64_MAX, true} : IntRange{0, (int64_t{1} << bits) - 1};
    case 'i':
      return bits == 64 ? IntRange{INT64_MIN, INT64_MAX}
                        : IntRange{-(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1};
    default:
      // Half precision is the only float or complex type that an int64 can exceed: its largest finite number is 65504.
      return bits == 16 ? IntRange{-65504, 65504} : IntRange{INT64_MIN, INT64_MAX};
  }
}

}  // namespace

bool checkIntInRange(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* value = regs[insn.dst];
  if (!PyLong_CheckExact(value)) return false;
  IntRange range = rangeOf(reinterpret_cast<PyArray_Descr*>(insn.object));
  int overflow = 0;
  int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow != 0) return range.beyond && overflow > 0 && _PyLong_NumBits(value) <= 64;
  return number >= range.low && number <= range.high;
}

bool readLength(PyObject* value, int64_t* length) {
  PyTypeObject* type = Py_TYPE(value);
  if (PyTuple_Check(value) || PyList_Check(value)) {
    *length = Py_SIZE(value);
  } else if (PyDict_Check(value)) {
    *length = PyDict_GET_SIZE(value);
  } else if (PyAnySet_Check(value)) {
    *length = PySet_GET_SIZE(value);
  } else if (PyUnicode_Check(value)) {
    *length = PyUnicode_GET_LENGTH(value);
  } else if ((type->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) && type->tp_as_sequence != nullptr &&
             type->tp_as_sequence->sq_length != nullptr) {
    *length = type->tp_as_sequence->sq_length(value);  // C code: a Python class's type is mutable
    if (*length < 0) PyErr_Clear();
  } else {
    return false;
  }
  return *length >= 0;
}

bool checkLength(const GuardInsn& insn, PyObject* const* regs) {
  int64_t length;
  return readLength(regs[insn.dst], &length) && length == insn.number;
}

bool checkDictKeys(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* value = regs[insn.dst];
  Py_ssize_t count = PyTuple_GET_SIZE(insn.object);
  if (!PyDict_Check(value) || PyDict_GET_SIZE(value) != count) return false;
  Py_ssize_t position = 0;
  PyObject* key;
  for (Py_ssize_t i = 0; PyDict_Next(value, &position, &key, nullptr); i++) {
    if (!sameConstant(key, PyTuple_GET_ITEM(insn.object, i))) return false;
  }
  return true;
}

bool checkDictHas(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* value = regs[insn.dst];
  PyObject* found;
  return PyDict_Check(value) && segue_dict_get(value, insn.object, &found) == SEGUE_FOUND;
}

bool checkDictLacks(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* value = regs[insn.dst];
  PyObject* found;
  return PyDict_Check(value) && segue_dict_get(value, insn.object, &found) == SEGUE_ABSENT;
}

bool checkSetEquals(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* value = regs[insn.dst];
  if (!PyAnySet_Check(value) || PySet_GET_SIZE(value) != PyTuple_GET_SIZE(insn.object)) return false;
  Py_ssize_t position = 0;
  PyObject* element;
  for (Py_ssize_t i = 0; segue_set_next(value, &position, &element); i++) {
    if (!sameConstant(element, PyTuple_GET_ITEM(insn.object, i))) return false;
  }
  return true;
}

// The source's type is guarded to be deque's, whose maxlen is C code.
bool checkDequeLimit(const GuardInsn& insn, PyObject* const* regs) {
  Ref limit = Ref::steal(PyObject_GetAttrString(regs[insn.dst], "maxlen"));
  if (!limit) PyErr_Clear();
  int64_t number = !limit || limit.get() == Py_None ? -1 : PyLong_AsLongLong(limit.get());
  return limit && number == insn.number;
}

bool checkNoInstanceAttr(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* found;
  return segue_instance_attr(regs[insn.dst], insn.object, static_cast<Py_ssize_t>(insn.b) - 1, &found) == SEGUE_ABSENT;
}

Extent arrayExtent(PyArrayObject* array) {
  auto low = reinterpret_cast<uintptr_t>(PyArray_DATA(array));
  uintptr_t high = low + (SEGUE_FAULT(LastElementForgotten) ? 0 : static_cast<uintptr_t>(PyArray_ITEMSIZE(array)));
  for (int i = 0; i < PyArray_NDIM(array); i++) {
    npy_intp size = PyArray_DIM(array, i);
    if (size == 0) return {};
    npy_intp reach = (size - 1) * PyArray_STRIDE(array, i);
    if (reach < 0 && SEGUE_FAULT(NegativeStridesForgotten)) continue;
    (reach < 0 ? low : high) += static_cast<uintptr_t>(reach);
  }
  return {low, high};
}

// Exact on byte intervals: two arrays that interleave without touching (x[::2], x[1::2]) count as overlapping.
bool checkDisjoint(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* value = regs[insn.dst];
  PyObject* second = regs[insn.a];
  if (!PyArray_Check(value) || !PyArray_Check(second)) return false;
  Extent a = arrayExtent(reinterpret_cast<PyArrayObject*>(value));
  Extent b = arrayExtent(reinterpret_cast<PyArrayObject*>(second));
  return a.low == a.high || b.low == b.high || a.high <= b.low || b.high <= a.low;
}

bool checkRegistrations(const GuardInsn& insn, PyObject* const*) { return abstractRegistrations() == insn.number; }

bool checkErrState(const GuardInsn& insn, PyObject* const*) {
  ErrState state;
  return currentErrState(&state) && state.mask == insn.a && state.callback.get() == insn.object;
}

}  // namespace segue::checks
