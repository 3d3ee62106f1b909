#include "program/constants.h"

#include <cstring>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/descr.h"
#include "base/fault.h"
#include "base/objects.h"
#include "program/guard_program.h"

namespace segue {
namespace {

/// Bits of a NumPy scalar of one of NumPy's own numeric types; false for every other object. long double is left out:
/// its padding bits are arbitrary.
struct ScalarBits {
  unsigned char bytes[16] = {};
};
bool numpyScalarBits(PyObject* object, ScalarBits* bits) {
  PyTypeObject* type = Py_TYPE(object);
  if (type == &PyBool_Type || type == &PyFloat_Type || type == &PyComplex_Type || !PyArray_IsScalar(object, Generic)) {
    return false;
  }
  PyArray_Descr* descr = PyArray_DescrFromScalar(object);
  if (descr == nullptr) {
    PyErr_Clear();
    return false;
  }
  int num = descr->type_num;
  bool plain = PyTypeNum_ISNUMBER(num) && num != NPY_LONGDOUBLE && num != NPY_CLONGDOUBLE;
  plain = (plain || num == NPY_BOOL) && descr->typeobj == type;
  Py_DECREF(descr);
  if (plain) PyArray_ScalarAsCtype(object, bits->bytes);
  return plain;
}

/// A descriptor of one of NumPy's own numeric types that its type number tells all about.
bool isPlainDescr(PyObject* object) {
  return PyArray_DescrCheck(object) && isPlainNumber(reinterpret_cast<PyArray_Descr*>(object));
}

bool allTuple(PyObject* tuple, bool (*test)(BorrowedRef)) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
    if (!test(PyTuple_GET_ITEM(tuple, i))) return false;
  }
  return true;
}

/// Whether an element may stand in a container that compares by value.
bool isElement(BorrowedRef object) {
  return PyBool_Check(object.get()) || object.get() == Py_None || object.get() == Py_Ellipsis ||
         PyType_Check(object.get()) || comparesByValue(object);
}

struct SetElements {
  PyObject* set;
  Py_ssize_t position = 0;
  PyObject* next() {
    PyObject* element = nullptr;
    return segue_set_next(set, &position, &element) ? element : nullptr;
  }
};

bool sameSets(PyObject* a, PyObject* b) {
  if (PySet_GET_SIZE(a) != PySet_GET_SIZE(b)) return false;
  SetElements left{a}, right{b};
  for (PyObject* x = left.next(); x != nullptr; x = left.next()) {
    PyObject* y = right.next();
    if (y == nullptr || !sameConstant(x, y)) return false;
  }
  return true;
}

uint64_t mix(uint64_t a, uint64_t b) {
  return absl::HashOf(a, b);
}

}  // namespace

bool comparesByValue(BorrowedRef object) {
  PyObject* o = object.get();
  PyTypeObject* type = Py_TYPE(o);
  if (type == &PyLong_Type || type == &PyUnicode_Type || type == &PyFloat_Type || type == &PyBytes_Type ||
      type == &PyComplex_Type) {
    return true;
  }
  if (type == &PyTuple_Type) return allTuple(o, isElement);
  if (type == &PyFrozenSet_Type) {
    SetElements elements{o};
    for (PyObject* x = elements.next(); x != nullptr; x = elements.next()) {
      if (!isElement(x)) return false;
    }
    return true;
  }
  if (type == &PySlice_Type) {
    auto* slice = reinterpret_cast<PySliceObject*>(o);
    return isElement(slice->start) && isElement(slice->stop) && isElement(slice->step);
  }
  ScalarBits bits;
  return isPlainDescr(o) || numpyScalarBits(o, &bits);
}

