// Two result types that cannot be confused (both [[nodiscard]]).
//
// `Result<T>` must succeed or says in words why not: parsers, type rules, file readers. The error is text.
// `Traced<T>` may decline: a step of the tracer that could not be captured (a *break*, with its reason) or that makes
// the traced program raise (the exception itself lives in the tracer's exception state, as in CPython).
//
// SEGUE_TRY(declaration, expression) unwraps either and returns early on failure; the function it stands in must
// return the same family. SEGUE_TRY_VOID(expression) is the form without a value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/check.h"

namespace segue {

struct Error {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                  // NOLINT
  Result(Error error) : error_(std::move(error.message)) {}      // NOLINT
  bool ok() const { return value_.has_value(); }
  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  const std::string& error() const { return error_; }
  Error failure() const { return Error{error_}; }

 private:
  T& checked() {
    SEGUE_CHECK(value_.has_value(), error_);
    return *value_;
  }
  std::optional<T> value_;
  std::string error_;  ///< why there is no value; empty on success
};

struct Unit {};

template <>
class [[nodiscard]] Result<void> : public Result<Unit> {
 public:
  Result() : Result<Unit>(Unit{}) {}
  Result(Error error) : Result<Unit>(std::move(error)) {}  // NOLINT
};

#define SEGUE_REQUIRE(condition, ...)                                        \
  do {                                                                       \
    if (!(condition)) return ::segue::Error{absl::StrFormat(__VA_ARGS__)};   \
  } while (0)

/// Why a step declined. `reason` indexes trace/breaks.def; `detail` is the words of this very case.
struct Break {
  uint16_t reason = 0;
  std::string detail;
};

/// The traced program raises: the exception is in the tracer's exception state.
struct Raised {};

template <class T>
class [[nodiscard]] Traced {
 public:
  Traced(T value) : value_(std::move(value)) {}                                         // NOLINT
  Traced(Break stop) : break_(std::make_unique<Break>(std::move(stop))) {}              // NOLINT
  Traced(std::unique_ptr<Break> stop) : break_(std::move(stop)) {}                      // NOLINT
  Traced(Raised) {}                                                                     // NOLINT
  bool ok() const { return value_.has_value(); }
  bool broke() const { return break_ != nullptr; }
  bool raised() const { return !ok() && !broke(); }
  T& value() & { return checked(); }
  T&& value() && { return std::move(checked()); }
  const Break& stop() const {
    SEGUE_CHECK(break_ != nullptr);
    return *break_;
  }
  /// Moves the failure out, for propagation into a Traced of another type.
  struct Propagate {
    std::unique_ptr<Break> stop;
    template <class U>
    operator Traced<U>() && {
      if (stop) return Traced<U>(std::move(stop));
      return Traced<U>(Raised{});
    }
  };
  Propagate failure() && { return Propagate{std::move(break_)}; }

 private:
  T& checked() {
    SEGUE_CHECK(value_.has_value(), "value of a failed step");
    return *value_;
  }
  std::optional<T> value_;
  std::unique_ptr<Break> break_;  ///< set exactly when the step broke
};

template <>
class [[nodiscard]] Traced<void> : public Traced<Unit> {
 public:
  Traced() : Traced<Unit>(Unit{}) {}
  using Traced<Unit>::Traced;
};

#define SEGUE_CONCAT_INNER(a, b) a##b
#define SEGUE_CONCAT(a, b) SEGUE_CONCAT_INNER(a, b)
#define SEGUE_TRY_IMPL(tmp, declaration, ...)          \
  auto tmp = (__VA_ARGS__);                            \
  if (!tmp.ok()) [[unlikely]]                          \
    return std::move(tmp).failure();                   \
  declaration = std::move(tmp).value()
#define SEGUE_TRY(declaration, ...) SEGUE_TRY_IMPL(SEGUE_CONCAT(segue_try_, __LINE__), declaration, __VA_ARGS__)
#define SEGUE_TRY_VOID(...)                            \
  do {                                                 \
    auto segue_try = (__VA_ARGS__);                    \
    if (!segue_try.ok()) [[unlikely]]                  \
      return std::move(segue_try).failure();           \
  } while (0)

}  // namespace segue
