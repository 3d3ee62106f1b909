// How the reference backend performs an operator: the step, and the object that a call step calls.
#pragma once

#include "ops/op.h"
#include "program/plan.h"

namespace segue {

struct Performer {
  StepKind kind = StepKind::kCall;
  Ref object = nullptr;             ///< kCall: the callable; kGetAttr: the name
};

/// By the operator's first name in ops.yaml. The error names what this NumPy does not have.
Result<Performer> performerOf(const OpDef& op);

}  // namespace segue
