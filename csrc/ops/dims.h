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
//  3. Symbols know a lower bound (0 or 2 for array sizes; none for Python ints), which proofs may use, as they use the
//     relations already recorded: once `1 < s0 - 2` was decided, `1 < s0 - 1` needs no guard.
//
// A *data size* (d0, d1 …) is a size that depends on data, such as the number of indices that np.nonzero finds: the run alone
// knows it. It is at least 0, perhaps at most another size, and its hint is a guess (the half of that, or many). Type rules decide
// on it as on any other Dim, NumPy's own Python code does where it is inlined, and the plan checks the relations as soon as the run
// knows the size: a wrong guess drops the run. The program's own questions are not guessed at: whoever asks one finds
// takeUndecided() set, and breaks.
//
// The canonical form of sums and products is a polynomial: terms in a fixed order, each a coefficient and a product of
// atoms (symbols, data sizes, and floor division, modulo, min and max of canonical operands), the constant last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
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

enum class DimOp : uint8_t { kConstant, kSymbol, kDataSize, kAdd, kMul, kFloorDiv, kMod, kMin, kMax };

/// One interned expression.
struct DimExpr {
  DimOp op = DimOp::kConstant;
  int64_t value = 0;      ///< kConstant: the number; kSymbol: index into symbols(); kDataSize: how many there were before
  Dim lhs, rhs;           ///< operands of the binary forms
  int64_t hint = 0;       ///< value under the trace's hints
  bool of_data = false;   ///< a data size is in it
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

/// Whether the text form takes the word for a symbol or a data size: s0, d0.
bool isSizeName(std::string_view word);

class DimTable {
 public:
  static constexpr int64_t kNoBound = INT64_MIN;
  static constexpr int64_t kDataSizeHint = 1 << 16;

  DimTable();
  Dim constant(int64_t value);
  /// A fresh symbol; `lower_bound` is what its own guard will establish.
  Dim symbol(int64_t hint, int64_t lower_bound = kNoBound);

  /// A fresh size that depends on data, and is never more than `most`.
  Dim dataSize(std::optional<Dim> most = std::nullopt);
  uint32_t dataSizeCount() const { return static_cast<uint32_t>(data_sizes_.size()); }
  bool dependsOnData(Dim d) const { return expr(d).of_data; }
  bool dependsOnData(const DimRelation& relation) const { return dependsOnData(relation.lhs) || dependsOnData(relation.rhs); }

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
  /// Expressions interned so far; their ids are 0 .. size() - 1.
  uint32_t size() const { return static_cast<uint32_t>(exprs_.size()); }

  /// Decisions: proved, or answered by the hints and recorded.
  bool decideEqual(Dim a, Dim b);
  bool decideLess(Dim a, Dim b);
  bool decideLessEqual(Dim a, Dim b);
  /// Provable from the canonical form, without a relation.
  bool provablyEqual(Dim a, Dim b) const { return a == b; }
  /// Provable from bounds and recorded relations; false when unknown.
  bool provablyLess(Dim a, Dim b);
  /// Makes the Dim a constant for the rest of the trace (records `d == hint`) and returns the constant.
  int64_t specialize(Dim d);
  /// While one lives, decisions about data sizes are guesses that the run checks.
  class Guessing {
   public:
    explicit Guessing(DimTable& dims) : dims_(dims), before_(std::exchange(dims.guessing_, true)) {}
    ~Guessing() { dims_.guessing_ = before_; }
    Guessing(const Guessing&) = delete;

   private:
    DimTable& dims_;
    bool before_;
  };
  /// Whether there are guesses at all: not where they were wrong before.
  void allowGuesses(bool allowed) { may_guess_ = allowed; }
  /// Whether something was decided about a data size that nobody may guess, since this was asked last. The answer was worth nothing.
  bool takeUndecided() { return std::exchange(undecided_, false); }
  absl::Span<const DimRelation> relations() const { return relations_; }
  /// Forgets relations recorded after `count` of them, and what was concluded from them (rollback of a speculative step).
  void truncateRelations(size_t count);

