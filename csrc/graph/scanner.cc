#include "base/python.h"

#include "graph/scanner.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "ops/dims.h"

namespace segue {
namespace {

bool isWordChar(char c) { return absl::ascii_isalnum(c) || c == '_'; }

}  // namespace

void Scanner::skipSpace(bool lines) {
  while (!atEnd()) {
    char c = peek();
    if (c == '#') {
      while (!atEnd() && peek() != '\n') at_++;
    } else if (c == ' ' || c == '\t' || c == '\r' || (lines && c == '\n')) {
      at_++;
    } else {
      return;
    }
  }
}

bool Scanner::accept(std::string_view token) {
  if (!rest().starts_with(token)) return false;
  at_ += token.size();
  return true;
}

std::string_view Scanner::peekWord() const {
  size_t end = at_;
  if (absl::ascii_isdigit(peek())) return {};
  while (end < text_.size() &&
         (isWordChar(text_[end]) || (text_[end] == '.' && end > at_ && end + 1 < text_.size() && isWordChar(text_[end + 1])))) {
    end++;
  }
  return text_.substr(at_, end - at_);
}

std::string_view Scanner::word() {
  std::string_view out = peekWord();
  at_ += out.size();
  return out;
}

size_t Scanner::closing(size_t at) const {
  int depth = 0;
  for (; at < text_.size(); at++) {
    if (text_[at] == '(' || text_[at] == '[') depth++;
    if (text_[at] == ')' || text_[at] == ']') depth--;
    if (depth == 0) return at + 1;
  }
  return std::string_view::npos;
}

size_t Scanner::operatorEnd(size_t at) const {
  std::string_view text = text_.substr(std::min(at, text_.size()));
  for (std::string_view op : {"*", " + ", " - ", " // ", " % "}) {
    if (text.starts_with(op)) return at + op.size();
  }
  return std::string_view::npos;
}

size_t Scanner::operandEnd(size_t at, bool alone) const {
  constexpr size_t kNone = std::string_view::npos;
  if (at < text_.size() && text_[at] == '-') at++;
  if (at >= text_.size()) return kNone;
  if (text_[at] == '(') {
    size_t end = closing(at);
    bool in_expression = !alone || (end != kNone && operatorEnd(end) != kNone);
    return in_expression ? end : kNone;
  }
  size_t end = at;
  while (end < text_.size() && isWordChar(text_[end])) end++;
  std::string_view word = text_.substr(at, end - at);
  if (isSizeName(word)) return end;
  if (!word.empty() && absl::ascii_isdigit(word[0])) {
    bool all_digits = std::all_of(word.begin(), word.end(), absl::ascii_isdigit);
    // A digit string with a '.' or an exponent is a float.
    bool is_float = end < text_.size() && text_[end] == '.';
    return all_digits && !is_float ? end : kNone;
  }
  if ((word == "min" || word == "max") && end < text_.size() && text_[end] == '(') return closing(end);
  return kNone;
}

size_t Scanner::sizeLength() const {
  bool alone = peek() != '-';  // "-(…)" cannot be a tuple
  size_t end = operandEnd(at_, alone);
  if (end == std::string_view::npos) return 0;
  while (true) {
    size_t behind = operatorEnd(end);
    if (behind == std::string_view::npos) return end - at_;
    size_t next = operandEnd(behind, false);
    if (next == std::string_view::npos) return end - at_;
    end = next;
  }
}

std::string_view Scanner::until(std::string_view stops) {
  size_t start = at_;
  int depth = 0;
  for (; !atEnd(); at_++) {
    char c = peek();
    if (depth == 0 && stops.find(c) != std::string_view::npos) break;
    if (c == '(' || c == '[') depth++;
    if (c == ')' || c == ']') depth--;
  }
  std::string_view out = text_.substr(start, at_ - start);
  while (!out.empty() && absl::ascii_isspace(out.front())) out.remove_prefix(1);
  while (!out.empty() && absl::ascii_isspace(out.back())) out.remove_suffix(1);
  return out;
}

long Scanner::line() const {
  return 1 + std::count(text_.begin(), text_.begin() + std::min(at_, text_.size()), '\n');
}

}  // namespace segue
