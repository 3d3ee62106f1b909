// Writes LLVM IR: registers with fresh names, types, constants, intrinsics.
//
// A value is the text that stands for it: a register's name or a literal. Vectors have the lanes a caller says; one lane is a scalar.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "ops/dtype.h"

namespace segue::llvm {

/// `<8 x double>`; the element itself for one lane.
std::string vectorOf(std::string_view element, int lanes);
/// An element in a register: booleans are single bits there, and a float16's bits are an integer.
std::string registerType(DType dtype);
/// An element in memory.
std::string memoryType(DType dtype);
inline std::string typeOf(DType dtype, int lanes) { return vectorOf(registerType(dtype), lanes); }
/// The integer type of the dtype's size.
std::string bitsType(DType dtype);

/// A constant of the dtype from its bits, lowest byte first.
std::string literal(DType dtype, uint64_t bits);
/// A constant of all lanes.
std::string repeated(std::string_view element, std::string_view value, int lanes);

class IrBuilder {
 public:
  template <class... Parts>
  void line(const Parts&... parts) {
    absl::StrAppend(&text_, parts..., "\n");
  }
  void label(std::string_view name) { line(name, ":"); }
  /// A line that defines a register, whose name it returns.
  template <class... Parts>
  std::string define(const Parts&... parts) {
    std::string name = absl::StrCat("%t", next_++);
    line(name, " = ", parts...);
    return name;
  }
  /// Where the next line goes, and lines that go there once what they name is known: phis.
  size_t here() const { return text_.size(); }
  void insert(size_t at, std::string_view lines) { text_.insert(at, lines); }
  /// Something that stands behind the functions, once.
  void declare(std::string declaration) { declarations_.insert(std::move(declaration)); }

  /// A call of `@llvm.NAME` on floats, all of the result's type.
  std::string intrinsic(std::string_view name, DType dtype, int lanes, absl::Span<const std::string> args);
  /// fadd, fsub, fmul, fdiv or sqrt that no pass drops, or replaces by another operator, however it treats NaNs.
  std::string constrained(std::string_view name, DType dtype, int lanes, absl::Span<const std::string> args);
  /// The same of fptrunc and fptosi.
  std::string constrainedCast(std::string_view name, DType from, DType to, int lanes, std::string_view value);
  /// Compares floats without setting a status for quiet NaNs, which the processor's usual instructions do, but for equality.
  std::string compareQuietly(std::string_view predicate, DType dtype, int lanes, absl::Span<const std::string> args) {
    return compare("fcmp", predicate, dtype, lanes, args);
  }
  /// The same, where all NaNs set the status.
  std::string compareSignaling(std::string_view predicate, DType dtype, int lanes, absl::Span<const std::string> args) {
    return compare("fcmps", predicate, dtype, lanes, args);
  }
  /// One bit: whether the condition holds for any lane.
  std::string anyLane(int lanes, const std::string& condition);
  /// All lanes hold the scalar.
  std::string broadcast(std::string_view element, int lanes, std::string_view scalar);

  /// All that was written, declarations last.
  std::string finish();

 private:
  std::string compare(std::string_view how, std::string_view predicate, DType dtype, int lanes, absl::Span<const std::string> args);

  std::string text_;
  std::set<std::string> declarations_;
  int next_ = 0;
};

}  // namespace segue::llvm
