// The characters of a graph's text, for the parser: position, white space, words, and the extents of sizes and types,
// which ops/ parses itself.
#pragma once

#include <string>
#include <string_view>

#include "base/traced.h"

namespace segue {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::string_view rest() const { return text_.substr(at_); }
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool atEnd() const { return at_ >= text_.size(); }
  void advance(size_t count) { at_ += count; }

  /// Blanks and comments; line ends too if `lines`.
  void skipSpace(bool lines);
  /// Consumes exactly this text if it comes next.
  bool accept(std::string_view token);
  /// The identifier that comes next (letters, digits, '_', and '.' within), without consuming it; may be empty.
  std::string_view peekWord() const;
  std::string_view word();
  /// Length of the size expression that comes next, 0 if none does. A parenthesised group counts only where an operator
  /// follows it: otherwise it is a tuple.
  size_t sizeLength() const;
  /// Text up to the first of `stops` outside brackets (or the end); consumed.
  std::string_view until(std::string_view stops);
  /// "line 3: …", the parts joined, for an error here.
  template <class... Parts>
  Error error(const Parts&... parts) const {
    std::string message = "line " + std::to_string(line()) + ": ";
    ((message += parts), ...);
    return Error{std::move(message)};
  }

 private:
  long line() const;
  size_t operandEnd(size_t at, bool alone) const;
  size_t operatorEnd(size_t at) const;
  /// Behind the bracket that closes the one at `at`; npos if none does.
  size_t closing(size_t at) const;

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace segue
