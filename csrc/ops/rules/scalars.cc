// Operators on scalars: NumPy's own scalar arithmetic, Python's numbers, and conversions between the two worlds.
#include "base/python.h"

#include <algorithm>
#include <cmath>

#include "ops/op_ids.h"
#include "ops/rules/shapes.h"
#include "ops/rules/ufunc_loops.h"

namespace segue::rules {

// The operators of NumPy scalars: (x1[, x2]), at least one of them a NumPy scalar. The dtypes are the ufuncs', but integer
// overflow warns here and does not there, so these are operators of their own.
Result<Type> scalarUfunc(OpCall& call) {
  absl::InlinedVector<Operand, 2> operands;
  absl::InlinedVector<Category, 2> categories;
  bool any_numpy = false;
  for (size_t i = 0; i < call.size(); i++) {
    SEGUE_TRY(Operand operand, operandOf(call, i));
    SEGUE_REQUIRE(!operand.is_array, "arrays do not meet NumPy's scalar arithmetic");
    std::optional<Type> type = call.type(i);
    any_numpy |= type->isNumpyScalar();
    categories.push_back(operand.category);
    operands.push_back(std::move(operand));
  }
  SEGUE_REQUIRE(any_numpy, "no operand is a NumPy scalar");
  // np.float64 is a Python float, which Python's complex adds to itself without asking NumPy.
  bool pythons = categories[0] == kWeakComplex && categories.back() == static_cast<Category>(DType::kF64);
  SEGUE_REQUIRE(!pythons, "a Python complex before an np.float64 is Python's own arithmetic");
  auto family = static_cast<DTypeRuleId>(call.op().dtype_index);
  const UfuncLoop* loop = findLoop(family, categories);
  SEGUE_REQUIRE(loop != nullptr, "%s has no loop for these types", std::string(call.op().name));
  bool comparison = family == DTypeRuleId::kPredicate && call.size() == 2;
  for (size_t i = 0; i < operands.size() && !comparison; i++) {
    SEGUE_TRY_VOID(requireFits(operands[i], loop->in[i], call.dims()));
  }
  if (family == DTypeRuleId::kDivmod) {
    return Type::tuple({Type::numpyScalar(loop->out[0]), Type::numpyScalar(loop->out[1])});
  }
  return Type::numpyScalar(loop->out[0]);
}

namespace {

/// The kind of a Python number; fails for anything else.
Result<TypeKind> pyKind(const OpCall& call, size_t i) {
  std::optional<Type> type = call.type(i);
  SEGUE_REQUIRE(type && type->isPyScalar(), "an operand is no Python number");
  return type->kind;
}

Result<TypeKind> widerKind(const OpCall& call) {
  TypeKind out = TypeKind::kPyBool;
  for (size_t i = 0; i < call.size(); i++) {
    SEGUE_TRY(TypeKind kind, pyKind(call, i));
    out = std::max(out, kind);
  }
  return out;
}

TypeKind atLeastInt(TypeKind kind) { return std::max(kind, TypeKind::kPyInt); }

}  // namespace

// Python's + - *, unary - + and abs
Result<Type> pyArithmetic(OpCall& call) {
  SEGUE_TRY(TypeKind kind, widerKind(call));
  return Type::scalar(atLeastInt(kind));
}

// abs: (x)
Result<Type> pyAbs(OpCall& call) {
  SEGUE_TRY(TypeKind kind, widerKind(call));
  return Type::scalar(kind == TypeKind::kPyComplex ? TypeKind::kPyFloat : atLeastInt(kind));
}

// Python's /
Result<Type> pyTrueDivide(OpCall& call) {
  SEGUE_TRY(TypeKind kind, widerKind(call));
  return Type::scalar(std::max(kind, TypeKind::kPyFloat));
}

// Python's // and %
Result<Type> pyFloorDivide(OpCall& call) {
  SEGUE_TRY(TypeKind kind, widerKind(call));
  SEGUE_REQUIRE(kind != TypeKind::kPyComplex, "complex numbers have no floor division");
  return Type::scalar(atLeastInt(kind));
}

// Python's **: the type of a power depends on the sign of its exponent, and of its base for broken exponents.
Result<Type> pyPower(OpCall& call) {
  SEGUE_TRY(TypeKind kind, widerKind(call));
  if (kind == TypeKind::kPyComplex) return Type::scalar(kind);
  const Arg& exponent = call.arg(1);
  if (exponent.is<double>()) {
    SEGUE_REQUIRE(std::isfinite(exponent.as<double>()) && exponent.as<double>() == std::floor(exponent.as<double>()),
                  "a broken power of a negative number is complex");
    return Type::scalar(TypeKind::kPyFloat);
  }
  SEGUE_REQUIRE(exponent.is<Dim>(), "the type of a power with an unknown exponent");
  bool negative = call.dims().decideLess(exponent.as<Dim>(), call.dims().constant(0));
  return Type::scalar(negative ? TypeKind::kPyFloat : atLeastInt(kind));
}

// Python's comparisons; the dtype rule says whether they order
Result<Type> pyCompare(OpCall& call) {
  SEGUE_TRY(TypeKind kind, widerKind(call));
  bool orders = static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kOrdering;
  SEGUE_REQUIRE(!orders || kind != TypeKind::kPyComplex, "complex numbers have no order");
  return Type::scalar(TypeKind::kPyBool);
}

// math.*: real numbers in; the dtype rule names what comes out
Result<Type> mathFunction(OpCall& call) {
  for (size_t i = 0; i < call.size(); i++) {
    if (call.arg(i).missing()) continue;
    std::optional<Type> type = call.type(i);
    bool real = type && ((type->isPyScalar() && type->kind != TypeKind::kPyComplex) ||
                         (type->isNumpyScalar() && !isComplex(type->dtype)));
    SEGUE_REQUIRE(real, "math takes real numbers");
  }
  switch (static_cast<DTypeRuleId>(call.op().dtype_index)) {
    case DTypeRuleId::kPyInt: return Type::scalar(TypeKind::kPyInt);
    case DTypeRuleId::kPyBool: return Type::scalar(TypeKind::kPyBool);
    default: return Type::scalar(TypeKind::kPyFloat);
  }
}

namespace {

TypeKind pyKindOf(DType dtype) {
  if (dtype == DType::kBool) return TypeKind::kPyBool;
  if (isIntegral(dtype)) return TypeKind::kPyInt;
  return isComplex(dtype) ? TypeKind::kPyComplex : TypeKind::kPyFloat;
}

}  // namespace

// item: (a): the one element as a Python number
Result<Type> item(OpCall& call) {
  std::optional<Type> type = call.type(0);
  SEGUE_REQUIRE(type && (type->isArray() || type->isNumpyScalar()), "item of an array or a NumPy scalar");
  for (Dim d : type->shape) SEGUE_REQUIRE(isOne(d, call.dims()), "item of more than one element");
  return Type::scalar(pyKindOf(type->dtype));
}

namespace {

Type nestedList(TypeKind item, absl::Span<const int64_t> sizes) {
  if (sizes.empty()) return Type::scalar(item);
  Type row = nestedList(item, sizes.subspan(1));
  return Type::list(std::vector<Type>(static_cast<size_t>(sizes[0]), row));
}

}  // namespace

// tolist: (a)
Result<Type> toList(OpCall& call) {
  constexpr int64_t kMostElements = 64;  // every element becomes a value of the graph
  std::optional<Type> type = call.type(0);
  SEGUE_REQUIRE(type && type->isArray(), "tolist of an array");
  absl::InlinedVector<int64_t, 4> sizes;
  int64_t lists = 1;
  for (Dim d : type->shape) {
    sizes.push_back(call.dims().specialize(d));
    lists *= std::max<int64_t>(sizes.back(), 1);
    SEGUE_REQUIRE(lists <= kMostElements, "tolist of a large array");
  }
  return nestedList(pyKindOf(type->dtype), sizes);
}

// bool, int, float, complex: (x): Python's conversions; the dtype rule names which
Result<Type> pyConvert(OpCall& call) {
  std::optional<Type> type = call.type(0);
  SEGUE_REQUIRE(type, "a conversion of something else than a number");
  TypeKind from = type->isPyScalar() ? type->kind : pyKindOf(type->dtype);
  SEGUE_REQUIRE(type->isPyScalar() || type->isNumpyScalar() || (type->isArray() && type->shape.empty()),
                "a conversion of something else than a number");
  TypeKind to = TypeKind::kPyFloat;
  switch (static_cast<DTypeRuleId>(call.op().dtype_index)) {
    case DTypeRuleId::kPyBool: to = TypeKind::kPyBool; break;
    case DTypeRuleId::kPyInt: to = TypeKind::kPyInt; break;
    case DTypeRuleId::kPyComplex: to = TypeKind::kPyComplex; break;
    default: break;
  }
  bool real = to == TypeKind::kPyInt || to == TypeKind::kPyFloat;
  SEGUE_REQUIRE(!real || from != TypeKind::kPyComplex, "a complex number does not become real");
  return Type::scalar(to);
}

// expect: (condition, outcome)
Result<Type> expect(OpCall& call) {
  const std::optional<Type> condition = call.type(0);
  SEGUE_REQUIRE(condition && (condition->isNumpyScalar() || condition->isPyScalar()) && call.arg(1).is<bool>(), "a number is expected");
  return Type::scalar(TypeKind::kNone);
}

}  // namespace segue::rules
