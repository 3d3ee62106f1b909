// Floating-point reporting inside a plan.
//
// Model. NumPy keeps the error state in a context variable. A plan that may report conditions runs inside a context of
// our own, in which every condition that the user's state would not ignore is "raise" and the others are "ignore": a
// condition arrives as FloatingPointError, the run is dropped, and CPython runs the code again under the user's own state,
// so that the warning or error is NumPy's. This covers NumPy functions of any inner structure. Entering and leaving are
// two pointer writes each: 20-40 ns on a ufunc call of 150 ns.
//
// Requirements
//  1. Contexts are pooled; one is entered by one thread at a time. The GIL is held at both ends.
//  2. Nothing is left changed: the user's context, with the user's buffer size, is in force again behind the scope.
#pragma once

#include "base/ref.h"

namespace segue {

class ErrStateScope {
 public:
  /// Enters when `needed`; check entered().
  explicit ErrStateScope(bool needed);
  ~ErrStateScope();
  ErrStateScope(const ErrStateScope&) = delete;

  /// False: the state cannot be overridden now, the plan must not run. No exception is set.
  bool ok() const { return ok_; }

 private:
  bool enter();

  PyObject* context_ = nullptr;  ///< owned while entered
  int pool_ = -1;                ///< where it goes back to, or -1
  bool ok_ = true;
};

}  // namespace segue
