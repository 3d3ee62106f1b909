// Conversions and copies: what comes back may be the very array that went in.
#include "base/python.h"

#include <algorithm>

#include "base/fault.h"
#include "ops/op_ids.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

Result<DType> castTo(const Operand& input, const Arg& arg) {
  SEGUE_TRY(std::optional<DType> wanted, dtypeArg(arg));
  DType dtype = wanted.value_or(input.dtype());
  const bool core = (isCore(dtype) && isCore(input.dtype())) || SEGUE_FAULT(EquivalentCastsTyped);
  SEGUE_REQUIRE(core || !input.is_ndarray || dtype == input.dtype() || !canCast(input.dtype(), dtype, "no"), "a cast to the same dtype by another name");
  SEGUE_REQUIRE(!discardsImaginary(input.dtype(), dtype), "the cast would discard the imaginary part");
  SEGUE_REQUIRE(input.is_ndarray || !isIntegral(dtype) || isIntegral(input.dtype()) || input.dtype() == DType::kBool,
                "a sequence of floats becomes integers one by one");
  return dtype;
}

constexpr int64_t kMostDimensionsAdded = 8;

Type sameObject(OpCall& call, const Operand& input) {
  call.setSharing(Sharing::kSame);
  return *input.arg->as<ArgValue>().type;
}

}  // namespace

// astype: (a, dtype, order, casting, copy)
Result<Type> astype(OpCall& call) {
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray && call.given(1), "astype of an array");
  SEGUE_TRY(DType dtype, castTo(input, call.arg(1)));
  SEGUE_TRY(std::string_view order, stringArg(call.arg(2), "K"));
  SEGUE_TRY(std::string_view casting, stringArg(call.arg(3), "unsafe"));
  SEGUE_REQUIRE(canCast(input.dtype(), dtype, casting), "the cast is not allowed");
  SEGUE_TRY(bool copy, boolArg(call.arg(4), true));
  if (!copy && dtype == input.dtype() && order == "K") return sameObject(call, input);
  SEGUE_REQUIRE(copy || order == "K", "astype in another order without a copy");
  if (order == "A" && input.layout.c_contiguous) order = "C";
  SEGUE_TRY(Layout layout, orderedLayout(order, {&input, 1}, input.shape, call.dims()));
  return Type::array(dtype, input.shape, layout);
}

// copy: (a, order); the two names differ in their default order
Result<Type> copyArray(OpCall& call) {
  SEGUE_TRY(Operand input, operandOf(call, 0));
  bool method = call.op().params[1].default_text == "'C'";
  SEGUE_REQUIRE(!method || input.is_ndarray, "copy of an array");
  SEGUE_TRY(std::string_view order, stringArg(call.arg(1), method ? "C" : "K"));
  if (order == "A" && input.layout.c_contiguous) order = "C";
  SEGUE_TRY(Layout layout, orderedLayout(order, {&input, 1}, input.shape, call.dims()));
  return Type::array(input.dtype(), input.shape, layout);
}

// array: (object, dtype, copy, order, subok, ndmin); without subclasses subok makes no difference
Result<Type> makeArray(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_TRY(DType dtype, castTo(input, call.arg(1)));
  SEGUE_TRY_VOID(requireFits(input, dtype, dims));
  bool if_needed = call.arg(2).isNone();
  SEGUE_TRY(bool copy, boolArg(if_needed ? Arg() : call.arg(2), true));
  SEGUE_REQUIRE(copy, "copy=False raises where a copy is needed");
  SEGUE_TRY(std::string_view order, stringArg(call.arg(3), "K"));
  if (order == "A" && input.layout.c_contiguous) order = "C";
  Shape in_front;
  if (!call.arg(5).missing()) {
    SEGUE_TRY(int64_t ndmin, constantInt(call.arg(5), dims));
    SEGUE_REQUIRE(ndmin <= kMostDimensionsAdded, "an array with many dimensions added in front");
    in_front.assign(static_cast<size_t>(std::max<int64_t>(0, ndmin - input.ndim())), dims.constant(1));
  }
  // Dimensions of size 1 change neither the order nor what is contiguous.
  Shape shape = in_front;
  shape.insert(shape.end(), input.shape.begin(), input.shape.end());
  const bool ordered = order == "K" || (order == "C" ? input.layout.c_contiguous : order == "F" && input.layout.f_contiguous);
  const bool same_dtype = input.is_ndarray && dtype == input.dtype();
  SEGUE_REQUIRE(!if_needed || !same_dtype || order == "K" || (order != "A" && input.layout.known),
                "whether a copy is needed depends on the strides");
  if (if_needed && same_dtype && ordered) {
    if (in_front.empty()) return sameObject(call, input);
    call.setSharing(Sharing::kView);
    Type type = *input.arg->as<ArgValue>().type;
    type.shape = std::move(shape);
    return type;
  }
  SEGUE_TRY(Layout layout, orderedLayout(order, {&input, 1}, input.shape, dims));
  return Type::array(dtype, shape, layout);
}

// asarray and asanyarray: (a, dtype, order)
Result<Type> asArray(OpCall& call) {
  SEGUE_REQUIRE(!call.given(2), "whether a copy is needed depends on the strides");
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_TRY(DType dtype, castTo(input, call.arg(1)));
  SEGUE_TRY_VOID(requireFits(input, dtype, call.dims()));
  if (input.is_ndarray && dtype == input.dtype()) return sameObject(call, input);
  return Type::array(dtype, input.shape, keepOrderLayout({&input, 1}, input.shape, call.dims()));
}

// asarray_chkfinite: (a)
Result<Type> finiteArray(OpCall& call) {
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray, "an array");
  return sameObject(call, input);
}

// ascontiguousarray: (a, dtype)
Result<Type> asContiguous(OpCall& call) {
  DimTable& dims = call.dims();
  bool fortran = static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kFortran;
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray && input.layout.known, "whether a copy is needed depends on the strides");
  SEGUE_TRY(DType dtype, castTo(input, call.arg(1)));
  bool contiguous = fortran ? input.layout.f_contiguous : input.layout.c_contiguous;
  bool fits = dtype == input.dtype() && contiguous;
  if (fits && !input.shape.empty()) return sameObject(call, input);
  if (fits) call.setSharing(Sharing::kView);
  Shape shape = input.shape.empty() ? Shape{dims.constant(1)} : input.shape;
  Layout layout = fortran ? fLayout(shape, dims) : cLayout(shape, dims);
  return Type::array(dtype, shape, layout, !fits || call.type(0)->writeable);
}

// view: (a, dtype)
Result<Type> viewAs(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(std::optional<DType> wanted, dtypeArg(call.arg(1)));
  // None is NumPy's default dtype where it is said, and nothing where it is not.
  DType dtype = wanted.value_or(call.arg(1).isNone() ? DType::kF64 : input->dtype);
  SEGUE_REQUIRE(dtypeItemSize(dtype) == dtypeItemSize(input->dtype), "a view of elements of another size");
  SEGUE_REQUIRE(!input->aligned || dtypeAlignment(dtype) <= dtypeAlignment(input->dtype) || SEGUE_FAULT(ViewsUnaligned), "a view that may not be aligned");
  call.setSharing(Sharing::kView);
  Type out = *input;
  out.dtype = dtype;
  return out;
}

}  // namespace segue::rules