bool sameConstant(BorrowedRef left, BorrowedRef right) {
  PyObject* a = left.get();
  PyObject* b = right.get();
  if (a == b) return true;
  PyTypeObject* type = Py_TYPE(a);
  if (type != Py_TYPE(b)) return false;
  if (type == &PyUnicode_Type || type == &PyBytes_Type || type == &PyLong_Type) {
    return PyObject_RichCompareBool(a, b, Py_EQ) == 1;
  }
  if (type == &PyFloat_Type) {
    double x = PyFloat_AS_DOUBLE(a), y = PyFloat_AS_DOUBLE(b);
    return SEGUE_FAULT(ZeroSignsEqual) ? x == y : std::memcmp(&x, &y, sizeof x) == 0;
  }
  if (type == &PyComplex_Type) {
    Py_complex x = PyComplex_AsCComplex(a), y = PyComplex_AsCComplex(b);
    return std::memcmp(&x, &y, sizeof x) == 0;
  }
  if (type == &PyTuple_Type) {
    if (PyTuple_GET_SIZE(a) != PyTuple_GET_SIZE(b)) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(a); i++) {
      if (!sameConstant(PyTuple_GET_ITEM(a, i), PyTuple_GET_ITEM(b, i))) return false;
    }
    return true;
  }
  if (type == &PyFrozenSet_Type) return sameSets(a, b);
  if (type == &PySlice_Type) {
    auto* x = reinterpret_cast<PySliceObject*>(a);
    auto* y = reinterpret_cast<PySliceObject*>(b);
    return sameConstant(x->start, y->start) && sameConstant(x->stop, y->stop) && sameConstant(x->step, y->step);
  }
  if (PyArray_DescrCheck(a)) {
    return isPlainDescr(a) && isPlainDescr(b) &&
           reinterpret_cast<PyArray_Descr*>(a)->type_num == reinterpret_cast<PyArray_Descr*>(b)->type_num;
  }
  ScalarBits x, y;
  return numpyScalarBits(a, &x) && numpyScalarBits(b, &y) && std::memcmp(x.bytes, y.bytes, sizeof x.bytes) == 0;
}

uint64_t constantHash(BorrowedRef object) {
  PyObject* o = object.get();
  PyTypeObject* type = Py_TYPE(o);
  auto seed = reinterpret_cast<uint64_t>(type);
  if (type == &PyUnicode_Type || type == &PyBytes_Type || type == &PyLong_Type || type == &PyComplex_Type) {
    return mix(seed, static_cast<uint64_t>(PyObject_Hash(o)));
  }
  if (type == &PyFloat_Type) {  // by bits: nan's own hash is its identity
    double x = PyFloat_AS_DOUBLE(o);
    uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return mix(seed, bits);
  }
  if (type == &PyTuple_Type) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o); i++) seed = mix(seed, constantHash(PyTuple_GET_ITEM(o, i)));
    return seed;
  }
  // Rarer kinds hash by type and what is cheap to see; comparing decides.
  if (type == &PyFrozenSet_Type) return mix(seed, static_cast<uint64_t>(PySet_GET_SIZE(o)));
  if (type == &PySlice_Type) return seed;
  if (isPlainDescr(o)) return mix(seed, static_cast<uint64_t>(reinterpret_cast<PyArray_Descr*>(o)->type_num));
  ScalarBits bits;
  if (numpyScalarBits(o, &bits)) return absl::HashOf(seed, std::string_view(reinterpret_cast<char*>(bits.bytes), 16));
  return mix(0, reinterpret_cast<uint64_t>(o));
}

// ---- descriptions ------------------------------------------------------------------------------------------------

