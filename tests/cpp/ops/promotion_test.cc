#include "base/python.h"

#include "ops/dtype.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/descr.h"
#include "base/ref.h"

namespace segue {
namespace {

Ref descr(DType dtype) {
  return Ref::steal(reinterpret_cast<PyObject*>(PyArray_DescrFromType(dtypeNumber(dtype))));
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
    CHECK(dtypeFromNumber(dtypeNumber(dtype)) == dtype);
    CHECK(dtypeFromDescr(asDescr(own)) == dtype);
    CHECK(dtypeFromScalarType(dtypeScalarType(dtype)) == dtype);
    CHECK(dtypeKind(dtype) == asDescr(own)->kind);
    CHECK(dtypeItemSize(dtype) == PyDataType_ELSIZE(asDescr(own)));
  }
}

namespace {

Ref descrFrom(const char* expression) {
  Ref globals = Ref::steal(PyDict_New());
  Ref value = Ref::steal(PyRun_String(expression, Py_eval_input, globals.get(), globals.get()));
  REQUIRE(value);
  PyArray_Descr* descr = nullptr;
  REQUIRE(PyArray_DescrConverter(value.get(), &descr) == NPY_SUCCEED);
  return Ref::steal(reinterpret_cast<PyObject*>(descr));
}

}  // namespace

TEST_CASE("other dtypes are one value for all descriptors that are the same", "[ops][dtype]") {
  for (const char* text : {"'>f8'", "'<M8[s]'", "'m8[3D]'", "'S5'", "'<U7'", "'g'", "'q'", "'>i2'", "'G'", "'V3'", "[('a', 'i4'), ('b', '>f8')]",
                           "[(('title', 'a'), 'i4')]", "{'names': ['a'], 'formats': ['i4'], 'offsets': [4]}", "[('a', 'f4', (2, 3))]"}) {
    INFO(text);
    Ref one = descrFrom(text), two = descrFrom(text);
    std::optional<DType> dtype = dtypeFromDescr(asDescr(one));
    REQUIRE(dtype);
    CHECK_FALSE(isCore(*dtype));
    CHECK(dtypeFromDescr(asDescr(two)) == dtype);
    CHECK(dtypeFromNumber(dtypeNumber(*dtype)) == dtype);
    CHECK(dtypeFromName(dtypeName(*dtype)) == dtype);
    CHECK(sameDescr(asDescr(dtypeDescr(*dtype)), asDescr(one)));
    CHECK(dtypeKind(*dtype) == asDescr(one)->kind);
    CHECK(dtypeItemSize(*dtype) == PyDataType_ELSIZE(asDescr(one)));
  }
}

TEST_CASE("descriptors that differ in anything are other dtypes", "[ops][dtype]") {
  const char* texts[] = {"'<M8[s]'", "'<M8[2s]'", "'<m8[s]'", "'S5'", "'S6'", "'U5'", "'>U5'", "'V5'", "'f8'", "'>f8'", "'l'", "'q'",
                         "[('a', 'i4')]", "[('b', 'i4')]", "[(('title', 'a'), 'i4')]", "[('a', '>i4')]", "[('a', 'u4')]",
                         "__import__('numpy').dtype([('a', 'i4')], align=True)", "[('a', 'i2', (2,))]", "[('a', 'i2', (2, 1))]"};
  for (const char* a : texts) {
    for (const char* b : texts) {
      INFO(a << " and " << b);
      CHECK((dtypeFromDescr(asDescr(descrFrom(a))) == dtypeFromDescr(asDescr(descrFrom(b)))) == (a == b));
    }
  }
}

TEST_CASE("dtypes that may run code, have no size or carry metadata are not modelled", "[ops][dtype]") {
  for (const char* text : {"'O'", "'S'", "'U0'", "'V0'", "[('a', 'O')]", "('i4', (2,))", "('i4', [('low', 'i2'), ('high', 'i2')])",
                           "__import__('numpy').dtype('f8', metadata={'a': 1})", "__import__('numpy').dtype('S3', metadata={'a': 1})",
                           "[('a', __import__('numpy').dtype('f8', metadata={'a': 1}))]", "__import__('numpy').dtypes.StringDType()"}) {
    INFO(text);
    CHECK_FALSE(dtypeFromDescr(asDescr(descrFrom(text))));
  }
  CHECK_FALSE(dtypeFromNumber(-1));
  CHECK_FALSE(dtypeFromScalarType(&PyFloat_Type));
}

}  // namespace segue
