#include "backends/llvm/pointwise.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <complex>
#include <utility>

#include "absl/strings/strip.h"
#include "backends/llvm/complex_forms.h"
#include "backends/llvm/division.h"
#include "backends/llvm/half.h"
#include "base/check.h"
#include "base/fault.h"
#include "base/numpy_version.h"
#include "graph/effects.h"
#include "ops/op_ids.h"
#include "ops/rules/ufunc_loops.h"

namespace segue::llvm {
namespace {

/// Whether kernels apply the operator to elements of the dtype as NumPy's loop does.
bool applies(ScalarOp op, DType dtype) {
  const bool floating = isFloating(dtype), integral = isIntegral(dtype);
  if (isMath(op)) return floating;
  switch (op) {
    case ScalarOp::kAdd:
    case ScalarOp::kMul:
      return true;   // of booleans: or, and
    case ScalarOp::kSub:
    case ScalarOp::kNeg:
    case ScalarOp::kAbs:
      return floating || integral;
    case ScalarOp::kAnd:
    case ScalarOp::kOr:
    case ScalarOp::kXor:
    case ScalarOp::kNot:
      return !floating;
    case ScalarOp::kMin:
    case ScalarOp::kMax:
      return !floating || kTakesSecondZero || dtype == DType::kF16;
    case ScalarOp::kShl:
    case ScalarOp::kShr:
    case ScalarOp::kFloorDiv:
    case ScalarOp::kMod:
    case ScalarOp::kFmod:
      return integral;
    case ScalarOp::kDiv:
    case ScalarOp::kSqrt:
    case ScalarOp::kFloor:
    case ScalarOp::kCeil:
    case ScalarOp::kTrunc:
    case ScalarOp::kRint:
    case ScalarOp::kCopySign:
    case ScalarOp::kIsNan:
    case ScalarOp::kIsInf:
    case ScalarOp::kIsFinite:
    case ScalarOp::kSignBit:
      return floating;
    default:
      return true;
  }
}

/// Reads an expression as opgen writes it: "where(lt($0, 0), neg($0), $0)".
class ExpressionReader {
 public:
  explicit ExpressionReader(std::string_view text) : left_(text) {}

  /// Calls `parameter(number)`, `literal(number)` and `apply(name, arguments)`, innermost first; each gives a std::optional<Value>.
  template <class Value, class Visitor>
  std::optional<Value> read(Visitor& visitor) {
    if (absl::ConsumePrefix(&left_, "$")) return visitor.parameter(static_cast<size_t>(number()));
    if (left_[0] >= '0' && left_[0] <= '9') return visitor.literal(number());
    const size_t open = left_.find('(');
    const std::string_view name = left_.substr(0, open);
    left_.remove_prefix(open + 1);
    absl::InlinedVector<Value, 3> args;
    do {
      std::optional<Value> arg = read<Value>(visitor);
      if (!arg) return std::nullopt;
      args.push_back(*arg);
    } while (absl::ConsumePrefix(&left_, ", "));
    SEGUE_CHECK(absl::ConsumePrefix(&left_, ")"), "a kernel expression ends early");
    return visitor.apply(name, args);
  }

 private:
  int64_t number() {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), value);
    left_.remove_prefix(static_cast<size_t>(end - left_.data()));
    return value;
  }

  std::string_view left_;
};

uint64_t integerBits(int64_t value, DType dtype) {
  if (dtype == DType::kF64) return std::bit_cast<uint64_t>(static_cast<double>(value));
  if (dtype == DType::kF32) return std::bit_cast<uint32_t>(static_cast<float>(value));
  if (dtype == DType::kF16) return halfBits(static_cast<double>(value));
  if (dtype == DType::kBool) return value != 0;
  return static_cast<uint64_t>(value);
}

/// Whether kernels compute an expression: the dtypes of its parts.
struct TypeVisitor {
  const Pointwise& pointwise;
  bool exact;   ///< without math functions
  std::optional<DType> parameter(size_t number) const { return pointwise.loop[number]; }
  std::optional<DType> literal(int64_t) const { return isComplex(pointwise.loop[0]) ? std::nullopt : std::optional(pointwise.loop[0]); }
  std::optional<DType> apply(std::string_view name, absl::Span<const DType> args) const {
    if (std::any_of(args.begin(), args.end(), isComplex)) return complexResult(name, args, exact);
    const std::optional<ScalarOp> op = scalarOpFromName(name);
    if (!op || !applies(*op, args[0]) || (isMath(*op) && exact && !SEGUE_FAULT(KernelExactIgnored))) return std::nullopt;
    if (*op == ScalarOp::kWhere) return args[1];
    return isPredicate(*op) ? DType::kBool : args[0];
  }
};

