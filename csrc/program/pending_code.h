// Faster code for a plan, on its way.
//
// Model. A backend may answer with a plan that serves until kernels have been compiled in the background. Such a plan holds the PendingCode of
// its kernels, and the driver asks to be told: the plan's entry is then dropped, and the next call compiles anew, with kernels at hand.
// Everything happens under the GIL.
#pragma once

#include <functional>
#include <utility>

namespace segue {

class PendingCode {
 public:
  bool ready() const { return ready_; }
  /// Calls `listener` once, when the code has come; null: nobody listens any more.
  void listen(std::function<void()> listener) { listener_ = std::move(listener); }
  /// All of it has been compiled, or cannot be.
  void finish() {
    ready_ = true;
    if (auto listener = std::exchange(listener_, nullptr)) listener();
  }

 private:
  bool ready_ = false;
  std::function<void()> listener_;
};

}  // namespace segue