  /// "3", "s0", "s0 - 2", "(s0 + 1) // 2", "d0" …; parse accepts what print gives, creating symbols on demand
  /// (hint 7 and the given lower bound).
  std::string print(Dim d) const;
  std::string print(const DimRelation& relation) const;
  Result<Dim> parse(std::string_view text, int64_t lower_bound = kNoBound);
  /// The symbol of that name; made (hint 7 and the given lower bound) when there is none.
  Dim symbolNamed(std::string_view name, int64_t lower_bound = kNoBound);
  /// d0 for 0, and so on; made (with those before it) when there is none.
  Dim dataSizeNumbered(uint32_t number);

 private:
  /// One term of a polynomial: coefficient times the product of the atoms.
  struct Term {
    int64_t coefficient = 0;
    absl::InlinedVector<Dim, 2> atoms;  ///< in canonical order, with repeats
  };
  using Polynomial = absl::InlinedVector<Term, 3>;
  /// All that is known of an integer's size; INT64_MIN and INT64_MAX stand for "unbounded".
  struct Interval {
    int64_t low = INT64_MIN;
    int64_t high = INT64_MAX;
  };
  /// What relations established about the non-constant part of a difference.
  struct Fact {
    Interval interval;
    absl::InlinedVector<int64_t, 2> excluded;  ///< values it does not have
  };
  /// `sign * base + offset`, base without a constant term and with a positive leading coefficient.
  struct Linear {
    Dim base;
    int64_t sign = 1;
    int64_t offset = 0;
  };
  struct Undo {
    size_t relation_count;  ///< relations before the one that changed the fact
    Dim base;
    Fact before;
  };
  using Key = std::tuple<DimOp, int64_t, uint32_t, uint32_t>;

  Result<Dim> intern(DimOp op, int64_t value, Dim lhs, Dim rhs);
  Dim internNamed(std::string name, int64_t hint, int64_t lower_bound);
  Result<int64_t> evaluate(DimOp op, Dim lhs, Dim rhs) const;
  bool atomLess(Dim a, Dim b) const;
  bool termLess(const Term& a, const Term& b) const;
  Polynomial polynomialOf(Dim d) const;
  void appendTerms(Dim d, int64_t factor, Polynomial& out) const;
  Result<Polynomial> normalized(Polynomial terms) const;
  Result<Dim> build(const Polynomial& terms);
  /// Splits a into q*b + r by terms that b (a single term) divides; q and r are polynomials.
  Result<Unit> splitByDivisor(Dim a, Dim b, Polynomial& quotient, Polynomial& remainder) const;
  Interval intervalOf(Dim d) const;
  Interval expressionInterval(Dim d) const;
  /// a - b in the form facts are kept in; nullopt when the difference overflows.
  std::optional<Linear> linearDifference(Dim a, Dim b);
  Interval linearInterval(const Linear& linear) const;
  /// False when the decision may not be guessed.
  bool record(DimRelationKind kind, Dim a, Dim b);
  void learn(DimRelationKind kind, const Linear& difference);
  void conclude(DimRelationKind kind, const Linear& difference);
  std::string printAt(Dim d, int precedence) const;

  std::vector<DimExpr> exprs_;            ///< by id
  std::vector<DimSymbol> symbols_;
  std::vector<Dim> data_sizes_;
  std::vector<DimRelation> relations_;    ///< in order of decision, without repeats
  absl::flat_hash_map<Key, uint32_t> by_key_;             ///< canonical key -> id
  absl::flat_hash_map<std::string, uint32_t> by_name_;    ///< symbol's name -> id
  absl::flat_hash_map<Dim, Fact> facts_;                  ///< base of a difference -> what relations say of it
  std::vector<Undo> undo_;                                ///< changes of facts_, oldest first
  bool guessing_ = false, may_guess_ = true, undecided_ = false;
};

}  // namespace segue
