#include "graph/test_ops.h"

#include <bit>
#include <catch2/catch.hpp>
#include <random>

#include "absl/strings/str_cat.h"
#include "graph/print.h"
#include "graph/verify.h"

namespace segue {
namespace {

std::string roundTrip(std::string_view text, PrintOptions options = {.one_line = true}) {
  Result<std::unique_ptr<Graph>> graph = parseGraph(text, findTestOp);
  return graph.ok() ? print(*graph.value(), options) : "error: " + graph.error();
}

/// What an argument looks like after it was read.
std::string argument(const std::string& text) {
  std::string graph = roundTrip("graph(x: f64[s0, 3], n: int) { a: f64[3] = one " + text + "; return a }");
  std::string before = "graph(x: f64[s0, 3], n: int) { a: f64[3] = one a=", after = "; return a }";
  if (graph.size() < before.size() + after.size()) return graph;
  return graph.substr(before.size(), graph.size() - before.size() - after.size());
}

}  // namespace

TEST_CASE("graphs print what was parsed", "[graph][text]") {
  for (const char* text : {
           "graph() { return }",
           "graph(x: f64[s0, 3], n: int) { a = multiply x x; b = add a n; return b }",
           "graph(x: f64[s0]:ro, y: np.f32, z: (i64[3], float)) { return z, x }",
           "graph(x: f64[3]) { a = add x 1.0 out=x; b = add a x casting=\"same_kind\" dtype=f32; return a, b }",
           "graph(n: int) { r: int = loop a=n { (i: int) s: int = loop a=i { () yield n } { () yield i }; yield s }; return r }",
       }) {
    CHECK(roundTrip(text) == text);
  }
}

TEST_CASE("graphs print over several lines", "[graph][text]") {
  std::string text = R"(graph(x: f64[s0], n: int) {
  a = multiply x x
  r: f64[s0] = loop n a {
    (i: int, acc: f64[s0])
    c = add acc x
    yield c
  } {
    ()
    yield
  }
  return r
})";
  // Arguments of `loop` have defaults, so they print by name.
  std::string printed = text;
  printed.replace(printed.find("loop n a"), 8, "loop a=n b=a");
  CHECK(roundTrip(text, {}) == printed);
  CHECK(roundTrip(printed, {}) == printed);
  CHECK(roundTrip("graph(x: f64[3]) { a = add x 1; return a }", {.one_line = true, .types = true}) ==
        "graph(x: f64[3]) { a: f64[3] = add x 1; return a }");
}

TEST_CASE("every kind of argument round-trips", "[graph][text]") {
  for (const char* text :
       {"x", "n", "None", "True", "False", "...", "0", "-7", "9223372036854775807", "s0", "s0 - 1", "-s0 + 3",
        "2*s0 + s1", "(s0 + 1) // 2", "(s0 + 1) // 2 + 3", "min(s0, s1 + 2)", "s0 % (s1 + 1)", "-(s0 % 3)", "1.5",
        "-0.0", "1e+300", "1e-05", "0.1", "inf", "-inf", "nan", "nan(0x7ff8000000000001)", "nan(0xfff8000000000000)",
        "complex(1.0, -0.0)", "complex(nan, -inf)", "i64", "bool", "c128", "\"text\"", "\"a \\\"b\\\" \\n ) ; }\"",
        "\"\\000\\001\"", "()", "(x,)", "(1, 2)", "[1, x]", "[]", "((1, 2), [s0 - 1, (x,)])", "(1:, s0 - 1, None, ..., ::2)",
        "1:", ":", ":3", "::2", "1:s0 - 1:2", "n:", ":n:-1", "(s0 - 1:, :s0 // 2)", "((s0 + 1) // 2, 1)",
        "<builtin_function_or_method #0>", "(<numpy.ufunc #0>, <str #1>, <numpy.ufunc #0>)"}) {
    CAPTURE(text);
    CHECK(argument(text) == text);
  }
}

