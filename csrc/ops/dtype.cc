#include "ops/dtype.h"

#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
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

const DTypeRow& row(DType dtype) {
  SEGUE_CHECK(isCore(dtype), "a rule for core dtypes has met another one");
  return kRows[static_cast<size_t>(dtype)];
}

PyArray_Descr* descrOf(DType dtype) { return descrOfNumber(dtypeNumber(dtype)); }

/// What tells the dtype apart in graphs.
std::string textOf(PyArray_Descr* descr, size_t index) {
  // NumPy's letters say neither what fields there are, nor which of two integers of one size.
  if (descr->type_num == NPY_VOID) return absl::StrCat("{V", PyDataType_ELSIZE(descr), "#", index, "}");
  const bool swapped = !PyArray_ISNBO(descr->byteorder);
  if (descr->type_num == NPY_LONGLONG) return swapped ? "{>q}" : "{q}";
  if (descr->type_num == NPY_ULONGLONG) return swapped ? "{>Q}" : "{Q}";
  Ref text = Ref::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(descr), "str"));
  const char* letters = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
  if (letters == nullptr) PyErr_Clear();
  return letters != nullptr ? absl::StrCat("{", letters, "}") : absl::StrCat("{#", index, "}");
}

/// Names of other dtypes, by number.
std::vector<std::string*>& otherNames() {
  static auto* names = new std::vector<std::string*>;
  return *names;
}

/// Other dtypes that NumPy's type number says all about (longdouble, say) stand before those with numbers of our own.
constexpr int kTypeNumbers = NPY_NTYPES_LEGACY;

size_t otherIndex(DType dtype) { return static_cast<size_t>(dtype) - static_cast<size_t>(DType::kFirstOther); }

std::optional<DType> otherFromName(std::string_view name) {
  const std::vector<std::string*>& names = otherNames();
  for (size_t i = 0; i < names.size(); i++) {
    if (names[i] != nullptr && *names[i] == name) return static_cast<DType>(static_cast<size_t>(DType::kFirstOther) + i);
  }
  Ref letters = Ref::steal(PyUnicode_FromStringAndSize(name.data() + 1, static_cast<Py_ssize_t>(name.size()) - 2));
  PyArray_Descr* descr = nullptr;
  if (!letters || name.find('#') != std::string_view::npos || PyArray_DescrConverter(letters.get(), &descr) == NPY_FAIL) {
    PyErr_Clear();
    return std::nullopt;
  }
  std::optional<DType> found = dtypeFromDescr(descr);
  Py_DECREF(descr);
  return found;
}

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

std::string_view dtypeName(DType dtype) {
  if (isCore(dtype)) return row(dtype).name;
  const size_t index = otherIndex(dtype);
  if (otherNames().size() <= index) otherNames().resize(index + 1, nullptr);
  std::string*& name = otherNames()[index];
  if (name == nullptr) name = new std::string(textOf(descrOf(dtype), index));   // as long as the number: for good
  return *name;
}

std::optional<DType> dtypeFromName(std::string_view name) {
  for (size_t i = 0; i < kRows.size(); i++) {
    if (kRows[i].name == name) return static_cast<DType>(i);
  }
  return name.size() > 2 && name.front() == '{' && name.back() == '}' ? otherFromName(name) : std::nullopt;
}

int dtypeNumber(DType dtype) {
  if (isCore(dtype)) return row(dtype).type_num;
  const int index = static_cast<int>(otherIndex(dtype));
  return index < kTypeNumbers ? index : kFirstDescrNumber + index - kTypeNumbers;
}

std::optional<DType> dtypeFromNumber(int number) {
  for (size_t i = 0; i < kRows.size(); i++) {
    if (kRows[i].type_num == number) return static_cast<DType>(i);
  }
  const int index = number < kFirstDescrNumber ? number : number - kFirstDescrNumber + kTypeNumbers;
  return number < 0 ? std::nullopt : std::optional(static_cast<DType>(static_cast<int>(DType::kFirstOther) + index));
}

std::optional<DType> dtypeFromDescr(PyArray_Descr* descr) {
  return dtypeFromNumber(descrNumber(descr));
}

Ref dtypeDescr(DType dtype) { return Ref::borrow(reinterpret_cast<PyObject*>(descrOf(dtype))); }

std::optional<DType> dtypeFromScalarType(PyTypeObject* type) {
  const auto& types = scalarTypes();
  for (size_t i = 0; i < types.size(); i++) {
    if (types[i] == type) return static_cast<DType>(i);
  }
  return std::nullopt;
}

PyTypeObject* dtypeScalarType(DType dtype) {
  return isCore(dtype) ? scalarTypes()[static_cast<size_t>(dtype)] : descrOf(dtype)->typeobj;
}

int dtypeItemSize(DType dtype) {
  return isCore(dtype) ? row(dtype).item_size : static_cast<int>(PyDataType_ELSIZE(descrOf(dtype)));
}
int dtypeAlignment(DType dtype) { return static_cast<int>(PyDataType_ALIGNMENT(descrOf(dtype))); }
char dtypeKind(DType dtype) { return isCore(dtype) ? row(dtype).kind : descrOf(dtype)->kind; }

DType nativeDType(DType dtype) {
  if (isCore(dtype) || PyArray_ISNBO(descrOf(dtype)->byteorder)) return dtype;
  return promoteAny(dtype, dtype).value_or(dtype);   // which NumPy gives in native order
}

std::optional<DType> promoteAny(DType a, DType b) {
  if (isCore(a) && isCore(b)) return promote(a, b);
  Ref promoted = Ref::steal(reinterpret_cast<PyObject*>(PyArray_PromoteTypes(descrOf(a), descrOf(b))));
  if (promoted) return dtypeFromDescr(reinterpret_cast<PyArray_Descr*>(promoted.get()));
  PyErr_Clear();
  return std::nullopt;
}

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

namespace {

bool numpyCanCast(DType from, DType to, std::string_view casting) {
  static constexpr std::pair<std::string_view, NPY_CASTING> kCastings[] = {
      {"no", NPY_NO_CASTING}, {"equiv", NPY_EQUIV_CASTING}, {"safe", NPY_SAFE_CASTING}, {"same_kind", NPY_SAME_KIND_CASTING},
      {"unsafe", NPY_UNSAFE_CASTING}};
  for (const auto& [name, level] : kCastings) {
    if (name == casting) return PyArray_CanCastTypeTo(descrOf(from), descrOf(to), level) != 0;
  }
  return false;
}

}  // namespace

bool canCast(DType from, DType to, std::string_view casting) {
  if (!isCore(from) || !isCore(to)) return numpyCanCast(from, to, casting);
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