struct DagVisitor {
  const Pointwise& pointwise;
  absl::Span<const Parts> operands;
  KernelDag& dag;
  std::optional<Parts> parameter(size_t number) const { return operands[number]; }
  std::optional<Parts> literal(int64_t value) const {
    return Parts{dag.constant(pointwise.loop[0], integerBits(value, pointwise.loop[0]))};
  }
  std::optional<Parts> apply(std::string_view name, absl::Span<const Parts> args) const {
    if (args.back().imaginary) return applyComplex(name, args, dag);
    absl::InlinedVector<ScalarId, 3> values;
    for (const Parts& arg : args) values.push_back(arg.real);
    return Parts{applyReal(name, values)};
  }
  ScalarId applyReal(std::string_view name, absl::Span<const ScalarId> args) const {
    ScalarOp op = *scalarOpFromName(name);
    const DType dtype = dag[args[0]].dtype;
    if (dtype == DType::kBool && op == ScalarOp::kAdd) op = ScalarOp::kOr;
    if (dtype == DType::kBool && op == ScalarOp::kMul) op = ScalarOp::kAnd;
    if (op == ScalarOp::kMod && dividesByPositive(dag, {.op = op, .dtype = dtype, .args = {args[0], args[1]}, .arity = 2})) {
      const ScalarId quotient = dag.apply(ScalarOp::kFloorDiv, dtype, args);
      return dag.apply(ScalarOp::kSub, dtype, {args[0], dag.apply(ScalarOp::kMul, dtype, {quotient, args[1]})});
    }
    if (op == ScalarOp::kSub && SEGUE_FAULT(KernelSubtractsBackwards)) return dag.apply(op, dtype, {args[1], args[0]});
    if (dtype == DType::kF16 && isWidened(op)) return dag.narrow(dag.apply(op, DType::kF32, widened(op, args)));
    if (op == ScalarOp::kWhere) return dag.apply(op, dag[args[1]].dtype, args);
    return dag.apply(op, isPredicate(op) ? DType::kBool : dtype, args);
  }
  absl::InlinedVector<ScalarId, 3> widened(ScalarOp op, absl::Span<const ScalarId> args) const {
    absl::InlinedVector<ScalarId, 3> out;
    for (const ScalarId arg : args) out.push_back(dag.widen(arg));
    if (takesSecondNan(op)) std::swap(out[0], out[1]);
    return out;
  }
};

/// Nullopt for arguments that kernels do not load.
std::optional<Category> categoryOf(const Arg& arg) {
  if (arg.is<bool>()) return static_cast<Category>(DType::kBool);
  if (arg.is<double>()) return kWeakFloat;
  if (arg.is<std::complex<double>>()) return kWeakComplex;
  if (arg.is<Dim>()) return kWeakInt;
  if (!arg.isValue()) return std::nullopt;
  const Type& type = *arg.as<ArgValue>().type;
  if (type.kind == TypeKind::kPyFloat) return kWeakFloat;
  if (type.kind == TypeKind::kPyComplex) return kWeakComplex;
  const bool loads = (type.isArray() && type.aligned) || type.isNumpyScalar();
  if (!loads || !isKernelElement(type.dtype)) return std::nullopt;
  return static_cast<Category>(type.dtype);
}

/// The loop of a ufunc's call; false where kernels have none.
bool findUfuncLoop(const Node& node, absl::Span<const Category> categories, Pointwise* out) {
  const UfuncLoop* loop = findLoop(static_cast<DTypeRuleId>(node.op->dtype_index), categories);
  if (loop == nullptr) return false;
  bool integers = true;
  for (size_t i = 0; i < categories.size(); i++) {
    if (!isKernelElement(loop->in[i])) return false;
    integers &= isIntegral(categoryDType(categories[i])) || categories[i] == kWeakInt;
    out->loop.push_back(loop->in[i]);
  }
  // NumPy compares integers of different kinds by their values, in loops of their own.
  if (node.type->dtype == DType::kBool && integers && !isIntegral(loop->in[0])) return false;
  return loop->out[0] == node.type->dtype;
}

