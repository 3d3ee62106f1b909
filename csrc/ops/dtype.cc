#include "ops/dtype.h"

#include <array>

#include "base/descr.h"

namespace segue {
namespace {

struct DTypeRow {
  std::string_view name;
  int type_num;
  int item_size;
  char kind;
};

constexpr std::array<DTypeRow, kDTypeCount> kRows = {{
    {"bool", NPY_BOOL, 1, 'b'},
    {"i8", NPY_INT8, 1, 'i'},
    {"i16", NPY_INT16, 2, 'i'},
    {"i32", NPY_INT32, 4, 'i'},
    {"i64", NPY_INT64, 8, 'i'},
    {"u8", NPY_UINT8, 1, 'u'},
    {"u16", NPY_UINT16, 2, 'u'},
    {"u32", NPY_UINT32, 4, 'u'},
    {"u64", NPY_UINT64, 8, 'u'},
    {"f16", NPY_FLOAT16, 2, 'f'},
    {"f32", NPY_FLOAT32, 4, 'f'},
    {"f64", NPY_FLOAT64, 8, 'f'},
    {"c64", NPY_COMPLEX64, 8, 'c'},
    {"c128", NPY_COMPLEX128, 16, 'c'},
}};

const DTypeRow& row(DType dtype) { return kRows[static_cast<size_t>(dtype)]; }

/// The smallest float of at least `from`'s size that holds every integer of the dtype.
DType floatForInteger(DType integer) {
  switch (row(integer).item_size) {
    case 1: return DType::kF16;
    case 2: return DType::kF32;
    default: return DType::kF64;
  }
}

DType signedOfSize(int size) {
  switch (size) {
    case 1: return DType::kI8;
    case 2: return DType::kI16;
    case 4: return DType::kI32;
    default: return DType::kI64;
  }
}

DType realPart(DType dtype) {
  if (dtype == DType::kC64) return DType::kF32;
  if (dtype == DType::kC128) return DType::kF64;
  return dtype;
}

DType promoteIntegers(DType a, DType b) {
  if (row(a).kind == row(b).kind) return a > b ? a : b;
  DType signed_one = row(a).kind == 'i' ? a : b;
  DType unsigned_one = row(a).kind == 'i' ? b : a;
  if (row(signed_one).item_size > row(unsigned_one).item_size) return signed_one;
  if (unsigned_one == DType::kU64) return DType::kF64;
  return signedOfSize(row(unsigned_one).item_size * 2);
}

/// NumPy's order of kinds for same_kind casting: bool, unsigned, signed, float, complex.
int kindOrder(DType dtype) {
  switch (row(dtype).kind) {
    case 'b': return 0;
    case 'u': return 1;
    case 'i': return 2;
    case 'f': return 3;
    default: return 4;
  }
}

const std::array<PyTypeObject*, kDTypeCount>& scalarTypes() {
  static const std::array<PyTypeObject*, kDTypeCount> types = [] {
    std::array<PyTypeObject*, kDTypeCount> out{};
    for (size_t i = 0; i < kRows.size(); i++) {
      PyArray_Descr* descr = PyArray_DescrFromType(kRows[i].type_num);
      out[i] = descr->typeobj;
      Py_DECREF(descr);
    }
    return out;
  }();
  return types;
}

}  // namespace

std::string_view dtypeName(DType dtype) { return row(dtype).name; }

std::optional<DType> dtypeFromName(std::string_view name) {
  for (size_t i = 0; i < kRows.size(); i++) {
    if (kRows[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

int dtypeTypeNum(DType dtype) { return row(dtype).type_num; }

std::optional<DType> dtypeFromTypeNum(int type_num) {
  for (size_t i = 0; i < kRows.size(); i++) {
    if (kRows[i].type_num == type_num) return static_cast<DType>(i);
  }
  return std::nullopt;
}

std::optional<DType> dtypeFromDescr(PyArray_Descr* descr) {
  return isToldByTypeNum(descr) ? dtypeFromTypeNum(descr->type_num) : std::nullopt;
}

std::optional<DType> dtypeFromScalarType(PyTypeObject* type) {
  const auto& types = scalarTypes();
  for (size_t i = 0; i < types.size(); i++) {
    if (types[i] == type) return static_cast<DType>(i);
  }
  return std::nullopt;
}

PyTypeObject* dtypeScalarType(DType dtype) { return scalarTypes()[static_cast<size_t>(dtype)]; }

int dtypeItemSize(DType dtype) { return row(dtype).item_size; }
char dtypeKind(DType dtype) { return row(dtype).kind; }

DType promote(DType a, DType b) {
  if (a == b || b == DType::kBool) return a;
  if (a == DType::kBool) return b;
  if (isComplex(a) || isComplex(b)) {
    DType real = promote(promote(realPart(a), realPart(b)), DType::kF32);
    return real == DType::kF32 ? DType::kC64 : DType::kC128;
  }
  if (isIntegral(a) && isIntegral(b)) return promoteIntegers(a, b);
  DType fa = isIntegral(a) ? floatForInteger(a) : a;
  DType fb = isIntegral(b) ? floatForInteger(b) : b;
  return fa > fb ? fa : fb;
}

bool canCast(DType from, DType to, std::string_view casting) {
  if (from == to || casting == "unsafe") return true;
  if (casting == "safe") return promote(from, to) == to;
  if (casting == "same_kind") return kindOrder(from) <= kindOrder(to);
  return false;
}

DType promoteWeak(DType a, WeakKind weak) {
  switch (weak) {
    case WeakKind::kBool: return a;
    case WeakKind::kInt: return a == DType::kBool ? DType::kI64 : a;
    case WeakKind::kFloat: return isInexact(a) ? a : DType::kF64;
    case WeakKind::kComplex:
      if (isComplex(a)) return a;
      return a == DType::kF16 || a == DType::kF32 ? DType::kC64 : DType::kC128;
  }
  return a;
}

DType defaultDType(WeakKind weak) {
  switch (weak) {
    case WeakKind::kBool: return DType::kBool;
    case WeakKind::kInt: return DType::kI64;
    case WeakKind::kFloat: return DType::kF64;
    case WeakKind::kComplex: return DType::kC128;
  }
  return DType::kF64;
}

}  // namespace segue
