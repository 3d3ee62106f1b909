#include "backends/llvm/combine.h"

#include <cmath>
#include <concepts>
#include <cstring>
#include <vector>

#include "backends/llvm/half.h"
#include "base/check.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

using Combine = void (*)(uint64_t* so_far, uint64_t value);

/// As emitCombine (scalar_code.h): of two zeros the second, of NaNs the first, and no floating-point status.
template <class T, bool kLess>
T extreme(T a, T b) {
  if constexpr (std::floating_point<T>) {
    return std::isnan(a) || (kLess ? std::isless(a, b) : std::isgreater(a, b)) ? a : b;
  } else {
    return (kLess ? a < b : a > b) ? a : b;
  }
}

template <class T, ScalarOp kOp>
T combined(T a, T b) {
  if constexpr (kOp == ScalarOp::kMin) return extreme<T, true>(a, b);
  if constexpr (kOp == ScalarOp::kMax) return extreme<T, false>(a, b);
  if constexpr (std::floating_point<T>) {
    return a + b;
  } else {
    // In 64 bits, which wrap; the bits of T are what they are in T.
    const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
    return static_cast<T>(kOp == ScalarOp::kAdd ? x + y : kOp == ScalarOp::kMul ? x * y : kOp == ScalarOp::kOr ? x | y : x & y);
  }
}

template <class T, ScalarOp kOp>
void combine(uint64_t* so_far, uint64_t value) {
  T a, b;
  std::memcpy(&a, so_far, sizeof(T));
  std::memcpy(&b, &value, sizeof(T));
  a = combined<T, kOp>(a, b);
  std::memcpy(so_far, &a, sizeof(T));
}

/// As emitLocated (positions.h).
template <class T, bool kLess>
void locate(uint64_t* position, uint64_t new_position, uint64_t* extreme, uint64_t new_extreme) {
  T old, found;
  std::memcpy(&old, extreme, sizeof(T));
  std::memcpy(&found, &new_extreme, sizeof(T));
  bool better, tie;
  if constexpr (std::floating_point<T>) {
    better = std::isnan(found) ? !std::isnan(old) : (kLess ? std::isless(found, old) : std::isgreater(found, old));
    tie = found == old || (std::isnan(found) && std::isnan(old));
  } else {
    better = kLess ? found < old : found > old;
    tie = found == old;
  }
  if (!better && !(tie && (new_position < *position) != SEGUE_FAULT(KernelArgPartsUnordered))) return;
  *position = new_position;
  std::memcpy(extreme, &found, sizeof(T));
}

using Locate = void (*)(uint64_t* position, uint64_t new_position, uint64_t* extreme, uint64_t new_extreme);
template <class T>
Locate locateOf(ScalarOp op) {
  return op == ScalarOp::kMin ? locate<T, true> : locate<T, false>;
}

template <class T>
Combine combineOf(ScalarOp op) {
  switch (op) {
    case ScalarOp::kAdd: return combine<T, ScalarOp::kAdd>;
    case ScalarOp::kMin: return combine<T, ScalarOp::kMin>;
    case ScalarOp::kMax: return combine<T, ScalarOp::kMax>;
    default: break;
  }
  if constexpr (!std::floating_point<T>) {
    switch (op) {
      case ScalarOp::kMul: return combine<T, ScalarOp::kMul>;
      case ScalarOp::kOr: return combine<T, ScalarOp::kOr>;
      case ScalarOp::kAnd: return combine<T, ScalarOp::kAnd>;
      default: break;
    }
  }
  SEGUE_UNREACHABLE("not a reduction's operator");
}

/// Of a float16's bits: a place in the order of numbers, the same for both zeros.
int placeOf(uint16_t half) { return (half & 0x8000) != 0 ? -(half & 0x7fff) : half; }
bool isNan(uint16_t half) { return (half & 0x7fff) > 0x7c00; }

/// As emitHalfCombine (half.h).
uint16_t combinedHalves(ScalarOp op, uint16_t a, uint16_t b) {
  if (op == ScalarOp::kAdd) return halfBits(static_cast<double>(halfToFloat(a) + halfToFloat(b)));
  const bool first = op == ScalarOp::kMin ? placeOf(a) <= placeOf(b) : placeOf(a) >= placeOf(b);
  return isNan(a) || (first && !isNan(b)) ? a : b;
}

template <ScalarOp kOp>
void combineHalf(uint64_t* so_far, uint64_t value) {
  *so_far = combinedHalves(kOp, static_cast<uint16_t>(*so_far), static_cast<uint16_t>(value));
}

Combine combineOfHalves(ScalarOp op) {
  switch (op) {
    case ScalarOp::kAdd: return combineHalf<ScalarOp::kAdd>;
    case ScalarOp::kMin: return combineHalf<ScalarOp::kMin>;
    case ScalarOp::kMax: return combineHalf<ScalarOp::kMax>;
    default: SEGUE_UNREACHABLE("not a reduction's operator");
  }
}

/// Calls `of` with a value of the dtype's C type.
template <class Of>
auto byType(DType dtype, Of&& of) {
  if (dtype == DType::kF64) return of(double{});
  if (dtype == DType::kF32) return of(float{});
  const bool is_signed = dtypeKind(dtype) == 'i';
  switch (dtypeItemSize(dtype)) {
    case 1: return is_signed ? of(int8_t{}) : of(uint8_t{});
    case 2: return is_signed ? of(int16_t{}) : of(uint16_t{});
    case 4: return is_signed ? of(int32_t{}) : of(uint32_t{});
    default: return is_signed ? of(int64_t{}) : of(uint64_t{});
  }
}

KernelOrder orderOf(const KernelOutput& output, DType dtype) {
  if (output.narrows) return KernelOrder::kWhole;
  if (output.order == FoldOrder::kPairwise) return KernelOrder::kHalves;
  if (output.order == FoldOrder::kBuffered) return KernelOrder::kBuffers;
  return isFloating(dtype) && *output.combine != ScalarOp::kAdd ? KernelOrder::kFixed : KernelOrder::kAny;
}

}  // namespace

void describeCombining(const KernelDag& dag, Kernel* kernel) {
  std::vector<uint32_t> reductions(dag.outputs().size());   // by output
  uint32_t count = 0;
  for (size_t i = 0; i < reductions.size(); i++) reductions[i] = dag.outputs()[i].combine ? count++ : 0;
  SEGUE_CHECK(count == kernel->reductions.size(), "a reduction without an output");
  for (size_t i = 0; i < reductions.size(); i++) {
    const KernelOutput& output = dag.outputs()[i];
    if (!output.combine) continue;
    const ScalarOp op = *output.combine;
    const DType dtype = dag.storedDType(output);
    KernelReduction& reduction = kernel->reductions[reductions[i]];
    if (output.extreme) {
      reduction.extreme = reductions[*output.extreme];
      reduction.locate = byType(dag[dag.outputs()[*output.extreme].value].dtype, [op](auto type) { return locateOf<decltype(type)>(op); });
      continue;
    }
    reduction.neutral = neutralBits(op, dtype);
    if (output.has_position) continue;
    reduction.combine = dtype == DType::kF16 ? combineOfHalves(op)
                                             : byType(dtype, [op](auto type) { return combineOf<decltype(type)>(op); });
    reduction.order = orderOf(output, dtype);
  }
}

}  // namespace segue::llvm
