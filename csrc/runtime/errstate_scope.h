// Floating-point reporting inside a plan.
//
// Model. NumPy keeps the error state in a context variable. A plan that may report conditions runs inside a context of
// our own, in which every condition that the user's state would not ignore is "raise" and the others are "ignore": a
// condition arrives as FloatingPointError, the run is dropped, and CPython runs the code again under the user's own state,
// so that the warning or error is NumPy's. This covers NumPy functions of any inner structure. A state that ignores
// everything stays in force as it is. Entering and leaving are some fifteen writes (hook/context.h), about 10 ns.
//
// Requirements
//  1. Contexts are pooled; one is entered by one thread at a time. The GIL is held at both ends.
//  2. Nothing is left changed: the user's context is in force again behind the scope. Inside, the user's buffer size and
//     the source of arrays' memory (NEP 49) stay what they are.
#pragma once

#include "hook/context.h"

namespace segue {

struct PooledContext;

class ErrStateScope {
 public:
  /// `enters`: for NumPy's functions. `reads`: for those that check the status themselves. Check ok().
  ErrStateScope(bool enters, bool reads) {
    if (enters) {
      enter();
    } else if (reads) {
      read();
    }
  }
  ~ErrStateScope() {
    if (inner_ != nullptr) leave();
  }
  ErrStateScope(const ErrStateScope&) = delete;

  /// False: the state cannot be overridden now, the plan must not run. No exception is set.
  bool ok() const { return ok_; }
  /// The conditions that the user's state does not ignore, one bit each (NPY_FPE_DIVIDEBYZERO …).
  int reported() const { return reported_; }
  /// Those that it does more about than warn: it raises, calls, prints or logs.
  int beyondWarnings() const { return beyond_warnings_; }

 private:
  void enter();
  void read();
  /// Makes sure that the state seen last is what is in force. False when it cannot be read.
  bool look();
  /// When the state is another than last time, reports nothing, or is in use on another thread.
  [[gnu::noinline]] void enterSlowly();
  void leave();

  PooledContext* inner_ = nullptr;   ///< in force, while entered
  PyThreadState* thread_;
  SegueOuterContext outer_;
  int reported_ = 0, beyond_warnings_ = 0;
  bool ok_ = true;
};

}  // namespace segue
