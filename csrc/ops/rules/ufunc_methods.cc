// The methods reduce, accumulate and reduceat of ufuncs that are no named functions.
#include "base/python.h"

#include "ops/rules/reduction.h"
#include "ops/rules/ufunc_loops.h"
#include "ops/rules/view.h"

namespace segue {

const OpDef* ufuncOp(const Arg& arg) {
  if (!arg.is<ArgObject>() || arg.as<ArgObject>().object.type() != &PyUFunc_Type) return nullptr;
  return findNumpyOp(std::string("numpy.") + reinterpret_cast<PyUFuncObject*>(arg.as<ArgObject>().object.get())->name);
}

namespace rules {
namespace {

/// The dtype of a fold of arrays of that dtype: that of a loop from two of it to one.
Result<DType> foldedDType(const Arg& ufunc, DType dtype) {
  const OpDef* op = ufuncOp(ufunc);
  SEGUE_REQUIRE(op != nullptr && op->paramIndex("out") >= 0, "a ufunc that is not in ops.yaml");
  SEGUE_REQUIRE(op->params.size() > 2 && op->params[1].positional_only && !op->params[2].positional_only, "a ufunc of two arguments");
  const bool accumulates = op->name == "add" || op->name == "multiply";
  const DType wide = accumulates ? accumulatorDType(dtype) : dtype;
  const Category categories[] = {static_cast<Category>(wide), static_cast<Category>(wide)};
  const UfuncLoop* loop = findLoop(static_cast<DTypeRuleId>(op->dtype_index), categories);
  SEGUE_REQUIRE(loop != nullptr && loop->in[0] == wide && loop->in[1] == wide && loop->out[0] == wide, "a ufunc of other types");
  return wide;
}

}  // namespace

// ufunc.reduce: (ufunc, array, axis, keepdims, initial, where)
Result<Type> ufuncReduce(OpCall& call) {
  SEGUE_TRY(Reduced reduced, reducedOf(call, 1, 2, 3));
  SEGUE_REQUIRE(reduced.input.ndim() > 0, "a 0-d array has no axis");
  SEGUE_TRY(DType dtype, foldedDType(call.arg(0), reduced.input.dtype()));
  SEGUE_TRY(bool masked, reductionMask(call, 5, reduced.input.shape));
  if (call.given(4)) {
    SEGUE_TRY(Operand initial, operandOf(call, 4));
    SEGUE_REQUIRE(initial.shape.empty(), "initial is a number");
    SEGUE_TRY_VOID(requireNoWider(initial, dtype, call.dims()));
  } else {
    SEGUE_REQUIRE(!masked, "where= without initial=");
    SEGUE_TRY_VOID(requireElements(reduced, call.dims()));
  }
  if (masked && reduced.layout != Layout::both()) reduced.layout = Layout::unknown();
  return reducedType(call, reduced, dtype, -1);
}

// ufunc.accumulate: (ufunc, array, axis)
Result<Type> ufuncAccumulate(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 1));
  SEGUE_REQUIRE(input->ndim() > 0, "a 0-d array has no axis");
  SEGUE_TRY_VOID(axisArg(call.arg(2), input->ndim(), call.dims()));
  SEGUE_TRY(DType dtype, foldedDType(call.arg(0), input->dtype));
  return Type::array(dtype, input->shape, input->ndim() == 1 ? Layout::both() : Layout::unknown());
}

// ufunc.reduceat: (ufunc, array, indices, axis)
Result<Type> ufuncReduceAt(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 1));
  SEGUE_REQUIRE(input->ndim() > 0, "a 0-d array has no axis");
  SEGUE_TRY(Operand indices, operandOf(call, 2));
  SEGUE_REQUIRE(indices.ndim() == 1 && isIndex(indices.dtype()), "indices in a vector");
  SEGUE_REQUIRE(!isEmptyShape(indices.shape, call.dims()), "no indices");
  SEGUE_TRY(int axis, axisArg(call.arg(3), input->ndim(), call.dims()));
  SEGUE_TRY(DType dtype, foldedDType(call.arg(0), input->dtype));
  Shape shape = input->shape;
  shape[static_cast<size_t>(axis)] = indices.shape[0];
  return Type::array(dtype, shape, input->ndim() == 1 ? Layout::both() : Layout::unknown());
}

}  // namespace rules
}  // namespace segue