/// The number that a constant argument is.
std::optional<double> constantNumber(const Arg& arg, const DimTable& dims) {
  if (arg.is<double>()) return arg.as<double>();
  if (arg.is<Dim>() && dims.isConstant(arg.as<Dim>())) return static_cast<double>(dims.constantValue(arg.as<Dim>()));
  return std::nullopt;
}

/// A power with a constant exponent.
struct Product {
  double exponent;
  std::string_view expression;
  bool exact;   ///< NumPy's operator does the same; else it calls its power function, from which this is less than 4 ULP away
};
constexpr Product kProducts[] = {
    {2, "mul($0, $0)", true},
    {0.5, "sqrt($0)", true},
    {-1, "div(1, $0)", true},
    {3, "mul(mul($0, $0), $0)", false},
    {4, "mul(mul($0, $0), mul($0, $0))", false},
    {5, "mul(mul(mul($0, $0), mul($0, $0)), $0)", false},
    {6, "mul(mul(mul($0, $0), $0), mul(mul($0, $0), $0))", false},
};

/// `x ** exponent` for constant exponents that are products, a square root or a quotient; false for others.
bool findProduct(const Node& node, const DimTable& dims, bool exact, Pointwise* out) {
  const Type* base = node.args[0].isValue() ? node.args[0].as<ArgValue>().type : nullptr;
  if (base == nullptr || !base->isArray() || !base->aligned || base->dtype != node.type->dtype) return false;
  const std::optional<double> number = constantNumber(node.args[1], dims);
  const bool whole = !isFloating(base->dtype) && !isComplex(base->dtype);
  if (!number || (whole && (*number != 2 || !node.args[1].is<Dim>()))) return false;
  if (isComplex(base->dtype) && *number != 2 && *number != -1) return false;
  const auto* product = std::find_if(std::begin(kProducts), std::end(kProducts), [&number](const Product& p) { return p.exponent == *number; });
  if (product == std::end(kProducts) || (!product->exact && (exact || base->dtype == DType::kF16))) return false;
  out->expression = isComplex(base->dtype) && *number == -1 ? "reciprocal($0)" : product->expression;
  out->operand_count = 1;
  out->loop = {base->dtype};
  return true;
}

/// Whether NumPy's operator `**` calls its power function. (What else it does for one exponent is never met with arrays of them.)
bool isPowerFunction(const Node& node, const DimTable& dims) {
  const Arg& exponent = node.args[1];
  if (exponent.isValue()) return exponent.as<ArgValue>().type->isArray() && exponent.as<ArgValue>().type->ndim() > 0;
  const std::optional<double> number = constantNumber(exponent, dims);
  return number && *number != -1 && *number != 0 && *number != 0.5 && *number != 1 && *number != 2;
}

/// The expression and the operands' dtypes of a ufunc's call, or of `where`; false where kernels have none.
bool findLoops(const Node& node, const DimTable& dims, Pointwise* out) {
  const bool is_power = node.op->name == "array_power";
  const bool is_ufunc = is_power || node.op->paramIndex("casting") >= 0;
  const bool is_where = node.op->name == "where";
  out->expression = is_power ? "pow($0, $1)" : node.op->kernel;
  if (out->expression.empty() || (!is_ufunc && !is_where) || (is_power && !isPowerFunction(node, dims))) return false;
  absl::InlinedVector<Category, 3> categories;
  for (size_t i = 0; i < node.args.size(); i++) {
    if (!node.op->params[i].positional_only) {
      if (!node.args[i].missing()) return false;
      continue;
    }
    const std::optional<Category> category = categoryOf(node.args[i]);
    if (!category) return false;
    categories.push_back(*category);
  }
  out->operand_count = categories.size();
  if (is_where) {
    if (categories.size() != 3 || categories[0] != static_cast<Category>(DType::kBool)) return false;
    out->loop = {DType::kBool, node.type->dtype, node.type->dtype};
  } else if (!findUfuncLoop(node, categories, out)) {
    return false;
  }
  for (size_t i = 0; i < out->operand_count; i++) {
    const Arg& arg = node.args[i];
    if (!isLoaded(arg, dims) && !constantParts(arg, out->loop[i], dims)) return false;
    // NumPy compares with integers of any size; nothing guards that one which is known at the call fits.
    const bool beyond = arg.is<Dim>() && isLoaded(arg, dims) && isIntegral(out->loop[i]) && out->loop[i] != DType::kI64;
    if (beyond && node.type->dtype == DType::kBool) return false;
    if (categories[i] == kWeakFloat && !isFloating(out->loop[i]) && !isComplex(out->loop[i])) return false;
    if (categories[i] == kWeakComplex && !isComplex(out->loop[i])) return false;
  }
  if (isComplex(out->loop[0]) && out->expression == "div(1, $0)") out->expression = "reciprocal($0)";
  return true;
}

