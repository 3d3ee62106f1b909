#include "backends/llvm/reduction.h"

#include "base/numpy_version.h"

namespace segue::llvm {
namespace {

/// Of a sum of floats. Those that were small integers are exact until there are 2 ** 37 of them.
FoldOrder sumOrder(DType operand, DType result) {
  if (!isFloating(operand) && dtypeItemSize(operand) <= 2) return FoldOrder::kAny;
  return result != operand || !numpyAtLeast(2, 3) ? FoldOrder::kBuffered : FoldOrder::kPairwise;
}

/// NumPy adds up each run of elements in float32. Its means of float16 are others (graph/passes/half_means.h).
std::optional<Reduction> halfSum(Reduction out) {
  out.dtype = DType::kF32;
  out.order = FoldOrder::kPairwise;
  out.narrows = true;
  // Older versions take a buffer at a time.
  return !out.averages && numpyAtLeast(2, 3) ? std::optional(out) : std::nullopt;
}

/// How a reduction combines, by its operator's name; nullopt where kernels have no such reduction of the dtype.
std::optional<Reduction> combinationOf(std::string_view name, DType operand, DType result, bool exact) {
  Reduction out{.dtype = result};
  const bool half = operand == DType::kF16 && isKernelDType(operand), real = half || operand == DType::kF32 || operand == DType::kF64;
  const bool whole = operand == DType::kBool || isIntegral(operand);
  if (name == "sum" || name == "mean") {
    out.averages = name == "mean";
    if (isFloating(result)) {
      if (half && result == DType::kF16) return halfSum(out);
      const bool widened = (result == DType::kF64 && (whole || real)) || (half && result == DType::kF32);
      if (!widened && !(real && result == operand)) return std::nullopt;
      out.order = sumOrder(operand, result);
      return out;
    }
    return whole && isIntegral(result) ? std::optional(out) : std::nullopt;
  }
  if (name == "any" || name == "all") {
    out.combine = name == "any" ? ScalarOp::kOr : ScalarOp::kAnd;
    out.truth = operand != DType::kBool;
    return real || whole ? std::optional(out) : std::nullopt;
  }
  if (name == "min" || name == "max") {
    // Of floats: which of several zeros or NaNs is the result depends on the vectors that NumPy was built for.
    out.combine = name == "min" ? ScalarOp::kMin : ScalarOp::kMax;
    return (isIntegral(operand) || (real && !exact)) && result == operand ? std::optional(out) : std::nullopt;
  }
  if (name == "prod") {
    // NumPy multiplies floats one after the other: no vectors could do that.
    out.combine = ScalarOp::kMul;
    return whole && isIntegral(result) ? std::optional(out) : std::nullopt;
  }
  if (name == "argmin" || name == "argmax") {
    out.combine = name == "argmin" ? ScalarOp::kMin : ScalarOp::kMax;
    out.dtype = half ? DType::kI16 : operand;   // ranks
    out.locates = true;
    return real || whole ? std::optional(out) : std::nullopt;
  }
  return std::nullopt;
}

/// The axes of an argument as bits counted from the last dimension.
std::optional<uint32_t> axesOf(const Arg& arg, int ndim, const DimTable& dims) {
  if (arg.missing() || arg.isNone()) return static_cast<uint32_t>((uint64_t{1} << ndim) - 1);
  if (arg.is<ArgTuple>()) {
    uint32_t axes = 0;
    for (const Arg& item : arg.as<ArgTuple>().items) {
      const std::optional<uint32_t> axis = item.is<Dim>() ? axesOf(item, ndim, dims) : std::nullopt;
      if (!axis) return std::nullopt;
      axes |= *axis;
    }
    return axes;
  }
  if (!arg.is<Dim>()) return std::nullopt;
  const int64_t axis = dims.hint(arg.as<Dim>());   // the type rule has specialized it
  return 1u << (axis < 0 ? -axis - 1 : ndim - 1 - axis);
}

/// Whether NumPy looks through the rows of an array in memory as fast (and through booleans faster: it stops at the first that is true).
bool areManyRows(const Type& operand, const Reduction& reduction, const DimTable& dims) {
  constexpr int64_t kShortRow = 1024, kMany = 1 << 14;
  int64_t count = 1;
  for (const Dim size : operand.shape) count *= dims.hint(size);
  return reduction.axes == 1 && operand.ndim() > 1 && dims.hint(operand.shape.back()) < kShortRow && count >= kMany;
}

}  // namespace

std::optional<Reduction> reductionOf(const Node& node, const DimTable& dims, bool exact) {
  if (node.isInput() || !node.has(OpTag::kReduction) || !node.args[0].isValue()) return std::nullopt;
  const Type& operand = *node.args[0].as<ArgValue>().type;
  const std::optional<bool> f_order = operandOrder(node.args[0], dims);
  if (!f_order || !operand.aligned || !isCore(node.type->dtype)) return std::nullopt;
  std::optional<Reduction> out = combinationOf(node.op->name, operand.dtype, node.type->dtype, exact);
  if (!out) return std::nullopt;
  out->f_order = *f_order;
  for (size_t i = 1; i < node.args.size(); i++) {
    const Arg& arg = node.args[i];
    const std::string_view name = node.op->params[i].name;
    if (name == "axis") {
      const std::optional<uint32_t> axes = axesOf(arg, operand.ndim(), dims);
      if (!axes || *axes == 0) return std::nullopt;
      out->axes = *axes;
    } else if (name == "keepdims" && (arg.missing() || arg.is<bool>())) {
      out->keeps_axes = arg.is<bool>() && arg.as<bool>();
    } else if (!arg.missing() && !(name == "dtype" && arg.is<DType>() && arg.as<DType>() == node.type->dtype)) {
      return std::nullopt;
    }
  }
  const bool fused = out->locates && pointwiseOf(*node.args[0].as<ArgValue>().node, dims, exact).has_value();
  if (out->locates && !fused && (operand.dtype == DType::kBool || areManyRows(operand, *out, dims))) return std::nullopt;
  const bool everything = !out->keeps_axes && out->axes == (uint64_t{1} << operand.ndim()) - 1;
  if (everything) return node.type->isNumpyScalar() ? out : std::nullopt;
  const std::optional<bool> made = madeOrder(node, dims);
  return made && (*made == out->f_order || node.type->layout == Layout::both()) ? out : std::nullopt;
}

}  // namespace segue::llvm
