// SEGUE_CHECK: invariants whose failure is a bug in Segue (DESIGN: the third kind of failure).
//
// In production a failed check throws BugError, which the driver alone catches: the frame runs eagerly and one
// warning says how to report it. In strict mode (SEGUE_STRICT=1, all tests) it aborts with the same message.
#pragma once

#include <stdexcept>
#include <string>

namespace segue {

class BugError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Strict mode turns BugError into abort() and turns on the graph verifier after every pass.
bool strictMode();
void setStrictMode(bool strict);

[[noreturn]] void failCheck(const char* file, int line, const char* condition, const std::string& message);

#define SEGUE_CHECK(condition, ...)                                                      \
  do {                                                                                   \
    if (!(condition)) [[unlikely]]                                                       \
      ::segue::failCheck(__FILE__, __LINE__, #condition, std::string{__VA_ARGS__});      \
  } while (0)

#define SEGUE_UNREACHABLE(message) ::segue::failCheck(__FILE__, __LINE__, "unreachable", message)

}  // namespace segue
