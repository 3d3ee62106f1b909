// Decisions about symbolic integers. Every question about a and b is one about a - b, written as sign * base + offset;
// what relations established is kept per base as an interval and a set of excluded values, so that a new question is
// first answered by interval arithmetic and only then by the hints.
#include "base/python.h"

#include <algorithm>

#include "base/fault.h"
#include "ops/dims.h"

namespace segue {
namespace {

constexpr int64_t kMin = INT64_MIN;
constexpr int64_t kMax = INT64_MAX;

/// Saturating arithmetic: an unbounded end stays unbounded.
int64_t addEnds(int64_t a, int64_t b, int64_t unbounded) {
  int64_t out;
  if (a == unbounded || b == unbounded || __builtin_add_overflow(a, b, &out)) return unbounded;
  return out;
}

int64_t floorDivide(int64_t a, int64_t b) {
  int64_t q = a / b;
  return (a % b != 0 && (a % b < 0) != (b < 0)) ? q - 1 : q;
}

}  // namespace

DimTable::Interval DimTable::intervalOf(Dim d) const {
  Interval out = expressionInterval(d);
  if (auto it = facts_.find(d); it != facts_.end()) {
    out.low = std::max(out.low, it->second.interval.low);
    out.high = std::min(out.high, it->second.interval.high);
  }
  return out;
}

DimTable::Interval DimTable::expressionInterval(Dim d) const {
  const DimExpr& e = expr(d);
  if (e.op == DimOp::kConstant) return {e.value, e.value};
  if (e.op == DimOp::kSymbol) return {symbols_[e.value].lower_bound, kMax};  // kNoBound is INT64_MIN
  if (e.op == DimOp::kDataSize) return {0, kMax};
  Interval a = intervalOf(e.lhs), b = intervalOf(e.rhs);
  switch (e.op) {
    case DimOp::kAdd: return {addEnds(a.low, b.low, kMin), addEnds(a.high, b.high, kMax)};
    case DimOp::kMin: return {std::min(a.low, b.low), std::min(a.high, b.high)};
    case DimOp::kMax: return {std::max(a.low, b.low), std::max(a.high, b.high)};
    case DimOp::kMul: {
      int64_t out;
      if (a.low == a.high && a.low < 0) {  // a negative coefficient turns the interval round
        int64_t low = b.high == kMax || __builtin_mul_overflow(a.low, b.high, &out) ? kMin : out;
        int64_t high = b.low == kMin || __builtin_mul_overflow(a.low, b.low, &out) ? kMax : out;
        return {low, high};
      }
      if (a.low < 0 || b.low < 0) {
        if (a.low != a.high) return {};
        int64_t low = b.low == kMin || __builtin_mul_overflow(a.low, b.low, &out) ? kMin : out;
        int64_t high = b.high == kMax || __builtin_mul_overflow(a.low, b.high, &out) ? kMax : out;
        return {low, high};
      }
      int64_t low = __builtin_mul_overflow(a.low, b.low, &out) ? kMax : out;
      int64_t high = a.high == kMax || b.high == kMax || __builtin_mul_overflow(a.high, b.high, &out) ? kMax : out;
      return {low, high};
    }
    case DimOp::kFloorDiv:
      if (b.low < 1 || b.low != b.high) return b.low >= 1 && a.low >= 0 ? Interval{0, a.high} : Interval{};
      return {a.low == kMin ? kMin : floorDivide(a.low, b.low), a.high == kMax ? kMax : floorDivide(a.high, b.low)};
    case DimOp::kMod: return b.low >= 1 ? Interval{0, b.high == kMax ? kMax : b.high - 1} : Interval{};
    default: return {};
  }
}

std::optional<DimTable::Linear> DimTable::linearDifference(Dim a, Dim b) {
  Result<Dim> difference = sub(a, b);
  if (!difference.ok()) return std::nullopt;
  Polynomial terms = polynomialOf(difference.value());
  Linear out;
  if (!terms.empty() && terms.back().atoms.empty()) {
    out.offset = terms.back().coefficient;
    terms.pop_back();
  }
  if (!terms.empty() && terms[0].coefficient < 0) {
    out.sign = -1;
    for (Term& term : terms) {
      if (term.coefficient == kMin) return std::nullopt;
      term.coefficient = -term.coefficient;
    }
  }
  Result<Dim> base = build(terms);
  if (!base.ok()) return std::nullopt;
  out.base = base.value();
  return out;
}

DimTable::Interval DimTable::linearInterval(const Linear& linear) const {
  Interval base = intervalOf(linear.base);
  if (linear.sign < 0) {
    base = {base.high == kMax ? kMin : -base.high, base.low == kMin ? kMax : -base.low};
  }
  return {addEnds(base.low, linear.offset, kMin), addEnds(base.high, linear.offset, kMax)};
}

bool DimTable::provablyLess(Dim a, Dim b) {
  std::optional<Linear> difference = linearDifference(a, b);
  return difference && linearInterval(*difference).high < 0;
}

bool DimTable::decideEqual(Dim a, Dim b) {
  if (a == b) return true;
  if (isConstant(a) && isConstant(b)) return false;
  std::optional<Linear> difference = linearDifference(a, b);
  if (difference) {
    Interval range = linearInterval(*difference);
    if (range.low > 0 || range.high < 0) return false;
    if (range.low == 0 && range.high == 0) return true;
    if (auto it = facts_.find(difference->base); it != facts_.end()) {
      // sign * base + offset == 0 exactly when base == -sign * offset.
      int64_t zero_at = difference->sign < 0 ? difference->offset : -difference->offset;
      const auto& excluded = it->second.excluded;
      if (std::find(excluded.begin(), excluded.end(), zero_at) != excluded.end()) return false;
    }
  }
  bool equal = hint(a) == hint(b);
  DimRelationKind kind = equal ? DimRelationKind::kEq : DimRelationKind::kNe;
  if (record(kind, a, b) && difference) learn(kind, *difference);
  return equal;
}

bool DimTable::decideLess(Dim a, Dim b) {
  if (a == b) return false;
  if (isConstant(a) && isConstant(b)) return hint(a) < hint(b);
  std::optional<Linear> difference = linearDifference(a, b);
  if (difference) {
    Interval range = linearInterval(*difference);
    if (range.high < 0) return true;
    if (range.low >= 0) return false;
  }
  if (hint(a) < hint(b)) {
    if (record(DimRelationKind::kLt, a, b) && difference) learn(DimRelationKind::kLt, *difference);
    return true;
  }
  if (record(DimRelationKind::kLe, b, a) && difference) {
    learn(DimRelationKind::kLe, Linear{difference->base, -difference->sign, -difference->offset});
  }
  return false;
}

bool DimTable::decideLessEqual(Dim a, Dim b) { return !decideLess(b, a); }

int64_t DimTable::specialize(Dim d) {
  int64_t value = hint(d);
  (void)decideEqual(d, constant(value));
  return value;
}

bool DimTable::record(DimRelationKind kind, Dim a, Dim b) {
  const DimRelation relation{kind, a, b};
  if (dependsOnData(relation) && !(guessing_ && may_guess_)) {
    undecided_ = true;
    return false;
  }
  if (SEGUE_FAULT(RelationForgotten)) return true;
  if (std::find(relations_.begin(), relations_.end(), relation) == relations_.end()) relations_.push_back(relation);
  return true;
}

void DimTable::learn(DimRelationKind kind, const Linear& difference) {
  undo_.push_back(Undo{relations_.size() - 1, difference.base, facts_[difference.base]});
  conclude(kind, difference);
}

void DimTable::conclude(DimRelationKind kind, const Linear& difference) {
  Fact& fact = facts_[difference.base];
  int64_t zero_at = difference.sign < 0 ? difference.offset : -difference.offset;
  if (kind == DimRelationKind::kNe) {
    Interval known = intervalOf(difference.base);
    if (known.low == zero_at) fact.interval.low = zero_at + 1;
    if (known.high == zero_at) fact.interval.high = zero_at - 1;
    fact.excluded.push_back(zero_at);
    return;
  }
  // sign * base + offset <= bound; an equality bounds both sides.
  bool upper = kind == DimRelationKind::kEq || difference.sign > 0;
  bool lower = kind == DimRelationKind::kEq || difference.sign < 0;
  int64_t step = kind == DimRelationKind::kLt ? 1 : 0;
  if (upper) fact.interval.high = std::min(fact.interval.high, zero_at - step);
  if (lower) fact.interval.low = std::max(fact.interval.low, zero_at + step);
}

void DimTable::truncateRelations(size_t count) {
  relations_.resize(count);
  while (!undo_.empty() && undo_.back().relation_count >= count) {
    if (!SEGUE_FAULT(RolledBackFactsKept)) facts_[undo_.back().base] = std::move(undo_.back().before);
    undo_.pop_back();
  }
}

}  // namespace segue
