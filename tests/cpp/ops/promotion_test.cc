#include "base/python.h"

#include "ops/dtype.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/ref.h"

namespace segue {
namespace {

Ref descr(DType dtype) {
  return Ref::steal(reinterpret_cast<PyObject*>(PyArray_DescrFromType(dtypeTypeNum(dtype))));
}
PyArray_Descr* asDescr(const Ref& ref) { return reinterpret_cast<PyArray_Descr*>(ref.get()); }
DType dtypeAt(int i) { return static_cast<DType>(i); }

/// np.result_type(dtype, scalar)
DType resultType(DType dtype, PyObject* scalar) {
  Ref numpy = Ref::steal(PyImport_ImportModule("numpy"));
  Ref result = Ref::steal(PyObject_CallMethod(numpy.get(), "result_type", "OO", descr(dtype).get(), scalar));
  REQUIRE(result);
  return dtypeFromDescr(asDescr(result)).value();
}

}  // namespace

TEST_CASE("promotion is NumPy's for every pair of dtypes", "[ops][dtype]") {
  for (int i = 0; i < kDTypeCount; i++) {
    for (int j = 0; j < kDTypeCount; j++) {
      Ref a = descr(dtypeAt(i)), b = descr(dtypeAt(j));
      Ref expected = Ref::steal(reinterpret_cast<PyObject*>(PyArray_PromoteTypes(asDescr(a), asDescr(b))));
      INFO(dtypeName(dtypeAt(i)) << " with " << dtypeName(dtypeAt(j)));
      CHECK(dtypeName(promote(dtypeAt(i), dtypeAt(j))) == dtypeName(dtypeFromDescr(asDescr(expected)).value()));
    }
  }
}

TEST_CASE("casting is NumPy's for every pair of dtypes and every kind of cast", "[ops][dtype]") {
  constexpr std::pair<const char*, NPY_CASTING> kCastings[] = {{"no", NPY_NO_CASTING},
                                                               {"equiv", NPY_EQUIV_CASTING},
                                                               {"safe", NPY_SAFE_CASTING},
                                                               {"same_kind", NPY_SAME_KIND_CASTING},
                                                               {"unsafe", NPY_UNSAFE_CASTING}};
  for (int i = 0; i < kDTypeCount; i++) {
    for (int j = 0; j < kDTypeCount; j++) {
      Ref from = descr(dtypeAt(i)), to = descr(dtypeAt(j));
      for (auto [name, casting] : kCastings) {
        INFO(dtypeName(dtypeAt(i)) << " to " << dtypeName(dtypeAt(j)) << ", " << name);
        bool expected = PyArray_CanCastTypeTo(asDescr(from), asDescr(to), casting) != 0;
        CHECK(canCast(dtypeAt(i), dtypeAt(j), name) == expected);
      }
    }
  }
}

TEST_CASE("Python scalars are as weak as in NumPy", "[ops][dtype]") {
  Ref number = Ref::steal(PyLong_FromLong(1)), broken = Ref::steal(PyFloat_FromDouble(1.0));
  Ref complex_number = Ref::steal(PyComplex_FromDoubles(1.0, 1.0));
  std::pair<WeakKind, PyObject*> kinds[] = {{WeakKind::kBool, Py_True},
                                            {WeakKind::kInt, number.get()},
                                            {WeakKind::kFloat, broken.get()},
                                            {WeakKind::kComplex, complex_number.get()}};
  for (int i = 0; i < kDTypeCount; i++) {
    for (auto [kind, object] : kinds) {
      INFO(dtypeName(dtypeAt(i)) << " with weak kind " << static_cast<int>(kind));
      CHECK(dtypeName(promoteWeak(dtypeAt(i), kind)) == dtypeName(resultType(dtypeAt(i), object)));
    }
  }
}

TEST_CASE("every dtype is found by its name, number, descriptor and scalar type", "[ops][dtype]") {
  for (int i = 0; i < kDTypeCount; i++) {
    DType dtype = dtypeAt(i);
    Ref own = descr(dtype);
    CHECK(dtypeFromName(dtypeName(dtype)) == dtype);
    CHECK(dtypeFromTypeNum(dtypeTypeNum(dtype)) == dtype);
    CHECK(dtypeFromDescr(asDescr(own)) == dtype);
    CHECK(dtypeFromScalarType(dtypeScalarType(dtype)) == dtype);
    CHECK(dtypeKind(dtype) == asDescr(own)->kind);
    CHECK(dtypeItemSize(dtype) == PyDataType_ELSIZE(asDescr(own)));
  }
}

TEST_CASE("other dtypes are not modelled", "[ops][dtype]") {
  for (int type_num : {NPY_OBJECT, NPY_LONGDOUBLE, NPY_LONGLONG, NPY_STRING, NPY_DATETIME, NPY_VOID}) {
    CHECK_FALSE(dtypeFromTypeNum(type_num));
  }
  Ref native = descr(DType::kF64);
  Ref swapped = Ref::steal(reinterpret_cast<PyObject*>(PyArray_DescrNewByteorder(asDescr(native), NPY_SWAP)));
  CHECK_FALSE(dtypeFromDescr(asDescr(swapped)));
  CHECK_FALSE(dtypeFromScalarType(&PyFloat_Type));
}

}  // namespace segue
