// Symbolic integers: array sizes, and Python ints that came from outside.
//
// A `Dim` is an id into a `DimTable`, which interns expressions in a canonical form, so that equal expressions have equal
// ids. Every symbol carries the *hint* it had when the trace was made. Deciding something about Dims (is n == m? is
// n < 4?) is answered from the canonical form when it can be proved, and else from the hints, and then the answer is
// recorded as a *relation*: the guards of the segment. Nothing else about sizes is ever guarded.
//
// Requirements
//  1. A decision is never made on hints alone without a recorded relation.
//  2. Arithmetic here is exact int64; an expression whose hint would overflow is refused (Result error), and the guard
//     program and the plan check overflow when they evaluate (a miss, or a dropped transaction).
//  3. Symbols know a lower bound (0 or 2 for array sizes; none for Python ints), which proofs may use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "base/traced.h"

namespace segue {

/// An interned symbolic integer; equality of ids is equality of canonical expressions.
struct Dim {
  uint32_t id = 0;
  friend bool operator==(Dim a, Dim b) = default;
  template <typename H>
  friend H AbslHashValue(H h, Dim d) {
    return H::combine(std::move(h), d.id);
  }
};

enum class DimOp : uint8_t { kConstant, kSymbol, kAdd, kMul, kFloorDiv, kMod, kMin, kMax };

/// One interned expression.
struct DimExpr {
  DimOp op = DimOp::kConstant;
  int64_t value = 0;      ///< kConstant: the number; kSymbol: index into symbols()
  Dim lhs, rhs;           ///< operands of the binary forms
  int64_t hint = 0;       ///< value under the trace's hints
};

struct DimSymbol {
  std::string name;       ///< printed name: s0, s1 …
  int64_t hint = 0;       ///< value at the first call
  int64_t lower_bound;    ///< proved lower bound (kNoBound when none)
};

enum class DimRelationKind : uint8_t { kEq, kNe, kLt, kLe };
/// A decision the trace depends on: `lhs kind rhs` held, and must hold for the segment to be entered.
struct DimRelation {
  DimRelationKind kind;
  Dim lhs, rhs;
  friend bool operator==(const DimRelation&, const DimRelation&) = default;
};

class DimTable {
 public:
  static constexpr int64_t kNoBound = INT64_MIN;

  DimTable();
  Dim constant(int64_t value);
  /// A fresh symbol; `lower_bound` is what its own guard will establish.
  Dim symbol(int64_t hint, int64_t lower_bound = kNoBound);

  Result<Dim> add(Dim a, Dim b);
  Result<Dim> sub(Dim a, Dim b);
  Result<Dim> mul(Dim a, Dim b);
  /// Python's floor division and modulo; a divisor that is zero under the hints is an error.
  Result<Dim> floorDiv(Dim a, Dim b);
  Result<Dim> mod(Dim a, Dim b);
  Dim min(Dim a, Dim b);
  Dim max(Dim a, Dim b);
  /// Product of all (1 for none).
  Result<Dim> product(absl::Span<const Dim> dims);

  bool isConstant(Dim d) const { return expr(d).op == DimOp::kConstant; }
  /// The number of a constant Dim (checked).
  int64_t constantValue(Dim d) const;
  int64_t hint(Dim d) const { return expr(d).hint; }
  const DimExpr& expr(Dim d) const { return exprs_[d.id]; }
  absl::Span<const DimSymbol> symbols() const { return symbols_; }

  /// Decisions: proved, or answered by the hints and recorded.
  bool decideEqual(Dim a, Dim b);
  bool decideLess(Dim a, Dim b);
  bool decideLessEqual(Dim a, Dim b);
  /// Provable without a relation.
  bool provablyEqual(Dim a, Dim b) const { return a == b; }
  /// Makes the Dim a constant for the rest of the trace (records `d == hint`) and returns the constant.
  int64_t specialize(Dim d);
  absl::Span<const DimRelation> relations() const { return relations_; }
  /// Forgets relations recorded after `count` of them (rollback of a speculative step).
  void truncateRelations(size_t count) { relations_.resize(count); }

  /// "3", "s0", "s0 - 2", "(s0 + 1) // 2" …; parse accepts what print gives, creating symbols on demand (hint 7).
  std::string print(Dim d) const;
  std::string print(const DimRelation& relation) const;
  Result<Dim> parse(std::string_view text);

 private:
  Dim intern(DimExpr expr);
  void record(DimRelationKind kind, Dim a, Dim b);

  std::vector<DimExpr> exprs_;            ///< by id
  std::vector<DimSymbol> symbols_;
  std::vector<DimRelation> relations_;    ///< in order of decision, without repeats
  absl::flat_hash_map<std::string, uint32_t> by_key_;  ///< canonical key -> id
};

}  // namespace segue