/// Whether NumPy's products may have other bits for some strides that the operands may have.
bool dependsOnStrides(const Node& node, const Pointwise& pointwise) {
  if (!isComplex(pointwise.loop[0]) || pointwise.expression.find("mul(") == std::string_view::npos) return false;
  if (complexForms(partDType(pointwise.loop[0])).any_strides) return false;
  return std::any_of(node.args.begin(), node.args.begin() + static_cast<std::ptrdiff_t>(pointwise.operand_count), [&](const Arg& arg) {
    if (!arg.isValue() || !arg.as<ArgValue>().type->isArray()) return false;
    const Type& type = *arg.as<ArgValue>().type;
    const bool dense = type.layout.known && (type.layout.c_contiguous || type.layout.f_contiguous);
    return !dense && type.dtype == pointwise.loop[0];   // else NumPy casts it into a buffer
  });
}

/// Whether kernels cast as NumPy does. What floats beyond an integer's range become is the processor's to say, who tells it for these two.
bool casts(DType from, DType to) {
  if (!isKernelElement(from) || !isKernelElement(to) || discardsImaginary(from, to)) return false;
  return !isFloating(from) || !isIntegral(to) || to == DType::kI32 || to == DType::kI64;
}

/// Whether a copy's strides are surely those of C order: it may be asked for Fortran order, or for its operand's.
bool isInCOrder(const Node& node, const Type& operand) {
  const Arg& given = node.args[static_cast<size_t>(node.op->paramIndex("order"))];
  const std::string_view order = given.is<std::string>() ? std::string_view(given.as<std::string>()) : node.op->name == "astype" ? "K" : "C";
  return order == "C" || (order != "F" && operand.layout.c_contiguous);
}

/// Dimensions of one element, or none, let an array be in C order and have other strides.
bool hasOnes(const Type& type, const DimTable& dims) {
  return std::any_of(type.shape.begin(), type.shape.end(), [&dims](Dim dim) { return dims.hint(dim) <= 1; });
}

/// `x.astype(dtype)`, which copies even where the dtype stays, and `x.copy()`.
std::optional<Pointwise> castOf(const Node& node, const DimTable& dims) {
  const std::optional<bool> f_order = madeOrder(node, dims);
  if (!f_order || !node.args[0].isValue()) return std::nullopt;
  const Type& from = *node.args[0].as<ArgValue>().type;
  if (!*f_order && hasOnes(*node.type, dims) && !isInCOrder(node, from)) return std::nullopt;
  std::optional<Pointwise> out = castTo(node.type->dtype, from);
  if (out) out->f_order = *f_order;
  return out;
}

/// The method `x.conj()` of complex arrays. (Real ones it hands back.)
std::optional<Pointwise> conjugateOf(const Node& node, const DimTable& dims) {
  const std::optional<bool> f_order = madeOrder(node, dims);
  if (!f_order || !isComplex(node.type->dtype) || !node.args[0].isValue()) return std::nullopt;
  const Type& from = *node.args[0].as<ArgValue>().type;
  if (!from.isArray() || !from.aligned || from.dtype != node.type->dtype) return std::nullopt;
  return Pointwise{.expression = "conj($0)", .loop = {from.dtype}, .operand_count = 1, .f_order = *f_order};
}

