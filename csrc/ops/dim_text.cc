// Symbolic integers as text. The grammar is Python's for + - * // % and parentheses, with min(a, b) and max(a, b).
#include "base/python.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "ops/dims.h"

namespace segue {
namespace {

constexpr int kSum = 1;
constexpr int kProduct = 2;
constexpr int kAtom = 3;
constexpr uint32_t kMostDataSizes = 1 << 16;   // that a text may name

std::string parenthesize(std::string text, bool needed) { return needed ? "(" + text + ")" : text; }

/// Of "d0", "d1" …
std::optional<uint32_t> dataSizeNumber(std::string_view word) {
  uint32_t number = 0;
  if (word.size() < 2 || word[0] != 'd') return std::nullopt;
  auto [end, code] = std::from_chars(word.data() + 1, word.data() + word.size(), number);
  if (code != std::errc() || end != word.data() + word.size() || number >= kMostDataSizes) return std::nullopt;
  return number;
}

/// Recursive descent over one expression.
class DimParser {
 public:
  DimParser(std::string_view text, DimTable& dims, int64_t lower_bound)
      : text_(text), dims_(dims), lower_bound_(lower_bound) {}

  Result<Dim> parse() {
    SEGUE_TRY(Dim out, sum());
    skipSpace();
    SEGUE_REQUIRE(at_ == text_.size(), "unexpected '%s' in size '%s'", std::string(text_.substr(at_)), std::string(text_));
    return out;
  }

