// Writing math functions: values of all lanes with C++'s operators on top of IrBuilder.
//
// Model. A VectorCode is one function in the making. Real, Bits and Mask are registers of it (or constants of all lanes): floats, the
// unsigned integers of a float's size, and conditions; operators on them write instructions. All values have the function's lanes, so that the
// same C++ text makes the function for every width. Bits move freely between a float and its integer.
//
// Requirements
//  1. An element's result depends on that element alone: neither on its neighbours nor on its place.
//  2. Nothing here but arithmetic on Reals sets the floating-point status: comparisons are of integers, or quiet.
//  3. No operation depends on the processor having it: what SSE2 has not is made of what it has (rounding, shifts of signs).
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "backends/llvm/ir_builder.h"
#include "backends/llvm/math/polynomial.h"

namespace segue::llvm {

class VectorCode;

struct Real {
  VectorCode* code;
  DType dtype;         ///< f32 or f64
  std::string text;
};
struct Bits {
  VectorCode* code;
  DType dtype;         ///< of the floats with so many bits
  std::string text;
};
struct Mask {
  VectorCode* code;
  std::string text;
};

Real operator+(const Real& a, const Real& b);
Real operator-(const Real& a, const Real& b);
Real operator*(const Real& a, const Real& b);
Real operator/(const Real& a, const Real& b);
Real operator-(const Real& a);
Real operator+(const Real& a, double b);
Real operator-(const Real& a, double b);
Real operator*(const Real& a, double b);
Real operator+(double a, const Real& b);
Real operator-(double a, const Real& b);
Real operator*(double a, const Real& b);
Real operator/(double a, const Real& b);
Real operator/(const Real& a, double b);

Bits operator+(const Bits& a, const Bits& b);
Bits operator-(const Bits& a, const Bits& b);
Bits operator&(const Bits& a, const Bits& b);
Bits operator|(const Bits& a, const Bits& b);
Bits operator^(const Bits& a, const Bits& b);
Bits operator+(const Bits& a, uint64_t b);
Bits operator-(const Bits& a, uint64_t b);
Bits operator&(const Bits& a, uint64_t b);
Bits operator|(const Bits& a, uint64_t b);
Bits operator<<(const Bits& a, int count);
Bits operator>>(const Bits& a, int count);   ///< zeros come in

/// Of unsigned integers.
Mask operator<(const Bits& a, const Bits& b);
Mask operator<(const Bits& a, uint64_t b);
Mask operator>(const Bits& a, uint64_t b);
Mask operator>=(const Bits& a, uint64_t b);
Mask operator==(const Bits& a, uint64_t b);
Mask operator==(const Bits& a, const Bits& b);
Mask operator&(const Mask& a, const Mask& b);
Mask operator|(const Mask& a, const Mask& b);
Mask operator!(const Mask& a);

Bits bitsOf(const Real& x);
Real realOf(const Bits& x);
Real sqrt(const Real& x);
/// a * b + c: rounded once on processors that can, else twice.
Real mulAdd(const Real& a, const Real& b, const Real& c);
Real mulAdd(const Real& a, double b, const Real& c);
Real mulAdd(const Real& a, const Real& b, double c);
Real mulAdd(const Real& a, double b, double c);
Real select(const Mask& mask, const Real& yes, const Real& no);
Real select(const Mask& mask, const Real& yes, double no);
Real select(const Mask& mask, double yes, const Real& no);
Real select(const Mask& mask, double yes, double no, DType dtype);
Bits select(const Mask& mask, const Bits& yes, const Bits& no);
Real widen(const Real& x);     ///< to f64
Real narrow(const Real& x);    ///< to f32; sets what rounding sets
Real polynomial(const Real& x, const Polynomial& coefficients);

/// The bits of a constant in a dtype.
uint64_t bitsOf(DType dtype, double value);

class VectorCode {
 public:
  /// A function of `arguments` Reals of the dtype that gives one. `fused`: the processor multiplies and adds in one rounding.
  VectorCode(DType dtype, int lanes, bool fused, int arguments);

  const std::vector<Real>& arguments() const { return arguments_; }
  DType dtype() const { return dtype_; }
  int lanes() const { return lanes_; }
  bool fused() const { return fused_; }
  Real constant(DType dtype, double value);
  Bits bits(DType dtype, uint64_t value);

  /// `value`, but where `special` is set for some lanes, what `otherwise` writes for them; it runs for all lanes then.
  Real patch(const Mask& special, const Real& value, const std::function<Real()>& otherwise);
  /// The C library's function of that name and Real's dtype, called for the lanes of the mask; others keep `value`'s.
  Real library(std::string_view name, const Mask& mask, absl::Span<const Real> args, const Real& value);

  /// Ends the function. The text of its definition and of the declarations behind it.
  std::string finish(std::string_view name, const Real& result);

  IrBuilder& out() { return out_; }

 private:
  Mask any(const Mask& mask);

  DType dtype_;
  int lanes_;
  bool fused_;
  std::vector<Real> arguments_;
  std::string block_ = "entry";     ///< the label of the block that is written
  int blocks_ = 0;
  std::string slots_;               ///< of the function's memory, in front of its code
  int slot_count_ = 0;
  IrBuilder out_;
};

}  // namespace segue::llvm
