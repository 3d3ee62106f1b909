#include "trace/values/numpy_values.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "base/once.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/graph_values.h"

namespace segue {
namespace {

enum class Flag : uint8_t { kC, kF, kFnc, kForc, kWriteable, kAligned, kBehaved, kCarray, kFarray };

struct FlagName {
  std::string_view attribute;
  std::string_view key, short_key;   ///< short_key empty: there is none
  Flag flag;
};
/// The names of numpy.flagsobj (flagsobject.c) whose answers an array's type knows.
constexpr FlagName kFlags[] = {
    {"c_contiguous", "C_CONTIGUOUS", "C", Flag::kC},
    {"contiguous", "CONTIGUOUS", "", Flag::kC},
    {"f_contiguous", "F_CONTIGUOUS", "F", Flag::kF},
    {"fortran", "FORTRAN", "", Flag::kF},
    {"fnc", "FNC", "", Flag::kFnc},
    {"forc", "FORC", "", Flag::kForc},
    {"writeable", "WRITEABLE", "W", Flag::kWriteable},
    {"aligned", "ALIGNED", "A", Flag::kAligned},
    {"behaved", "BEHAVED", "B", Flag::kBehaved},
    {"carray", "CARRAY", "CA", Flag::kCarray},
    {"farray", "FARRAY", "FA", Flag::kFarray},
};

bool readsAlignment(Flag flag) {
  return flag == Flag::kAligned || flag == Flag::kBehaved || flag == Flag::kCarray || flag == Flag::kFarray;
}
bool readsLayout(Flag flag) { return flag != Flag::kWriteable && flag != Flag::kAligned && flag != Flag::kBehaved; }

bool evaluate(Flag flag, const Type& type) {
  bool c = type.layout.c_contiguous;
  bool f = type.layout.f_contiguous;
  switch (flag) {
    case Flag::kC: return c;
    case Flag::kF: return f;
    case Flag::kFnc: return f && !c;
    case Flag::kForc: return f || c;
    case Flag::kWriteable:
    case Flag::kBehaved: return type.writeable;  // of an aligned array
    case Flag::kCarray: return type.writeable && c;
    case Flag::kFarray: return type.writeable && f && !c;
    case Flag::kAligned: return true;
  }
  SEGUE_UNREACHABLE("a flag");
}

/// Whether the object may be a constant of the trace: a built-in one, a dtype, a class, a scalar of a modelled dtype.
bool isNumpyConstant(BorrowedRef object) {
  return isFoldable(object) || PyArray_DescrCheck(object.get()) || PyType_Check(object.get()) ||
         dtypeFromScalarType(Py_TYPE(object)).has_value();
}

}  // namespace

PyTypeObject* ArrayFlagsValue::type() const {
  // NumPy's C API has no name for the type.
  static constinit Once<PyTypeObject*> type;
  return type.get([] {
    Ref array = Ref::steal(PyArray_ZEROS(0, nullptr, NPY_BOOL, 0));
    return Py_TYPE(Ref::steal(PyObject_GetAttrString(array.get(), "flags")).get());
  });
}

Traced<ValueRef> ArrayFlagsValue::flag(Tracer& t, std::string_view name) {
  for (const FlagName& row : kFlags) {
    if (name.empty() || (name != row.attribute && name != row.key && name != row.short_key)) continue;
    const Type& type = array_->graphType();
    if (readsLayout(row.flag) && !type.layout.known) return stop(BreakReason::kConstantNeeded, "the layout of an array");
    if (readsAlignment(row.flag) && !type.aligned) return stop(BreakReason::kConstantNeeded, "the alignment of an array");
    return t.boolean(evaluate(row.flag, type));
  }
  return stop(BreakReason::kAttributeLookup, "numpy.ndarray.flags." + std::string(name));
}

Traced<ValueRef> ArrayFlagsValue::getAttrSlot(Tracer& t, BorrowedRef name) { return flag(t, textOf(name)); }

Traced<ValueRef> ArrayFlagsValue::getItemSlot(Tracer& t, ValueRef key) {
  BorrowedRef name = key->constant();
  if (!name || !PyUnicode_CheckExact(name.get())) return Value::getItemSlot(t, key);
  return flag(t, textOf(name));
}

Traced<RecipeId> ArrayFlagsValue::recipeSlot(RecipeBuilder& b) {
  SEGUE_TRY(RecipeId array, b.of(array_));
  return b.attribute(array, b.tracer().internedName("flags"));
}

Traced<ValueRef> NumericLimitsValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  Ref attribute = Ref::steal(PyObject_GetAttr(limits_.get(), name));
  if (!attribute) return t.raiseCurrent();
  if (!isNumpyConstant(attribute)) {
    return stop(BreakReason::kAttributeLookup, absl::StrFormat("%s.%s", type()->tp_name, std::string(textOf(name))));
  }
  return t.constant(std::move(attribute));
}

bool isDTypeName(BorrowedRef text) {
  std::string_view name = textOf(text);
  if (!name.empty() && (name[0] == '<' || name[0] == '>' || name[0] == '=' || name[0] == '|')) name.remove_prefix(1);
  auto plain = [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '[' || c == ']'; };
  if (name == "?") return true;
  return !name.empty() && absl::ascii_isalpha(static_cast<unsigned char>(name[0])) && name[0] != 'a' &&
         std::all_of(name.begin(), name.end(), plain);
}

std::optional<DType> dtypeOfName(BorrowedRef text) {
  if (!isDTypeName(text)) return std::nullopt;
  PyArray_Descr* descr = nullptr;
  if (PyArray_DescrConverter(text, &descr) == NPY_FAIL) {
    PyErr_Clear();
    return std::nullopt;
  }
  Ref owned = Ref::steal(reinterpret_cast<PyObject*>(descr));
  return dtypeFromDescr(descr);
}

Traced<ValueRef> arrayStrides(Tracer& t, const ArrayValue& array) {
  const Type& type = array.graphType();
  const Layout& layout = type.layout;
  bool c_order = layout.c_contiguous;
  if (!layout.known || (!c_order && !layout.f_contiguous)) {
    return stop(BreakReason::kConstantNeeded, "the strides of an array that is not contiguous");
  }
  // Contiguity says nothing about strides that no step is ever taken with.
  for (Dim dim : type.shape) {
    if (t.dims().decideLess(dim, t.dims().constant(2))) {
      return stop(BreakReason::kConstantNeeded, "the strides of an array with a dimension of size 0 or 1");
    }
  }
  absl::InlinedVector<ValueRef, 6> strides(type.shape.size(), nullptr);
  Dim stride = t.dims().constant(dtypeItemSize(type.dtype));
  for (size_t i = 0; i < strides.size(); ++i) {
    size_t axis = c_order ? strides.size() - 1 - i : i;
    strides[axis] = t.integer(stride);
    Result<Dim> next = t.dims().mul(stride, type.shape[axis]);
    if (!next.ok()) return stop(BreakReason::kUnsupportedOperation, next.error());
    stride = next.value();
  }
  return t.tuple(std::move(strides));
}

}  // namespace segue
