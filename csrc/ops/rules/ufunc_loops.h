// The inner loops NumPy's ufuncs have, and which of them a call takes: NumPy's linear search for the first loop that all
// inputs cast to safely, with weak Python scalars replaced as NEP 50 says. A family of loops is named by a dtype rule in
// ops.yaml and shared by all ufuncs with the same table.
#pragma once

#include "ops/op_ids.h"
#include "ops/rules/operand.h"

namespace segue {

struct UfuncLoop {
  DType in[2];
  DType out[2];
};

/// The loop for the inputs' categories; null when NumPy raises TypeError.
const UfuncLoop* findLoop(DTypeRuleId family, absl::Span<const Category> inputs);
/// The loop whose (first) output is of that dtype, for dtype=; null when there is none or more than one.
const UfuncLoop* findLoopByOutput(DTypeRuleId family, DType out);

/// The operator's dtypes as NumPy answers without running it, which it does for all that no table here lists.
Result<UfuncLoop> resolvedLoop(const OpDef& op, absl::Span<const Operand> inputs, size_t outputs, std::string_view casting = "same_kind");

/// The operator that a ufunc object is, or null.
const OpDef* ufuncOp(const Arg& arg);

}  // namespace segue
