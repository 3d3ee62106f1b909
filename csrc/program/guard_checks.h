// The predicates of guard kinds, one per row of guard_kinds.def. Private to the guard program: checking calls them, and
// explaining describes the same instruction.
#pragma once

#include "base/descr.h"
#include "base/fault.h"
#include "base/functions.h"
#include "base/objects.h"
#include "program/constants.h"
#include "program/guard_program.h"

namespace segue::checks {

inline bool checkType(const GuardInsn& insn, PyObject* const* regs) {
  return reinterpret_cast<PyObject*>(Py_TYPE(regs[insn.dst])) == insn.object;
}

inline bool checkIdentity(const GuardInsn& insn, PyObject* const* regs) {
  return regs[insn.dst] == insn.object;
}

inline bool checkNotIdentity(const GuardInsn& insn, PyObject* const* regs) {
  return regs[insn.dst] != insn.object;
}

inline bool checkEquals(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* value = regs[insn.dst];
  return value == insn.object || (Py_TYPE(value) == Py_TYPE(insn.object) && sameConstant(value, insn.object));
}

/// One load-compare each; the descriptor is nearly always NumPy's singleton.
inline bool checkArray(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* value = regs[insn.dst];
  if (Py_TYPE(value) != &PyArray_Type && !(SEGUE_FAULT(SubclassesPass) && PyArray_Check(value))) return false;
  auto* array = reinterpret_cast<PyArrayObject*>(value);
  if (PyArray_NDIM(array) != insn.small || (arrayFlags(array) & insn.a) != insn.b) return false;
  PyArray_Descr* descr = PyArray_DESCR(array);
  if (reinterpret_cast<PyObject*>(descr) == insn.object) return true;
  auto* expected = reinterpret_cast<PyArray_Descr*>(insn.object);
  if ((insn.a & kArrayOfAnyDescr) == 0) return sameDescr(descr, expected);
  return descr->type_num == expected->type_num && isToldByTypeNum(descr);
}

inline bool checkUnbound(const GuardInsn& insn, PyObject* const* regs) {
  return regs[insn.dst] == nullptr;
}

inline bool checkSame(const GuardInsn& insn, PyObject* const* regs) {
  return regs[insn.dst] == regs[insn.a];
}

inline bool checkNotSame(const GuardInsn& insn, PyObject* const* regs) {
  return regs[insn.dst] != regs[insn.a];
}

/// One reference: only the instance has it.
inline bool checkOwnsDict(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* dict = segue_made_dict(regs[insn.dst]);
  return dict == nullptr || Py_REFCNT(dict) == 1;
}

inline bool checkOtherDict(const GuardInsn& insn, PyObject* const* regs) {
  PyObject *dict = segue_made_dict(regs[insn.dst]), *other = regs[insn.a];
  return dict == nullptr || (dict != other && dict != segue_made_dict(other));
}

inline bool checkFunctionCode(const GuardInsn& insn, PyObject* const* regs) {
  PyObject* value = regs[insn.dst];
  return PyFunction_Check(value) && PyFunction_GET_CODE(value) == insn.object && runsItsCode(value);
}

bool checkInt64(const GuardInsn& insn, PyObject* const* regs);
bool checkIntInRange(const GuardInsn& insn, PyObject* const* regs);
bool checkLength(const GuardInsn& insn, PyObject* const* regs);
bool checkDictKeys(const GuardInsn& insn, PyObject* const* regs);
bool checkDictHas(const GuardInsn& insn, PyObject* const* regs);
bool checkDictLacks(const GuardInsn& insn, PyObject* const* regs);
bool checkSetEquals(const GuardInsn& insn, PyObject* const* regs);
bool checkDequeLimit(const GuardInsn& insn, PyObject* const* regs);
bool checkNoInstanceAttr(const GuardInsn& insn, PyObject* const* regs);
bool checkRegistrations(const GuardInsn& insn, PyObject* const* regs);
bool checkDisjoint(const GuardInsn& insn, PyObject* const* regs);
bool checkErrState(const GuardInsn& insn, PyObject* const* regs);

/// An exact int within 64 bits.
bool readInt64(PyObject* value, int64_t* number);
/// len() of a built-in container (also of a subclass's own storage), or false.
bool readLength(PyObject* value, int64_t* length);
/// The bytes an array's elements lie in: [low, high); empty for arrays without elements.
struct Extent {
  uintptr_t low = 0, high = 0;
};
Extent arrayExtent(PyArrayObject* array);

}  // namespace segue::checks
