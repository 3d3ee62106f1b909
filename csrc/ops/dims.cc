// Canonical forms: polynomials over atoms, and their interned trees. Decisions are in dim_decisions.cc, text in
// dim_text.cc.
#include "base/python.h"

#include "ops/dims.h"

#include <algorithm>

namespace segue {
namespace {

int64_t floorDivide(int64_t a, int64_t b) {
  int64_t q = a / b;
  return (a % b != 0 && (a % b < 0) != (b < 0)) ? q - 1 : q;
}

/// Shorter names first, so that s2 comes before s10.
bool nameLess(std::string_view a, std::string_view b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

constexpr size_t kMaxTerms = 64;

}  // namespace

DimTable::DimTable() {
  // Small constants get the ids 0 … 7: most shapes of tests and most axes hit them without hashing.
  for (int64_t value = 0; value < 8; value++) (void)constant(value);
}

Dim DimTable::constant(int64_t value) {
  auto [it, inserted] = by_key_.try_emplace(Key{DimOp::kConstant, value, 0, 0}, static_cast<uint32_t>(exprs_.size()));
  if (inserted) exprs_.push_back(DimExpr{DimOp::kConstant, value, {}, {}, value});
  return Dim{it->second};
}

Dim DimTable::internNamed(std::string name, int64_t hint, int64_t lower_bound) {
  Dim d{static_cast<uint32_t>(exprs_.size())};
  exprs_.push_back(DimExpr{DimOp::kSymbol, static_cast<int64_t>(symbols_.size()), {}, {}, hint});
  by_name_.emplace(name, d.id);
  symbols_.push_back(DimSymbol{std::move(name), hint, lower_bound});
  return d;
}

Dim DimTable::symbol(int64_t hint, int64_t lower_bound) {
  size_t number = symbols_.size();
  std::string name = "s" + std::to_string(number);
  while (by_name_.contains(name)) name = "s" + std::to_string(++number);
  return internNamed(std::move(name), hint, lower_bound);
}

Dim DimTable::dataSize(std::optional<Dim> most) {
  Dim d{static_cast<uint32_t>(exprs_.size())};
  // 1 is no good guess where there may be more: it broadcasts.
  const int64_t bound = most ? hint(*most) : kDataSizeHint;
  const int64_t guess = most && bound > 2 ? std::max<int64_t>(2, bound / 2) : bound;
  exprs_.push_back(DimExpr{DimOp::kDataSize, static_cast<int64_t>(data_sizes_.size()), {}, {}, guess, true});
  data_sizes_.push_back(d);
  if (most) {
    if (std::optional<Linear> difference = linearDifference(d, *most)) conclude(DimRelationKind::kLe, *difference);
  }
  return d;
}

Dim DimTable::dataSizeNumbered(uint32_t number) {
  while (data_sizes_.size() <= number) (void)dataSize();
  return data_sizes_[number];
}

Dim DimTable::symbolNamed(std::string_view name, int64_t lower_bound) {
  if (auto it = by_name_.find(std::string(name)); it != by_name_.end()) return Dim{it->second};
  return internNamed(std::string(name), 7, lower_bound);
}

int64_t DimTable::constantValue(Dim d) const {
  SEGUE_CHECK(isConstant(d), print(d));
  return expr(d).value;
}

Result<int64_t> DimTable::evaluate(DimOp op, Dim lhs, Dim rhs) const {
  int64_t a = hint(lhs), b = hint(rhs), out = 0;
  bool overflow = false;
  switch (op) {
    case DimOp::kAdd: overflow = __builtin_add_overflow(a, b, &out); break;
    case DimOp::kMul: overflow = __builtin_mul_overflow(a, b, &out); break;
    case DimOp::kMin: out = std::min(a, b); break;
    case DimOp::kMax: out = std::max(a, b); break;
    case DimOp::kFloorDiv:
    case DimOp::kMod:
      SEGUE_REQUIRE(b != 0, "division of a size by zero");
      overflow = a == INT64_MIN && b == -1;
      if (!overflow) out = op == DimOp::kFloorDiv ? floorDivide(a, b) : a - floorDivide(a, b) * b;
      break;
    case DimOp::kConstant:
    case DimOp::kSymbol:
    case DimOp::kDataSize: SEGUE_UNREACHABLE("a leaf is not evaluated");
  }
  SEGUE_REQUIRE(!overflow, "size expression overflows int64");
  return out;
}

Result<Dim> DimTable::intern(DimOp op, int64_t value, Dim lhs, Dim rhs) {
  Key key{op, value, lhs.id, rhs.id};
  if (auto it = by_key_.find(key); it != by_key_.end()) return Dim{it->second};
  SEGUE_TRY(int64_t result, evaluate(op, lhs, rhs));
  Dim d{static_cast<uint32_t>(exprs_.size())};
  exprs_.push_back(DimExpr{op, value, lhs, rhs, result, dependsOnData(lhs) || dependsOnData(rhs)});
  by_key_.emplace(key, d.id);
  return d;
}

bool DimTable::atomLess(Dim a, Dim b) const {
  if (a == b) return false;
  const DimExpr& x = expr(a);
  const DimExpr& y = expr(b);
  bool x_symbol = x.op == DimOp::kSymbol, y_symbol = y.op == DimOp::kSymbol;
  if (x_symbol && y_symbol) return nameLess(symbols_[x.value].name, symbols_[y.value].name);
  if (x_symbol != y_symbol) return x_symbol;
  // By text, not by id: the order must not depend on the order in which a graph was built or parsed.
  return print(a) < print(b);
}

bool DimTable::termLess(const Term& a, const Term& b) const {
  // The constant term is last; longer products come first.
  if (a.atoms.size() != b.atoms.size()) return a.atoms.size() > b.atoms.size();
  for (size_t i = 0; i < a.atoms.size(); i++) {
    if (atomLess(a.atoms[i], b.atoms[i])) return true;
    if (atomLess(b.atoms[i], a.atoms[i])) return false;
  }
  return false;
}

void DimTable::appendTerms(Dim d, int64_t factor, Polynomial& out) const {
  const DimExpr& e = expr(d);
  if (e.op == DimOp::kAdd) {
    appendTerms(e.lhs, factor, out);
    appendTerms(e.rhs, factor, out);
    return;
  }
  Term term{factor, {}};
  // A canonical product is (coefficient * (((a * b) * c) …)); unfold it from the right.
  Dim rest = d;
  while (expr(rest).op == DimOp::kMul) {
    const DimExpr& product = expr(rest);
    if (isConstant(product.lhs)) {
      term.coefficient *= expr(product.lhs).value;
      rest = product.rhs;
    } else {
      term.atoms.insert(term.atoms.begin(), product.rhs);
      rest = product.lhs;
    }
  }
  if (isConstant(rest)) {
    term.coefficient *= expr(rest).value;
  } else {
    term.atoms.insert(term.atoms.begin(), rest);
  }
  out.push_back(std::move(term));
}

DimTable::Polynomial DimTable::polynomialOf(Dim d) const {
  Polynomial out;
  appendTerms(d, 1, out);
  return out;
}

Result<DimTable::Polynomial> DimTable::normalized(Polynomial terms) const {
  std::sort(terms.begin(), terms.end(), [this](const Term& a, const Term& b) { return termLess(a, b); });
  Polynomial out;
  for (Term& term : terms) {
    if (!out.empty() && out.back().atoms == term.atoms) {
      SEGUE_REQUIRE(!__builtin_add_overflow(out.back().coefficient, term.coefficient, &out.back().coefficient),
                    "size expression overflows int64");
    } else {
      if (!out.empty() && out.back().coefficient == 0) out.pop_back();
      out.push_back(std::move(term));
    }
  }
  if (!out.empty() && out.back().coefficient == 0) out.pop_back();
  return out;
}

Result<Dim> DimTable::build(const Polynomial& terms) {
  if (terms.empty()) return constant(0);
  SEGUE_REQUIRE(terms.size() <= kMaxTerms, "size expression has too many terms");
  std::optional<Dim> sum;
  for (const Term& term : terms) {
    Dim product = constant(term.coefficient);
    if (!term.atoms.empty()) {
      product = term.atoms[0];
      for (size_t i = 1; i < term.atoms.size(); i++) {
        SEGUE_TRY(product, intern(DimOp::kMul, 0, product, term.atoms[i]));
      }
      if (term.coefficient != 1) {
        SEGUE_TRY(product, intern(DimOp::kMul, 0, constant(term.coefficient), product));
      }
    }
    if (sum) {
      SEGUE_TRY(product, intern(DimOp::kAdd, 0, *sum, product));
    }
    sum = product;
  }
  return *sum;
}

Result<Dim> DimTable::add(Dim a, Dim b) {
  int64_t out;
  if (isConstant(a) && isConstant(b) && !__builtin_add_overflow(hint(a), hint(b), &out)) return constant(out);
  Polynomial terms = polynomialOf(a);
  appendTerms(b, 1, terms);
  SEGUE_TRY(Polynomial sum, normalized(std::move(terms)));
  return build(sum);
}

Result<Dim> DimTable::sub(Dim a, Dim b) {
  if (a == b) return constant(0);
  SEGUE_TRY(Dim negated, mul(b, constant(-1)));
  return add(a, negated);
}

Result<Dim> DimTable::mul(Dim a, Dim b) {
  Polynomial terms;
  Polynomial rhs = polynomialOf(b);
  for (const Term& x : polynomialOf(a)) {
    for (const Term& y : rhs) {
      Term product{0, x.atoms};
      SEGUE_REQUIRE(!__builtin_mul_overflow(x.coefficient, y.coefficient, &product.coefficient),
                    "size expression overflows int64");
      product.atoms.insert(product.atoms.end(), y.atoms.begin(), y.atoms.end());
      std::sort(product.atoms.begin(), product.atoms.end(), [this](Dim p, Dim q) { return atomLess(p, q); });
      terms.push_back(std::move(product));
    }
  }
  SEGUE_TRY(Polynomial result, normalized(std::move(terms)));
  return build(result);
}

Result<Unit> DimTable::splitByDivisor(Dim a, Dim b, Polynomial& quotient, Polynomial& remainder) const {
  Polynomial divisor = polynomialOf(b);
  for (Term& term : polynomialOf(a)) {
    // INT64_MIN / -1 traps; its true quotient does not fit anyway.
    bool divides = divisor.size() == 1 && !(term.coefficient == INT64_MIN && divisor[0].coefficient == -1) &&
                   term.coefficient % divisor[0].coefficient == 0;
    Term result = term;
    for (size_t i = 0; divides && i < divisor[0].atoms.size(); i++) {
      auto it = std::find(result.atoms.begin(), result.atoms.end(), divisor[0].atoms[i]);
      divides = it != result.atoms.end();
      if (divides) result.atoms.erase(it);
    }
    if (divides) {
      result.coefficient /= divisor[0].coefficient;
      quotient.push_back(std::move(result));
    } else {
      remainder.push_back(term);
    }
  }
  return Unit{};
}

Result<Dim> DimTable::floorDiv(Dim a, Dim b) {
  SEGUE_REQUIRE(hint(b) != 0, "division of a size by zero");
  (void)decideEqual(b, constant(0));
  if (a == b) return constant(1);
  // floor((q*b + r) / b) = q + floor(r / b) for any b that is not zero.
  Polynomial quotient, remainder;
  SEGUE_TRY_VOID(splitByDivisor(a, b, quotient, remainder));
  SEGUE_TRY(Dim q, build(quotient));
  if (remainder.empty()) return q;
  SEGUE_TRY(Dim r, build(remainder));
  if (isConstant(r) && isConstant(b)) {
    SEGUE_TRY(int64_t value, evaluate(DimOp::kFloorDiv, r, b));
    return add(q, constant(value));
  }
  Interval rest = intervalOf(r);
  if (rest.low >= 0 && provablyLess(r, b)) return q;
  SEGUE_TRY(Dim division, intern(DimOp::kFloorDiv, 0, r, b));
  return add(q, division);
}

Result<Dim> DimTable::mod(Dim a, Dim b) {
  SEGUE_REQUIRE(hint(b) != 0, "modulo of a size by zero");
  (void)decideEqual(b, constant(0));
  if (a == b) return constant(0);
  Polynomial quotient, remainder;
  SEGUE_TRY_VOID(splitByDivisor(a, b, quotient, remainder));
  if (remainder.empty()) return constant(0);
  SEGUE_TRY(Dim r, build(remainder));
  if (isConstant(r) && isConstant(b)) {
    SEGUE_TRY(int64_t value, evaluate(DimOp::kMod, r, b));
    return constant(value);
  }
  if (intervalOf(r).low >= 0 && provablyLess(r, b)) return r;
  return intern(DimOp::kMod, 0, r, b);
}

Dim DimTable::min(Dim a, Dim b) {
  if (a == b || provablyLess(a, b)) return a;
  if (provablyLess(b, a)) return b;
  if (isConstant(a) && isConstant(b)) return hint(a) < hint(b) ? a : b;
  if (atomLess(b, a)) std::swap(a, b);
  return intern(DimOp::kMin, 0, a, b).value();
}

Dim DimTable::max(Dim a, Dim b) {
  if (a == b || provablyLess(b, a)) return a;
  if (provablyLess(a, b)) return b;
  if (isConstant(a) && isConstant(b)) return hint(a) > hint(b) ? a : b;
  if (atomLess(b, a)) std::swap(a, b);
  return intern(DimOp::kMax, 0, a, b).value();
}

Result<Dim> DimTable::product(absl::Span<const Dim> dims) {
  Dim out = constant(1);
  for (Dim d : dims) {
    SEGUE_TRY(out, mul(out, d));
  }
  return out;
}

}  // namespace segue
