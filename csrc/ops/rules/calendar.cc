// numpy.busday_count and its kin: days of the week, by dates or their texts.
#include "base/python.h"

#include "ops/rules/shapes.h"

namespace segue::rules {
namespace {

/// The shape of dates: an array of them, a scalar, or one date as text.
Result<Shape> datesShape(const OpCall& call, size_t i) {
  if (call.arg(i).is<std::string>()) return Shape();
  SEGUE_TRY(Operand dates, operandOf(call, i));
  SEGUE_REQUIRE(dtypeKind(dates.dtype()) == 'M' && (dates.is_ndarray || !dates.is_array), "dates, or one as text");
  return dates.shape;
}

Type perDate(DType dtype, const Shape& shape, DimTable& dims) {
  if (shape.empty()) return Type::numpyScalar(dtype);
  return Type::array(dtype, shape, cLayoutIf(false, shape, dims));
}

}  // namespace

// busday_count: (begindates, enddates)
Result<Type> countedDays(OpCall& call) {
  SEGUE_TRY(Shape from, datesShape(call, 0));
  SEGUE_TRY(Shape to, datesShape(call, 1));
  SEGUE_TRY(Shape shape, broadcastShapes(from, to, call.dims()));
  return perDate(DType::kI64, shape, call.dims());
}

// busday_offset: (dates, offsets, roll)
Result<Type> offsetDays(OpCall& call) {
  SEGUE_TRY(Shape dates, datesShape(call, 0));
  SEGUE_TRY(Operand offsets, operandOf(call, 1));
  const DType dtype = offsets.dtype();
  SEGUE_REQUIRE(isIndex(dtype) && (offsets.is_ndarray || !offsets.is_array), "offsets are integers");
  SEGUE_TRY_VOID(requireFits(offsets, DType::kI64, call.dims()));
  SEGUE_TRY_VOID(stringArg(call.arg(2), "raise"));
  SEGUE_TRY(Shape shape, broadcastShapes(dates, offsets.shape, call.dims()));
  const std::optional<DType> day = dtypeFromName("{<M8[D]}");
  SEGUE_REQUIRE(day.has_value(), "no dtype of days");
  return perDate(*day, shape, call.dims());
}

// is_busday: (dates)
Result<Type> areDays(OpCall& call) {
  SEGUE_TRY(Shape dates, datesShape(call, 0));
  return perDate(DType::kBool, dates, call.dims());
}

}  // namespace segue::rules
