// How the reference backend performs an operator: the step, and the object that a call step calls.
#pragma once

#include <optional>

#include "graph/graph.h"
#include "program/plan.h"

namespace segue {

struct Performer {
  StepKind kind = StepKind::kCall;
  Operator op = Operator::kAdd;     ///< kBinary, kUnary
  int compare = 0;                  ///< kCompare
  Ref object = nullptr;             ///< kCall: the callable; kGetAttr: the name
};

/// By the operator's first name in ops.yaml. The error names what this NumPy does not have.
Result<Performer> performerOf(const Node& node);

}  // namespace segue
