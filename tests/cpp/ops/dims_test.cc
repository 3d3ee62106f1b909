#include "base/python.h"

#include "ops/dims.h"

#include <catch2/catch.hpp>

namespace segue {
namespace {

std::string canonical(std::string_view text) {
  DimTable dims;
  Result<Dim> d = dims.parse(text, 2);
  return d.ok() ? dims.print(d.value()) : "error: " + d.error();
}

std::vector<std::string> relations(const DimTable& dims) {
  std::vector<std::string> out;
  for (const DimRelation& relation : dims.relations()) out.push_back(dims.print(relation));
  return out;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("equal size expressions have equal ids", "[ops][dims]") {
  DimTable dims;
  Dim a = dims.symbol(5, 2), b = dims.symbol(6, 2);
  CHECK(dims.add(a, b).value() == dims.add(b, a).value());
  CHECK(dims.sub(dims.add(a, b).value(), b).value() == a);
  CHECK(dims.mul(a, dims.add(b, dims.constant(1)).value()).value() ==
        dims.add(dims.mul(b, a).value(), a).value());
  CHECK(dims.floorDiv(dims.mul(a, b).value(), b).value() == a);
  CHECK(dims.min(a, b) == dims.min(b, a));
}

TEST_CASE("canonical forms print as people write them", "[ops][dims]") {
  CHECK(canonical("s1 + s0") == "s0 + s1");
  CHECK(canonical("2 + s0 - 2") == "s0");
  CHECK(canonical("3 - s0 - s0") == "-2*s0 + 3");
  CHECK(canonical("s0 - 2*s1 - 4") == "s0 - 2*s1 - 4");
  CHECK(canonical("-(s0)") == "-s0");
  CHECK(canonical("(s0 + 1)*(s0 - 1)") == "s0*s0 - 1");
  CHECK(canonical("(4*s0 + 3) // 4") == "s0");
  CHECK(canonical("(s0 + 5) // 4") == "(s0 + 5) // 4");
  CHECK(canonical("-7 // 2") == "-4");
  CHECK(canonical("(-7) % 3") == "2");
  CHECK(canonical("(6*s0 + 2) % 3") == "2");
  CHECK(canonical("min(s0, s0 + 1)") == "s0");
  CHECK(canonical("max(s1, s0)*2") == "2*max(s0, s1)");
  CHECK(canonical("s10 + s2") == "s2 + s10");
  CHECK(canonical("(s0 // 2) * 3 + (s0 // 2)") == "4*(s0 // 2)");
}

TEST_CASE("printed sizes parse to themselves", "[ops][dims]") {
  for (const char* text : {"0", "-3", "s0", "s0*s1 + s0 + 1", "-s0 + s1", "(s0 + 1) // 2 + 3", "s0 % (s1 + 1)",
                           "min(s0, s1 + 2)", "-2*s0*s1", "(s0 // 3) // 2", "-(s0 % 3)"}) {
    CHECK(canonical(text) == text);
  }
}

TEST_CASE("bad size text is refused", "[ops][dims]") {
  for (const char* text : {"", "s0 +", "(s0", "s0)", "1 // 0", "min(s0)", "99999999999999999999"}) {
    DimTable dims;
    INFO(text);
    CHECK_FALSE(dims.parse(text).ok());
  }
}

TEST_CASE("an overflowing size is an error", "[ops][dims]") {
  DimTable dims;
  Dim big = dims.symbol(INT64_MAX / 2);
  CHECK(dims.add(big, big).ok());
  CHECK_FALSE(dims.mul(big, dims.constant(4)).ok());
  CHECK_FALSE(dims.add(dims.mul(big, dims.constant(2)).value(), dims.constant(9)).ok());
  CHECK_FALSE(dims.floorDiv(dims.constant(INT64_MIN), dims.constant(-1)).ok());
}

TEST_CASE("division is Python's, for every sign", "[ops][dims]") {
  DimTable dims;
  for (int64_t a = -7; a <= 7; a++) {
    for (int64_t b : {-3, -2, -1, 1, 2, 3}) {
      int64_t q = dims.constantValue(dims.floorDiv(dims.constant(a), dims.constant(b)).value());
      int64_t r = dims.constantValue(dims.mod(dims.constant(a), dims.constant(b)).value());
      CHECK(q * b + r == a);
      CHECK((r == 0 || (r < 0) == (b < 0)));
    }
  }
}

TEST_CASE("decisions are recorded only when they cannot be proved", "[ops][dims]") {
  DimTable dims;
  Dim n = dims.symbol(10, 2), m = dims.symbol(10, 2);
  CHECK_FALSE(dims.decideEqual(n, dims.constant(1)));  // the bound says so
  CHECK(dims.decideLess(dims.constant(0), n));
  CHECK(dims.relations().empty());

  CHECK(dims.decideEqual(n, m));
  CHECK(dims.decideEqual(m, n));
  CHECK(dims.decideEqual(dims.add(n, dims.constant(1)).value(), dims.add(m, dims.constant(1)).value()));
  CHECK(relations(dims) == Strings{"s0 == s1"});

  CHECK(dims.decideLess(dims.constant(1), dims.sub(n, dims.constant(2)).value()));
  CHECK(dims.decideLess(dims.constant(1), dims.sub(n, dims.constant(1)).value()));  // follows from the one before
  CHECK_FALSE(dims.decideEqual(dims.sub(n, dims.constant(3)).value(), dims.constant(0)));
  CHECK(relations(dims) == Strings{"s0 == s1", "1 < s0 - 2"});
}

TEST_CASE("rolled back relations prove nothing", "[ops][dims]") {
  DimTable dims;
  Dim n = dims.symbol(10);
  CHECK(dims.decideLess(dims.constant(3), n));
  size_t mark = dims.relations().size();
  CHECK(dims.specialize(n) == 10);
  CHECK(dims.decideEqual(n, dims.constant(10)));
  CHECK(relations(dims) == Strings{"3 < s0", "s0 == 10"});
  dims.truncateRelations(mark);
  CHECK_FALSE(dims.decideEqual(n, dims.constant(11)));
  CHECK(dims.decideLess(dims.constant(2), n));
  CHECK(relations(dims) == Strings{"3 < s0", "s0 != 11"});
}

TEST_CASE("a relation is true of the hints", "[ops][dims]") {
  DimTable dims;
  Dim n = dims.symbol(4, 2), k = dims.symbol(-3);
  CHECK_FALSE(dims.decideLess(n, k));
  CHECK(dims.decideLessEqual(k, n));  // the same relation
  CHECK_FALSE(dims.decideLessEqual(dims.constant(0), k));
  CHECK(relations(dims) == Strings{"s1 <= s0", "s1 < 0"});
}

TEST_CASE("a symbolic divisor is guarded against zero", "[ops][dims]") {
  DimTable dims;
  Dim n = dims.symbol(9, 2), k = dims.symbol(2);
  CHECK(dims.print(dims.floorDiv(n, k).value()) == "s0 // s1");
  CHECK(relations(dims) == Strings{"s1 != 0"});
  CHECK_FALSE(dims.floorDiv(n, dims.symbol(0)).ok());
}

TEST_CASE("rules guess about sizes that depend on data, and nobody else", "[ops][dims]") {
  DimTable dims;
  Dim n = dims.symbol(9, 2), d = dims.dataSize(), e = dims.dataSize();
  CHECK(dims.print(dims.add(dims.mul(d, n).value(), e).value()) == "s0*d0 + d1");
  CHECK(dims.parse("d1 + 1").value() == dims.add(e, dims.constant(1)).value());
  CHECK(dims.decideLess(dims.constant(-1), d));  // proved
  CHECK_FALSE(dims.takeUndecided());

  (void)dims.decideEqual(d, n);
  CHECK(dims.takeUndecided());
  CHECK_FALSE(dims.takeUndecided());
  CHECK(relations(dims).empty());

  DimTable::Guessing guessing(dims);
  CHECK(dims.decideEqual(d, e));
  CHECK_FALSE(dims.decideEqual(d, n));
  CHECK_FALSE(dims.decideLess(d, dims.constant(1)));
  CHECK_FALSE(dims.takeUndecided());
  CHECK(relations(dims) == Strings{"d0 == d1", "d0 != s0", "1 <= d0"});
  CHECK(dims.dependsOnData(dims.relations()[1]));

  dims.allowGuesses(false);
  (void)dims.decideEqual(e, dims.constant(1));
  CHECK(dims.takeUndecided());
}

TEST_CASE("a size that depends on data may have a bound", "[ops][dims]") {
  DimTable dims;
  Dim n = dims.symbol(9, 2), d = dims.dataSize(n);
  CHECK(dims.hint(d) == 4);
  CHECK(dims.decideLessEqual(d, n));
  CHECK_FALSE(dims.decideLess(dims.sub(n, d).value(), dims.constant(0)));
  CHECK(dims.decideLess(d, dims.add(n, dims.constant(1)).value()));
  CHECK(relations(dims).empty());
  CHECK_FALSE(dims.takeUndecided());
  dims.truncateRelations(0);
  CHECK(dims.decideLessEqual(d, n));
  CHECK(relations(dims).empty());
}

}  // namespace segue