/// `np.clip(x, low, high)` of bounds that are no arrays. Where both are given, the zero that equals a bound stays as it is, which maximum
/// would not leave it; before NumPy 2.1 it becomes the bound, save in float16.
std::optional<Pointwise> clipOf(const Node& node, const DimTable& dims) {
  const std::optional<bool> f_order = madeOrder(node, dims);
  if (!f_order || !node.args[0].isValue() || !node.args[3].missing()) return std::nullopt;
  const DType dtype = node.type->dtype;
  const Type& from = *node.args[0].as<ArgValue>().type;
  if (!from.isArray() || !from.aligned || from.dtype != dtype || dtype == DType::kBool || isComplex(dtype)) return std::nullopt;
  const bool one_sided = node.args[2].missing() || node.args[2].isNone();
  Pointwise out{.expression = "max($0, $1)", .loop = {dtype, dtype}, .operand_count = 2, .f_order = *f_order};
  if (!one_sided) {
    out.expression = numpyAtLeast(2, 1) || dtype == DType::kF16
                         ? "where(gt(where(lt($0, $1), $1, $0), $2), $2, where(lt($0, $1), $1, $0))"
                         : "where(ge(where(le($0, $1), $1, $0), $2), $2, where(le($0, $1), $1, $0))";
    out.operand_count = 3;
    out.loop.push_back(dtype);
  } else if (!applies(ScalarOp::kMax, dtype)) {
    return std::nullopt;
  }
  for (size_t i = 1; i < out.operand_count; i++) {
    const Arg& bound = node.args[i];
    const bool number = bound.is<Dim>() || (bound.is<double>() && isFloating(dtype) && !std::isnan(bound.as<double>()));
    if (!number || (!isLoaded(bound, dims) && !constantBits(bound, dtype, dims))) return std::nullopt;
  }
  return out;
}

/// Whether it is a view of parts: `z.real`, `z.imag` of a complex array.
bool viewsParts(const Node& node) {
  const bool part = !node.isInput() && (node.op->name == "real" || node.op->name == "imag");
  return part && node.type->isArray() && node.args[0].isValue() && isComplex(node.args[0].as<ArgValue>().type->dtype);
}

std::optional<Pointwise> partOf(const Node& node, const DimTable& dims) {
  if (!viewsParts(node)) return std::nullopt;
  const Type& whole = *node.args[0].as<ArgValue>().type;
  const std::optional<bool> f_order = runOrder(whole, dims);
  if (!f_order || !whole.aligned || !isKernelElement(whole.dtype)) return std::nullopt;
  const std::string_view expression = node.op->name == "real" ? "real($0)" : "imag($0)";
  return Pointwise{.expression = expression, .loop = {whole.dtype}, .operand_count = 1, .f_order = *f_order, .views = true};
}

}  // namespace

std::optional<Pointwise> pointwiseOf(const Node& node, const DimTable& dims, bool exact) {
  if (node.isInput() || !node.regions.empty()) return std::nullopt;
  if (node.op->name == "astype" || node.op->name == "copy") return castOf(node, dims);
  if (node.op->name == "clip") return clipOf(node, dims);
  if (node.op->name == "conj") return conjugateOf(node, dims);
  if (node.op->name == "real" || node.op->name == "imag") return partOf(node, dims);
  Pointwise out;
  const std::optional<bool> f_order = madeOrder(node, dims);
  if (!f_order) return std::nullopt;
  out.f_order = *f_order;
  const bool product = node.op->name == "array_power" && findProduct(node, dims, exact, &out);
  if (!product && !findLoops(node, dims, &out)) return std::nullopt;
  TypeVisitor visitor{out, exact};
  if (ExpressionReader(out.expression).read<DType>(visitor) != node.type->dtype) return std::nullopt;
  return dependsOnStrides(node, out) ? std::nullopt : std::optional(out);
}

std::optional<Pointwise> castTo(DType to, const Type& from) {
  if (!from.isArray() || !from.aligned || !casts(from.dtype, to)) return std::nullopt;
  if (to == DType::kBool && from.dtype != DType::kBool) {
    return Pointwise{.expression = isComplex(from.dtype) ? "nonzero($0)" : "ne($0, 0)", .loop = {from.dtype}, .operand_count = 1};
  }
  return Pointwise{.expression = "$0", .loop = {to}, .operand_count = 1};
}

bool isKernelDType(DType dtype) {
  return dtype == DType::kBool || isIntegral(dtype) || dtype == DType::kF32 || dtype == DType::kF64 || (dtype == DType::kF16 && kernelsKnowHalf());
}

bool isKernelElement(DType dtype) { return isKernelDType(dtype) || dtype == DType::kC64 || dtype == DType::kC128; }

bool isLoaded(const Arg& arg, const DimTable& dims) {
  return arg.isValue() || (arg.is<Dim>() && !dims.isConstant(arg.as<Dim>()));
}

