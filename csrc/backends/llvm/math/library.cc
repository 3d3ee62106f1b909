#include "backends/llvm/math/library.h"

#include <bit>
#include <cmath>

#include "backends/llvm/math/functions.h"
#include "base/check.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

template <auto write>
Real call(absl::Span<const Real> args) {
  if constexpr (std::is_invocable_v<decltype(write), Real, Real>) {
    return write(args[0], args[1]);
  } else {
    return write(args[0]);
  }
}

Real write(ScalarOp op, absl::Span<const Real> args) {
  switch (op) {
#define SEGUE_SCALAR_OP(name, text, arity)
#define SEGUE_MATH_OP(name, text, arity) \
  case ScalarOp::k##name: return call<write##name>(args);
#include "backends/llvm/scalar_ops.def"
#undef SEGUE_SCALAR_OP
    default: SEGUE_UNREACHABLE("not a math function");
  }
}

/// Calls the function for the lanes whose bits are set.
template <class T, T (*function)(T)>
void forLanes(const T* x, T* result, uint64_t lanes) {
  if (SEGUE_FAULT(MathLanesSkipped)) return;
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    result[lane] = function(x[lane]);
  }
}

template <class T, T (*function)(T, T)>
void forLanes(const T* x, const T* y, T* result, uint64_t lanes) {
  if (SEGUE_FAULT(MathLanesSkipped)) return;
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    result[lane] = function(x[lane], y[lane]);
  }
}

template <class T>
using Unary = void (*)(const T*, T*, uint64_t);
template <class T>
using Binary = void (*)(const T*, const T*, T*, uint64_t);

template <class Function>
LibraryFunction row(std::string_view name, Function function) {
  return {name, reinterpret_cast<const void*>(function)};
}

}  // namespace

std::string mathFunctionName(const MathFunction& function) {
  return absl::StrCat("segue_math_", scalarOpName(function.op), "_", dtypeName(function.dtype), "_v", function.lanes);
}

int mathFunctionArity(ScalarOp op) {
  switch (op) {
#define SEGUE_SCALAR_OP(name, text, arity)
#define SEGUE_MATH_OP(name, text, arity) \
  case ScalarOp::k##name: return arity;
#include "backends/llvm/scalar_ops.def"
#undef SEGUE_SCALAR_OP
    default: SEGUE_UNREACHABLE("not a math function");
  }
}

std::string mathFunctionModule(const MathFunction& function, bool fused) {
  VectorCode code(function.dtype, function.lanes, fused, mathFunctionArity(function.op));
  const Real result = write(function.op, code.arguments());
  return code.finish(mathFunctionName(function), result) + "attributes #0 = { nounwind strictfp }\n";
}

absl::Span<const LibraryFunction> libraryFunctions() {
  static const LibraryFunction functions[] = {
      row("segue_expm1_f64", Unary<double>(forLanes<double, std::expm1>)),
      row("segue_expm1_f32", Unary<float>(forLanes<float, std::expm1>)),
      row("segue_log_f64", Unary<double>(forLanes<double, std::log>)),
      row("segue_log_f32", Unary<float>(forLanes<float, std::log>)),
      row("segue_log2_f64", Unary<double>(forLanes<double, std::log2>)),
      row("segue_log2_f32", Unary<float>(forLanes<float, std::log2>)),
      row("segue_log10_f64", Unary<double>(forLanes<double, std::log10>)),
      row("segue_log10_f32", Unary<float>(forLanes<float, std::log10>)),
      row("segue_sin_f64", Unary<double>(forLanes<double, std::sin>)),
      row("segue_sin_f32", Unary<float>(forLanes<float, std::sin>)),
      row("segue_cos_f64", Unary<double>(forLanes<double, std::cos>)),
      row("segue_cos_f32", Unary<float>(forLanes<float, std::cos>)),
      row("segue_tan_f64", Unary<double>(forLanes<double, std::tan>)),
      row("segue_tan_f32", Unary<float>(forLanes<float, std::tan>)),
      row("segue_sinh_f64", Unary<double>(forLanes<double, std::sinh>)),
      row("segue_sinh_f32", Unary<float>(forLanes<float, std::sinh>)),
      row("segue_cosh_f64", Unary<double>(forLanes<double, std::cosh>)),
      row("segue_cosh_f32", Unary<float>(forLanes<float, std::cosh>)),
      row("segue_arcsinh_f64", Unary<double>(forLanes<double, std::asinh>)),
      row("segue_arcsinh_f32", Unary<float>(forLanes<float, std::asinh>)),
      row("segue_arccosh_f64", Unary<double>(forLanes<double, std::acosh>)),
      row("segue_arccosh_f32", Unary<float>(forLanes<float, std::acosh>)),
      row("segue_cbrt_f64", Unary<double>(forLanes<double, std::cbrt>)),
      row("segue_cbrt_f32", Unary<float>(forLanes<float, std::cbrt>)),
      row("segue_arctan2_f64", Binary<double>(forLanes<double, std::atan2>)),
      row("segue_arctan2_f32", Binary<float>(forLanes<float, std::atan2>)),
      row("segue_power_f64", Binary<double>(forLanes<double, std::pow>)),
      row("segue_hypot_f64", Binary<double>(forLanes<double, std::hypot>)),
  };
  return functions;
}

}  // namespace segue::llvm
