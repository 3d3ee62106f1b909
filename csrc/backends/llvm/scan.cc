#include "base/python.h"

#include "backends/llvm/scan.h"

#include "ops/rules/ufunc_loops.h"

namespace segue::llvm {
namespace {

/// `a.cumsum(axis, dtype)`, `a.cumprod(axis, dtype)` and `ufunc.accumulate(array, axis)`: how they combine, and what.
std::optional<Scan> combinationOf(const Node& node) {
  Scan out{.dtype = node.type->dtype};
  if (node.op->name == "cumsum" || node.op->name == "cumprod") {
    out.combine = node.op->name == "cumsum" ? ScalarOp::kAdd : ScalarOp::kMul;
    return node.args[static_cast<size_t>(node.op->paramIndex("out"))].missing() ? std::optional(out) : std::nullopt;
  }
  if (node.op->name != "ufunc_accumulate") return std::nullopt;
  const OpDef* ufunc = ufuncOp(node.args[0]);
  if (ufunc == nullptr || (ufunc->name != "maximum" && ufunc->name != "minimum")) return std::nullopt;
  out.combine = ufunc->name == "maximum" ? ScalarOp::kMax : ScalarOp::kMin;
  out.operand = 1;
  return out;
}

/// Whether kernels cast elements and combine them as NumPy does.
bool combines(const Scan& scan, DType operand) {
  const bool half = operand == DType::kF16 && isKernelDType(operand), real = half || operand == DType::kF32 || operand == DType::kF64;
  const bool whole = operand == DType::kBool || isIntegral(operand);
  if (scan.combine == ScalarOp::kMax || scan.combine == ScalarOp::kMin) {
    return scan.dtype == operand && (isIntegral(operand) || half || (real && kTakesSecondZero));
  }
  if (real) return scan.dtype == operand || scan.dtype == DType::kF64 || (half && scan.dtype == DType::kF32);
  return whole && (isIntegral(scan.dtype) || scan.dtype == DType::kF64);
}

}  // namespace

std::optional<Scan> scanOf(const Node& node, const DimTable& dims) {
  if (node.isInput()) return std::nullopt;
  std::optional<Scan> out = combinationOf(node);
  if (!out || !node.args[out->operand].isValue()) return std::nullopt;
  const Type& operand = *node.args[out->operand].as<ArgValue>().type;
  if (!operand.aligned || !combines(*out, operand.dtype) || operandOrder(node.args[out->operand], dims) != false || madeOrder(node, dims) != false) return std::nullopt;
  if (operand.ndim() == 1) return out;
  const Arg& axis = node.args[static_cast<size_t>(node.op->paramIndex("axis"))];
  if (!axis.is<Dim>() || dims.hint(operand.shape.back()) == 1) return std::nullopt;
  const int64_t number = dims.hint(axis.as<Dim>());   // the type rule has specialized it
  return number == -1 || number == operand.ndim() - 1 ? out : std::nullopt;
}

}  // namespace segue::llvm
