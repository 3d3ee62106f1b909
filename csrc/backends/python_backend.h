// Backends written in Python: (Graph, example_inputs) -> callable.
#pragma once

#include "backends/backend.h"

namespace segue {

class PythonBackend : public Backend {
 public:
  explicit PythonBackend(BorrowedRef callable) : callable_(Ref::borrow(callable)) {}
  /// Calls the Python backend. What it raises becomes the error's text ("ValueError: …").
  Result<Plan> compile(const BackendInput& input) override;

 private:
  Ref callable_;
};

}  // namespace segue