TEST_CASE("equal text is an equal argument", "[graph][text]") {
  DimTable dims;
  double values[] = {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 123456789.0};
  for (double value : values) {
    std::string text = "graph() { a: float = one " + printFloat(value) + "; return a }";
    double read = parseTestGraph(text)->nodes()[0]->args[0].as<double>();
    CHECK(std::bit_cast<uint64_t>(read) == std::bit_cast<uint64_t>(value));
  }
  std::unique_ptr<Graph> graph = parseTestGraph("graph() { a: int = one <x #0> b=<x #0> c=<x #1>; return a }");
  const Node* node = graph->nodes()[0];
  CHECK(sameArg(node->args[0], node->args[1]));
  CHECK_FALSE(sameArg(node->args[0], node->args[2]));
}

TEST_CASE("objects print by type and number", "[graph][text]") {
  Graph graph;
  Ref first = Ref::steal(PyFloat_FromDouble(1.5)), second = Ref::steal(PyFloat_FromDouble(1.5));
  ArgTuple tuple{{ArgObject{first}, ArgObject{second}, ArgObject{first}}};
  CHECK(printArg(tuple, graph.dims()) == "(<float #0>, <float #1>, <float #0>)");
}

TEST_CASE("comments, line ends and left-out names are read", "[graph][text]") {
  std::string text = R"(
    # a graph
    graph(x: f64[4],   # the input
          y: f64[4])
    {
      fill_into 1.0 out=x   # no name
      ;; b = add x y;
      return b, (x,
                 y)
    }
  )";
  text.replace(text.find("fill_into"), 9, "w: f64[4] = fill_into");
  CHECK(roundTrip(text) ==
        "graph(x: f64[4], y: f64[4]) { w: f64[4] = fill_into 1.0 out=x; b = add x y; return b, (x, y) }");
  CHECK(roundTrip("graph(x: f64[4]) { add x x; a = add x 1.0; return a }") ==
        "graph(x: f64[4]) { v0 = add x x; a = add x 1.0; return a }");
}

TEST_CASE("bad text names the line and what is wrong", "[graph][text]") {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", "line 1: expected 'graph('"},
           {"graph(x) { return }", "line 1: expected ':' and a type behind parameter 'x'"},
           {"graph(x: f65[3]) { return }", "line 1: unknown dtype in type 'f65[3]'"},
           {"graph(x: int, x: int) { return }", "line 1: 'x' is defined twice"},
           {"graph(x: int) {\n a = frobnicate x\n return a }", "line 2: unknown operator 'frobnicate'"},
           {"graph(x: int) {\n\n return y }", "line 3: 'y' is not defined"},
           {"graph(x: f64[3]) { x = add x x; return x }", "line 1: 'x' is defined twice"},
           {"graph(x: f64[3]) { a = add x; return a }", "line 1: add lacks the argument 'x2'"},
           {"graph(x: f64[3]) { a = add x x x2=x; return a }", "line 1: add gets 'x2' twice"},
           {"graph(x: f64[3]) { a = add x x axis=0; return a }", "line 1: add has no parameter 'axis'"},
           {"graph(x: f64[3]) { a: f32[3] = add x x; return a }", "line 1: add gives f64[3], not f32[3]"},
           {"graph(x: f64[3]) { a = view x; return a }", "line 1: view needs a type: it is not inferred"},
           {"graph(x: f64[3]) { a = add x (1; return a }", "line 1: expected ',' or ')'"},
           {"graph(x: f64[3]) { a = add x \"u; return a }", "line 1: bad string"},
           {"graph(x: f64[3]) { a = add x x }", "line 1: expected 'return' before the end of the block"},
           {"graph(x: f64[3]) { return x", "line 1: expected '}' behind the results"},
           {"graph(x: f64[3]) { return x } more", "line 1: unexpected text behind the graph"},
           {"graph(x: f64[3]) { a: int = loop x { (i: int) return i }; return a }",
            "line 1: unknown operator 'return'"},
       }) {
    CAPTURE(c.text);
    CHECK(roundTrip(c.text) == std::string("error: ") + c.message);
  }
}

