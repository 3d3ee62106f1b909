// The floating-point status and control of a thread, as far as kernels have to do with them.
#pragma once

#include <cfenv>

#include "base/python.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace segue {

inline constexpr int kConditions = FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID;

#if defined(__SSE2__)
// The x87 unit's status, which <cfenv> reads and clears as well, costs more than a short run; kernels do not use it. The bits are the same.
inline void clearStatus() {
  if (const unsigned status = _mm_getcsr(); status & kConditions) _mm_setcsr(status & ~static_cast<unsigned>(kConditions));
}
inline int testStatus() { return static_cast<int>(_mm_getcsr()) & kConditions; }
inline void addStatus(int conditions) {
  if (conditions != 0) _mm_setcsr(_mm_getcsr() | static_cast<unsigned>(conditions));
}

/// Rounding and the treatment of denormal numbers.
class FloatingControl {
 public:
  static FloatingControl current() { return FloatingControl(_mm_getcsr() & ~static_cast<unsigned>(_MM_EXCEPT_MASK)); }
  /// Takes effect with a clear status.
  void apply() const { _mm_setcsr(csr_); }

 private:
  explicit FloatingControl(unsigned csr) : csr_(csr) {}
  unsigned csr_;
};
#else
inline void clearStatus() { std::feclearexcept(kConditions); }
inline int testStatus() { return std::fetestexcept(kConditions); }
inline void addStatus(int conditions) {
  if (conditions != 0) std::feraiseexcept(conditions);
}

class FloatingControl {
 public:
  static FloatingControl current() {
    FloatingControl out;
    std::fegetenv(&out.environment_);
    return out;
  }
  void apply() const {
    std::fesetenv(&environment_);
    std::feclearexcept(FE_ALL_EXCEPT);
  }

 private:
  std::fenv_t environment_;
};
#endif

/// The conditions set, as NumPy numbers them.
inline int readStatus() {
  const int status = testStatus();
  return (status & FE_DIVBYZERO ? NPY_FPE_DIVIDEBYZERO : 0) | (status & FE_OVERFLOW ? NPY_FPE_OVERFLOW : 0) |
         (status & FE_UNDERFLOW ? NPY_FPE_UNDERFLOW : 0) | (status & FE_INVALID ? NPY_FPE_INVALID : 0);
}

}  // namespace segue
