// float16 in kernels.
//
// Model. A register holds an element's bits, as an integer. What looks at bits only (comparisons, signs, extremes) is done with these; arithmetic
// is that of float32 between two conversions, as in NumPy's loops: kWiden and kNarrow (kernel_dag.h).
//
// Requirements
//  1. Conversions set the status that NumPy's do, which have no instruction for them: underflow is an inexact result below 2**-14, before it is
//     rounded; what reads a signaling NaN is invalid only where arithmetic follows, and casts keep it signaling.
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "backends/llvm/ir_builder.h"
#include "backends/llvm/kernel_dag.h"

namespace segue::llvm {

/// Whether kernels know float16: NumPy's conversions are those of the processor elsewhere, whose NaNs and status are others.
bool kernelsKnowHalf();

float halfToFloat(uint16_t bits);
/// Rounded to nearest, ties to even.
uint16_t halfBits(double value);
/// Whether NumPy reports something about that conversion.
bool halfReports(double value);

/// Whether the operator, of float16, is one of float32 between conversions; others look at bits.
bool isWidened(ScalarOp op);

/// Whether NumPy's loop gives the second of two NaNs, where processors give the first.
inline bool takesSecondNan(ScalarOp op) { return op == ScalarOp::kAdd || op == ScalarOp::kMul; }

/// An operator that looks at bits.
std::string emitHalfOp(ScalarOp op, int lanes, absl::Span<const std::string> args, IrBuilder& out);
/// `op` of what there was and a value, for reductions and scans: rounded to float16.
std::string emitHalfCombine(ScalarOp op, int lanes, absl::Span<const std::string> args, IrBuilder& out);

/// float32 of what arithmetic follows on, and back from what it gave.
std::string emitWiden(int lanes, const std::string& value, IrBuilder& out);
enum class Narrowing : uint8_t {
  kExact,      ///< a result below 2**-14 is never rounded: sums, roots, integers
  kRounds,
  kKept,       ///< … and no pass may drop it
};
std::string emitNarrow(Narrowing how, int lanes, const std::string& value, IrBuilder& out);
/// astype between float16 and float32 or float64.
std::string emitHalfCast(DType from, DType to, int lanes, const std::string& value, IrBuilder& out);

}  // namespace segue::llvm