namespace {

/// Random programs of elementwise operators, test operators and nested arguments.
class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : random_(seed) {}

  std::string text() {
    std::string out = "graph(x0: f64[s0], x1: f64[s0], n: int) { ";
    int inputs = 2, count = static_cast<int>(number(1, 12));
    for (int i = 0; i < count; i++) {
      std::string a = absl::StrCat("x", number(0, inputs - 1)), b = absl::StrCat("x", number(0, inputs - 1));
      std::string name = absl::StrCat("x", inputs++);
      switch (number(0, 3)) {
        case 0: absl::StrAppend(&out, name, " = add ", a, " ", b, "; "); break;
        case 1: absl::StrAppend(&out, name, " = multiply ", a, " ", printFloat(real()), "; "); break;
        case 2: absl::StrAppend(&out, name, ": f64[s0] = view ", a, " how=", item(2), "; "); break;
        default: absl::StrAppend(&out, name, ": f64[s0] = one a=", item(3), " b=", b, "; "); break;
      }
    }
    return absl::StrCat(out, "return x", inputs - 1, ", ", item(2), " }");
  }

 private:
  int64_t number(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  double real() { return std::bit_cast<double>(random_()); }

  std::string item(int depth) {
    switch (number(0, depth > 0 ? 9 : 6)) {
      case 0: return "None";
      case 1: return absl::StrCat(number(-5, 5));
      case 2: return absl::StrCat("s0 - ", number(1, 9));
      case 3: return printFloat(real());
      case 4: return "x0";
      case 5: return "\"a, b\"";
      case 6: return "f32";
      case 7: return absl::StrCat("(", item(depth - 1), ", ", item(depth - 1), ")");
      case 8: return absl::StrCat("[", item(depth - 1), "]");
      default: return absl::StrCat("(", number(0, 3), ":", ", ::", number(1, 3), ", n:s0 - 2)");
    }
  }

  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("random graphs round-trip and verify", "[graph][text]") {
  for (uint32_t seed = 0; seed < 500; seed++) {
    std::string text = RandomGraph(seed).text();
    CAPTURE(seed, text);
    std::unique_ptr<Graph> graph = parseTestGraph(text);
    REQUIRE(print(*graph, {.one_line = true}) == text);
    std::string lines = print(*graph);
    REQUIRE(print(*parseTestGraph(lines)) == lines);
    Result<void> verified = verify(*graph);
    REQUIRE((verified.ok() ? "" : verified.error()) == "");
  }
}

TEST_CASE("calls of older versions are led through the upgrades", "[graph][text]") {
  auto limited = [](const std::string& call) {
    std::string text = roundTrip("graph(x: f64[3]) { a: f64[3] = " + call + "; return a }");
    std::string before = "graph(x: f64[3]) { a: f64[3] = ", after = "; return a }";
    return text.starts_with(before) ? text.substr(before.size(), text.size() - before.size() - after.size()) : text;
  };
  CHECK(limited("limit@1 a=x a_min=2 mode=\"c\"") == "limit x low=2 high=9");
  CHECK(limited("limit@2 a=x low=2") == "limit x low=2 high=9");
  CHECK(limited("limit@2 a=x high=4") == "limit x high=4");
  CHECK(limited("limit@3 low=2 a=x") == "limit x low=2");
  CHECK(limited("limit@4 a=x") == "error: line 1: limit is at version 3 here; version 4 cannot be read");
  CHECK(limited("limit@3 a=x a_min=1") == "error: line 1: limit has no parameter 'a_min', and no upgrade leads there");
  CHECK(limited("limit@1 x") == "error: line 1: a call with a version has its arguments by name");
  CHECK(limited("limit@2 low=1") == "error: line 1: limit lacks the argument 'a'");
}

TEST_CASE("graphs print the versions of their operators", "[graph][text]") {
  std::string text = "graph(x: f64[3]) { a = add@1 x1=x x2=1.0; b: f64[3] = limit@3 a=a low=0; return b }";
  CHECK(roundTrip(text, {.one_line = true, .versions = true}) == text);
}

}  // namespace segue
