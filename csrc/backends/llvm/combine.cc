#include "backends/llvm/combine.h"

#include <cmath>
#include <concepts>
#include <cstring>

#include "base/check.h"

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

Combine combineOf(ScalarOp op, DType dtype) {
  if (dtype == DType::kF64) return combineOf<double>(op);
  if (dtype == DType::kF32) return combineOf<float>(op);
  const bool is_signed = dtypeKind(dtype) == 'i';
  switch (dtypeItemSize(dtype)) {
    case 1: return is_signed ? combineOf<int8_t>(op) : combineOf<uint8_t>(op);
    case 2: return is_signed ? combineOf<int16_t>(op) : combineOf<uint16_t>(op);
    case 4: return is_signed ? combineOf<int32_t>(op) : combineOf<uint32_t>(op);
    default: return is_signed ? combineOf<int64_t>(op) : combineOf<uint64_t>(op);
  }
}

KernelOrder orderOf(const KernelOutput& output, DType dtype) {
  if (output.order == FoldOrder::kPairwise) return KernelOrder::kHalves;
  if (output.order == FoldOrder::kBuffered) return KernelOrder::kBuffers;
  return isFloating(dtype) && *output.combine != ScalarOp::kAdd ? KernelOrder::kFixed : KernelOrder::kAny;
}

}  // namespace

void describeCombining(const KernelDag& dag, Kernel* kernel) {
  size_t next = 0;
  for (const KernelOutput& output : dag.outputs()) {
    if (!output.combine) continue;
    const DType dtype = dag[output.value].dtype;
    KernelReduction& reduction = kernel->reductions[next++];
    reduction.neutral = neutralBits(*output.combine, dtype);
    reduction.combine = combineOf(*output.combine, dtype);
    reduction.order = orderOf(output, dtype);
  }
  SEGUE_CHECK(next == kernel->reductions.size(), "a reduction without an output");
}

}  // namespace segue::llvm
