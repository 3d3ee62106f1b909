#include "base/python.h"

#include "ops/type.h"

#include <catch2/catch.hpp>

namespace segue {

TEST_CASE("printed types parse to themselves", "[ops][type]") {
  for (const char* text :
       {"f64[]", "f64[3]", "i8[s0, 3]", "f32[s0, s1]:F", "bool[2, 2]:strided", "c64[s0, s0 - 2]:stridedC",
        "c128[4, 5]:stridedF:ro", "u16[7]:ro", "f16[s0]:?", "f16[s0, s1]:?C:ro", "f16[s0, s1]:?F", "f64[1, 5]:CF", "u64[7]:C", "np.f64", "np.bool", "bool",
        "int", "float", "complex", "None", "object", "(f64[3], i64[3])", "(np.f64,)", "[f64[2], (int, float)]", "()"}) {
    DimTable dims;
    INFO(text);
    Result<Type> type = parseType(text, dims);
    REQUIRE(type.ok());
    CHECK(printType(type.value(), dims) == text);
  }
}

TEST_CASE("bad types are refused", "[ops][type]") {
  for (const char* text : {"", "f80[3]", "f64[3", "f64[3]x", "f64[3]:G", "np.f80", "strange"}) {
    DimTable dims;
    INFO(text);
    CHECK_FALSE(parseType(text, dims).ok());
  }
}

TEST_CASE("types differ in each of their parts", "[ops][type]") {
  DimTable dims;
  auto parse = [&dims](const char* text) { return parseType(text, dims).value(); };
  CHECK(parse("f64[s0, 3]") == parse("f64[s0, 3]"));
  for (const char* other : {"f32[s0, 3]", "f64[3, s0]", "f64[s0, 3]:F", "f64[s0, 3]:ro", "np.f64", "float"}) {
    CHECK_FALSE(parse("f64[s0, 3]") == parse(other));
  }
  CHECK_FALSE(parse("(f64[3],)") == parse("[f64[3]]"));
}

TEST_CASE("the layout of a fresh array", "[ops][type]") {
  DimTable dims;
  Dim n = dims.symbol(5, 2), m = dims.symbol(6, 2), one = dims.constant(1);
  CHECK(cLayout({}, dims) == Layout::both());
  CHECK(cLayout({n}, dims) == Layout::both());
  CHECK(cLayout({n, m}, dims) == Layout::c());
  CHECK(cLayout({n, one, one}, dims) == Layout::both());
  CHECK(cLayout({n, m, dims.constant(0)}, dims) == Layout::both());
  CHECK(dims.relations().empty());
}

}  // namespace segue