namespace {

std::string utf8(PyObject* text) {
  if (text == nullptr || !PyUnicode_Check(text)) {
    PyErr_Clear();
    return "?";
  }
  Py_ssize_t size = 0;
  Ref encoded = Ref::steal(PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace"));
  char* data = nullptr;
  if (!encoded || PyBytes_AsStringAndSize(encoded.get(), &data, &size) < 0) {
    PyErr_Clear();
    return "?";
  }
  return std::string(data, static_cast<size_t>(size));
}

std::string describeArray(PyArrayObject* array) {
  PyArray_Descr* descr = PyArray_DESCR(array);
  std::string shape;
  for (int i = 0; i < PyArray_NDIM(array); i++) absl::StrAppend(&shape, i > 0 ? ", " : "", PyArray_DIM(array, i));
  // repr() of a numeric dtype is C all the way; other dtypes are named by their kind and size.
  std::string dtype = PyTypeNum_ISNUMBER(descr->type_num) || descr->type_num == NPY_BOOL
                          ? std::string(descr->typeobj->tp_name)
                          : absl::StrFormat("%c%d", descr->kind, static_cast<int>(PyDataType_ELSIZE(descr)));
  if (dtype.rfind("numpy.", 0) == 0) dtype = dtype.substr(6);
  const char* order = PyArray_ISNBO(descr->byteorder) ? "" : ", swapped bytes";
  std::string kind = PyArray_CheckExact(array) ? "array" : Py_TYPE(array)->tp_name;
  std::string out = absl::StrCat(kind, "(", dtype, "[", shape, "]", order);
  int flags = arrayFlags(array);
  if (!(flags & NPY_ARRAY_C_CONTIGUOUS)) absl::StrAppend(&out, flags & NPY_ARRAY_F_CONTIGUOUS ? ", F" : ", strided");
  if (!(flags & NPY_ARRAY_ALIGNED)) out += ", unaligned";
  if (!(flags & NPY_ARRAY_WRITEABLE)) out += ", read-only";
  if (flags & kArrayWarnsOnWrite) out += ", warns when written to";
  return out + ")";
}

/// Objects whose repr() is C code over C values.
bool hasPlainRepr(PyObject* object) {
  ScalarBits bits;
  return segue_is_constant(object) || PyBool_Check(object) || numpyScalarBits(object, &bits) || isPlainDescr(object) ||
         (PySlice_Check(object) && comparesByValue(object));
}

}  // namespace

std::string shortRepr(BorrowedRef object, size_t width) {
  PyObject* o = object.get();
  if (o == nullptr) return "unbound";
  std::string text;
  if (hasPlainRepr(o)) {
    // A long str is cut before it is quoted, not after.
    Ref shown = PyUnicode_CheckExact(o) && PyUnicode_GET_LENGTH(o) > static_cast<Py_ssize_t>(width)
                    ? Ref::steal(PyUnicode_Substring(o, 0, static_cast<Py_ssize_t>(width)))
                    : Ref::borrow(o);
    text = utf8(Ref::steal(shown ? PyObject_Repr(shown.get()) : nullptr).get());
  } else if (PyType_Check(o)) {
    text = reinterpret_cast<PyTypeObject*>(o)->tp_name;
  } else if (PyFunction_Check(o)) {
    text = absl::StrCat("function ", utf8(reinterpret_cast<PyFunctionObject*>(o)->func_qualname));
  } else if (PyCFunction_Check(o)) {
    text = absl::StrCat("function ", reinterpret_cast<PyCFunctionObject*>(o)->m_ml->ml_name);
  } else if (PyCode_Check(o)) {
    auto* code = reinterpret_cast<PyCodeObject*>(o);
    text = absl::StrFormat("code %s, line %d", utf8(code->co_qualname), code->co_firstlineno);
  } else if (PyModule_Check(o)) {
    Ref name = Ref::steal(PyModule_GetNameObject(o));
    text = absl::StrCat("module ", utf8(name.get()));
  } else if (PyArray_Check(o)) {
    text = describeArray(reinterpret_cast<PyArrayObject*>(o));
  } else {
    text = absl::StrCat("a ", Py_TYPE(o)->tp_name);
  }
  if (text.size() <= width) return text;
  size_t end = width - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) end--;  // not inside a UTF-8 sequence
  return text.substr(0, end) + "...";
}

}  // namespace segue