 private:
  void skipSpace() {
    while (at_ < text_.size() && text_[at_] == ' ') at_++;
  }
  bool accept(std::string_view token) {
    skipSpace();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  Result<Dim> sum() {
    SEGUE_TRY(Dim out, product());
    while (true) {
      if (accept("+")) {
        SEGUE_TRY(Dim rhs, product());
        SEGUE_TRY(out, dims_.add(out, rhs));
      } else if (accept("-")) {
        SEGUE_TRY(Dim rhs, product());
        SEGUE_TRY(out, dims_.sub(out, rhs));
      } else {
        return out;
      }
    }
  }

  Result<Dim> product() {
    SEGUE_TRY(Dim out, atom());
    while (true) {
      if (accept("*")) {
        SEGUE_TRY(Dim rhs, atom());
        SEGUE_TRY(out, dims_.mul(out, rhs));
      } else if (accept("//")) {
        SEGUE_TRY(Dim rhs, atom());
        SEGUE_TRY(out, dims_.floorDiv(out, rhs));
      } else if (accept("%")) {
        SEGUE_TRY(Dim rhs, atom());
        SEGUE_TRY(out, dims_.mod(out, rhs));
      } else {
        return out;
      }
    }
  }

  Result<Dim> atom() {
    if (accept("(")) {
      SEGUE_TRY(Dim out, sum());
      SEGUE_REQUIRE(accept(")"), "missing ')' in size '%s'", std::string(text_));
      return out;
    }
    skipSpace();
    size_t start = at_;
    if (at_ < text_.size() && (absl::ascii_isdigit(text_[at_]) || text_[at_] == '-')) return number(start);
    while (at_ < text_.size() && (absl::ascii_isalnum(text_[at_]) || text_[at_] == '_')) at_++;
    std::string_view word = text_.substr(start, at_ - start);
    SEGUE_REQUIRE(!word.empty(), "expected a size in '%s'", std::string(text_));
    if (word == "min" || word == "max") return minMax(word == "min");
    if (std::optional<uint32_t> number = dataSizeNumber(word)) return dims_.dataSizeNumbered(*number);
    return dims_.symbolNamed(word, lower_bound_);
  }

  Result<Dim> number(size_t start) {
    if (text_[at_] == '-') {
      at_++;
      skipSpace();
      if (at_ < text_.size() && !absl::ascii_isdigit(text_[at_])) {
        SEGUE_TRY(Dim operand, atom());
        return dims_.mul(dims_.constant(-1), operand);
      }
    }
    while (at_ < text_.size() && absl::ascii_isdigit(text_[at_])) at_++;
    int64_t value = 0;
    auto [end, code] = std::from_chars(text_.data() + start, text_.data() + at_, value);
    SEGUE_REQUIRE(code == std::errc() && end == text_.data() + at_, "number out of range in size '%s'",
                  std::string(text_));
    return dims_.constant(value);
  }

  Result<Dim> minMax(bool is_min) {
    SEGUE_REQUIRE(accept("("), "expected '(' in size '%s'", std::string(text_));
    SEGUE_TRY(Dim a, sum());
    SEGUE_REQUIRE(accept(","), "expected ',' in size '%s'", std::string(text_));
    SEGUE_TRY(Dim b, sum());
    SEGUE_REQUIRE(accept(")"), "missing ')' in size '%s'", std::string(text_));
    return is_min ? dims_.min(a, b) : dims_.max(a, b);
  }

  std::string_view text_;
  DimTable& dims_;
  int64_t lower_bound_;
  size_t at_ = 0;
};

}  // namespace

bool isSizeName(std::string_view word) {
  const bool initial = word.size() > 1 && (word[0] == 's' || word[0] == 'd');
  return initial && std::all_of(word.begin() + 1, word.end(), absl::ascii_isdigit);
}

std::string DimTable::print(Dim d) const { return printAt(d, kSum); }

std::string DimTable::printAt(Dim d, int precedence) const {
  const DimExpr& e = expr(d);
  switch (e.op) {
    case DimOp::kConstant: return parenthesize(std::to_string(e.value), e.value < 0 && precedence > kSum);
    case DimOp::kSymbol: return symbols_[e.value].name;
    case DimOp::kDataSize: return "d" + std::to_string(e.value);
    case DimOp::kMin: return "min(" + print(e.lhs) + ", " + print(e.rhs) + ")";
    case DimOp::kMax: return "max(" + print(e.lhs) + ", " + print(e.rhs) + ")";
    case DimOp::kFloorDiv:
      return parenthesize(printAt(e.lhs, kAtom) + " // " + printAt(e.rhs, kAtom), precedence > kProduct);
    case DimOp::kMod:
      return parenthesize(printAt(e.lhs, kAtom) + " % " + printAt(e.rhs, kAtom), precedence > kProduct);
    case DimOp::kMul:
      if (isConstant(e.lhs) && expr(e.lhs).value == -1) {
        return parenthesize("-" + printAt(e.rhs, kAtom), precedence > kSum);
      }
      if (isConstant(e.lhs) && expr(e.lhs).value < 0) {
        return parenthesize(std::to_string(expr(e.lhs).value) + "*" + printAt(e.rhs, kProduct), precedence > kSum);
      }
      return parenthesize(printAt(e.lhs, kProduct) + "*" + printAt(e.rhs, kAtom), precedence > kProduct);
    case DimOp::kAdd: break;
  }
  std::string left = printAt(e.lhs, kSum);
  const DimExpr& rhs = expr(e.rhs);
  bool negative_constant = rhs.op == DimOp::kConstant && rhs.value < 0 && rhs.value != INT64_MIN;
  bool negative_product = rhs.op == DimOp::kMul && isConstant(rhs.lhs) && expr(rhs.lhs).value < 0 &&
                          expr(rhs.lhs).value != INT64_MIN;
  std::string text;
  if (negative_constant) {
    text = left + " - " + std::to_string(-rhs.value);
  } else if (negative_product) {
    int64_t factor = -expr(rhs.lhs).value;
    text = left + " - " + (factor == 1 ? "" : std::to_string(factor) + "*") +
           printAt(rhs.rhs, kProduct);
  } else {
    text = left + " + " + printAt(e.rhs, kSum);
  }
  return parenthesize(std::move(text), precedence > kSum);
}

std::string DimTable::print(const DimRelation& relation) const {
  const char* symbol = "==";
  switch (relation.kind) {
    case DimRelationKind::kEq: break;
    case DimRelationKind::kNe: symbol = "!="; break;
    case DimRelationKind::kLt: symbol = "<"; break;
    case DimRelationKind::kLe: symbol = "<="; break;
  }
  return print(relation.lhs) + " " + symbol + " " + print(relation.rhs);
}

Result<Dim> DimTable::parse(std::string_view text, int64_t lower_bound) {
  return DimParser(text, *this, lower_bound).parse();
}

}  // namespace segue
