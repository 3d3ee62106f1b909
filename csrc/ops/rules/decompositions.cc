// numpy.linalg: decompositions and what is made of them.
#include "base/python.h"

#include "ops/op_ids.h"
#include "ops/rules/linalg.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

struct Matrices {
  const Type* input;
  DType dtype;   ///< of results that may be complex
  Shape stack;   ///< the axes before the last two
  Dim rows, columns;
};

Result<Matrices> matricesOf(const OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() >= 2, "an array of at least two dimensions is needed");
  SEGUE_REQUIRE(!isEmptyShape(input->shape, call.dims()), "a matrix without elements");
  SEGUE_TRY(DType dtype, lapackDType(input->dtype));
  Shape stack(input->shape.begin(), input->shape.end() - 2);
  return Matrices{input, dtype, std::move(stack), input->shape[input->shape.size() - 2], input->shape.back()};
}

Type stacked(const Matrices& m, DType dtype, std::initializer_list<Dim> core, DimTable& dims) {
  Shape shape = m.stack;
  shape.insert(shape.end(), core);
  if (shape.empty()) return Type::numpyScalar(dtype);
  return Type::array(dtype, shape, m.stack.empty() ? cLayout(shape, dims) : Layout::unknown());
}

}  // namespace

// svd: (a, full_matrices)
Result<Type> svd(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Matrices m, matricesOf(call));
  SEGUE_TRY(bool full, boolArg(call.arg(1), true));
  Dim rank = dims.min(m.rows, m.columns);
  return Type::tuple({stacked(m, m.dtype, {m.rows, full ? m.rows : rank}, dims), stacked(m, realOf(m.dtype), {rank}, dims),
                      stacked(m, m.dtype, {full ? m.columns : rank, m.columns}, dims)});
}

// svdvals: (x)
Result<Type> singularValues(OpCall& call) {
  SEGUE_TRY(Matrices m, matricesOf(call));
  return stacked(m, realOf(m.dtype), {call.dims().min(m.rows, m.columns)}, call.dims());
}

// qr: (a, mode)
Result<Type> qr(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Matrices m, matricesOf(call));
  SEGUE_TRY(std::string_view mode, stringArg(call.arg(1), "reduced"));
  SEGUE_REQUIRE(mode == "reduced", "the mode of qr");
  Dim rank = dims.min(m.rows, m.columns);
  Type r = stacked(m, m.dtype, {rank, m.columns}, dims);
  if (!r.layout.f_contiguous) r.layout = Layout::unknown();   // follows the input's
  return Type::tuple({stacked(m, m.dtype, {m.rows, rank}, dims), std::move(r)});
}

// eigh: (a, UPLO)
Result<Type> eigh(OpCall& call) {
  SEGUE_TRY(Matrices m, matricesOf(call));
  SEGUE_REQUIRE(call.dims().decideEqual(m.rows, m.columns), "the last two dimensions must be square");
  SEGUE_TRY(std::string_view part, stringArg(call.arg(1), "L"));
  SEGUE_REQUIRE(part == "L" || part == "U", "UPLO is 'L' or 'U'");
  return Type::tuple({stacked(m, realOf(m.dtype), {m.rows}, call.dims()), stacked(m, m.dtype, {m.rows, m.rows}, call.dims())});
}

// pinv: (a)
Result<Type> pseudoInverse(OpCall& call) {
  SEGUE_TRY(Matrices m, matricesOf(call));
  return stacked(m, m.dtype, {m.columns, m.rows}, call.dims());
}

// matrix_rank: (A)
Result<Type> matrixRank(OpCall& call) {
  SEGUE_TRY(Matrices m, matricesOf(call));
  return stacked(m, DType::kI64, {}, call.dims());
}

// cond: (x)
Result<Type> conditionNumber(OpCall& call) {
  SEGUE_TRY(Matrices m, matricesOf(call));
  return stacked(m, realOf(m.dtype), {}, call.dims());
}

// slogdet: (a)
Result<Type> signAndLogarithm(OpCall& call) {
  SEGUE_TRY(Matrices m, matricesOf(call));
  SEGUE_REQUIRE(call.dims().decideEqual(m.rows, m.columns), "the last two dimensions must be square");
  return Type::tuple({stacked(m, m.dtype, {}, call.dims()), stacked(m, realOf(m.dtype), {}, call.dims())});
}

}  // namespace segue::rules
