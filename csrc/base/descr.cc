#include "base/descr.h"

#include <vector>

#include "base/fault.h"
#include "base/ref.h"

namespace segue {
namespace {

/// Programs use a few; what makes dtypes without end is not worth an entry for each.
constexpr size_t kMostDescrs = 2000;

/// Kept for good: types of compiled graphs name them.
std::vector<PyArray_Descr*>& numbered() {
  static auto* descrs = new std::vector<PyArray_Descr*>;
  return *descrs;
}

const PyArray_DatetimeMetaData& unitOf(const PyArray_Descr* descr) {
  return reinterpret_cast<PyArray_DatetimeDTypeMetaData*>(PyDataType_C_METADATA(descr))->meta;
}

bool isNumber(const PyArray_Descr* descr) { return PyTypeNum_ISNUMBER(descr->type_num) || PyTypeNum_ISBOOL(descr->type_num); }

bool sameObjects(PyObject* a, PyObject* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return PyUnicode_CheckExact(a) && PyUnicode_CheckExact(b) && PyUnicode_Compare(a, b) == 0;
}

/// (descr, offset[, title]) of two fields.
bool sameField(PyObject* a, PyObject* b) {
  const Py_ssize_t size = PyTuple_GET_SIZE(a);
  if (size != PyTuple_GET_SIZE(b)) return false;
  if (!sameDescr(reinterpret_cast<PyArray_Descr*>(PyTuple_GET_ITEM(a, 0)), reinterpret_cast<PyArray_Descr*>(PyTuple_GET_ITEM(b, 0)))) {
    return false;
  }
  if (PyLong_AsLong(PyTuple_GET_ITEM(a, 1)) != PyLong_AsLong(PyTuple_GET_ITEM(b, 1))) return false;
  return size < 3 || sameObjects(PyTuple_GET_ITEM(a, 2), PyTuple_GET_ITEM(b, 2));
}

bool sameFields(const PyArray_Descr* a, const PyArray_Descr* b) {
  PyObject *names = PyDataType_NAMES(a), *others = PyDataType_NAMES(b);
  if (names == nullptr || others == nullptr) return names == others;
  if (PyTuple_GET_SIZE(names) != PyTuple_GET_SIZE(others)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
    PyObject *name = PyTuple_GET_ITEM(names, i), *other = PyTuple_GET_ITEM(others, i);
    if (!sameObjects(name, other)) return false;
    if (!sameField(PyDict_GetItem(PyDataType_FIELDS(a), name), PyDict_GetItem(PyDataType_FIELDS(b), other))) return false;
  }
  return true;
}

bool ordersDiffer(const PyArray_Descr* a, const PyArray_Descr* b) {
  return PyArray_ISNBO(a->byteorder) != PyArray_ISNBO(b->byteorder) && !SEGUE_FAULT(OrdersAlike);
}

bool sameSubarrays(const PyArray_Descr* a, const PyArray_Descr* b) {
  PyArray_ArrayDescr *x = PyDataType_SUBARRAY(a), *y = PyDataType_SUBARRAY(b);
  if (x == nullptr || y == nullptr) return x == y;
  return sameDescr(x->base, y->base) && PyObject_RichCompareBool(x->shape, y->shape, Py_EQ) == 1;   // tuples of ints
}

/// Whether elements of the dtype run no user code and all have the size that the dtype says.
bool isFixed(const PyArray_Descr* descr) {
  if (!isNumber(descr) && !PyTypeNum_ISDATETIME(descr->type_num) && !PyTypeNum_ISFLEXIBLE(descr->type_num)) return false;
  if ((PyDataType_METADATA(descr) != nullptr && !SEGUE_FAULT(MetadataModelled)) || PyDataType_ELSIZE(descr) <= 0 || PyDataType_REFCHK(descr)) return false;
  if (PyArray_ArrayDescr* subarray = PyDataType_SUBARRAY(descr); subarray != nullptr) return isFixed(subarray->base);
  PyObject* names = PyDataType_NAMES(descr);
  if (names == nullptr) return true;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
    PyObject* field = PyDict_GetItem(PyDataType_FIELDS(descr), PyTuple_GET_ITEM(names, i));
    const bool titled = PyTuple_GET_SIZE(field) > 2 && !PyUnicode_CheckExact(PyTuple_GET_ITEM(field, 2));
    if (titled || !isFixed(reinterpret_cast<PyArray_Descr*>(PyTuple_GET_ITEM(field, 0)))) return false;
  }
  return true;
}

/// A dtype of arrays: NumPy makes a dimension of a subarray, and numbers with fields are neither numbers nor structures.
bool isNumbered(const PyArray_Descr* descr) {
  const bool structure = descr->type_num == NPY_VOID;
  return isFixed(descr) && !PyDataType_HASSUBARRAY(descr) && (structure || !PyDataType_HASFIELDS(descr));
}

}  // namespace

