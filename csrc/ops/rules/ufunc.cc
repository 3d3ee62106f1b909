// The rule of NumPy's ufuncs: loop by dtypes, broadcasting, memory order, out=, where=, dtype=, casting= and order=.
#include "base/python.h"

#include <algorithm>

#include "base/fault.h"
#include "base/numpy_version.h"
#include "ops/op_ids.h"
#include "ops/rules/shapes.h"
#include "ops/rules/ufunc_loops.h"

namespace segue::rules {
namespace {

/// Where a ufunc's parameters stand: inputs first, then the ones of macro `ufunc` (without out: `ufunc_outless`).
struct UfuncParams {
  size_t inputs;
  size_t outputs;
  int out;  ///< -1: the operator has no out parameter
  size_t where, casting, order, dtype;
};

UfuncParams paramsOf(const OpDef& op) {
  UfuncParams out{};
  while (op.params[out.inputs].positional_only) out.inputs++;
  size_t next = out.inputs;
  out.out = op.params[next].written ? static_cast<int>(next++) : -1;
  out.outputs = out.out < 0 ? 2 : 1;
  out.where = next++;
  out.casting = next++;
  out.order = next++;
  out.dtype = next++;
  return out;
}

using Operands = absl::InlinedVector<Operand, 3>;

Result<UfuncLoop> loopOf(const OpCall& call, const Operands& inputs, const UfuncParams& params,
                         std::string_view casting) {
  auto family = static_cast<DTypeRuleId>(call.op().dtype_index);
  SEGUE_TRY(std::optional<DType> dtype, dtypeArg(call.arg(params.dtype)));
  const bool others = std::any_of(inputs.begin(), inputs.end(), [](const Operand& input) { return !isCore(input.dtype()); });
  if (others || (dtype && !isCore(*dtype))) {
    SEGUE_REQUIRE(!dtype, "dtype= of an operator on dtypes beyond numbers");
    return resolvedLoop(call.op(), inputs, params.outputs, casting);
  }
  if (dtype) {
    const UfuncLoop* loop = findLoopByOutput(family, *dtype);
    SEGUE_REQUIRE(loop != nullptr, "no single loop of %s gives this dtype", std::string(call.op().name));
    for (size_t i = 0; i < params.inputs; i++) {
      DType from = isWeak(inputs[i].category)
                       ? categoryDType(promoteCategories(inputs[i].category, static_cast<Category>(loop->in[i])))
                       : inputs[i].dtype();
      SEGUE_REQUIRE(canCast(from, loop->in[i], casting), "%s: input does not cast", std::string(call.op().name));
      SEGUE_REQUIRE(!isComplex(from) || isComplex(loop->in[i]), "the cast would discard the imaginary part");
    }
    return *loop;
  }
  absl::InlinedVector<Category, 2> categories;
  for (size_t i = 0; i < params.inputs; i++) categories.push_back(inputs[i].category);
  const UfuncLoop* loop = findLoop(family, categories);
  SEGUE_REQUIRE(loop != nullptr, "%s has no loop for these types", std::string(call.op().name));
  return *loop;
}

Result<Unit> requireInputsFit(const OpCall& call, const Operands& inputs, const UfuncLoop& loop, size_t count) {
  // Comparisons of an integer array with a Python int that its dtype cannot hold have an answer.
  bool comparison = static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kPredicate && count == 2;
  if (comparison) return Unit{};
  for (size_t i = 0; i < count; i++) SEGUE_TRY_VOID(requireFits(inputs[i], loop.in[i], call.dims()));
  return Unit{};
}

/// The type of the written argument at `index`; `masked`: a where= leaves some of its elements as they are.
Result<Type> outResult(OpCall& call, size_t index, bool masked, const UfuncLoop& loop, const Shape& shape,
                       std::string_view casting) {
  std::optional<Type> out = call.type(index);
  SEGUE_REQUIRE(out && out->isArray(), "out must be an array");
  SEGUE_REQUIRE(out->writeable, "out is read-only");
  SEGUE_REQUIRE(canCast(loop.out[0], out->dtype, casting), "%s: the result does not cast to out",
                std::string(call.op().name));
  SEGUE_REQUIRE(!isComplex(loop.out[0]) || isComplex(out->dtype), "the cast to out would discard the imaginary part");
  if (masked) {
    // A masked loop reads out as well, so out must cast to the loop's dtype too.
    SEGUE_REQUIRE(canCast(out->dtype, loop.out[0], casting), "%s: out does not cast to the loop's dtype",
                  std::string(call.op().name));
    SEGUE_REQUIRE(!isComplex(out->dtype) || isComplex(loop.out[0]), "reading out would discard the imaginary part");
  }
  SEGUE_TRY_VOID(requireBroadcastTo(shape, out->shape, call.dims()));
  call.setSharing(Sharing::kWritten);
  return *out;
}

}  // namespace

Result<Type> ufunc(OpCall& call) {
  UfuncParams params = paramsOf(call.op());
  DimTable& dims = call.dims();
  Operands operands;
  Shape shape;
  for (size_t i = 0; i < params.inputs; i++) {
    SEGUE_TRY(Operand operand, operandOf(call, i));
    SEGUE_TRY(shape, broadcastShapes(shape, operand.shape, dims));
    operands.push_back(std::move(operand));
  }
  SEGUE_TRY(std::string_view casting, stringArg(call.arg(params.casting), "same_kind"));
  SEGUE_TRY(UfuncLoop loop, loopOf(call, operands, params, casting));
  SEGUE_TRY_VOID(requireInputsFit(call, operands, loop, params.inputs));

  bool has_out = params.out >= 0 && call.given(static_cast<size_t>(params.out));
  const Arg& where = call.arg(params.where);
  if (!where.missing() && !(where.is<bool>() && where.as<bool>())) {
    SEGUE_REQUIRE(has_out, "where= without out= leaves elements without a value");
    SEGUE_TRY(Operand mask, operandOf(where, dims));
    SEGUE_REQUIRE(mask.dtype() == DType::kBool, "where= must be bool");
    SEGUE_TRY(shape, broadcastShapes(shape, mask.shape, dims));
  }
  if (has_out) {
    return outResult(call, static_cast<size_t>(params.out), !where.missing(), loop, shape, casting);
  }

  Layout layout;
  if (!shape.empty()) {
    SEGUE_TRY(std::string_view order, stringArg(call.arg(params.order), "K"));
    SEGUE_TRY(layout, orderedLayout(order, operands, shape, dims));
  }
  // NumPy turns every 0-d result of a ufunc into a scalar.
  auto result = [&](DType dtype) {
    if (shape.empty() && !SEGUE_FAULT(ScalarTypedAsArray)) return elementType(dtype);
    return Result<Type>(Type::array(SEGUE_FAULT(WrongDType) ? DType::kF32 : dtype, shape, layout));
  };
  SEGUE_TRY(Type first, result(loop.out[0]));
  if (params.outputs == 1) return first;
  SEGUE_TRY(Type second, result(loop.out[1]));
  return Type::tuple({std::move(first), std::move(second)});
}

// `x1 ** x2` and `x1 **= x2`: (x1, x2). The exponents that NumPy computes by square, sqrt or reciprocal have the ufunc's
// dtypes, except for booleans.
Result<Type> arrayPower(OpCall& call) {
  DimTable& dims = call.dims();
  Operands operands;
  Shape shape;
  for (size_t i = 0; i < 2; i++) {
    SEGUE_TRY(Operand operand, operandOf(call, i));
    SEGUE_TRY(shape, broadcastShapes(shape, operand.shape, dims));
    operands.push_back(std::move(operand));
  }
  const UfuncLoop* loop = findLoop(DTypeRuleId::kNumeric, {operands[0].category, operands[1].category});
  bool boolean = operands[0].category == static_cast<Category>(DType::kBool);
  SEGUE_REQUIRE(loop != nullptr && !boolean, "no power of these types");
  bool weak = isWeak(operands[1].category) || !operands[1].shape.empty();
  SEGUE_REQUIRE(weak || numpyAtLeast(2, 3), "before NumPy 2.3 the values of 0-d exponents decide the dtype");
  SEGUE_REQUIRE(!shape.empty() || numpyAtLeast(2, 3), "before NumPy 2.3 some powers of 0-d arrays are arrays");
  SEGUE_TRY_VOID(requireInputsFit(call, operands, *loop, 2));
  if (call.op().params[0].written) {
    return outResult(call, 0, false, *loop, shape, "same_kind");
  }
  if (shape.empty()) return Type::numpyScalar(loop->out[0]);
  SEGUE_TRY(Layout layout, orderedLayout("K", operands, shape, dims));
  return Type::array(loop->out[0], shape, layout);
}

}  // namespace segue::rules