std::optional<uint64_t> constantBits(const Arg& arg, DType dtype, const DimTable& dims) {
  if (arg.is<bool>()) return integerBits(arg.as<bool>() ? 1 : 0, dtype);
  if (arg.is<double>()) {
    const double value = arg.as<double>();
    if (dtype == DType::kF64) return std::bit_cast<uint64_t>(value);
    if (dtype == DType::kF16) return halfReports(value) ? std::nullopt : std::optional<uint64_t>(halfBits(value));
    const auto narrow = static_cast<float>(value);
    // NumPy reports what becomes infinite or subnormal.
    const bool reports = std::isfinite(value) && (!std::isfinite(narrow) || (value != 0 && std::fpclassify(narrow) != FP_NORMAL));
    if (dtype != DType::kF32 || reports) return std::nullopt;
    return std::bit_cast<uint32_t>(narrow);
  }
  if (!arg.is<Dim>() || !dims.isConstant(arg.as<Dim>())) return std::nullopt;
  const int64_t value = dims.constantValue(arg.as<Dim>());
  constexpr int64_t kExactInFloat = 1 << 24;
  if (dtype == DType::kF32 && std::abs(value) > kExactInFloat) return std::nullopt;
  if (dtype == DType::kF16 && halfReports(static_cast<double>(value))) return std::nullopt;
  if (isIntegral(dtype)) {
    const int bits = dtypeItemSize(dtype) * 8;
    const bool is_signed = dtypeKind(dtype) == 'i';
    if (!is_signed && value < 0) return std::nullopt;
    if (bits < 64 && (value >> (is_signed ? bits - 1 : bits)) != (value < 0 ? -1 : 0)) return std::nullopt;
  }
  return integerBits(value, dtype);
}

std::optional<ConstantParts> constantParts(const Arg& arg, DType dtype, const DimTable& dims) {
  const DType part = partDType(dtype);
  const bool complex = arg.is<std::complex<double>>();
  if (complex && part == dtype) return std::nullopt;
  const std::complex<double> value = complex ? arg.as<std::complex<double>>() : 0.0;
  const std::optional<uint64_t> real = complex ? constantBits(Arg(value.real()), part, dims) : constantBits(arg, part, dims);
  const std::optional<uint64_t> imaginary = constantBits(Arg(value.imag()), part, dims);
  if (!real || (part != dtype && !imaginary)) return std::nullopt;
  return ConstantParts{*real, part == dtype ? std::nullopt : imaginary};
}

Parts lowerExpression(const Pointwise& pointwise, absl::Span<const Parts> operands, KernelDag& dag) {
  DagVisitor visitor{pointwise, operands, dag};
  return *ExpressionReader(pointwise.expression).read<Parts>(visitor);
}

std::optional<bool> runOrder(const Type& type, const DimTable& dims) {
  if (!type.isArray() || type.ndim() == 0 || type.ndim() > kMaxRank || !type.layout.known) return std::nullopt;
  // An array without elements is in every order, whatever its strides, which NumPy's results follow.
  const bool empty = std::any_of(type.shape.begin(), type.shape.end(), [&dims](Dim dim) { return dims.hint(dim) == 0; });
  if (empty && type.ndim() > 1) return std::nullopt;
  if (type.layout.c_contiguous) return false;
  // Where NumPy puts a dimension of size 1 among the others depends on the operands' strides.
  for (Dim dim : type.shape) {
    if (dims.hint(dim) <= 1) return std::nullopt;
  }
  return type.layout.f_contiguous ? std::optional(true) : std::nullopt;
}

std::optional<bool> operandOrder(const Arg& arg, const DimTable& dims) {
  const ArgValue& value = arg.as<ArgValue>();
  return runOrder(viewsParts(*value.node) ? *value.node->args[0].as<ArgValue>().type : *value.type, dims);
}

std::optional<bool> madeOrder(const Node& node, const DimTable& dims) {
  if (node.sharing != Sharing::kFresh || !isKernelElement(node.type->dtype)) return std::nullopt;
  return runOrder(*node.type, dims);
}

uint32_t spreadOver(const Shape& own, const Shape& shape, const DimTable& dims) {
  // What NumPy's broadcasting has decided follows the hints: equal sizes are equal, else one of them is 1. Guards hold it to that.
  auto isOne = [&dims](Dim dim) { return dims.hint(dim) == 1; };
  uint32_t spread = 0;
  for (size_t i = 0; i < shape.size(); i++) {
    const bool missing = i >= own.size();
    if (missing || (isOne(own[own.size() - 1 - i]) && !isOne(shape[shape.size() - 1 - i]))) spread |= 1u << i;
  }
  return spread;
}

}  // namespace segue::llvm