bool isToldByTypeNum(const PyArray_Descr* descr) {
  if (!PyArray_ISNBO(descr->byteorder)) return false;
  if (!isNumber(descr)) return true;
  return PyDataType_METADATA(descr) == nullptr && !PyDataType_HASFIELDS(descr);
}

bool isPlainNumber(const PyArray_Descr* descr) { return isNumber(descr) && isToldByTypeNum(descr); }

bool sameDescr(const PyArray_Descr* a, const PyArray_Descr* b) {
  if (a == b) return true;
  if (a->type_num != b->type_num || a->typeobj != b->typeobj || ordersDiffer(a, b)) return false;
  if ((PyDataType_ELSIZE(a) != PyDataType_ELSIZE(b) && !SEGUE_FAULT(SizesAlike)) || PyDataType_ALIGNMENT(a) != PyDataType_ALIGNMENT(b)) return false;
  if (PyDataType_FLAGS(a) != PyDataType_FLAGS(b)) return false;
  if (PyDataType_METADATA(a) != nullptr || PyDataType_METADATA(b) != nullptr) return false;
  if (PyTypeNum_ISDATETIME(a->type_num)) {
    return (unitOf(a).base == unitOf(b).base && unitOf(a).num == unitOf(b).num) || SEGUE_FAULT(UnitsAlike);
  }
  return SEGUE_FAULT(FieldsAlike) || (sameFields(a, b) && sameSubarrays(a, b));
}

bool isUnitless(const PyArray_Descr* descr) { return PyTypeNum_ISDATETIME(descr->type_num) && unitOf(descr).base == NPY_FR_GENERIC; }

int descrNumber(PyArray_Descr* descr) {
  if (isPlainNumber(descr)) return descr->type_num;
  if (!isNumbered(descr)) return -1;
  std::vector<PyArray_Descr*>& known = numbered();
  for (size_t i = 0; i < known.size(); i++) {
    if (sameDescr(known[i], descr)) return kFirstDescrNumber + static_cast<int>(i);
  }
  if (known.size() >= kMostDescrs) return -1;
  Py_INCREF(descr);
  known.push_back(descr);
  return kFirstDescrNumber + static_cast<int>(known.size()) - 1;
}

PyArray_Descr* descrOfNumber(int number) {
  if (number >= kFirstDescrNumber) return numbered()[static_cast<size_t>(number - kFirstDescrNumber)];
  if (number == NPY_VSTRING) {   // NumPy makes a new one at each call: the first is kept
    static PyArray_Descr* const kept = PyArray_DescrFromType(number);
    return kept;
  }
  PyArray_Descr* descr = PyArray_DescrFromType(number);
  Py_DECREF(descr);   // NumPy's own, immortal
  return descr;
}

bool hasDescrNumber(const PyArray_Descr* descr, int number) {
  if (number >= kFirstDescrNumber) return sameDescr(descr, descrOfNumber(number));
  return descr->type_num == number && isToldByTypeNum(descr);
}

}  // namespace segue
