#include "base/python.h"

#include "ops/rules/ufunc_loops.h"

#include <array>
#include <vector>

#include "base/descr.h"
#include "base/fault.h"
#include "base/imports.h"
#include "base/numpy_version.h"

namespace segue {
namespace {

/// One family in NumPy's one-letter codes: loop i takes in1[i] and in2[i] and gives out1[i] (and out2[i]).
struct FamilyText {
  DTypeRuleId id;
  std::string_view in1;
  std::string_view in2;   ///< of two-input ufuncs; "" = as in1
  std::string_view out1;
  std::string_view out2;  ///< of two-output ufuncs; "" = none
};

using enum DTypeRuleId;
constexpr FamilyText kFamilies[] = {
    {kArithmetic, "?bBhHiIlLefdFD", "", "?bBhHiIlLefdFD", ""},
    {kNumeric, "bBhHiIlLefdFD", "", "bBhHiIlLefdFD", ""},
    {kNumericNotBool, "bBhHiIlLefdFD", "", "bBhHiIlLefdFD", ""},
    {kRealNumeric, "bBhHiIlLefd", "", "bBhHiIlLefd", ""},
    {kDivmod, "bBhHiIlLefd", "", "bBhHiIlLefd", "bBhHiIlLefd"},
    {kRounding, "?bBhHiIlLefd", "", "?bBhHiIlLefd", ""},
    {kAbsolute, "?bBhHiIlLefdFD", "", "?bBhHiIlLefdfd", ""},
    {kBitwise, "?bBhHiIlL", "", "?bBhHiIlL", ""},
    {kInteger, "bBhHiIlL", "", "bBhHiIlL", ""},
    {kIntegerNotBool, "bBhHiIlL", "", "bBhHiIlL", ""},
    {kBitCount, "bBhHiIlL", "", "BBBBBBBB", ""},
    {kFloating, "efdFD", "", "efdFD", ""},
    {kRealFloating, "efd", "", "efd", ""},
    {kDivide, "bBhHiIlLefdFD", "", "ddddddddefdFD", ""},
    {kFloatPower, "dD", "", "dD", ""},
    {kPredicate, "?bBhHiIlLefdFD", "", "??????????????", ""},
    {kRealPredicate, "efd", "", "???", ""},
    {kModf, "efd", "", "efd", "efd"},
    {kFrexp, "efd", "", "efd", "iii"},
    {kLdexp, "efefdd", "iillil", "efefdd", ""},
    {kDates, "", "", "", ""},   // NumPy is asked about dtypes beyond numbers
};

DType fromCode(char code) {
  switch (code) {
    case '?': return DType::kBool;
    case 'b': return DType::kI8;
    case 'h': return DType::kI16;
    case 'i': return DType::kI32;
    case 'l': return DType::kI64;
    case 'B': return DType::kU8;
    case 'H': return DType::kU16;
    case 'I': return DType::kU32;
    case 'L': return DType::kU64;
    case 'e': return DType::kF16;
    case 'f': return DType::kF32;
    case 'd': return DType::kF64;
    case 'F': return DType::kC64;
    case 'D': return DType::kC128;
  }
  SEGUE_UNREACHABLE(std::string("no dtype has the code ") + code);
}

/// A family's loops, and for every pair of categories which loop is taken (found when first asked for).
struct Family {
  bool known = false;
  std::vector<UfuncLoop> loops;
  std::array<uint8_t, kCategoryCount * kCategoryCount> chosen{};
};

constexpr uint8_t kUnasked = 0;
constexpr uint8_t kNoLoop = 255;

Family makeFamily(const FamilyText& text) {
  Family out;
  out.known = true;
  for (size_t i = 0; i < text.in1.size(); i++) {
    UfuncLoop loop;
    loop.in[0] = fromCode(text.in1[i]);
    loop.in[1] = text.in2.empty() ? loop.in[0] : fromCode(text.in2[i]);
    loop.out[0] = fromCode(text.out1[i]);
    loop.out[1] = text.out2.empty() ? loop.out[0] : fromCode(text.out2[i]);
    out.loops.push_back(loop);
  }
  return out;
}

Family& familyOf(DTypeRuleId id) {
  static std::array<Family, 64> families = [] {
    std::array<Family, 64> out;
    for (const FamilyText& text : kFamilies) out[static_cast<size_t>(text.id)] = makeFamily(text);
    auto at = [&](DTypeRuleId id) -> Family& { return out[static_cast<size_t>(id)]; };
    if (!numpyAtLeast(2, 1)) at(kRounding) = at(kRealFloating);  // floor, ceil and trunc had no loops for integers
    return out;
  }();
  Family& family = families[static_cast<size_t>(id)];
  SEGUE_CHECK(family.known, "no ufunc loops are known for this dtype rule");
  return family;
}

/// The dtype NumPy looks for in place of a weak scalar next to another operand.
DType searched(Category own, Category other) {
  if (!isWeak(own)) return static_cast<DType>(own);
  if (isWeak(other)) return categoryDType(promoteCategories(own, other));
  return static_cast<DType>(promoteCategories(own, other));
}

/// ldexp takes a float and an int, each looked for by itself; a Python int as its float depends on the int's value.
uint8_t searchLdexp(const Family& family, Category a, Category b) {
  if (a == kWeakInt) return kNoLoop;
  DType x = categoryDType(a), y = b == kWeakInt ? DType::kI32 : categoryDType(b);
  for (size_t i = 0; i < family.loops.size(); i++) {
    const UfuncLoop& loop = family.loops[i];
    if (canCast(x, loop.in[0], "safe") && canCast(y, loop.in[1], "safe")) return static_cast<uint8_t>(i + 1);
  }
  return kNoLoop;
}

uint8_t search(DTypeRuleId id, const Family& family, Category a, Category b) {
  if (id == kLdexp) return searchLdexp(family, a, b);
  DType x = searched(a, b), y = searched(b, a);
  // These refuse two booleans, which the linear search would take as int8.
  if ((id == kNumericNotBool || id == kIntegerNotBool) && promote(x, y) == DType::kBool) return kNoLoop;
  if (id == kDivide && isIntegral(promote(x, y))) {
    // true_divide has its own resolver: integers of any size divide as float64.
    x = y = DType::kF64;
  }
  for (size_t i = 0; i < family.loops.size(); i++) {
    const UfuncLoop& loop = family.loops[i];
    if (canCast(x, loop.in[0], "safe") && canCast(y, loop.in[1], "safe")) return static_cast<uint8_t>(i + 1);
  }
  return kNoLoop;
}

}  // namespace

const UfuncLoop* findLoop(DTypeRuleId id, absl::Span<const Category> inputs) {
  Family& family = familyOf(id);
  Category a = inputs[0], b = inputs.size() > 1 ? inputs[1] : inputs[0];
  uint8_t& chosen = family.chosen[a * kCategoryCount + b];
  if (chosen == kUnasked) chosen = search(id, family, a, b);
  return chosen == kNoLoop ? nullptr : &family.loops[chosen - 1];
}

const UfuncLoop* findLoopByOutput(DTypeRuleId id, DType out) {
  const UfuncLoop* found = nullptr;
  for (const UfuncLoop& loop : familyOf(id).loops) {
    if (loop.out[0] != out || loop.out[1] != out) continue;
    if (found != nullptr) return nullptr;
    found = &loop;
  }
  return found;
}

namespace {

/// What NumPy's `resolve_dtypes` takes for an operand: a dtype, or the class of a weak Python number.
Ref resolvable(const Operand& operand) {
  switch (operand.category) {
    case kWeakInt: return Ref::borrow(reinterpret_cast<PyObject*>(&PyLong_Type));
    case kWeakFloat: return Ref::borrow(reinterpret_cast<PyObject*>(&PyFloat_Type));
    case kWeakComplex: return Ref::borrow(reinterpret_cast<PyObject*>(&PyComplex_Type));
    default: return dtypeDescr(operand.dtype());
  }
}

}  // namespace

Result<UfuncLoop> resolvedLoop(const OpDef& op, absl::Span<const Operand> inputs, size_t outputs, std::string_view casting) {
  const size_t count = inputs.size() + outputs;
  Ref numpy = importModule("numpy");
  const std::string name(op.numpy[0].substr(op.numpy[0].rfind('.') + 1));
  Ref function = numpy ? Ref::steal(PyObject_GetAttrString(numpy.get(), name.c_str())) : Ref();
  Ref resolve = function ? Ref::steal(PyObject_GetAttrString(function.get(), "resolve_dtypes")) : Ref();
  Ref dtypes = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(count)));
  for (size_t i = 0; dtypes && i < count; i++) {
    PyTuple_SET_ITEM(dtypes.get(), static_cast<Py_ssize_t>(i), i < inputs.size() ? resolvable(inputs[i]).release() : Py_NewRef(Py_None));
  }
  Ref args = dtypes ? Ref::steal(PyTuple_Pack(1, dtypes.get())) : Ref();
  Ref options = Ref::steal(Py_BuildValue("{s:s#}", "casting", casting.data(), static_cast<Py_ssize_t>(casting.size())));
  Ref resolved = resolve && args && options ? Ref::steal(PyObject_Call(resolve.get(), args.get(), options.get())) : Ref();
  if (!resolved) PyErr_Clear();
  SEGUE_REQUIRE(resolved, "%s has no loop for these dtypes", std::string(op.name));
  UfuncLoop loop{};
  for (size_t i = 0; i < count; i++) {
    auto* descr = reinterpret_cast<PyArray_Descr*>(PyTuple_GET_ITEM(resolved.get(), static_cast<Py_ssize_t>(i)));
    std::optional<DType> dtype = dtypeFromDescr(descr);
    SEGUE_REQUIRE(dtype, "%s takes these dtypes as one that is not modelled", std::string(op.name));
    (i < inputs.size() ? loop.in[i] : loop.out[i - inputs.size()]) = *dtype;
    // A number beside a date is a time without a unit, of which NumPy 2.4 warns.
    const bool counted = isTime(*dtype) && i < inputs.size() && !isTime(inputs[i].dtype());
    SEGUE_REQUIRE((!counted && !isUnitless(descr)) || SEGUE_FAULT(NumbersBesideDates), "%s of times without a unit", std::string(op.name));
  }
  if (SEGUE_FAULT(OthersKeepDType)) loop.out[0] = loop.in[0];
  if (outputs == 1) loop.out[1] = loop.out[0];
  return loop;
}

}  // namespace segue
