#include "base/python.h"

#include "ops/rules/operand.h"
#include "ops/rules/shapes.h"

#include <algorithm>

#include "base/fault.h"

namespace segue {
namespace {

Operand scalarOperand(Category category, const Arg& arg) {
  Operand out;
  out.category = category;
  out.layout = Layout::both();
  out.arg = &arg;
  return out;
}

Result<Operand> sequenceOperand(const Arg& arg, DimTable& dims) {
  Operand out;
  out.is_array = true;
  out.arg = &arg;
  const std::vector<Arg>& items = arg.as<ArgTuple>().items;
  out.category = static_cast<Category>(DType::kF64);  // what np.array([]) gives
  Shape inner;
  std::optional<Category> category;
  for (size_t i = 0; i < items.size(); i++) {
    SEGUE_TRY(Operand item, operandOf(items[i], dims));
    SEGUE_REQUIRE(isCore(item.dtype()) || SEGUE_FAULT(SequencesOfOthers), "a sequence of %s", std::string(dtypeName(item.dtype())));
    // Inside a sequence a Python float counts as float64, whatever stands beside it.
    Category strong = static_cast<Category>(categoryDType(item.category));
    category = category ? promoteCategories(*category, strong) : strong;
    SEGUE_REQUIRE(i == 0 || sameShape(item.shape, inner, dims), "a sequence with items of different shapes is not an array");
    inner = item.shape;
    if (item.category == kWeakInt) SEGUE_TRY_VOID(requireFits(item, DType::kI64, dims));
  }
  if (category) out.category = *category;
  out.shape.push_back(dims.constant(static_cast<int64_t>(items.size())));
  out.shape.insert(out.shape.end(), inner.begin(), inner.end());
  out.layout = cLayout(out.shape, dims);
  return out;
}

}  // namespace

DType categoryDType(Category c) {
  switch (c) {
    case kWeakInt: return DType::kI64;
    case kWeakFloat: return DType::kF64;
    case kWeakComplex: return DType::kC128;
    default: return static_cast<DType>(c);
  }
}

Category promoteCategories(Category a, Category b) {
  if (isWeak(a) && isWeak(b)) return std::max(a, b);
  if (isWeak(a)) std::swap(a, b);
  DType strong = static_cast<DType>(a);
  if (!isWeak(b)) return static_cast<Category>(promote(strong, static_cast<DType>(b)));
  WeakKind weak = b == kWeakInt ? WeakKind::kInt : b == kWeakFloat ? WeakKind::kFloat : WeakKind::kComplex;
  return static_cast<Category>(promoteWeak(strong, weak));
}

namespace {

/// The strong dtype whose NumPy type number is the highest (float16's is), which NumPy's promotion of several starts from.
std::optional<DType> highestDType(absl::Span<const Operand> operands) {
  std::optional<DType> out;
  for (const Operand& operand : operands) {
    if (isWeak(operand.category)) continue;
    if (!out || dtypeNumber(operand.dtype()) > dtypeNumber(*out)) out = operand.dtype();
  }
  return out;
}

/// Of operands that are not all of core dtypes: NumPy is asked, which takes numbers for text of their own here.
Result<Category> promoteOthers(absl::Span<const Operand> operands) {
  DType all = operands[0].dtype();
  for (const Operand& operand : operands) {
    SEGUE_REQUIRE(!isWeak(operand.category) && dtypeKind(operand.dtype()) == dtypeKind(all), "the dtype of numbers beside %s",
                  std::string(dtypeName(all)));
    std::optional<DType> promoted = SEGUE_FAULT(FirstDTypeWins) ? all : promoteAny(all, operand.dtype());
    SEGUE_REQUIRE(promoted, "no dtype for both %s and %s", std::string(dtypeName(all)), std::string(dtypeName(operand.dtype())));
    all = *promoted;
  }
  return static_cast<Category>(all);
}

}  // namespace

Result<Category> promoteOperands(absl::Span<const Operand> operands) {
  for (const Operand& operand : operands) {
    if (!isCore(operand.dtype())) return promoteOthers(operands);
  }
  std::optional<Category> strong, weak;
  // NumPy promotes every dtype with the one of the highest kind first: of i8, u16 and f32 that gives f32, though i8 and u16 make i32.
  const std::optional<DType> highest = highestDType(operands);
  for (const Operand& operand : operands) {
    const bool is_weak = isWeak(operand.category);
    std::optional<Category>& side = is_weak ? weak : strong;
    const Category beside = is_weak ? operand.category : static_cast<Category>(promote(*highest, operand.dtype()));
    side = side ? promoteCategories(*side, beside) : beside;
  }
  if (!strong) return weak.value_or(static_cast<Category>(DType::kF64));
  return weak ? promoteCategories(*strong, *weak) : *strong;
}

Result<Operand> operandOf(const Arg& arg, DimTable& dims) {
  if (arg.is<ArgTuple>()) return sequenceOperand(arg, dims);
  // Looked at in place: an array's Type is not copied.
  if (arg.isValue() && arg.as<ArgValue>().type->isArray()) {
    const Type& type = *arg.as<ArgValue>().type;
    Operand out;
    out.category = static_cast<Category>(type.dtype);
    out.is_array = out.is_ndarray = true;
    out.shape = type.shape;
    out.layout = type.layout;
    out.arg = &arg;
    return out;
  }
  std::optional<Type> type = argType(arg);
  SEGUE_REQUIRE(type, "an argument is neither an array nor a number");
  switch (type->kind) {
    case TypeKind::kNumpyScalar: return scalarOperand(static_cast<Category>(type->dtype), arg);
    case TypeKind::kPyBool: return scalarOperand(static_cast<Category>(DType::kBool), arg);
    case TypeKind::kPyInt: return scalarOperand(kWeakInt, arg);
    case TypeKind::kPyFloat: return scalarOperand(kWeakFloat, arg);
    case TypeKind::kPyComplex: return scalarOperand(kWeakComplex, arg);
    default: return Error{"an argument is neither an array nor a number"};
  }
}

Result<std::vector<Operand>> operandsOf(const Arg& arg, DimTable& dims) {
  std::vector<Operand> out;
  SEGUE_REQUIRE(arg.is<ArgTuple>(), "expected a sequence of arrays");
  for (const Arg& item : arg.as<ArgTuple>().items) {
    SEGUE_TRY(Operand operand, operandOf(item, dims));
    out.push_back(std::move(operand));
  }
  return out;
}

bool intFits(Dim value, DType dtype, DimTable& dims) {
  if (!isIntegral(dtype) || SEGUE_FAULT(WeakIntUnbounded)) return true;
  int bits = dtypeItemSize(dtype) * 8;
  if (dtypeKind(dtype) == 'i') {
    if (bits == 64) return true;
    int64_t bound = int64_t{1} << (bits - 1);
    return dims.decideLessEqual(dims.constant(-bound), value) && dims.decideLess(value, dims.constant(bound));
  }
  if (!dims.decideLessEqual(dims.constant(0), value)) return false;
  return bits == 64 || dims.decideLess(value, dims.constant(int64_t{1} << bits));
}

Result<Unit> requireFits(const Operand& operand, DType dtype, DimTable& dims) {
  if (operand.category != kWeakInt || operand.arg == nullptr || !operand.arg->is<Dim>()) return Unit{};
  SEGUE_REQUIRE(intFits(operand.arg->as<Dim>(), dtype, dims), "Python integer %s is out of bounds for %s",
                dims.print(operand.arg->as<Dim>()), std::string(dtypeName(dtype)));
  return Unit{};
}

Result<Unit> requireNoWider(const Operand& operand, DType dtype, DimTable& dims) {
  const Category both = promoteCategories(operand.category, static_cast<Category>(dtype));
  SEGUE_REQUIRE(categoryDType(both) == dtype, "values of a wider dtype than %s", std::string(dtypeName(dtype)));
  return requireFits(operand, dtype, dims);
}

}  // namespace segue
