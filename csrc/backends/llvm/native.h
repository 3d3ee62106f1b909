// The native backend: element-wise nodes run as fused kernels, all others as calls of NumPy.
#pragma once

#include "backends/backend.h"

namespace segue {

class NativeBackend : public Backend {
 public:
  Result<Plan> compile(const BackendInput& input) override;
};

}  // namespace segue
