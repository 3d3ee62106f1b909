// The reference backend: every node is a call of NumPy, in program order.
#pragma once

#include "backends/lowering.h"

namespace segue {

class ReferenceBackend : public Backend {
 public:
  Result<Plan> compile(const BackendInput& input) override { return lowerToPlan(input, programOrder(*input.graph)); }
};

}  // namespace segue
