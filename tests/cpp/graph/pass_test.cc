// Runs the golden cases of tests/cpp/golden/graph_*.txt, and what text cannot say about passes.
#include "graph/passes.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <random>

#include "absl/strings/str_split.h"
#include "graph/builder.h"
#include "graph/effects.h"
#include "graph/evaluate.h"
#include "graph/golden.h"
#include "graph/print.h"
#include "graph/test_ops.h"
#include "graph/verify.h"

namespace segue {
namespace {

std::vector<std::string> passNames(const std::string& list) {
  return absl::StrSplit(list, absl::ByAnyChar(", "), absl::SkipEmpty());
}

/// The graph behind the passes, verified behind each.
std::string optimized(const std::string& passes, const std::string& input, bool one_line) {
  std::unique_ptr<Graph> graph = parseTestGraph(input);
  std::vector<std::string> names = passNames(passes);
  std::vector<std::string_view> views(names.begin(), names.end());
  PassOptions options;
  options.verify = true;
  options.context.evaluate = evaluateWithNumpy;
  Result<void> result = runPasses(*graph, views, options);
  return result.ok() ? print(*graph, {.one_line = one_line}) : "error: " + result.error();
}

}  // namespace

TEST_CASE("passes give the graphs of the golden files", "[graph][passes]") {
  for (GoldenFile& file : goldenFiles("graph_")) {
    for (GoldenCase& c : file.cases) {
      CAPTURE(file.path, c.title);
      bool one_line = c.section("input").find('\n') == std::string::npos;
      c.check("expect", optimized(c.header("passes"), c.section("input"), one_line));
    }
    file.saveIfUpdated();
  }
}

namespace {

/// Chains of arithmetic, views and writes, with equal calls among them.
std::unique_ptr<Graph> longGraph(int nodes) {
  auto graph = std::make_unique<Graph>();
  Builder builder(*graph);
  Type type = Type::array(DType::kF64, {graph->dims().symbol(100, 2)}, Layout::both());
  Node* x = builder.input("x", type);
  Node* y = builder.input("y", type);
  Node* last = x;
  for (int i = 0; graph->opCount() < static_cast<size_t>(nodes); i++) {
    Node* view = builder.call("getitem", {Graph::use(last), ArgEllipsis{}}).value();
    Node* sum = builder.call("add", {Graph::use(view), Graph::use(y)}).value();
    Node* same = builder.call("add", {Graph::use(view), Graph::use(y)}).value();
    last = builder.call("multiply", {Graph::use(sum), Graph::use(same)}).value();
    if (i % 8 == 0) (void)builder.call("setitem", {Graph::use(y), ArgEllipsis{}, Graph::use(last)}).value();
  }
  builder.output(Graph::use(last));
  return graph;
}

double secondsOfPasses(int nodes) {
  double best = 1e9;
  for (int i = 0; i < 3; i++) {
    std::unique_ptr<Graph> graph = longGraph(nodes);
    PassOptions options;
    options.verify = false;
    auto start = std::chrono::steady_clock::now();
    REQUIRE(runPasses(*graph, defaultPasses(), options).ok());
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    REQUIRE(graph->opCount() < static_cast<size_t>(nodes) * 3 / 4);
  }
  return best;
}

}  // namespace

TEST_CASE("time of all passes", "[.][graph][benchmark]") {
  for (int nodes : {1000, 5000, 16000, 64000}) WARN(nodes << " nodes: " << secondsOfPasses(nodes) * 1e3 << " ms");
}

TEST_CASE("the evaluator calls NumPy and tells what it reported", "[graph][passes]") {
  DimTable dims;
  auto evaluate = [&](const char* op, Arg a, Arg b) {
    std::vector<Arg> args(findOp(op)->params.size());
    args[0] = std::move(a);
    args[1] = std::move(b);
    Evaluation out = evaluateWithNumpy(*findOp(op), args, dims);
    CHECK(PyErr_Occurred() == nullptr);
    return out;
  };
  Evaluation sum = evaluate("add", 1.0, dims.constant(2));
  REQUIRE(sum.result);
  CHECK_FALSE(sum.reported);
  CHECK(PyFloat_AsDouble(sum.result.get()) == 3.0);
  Evaluation division = evaluate("divide", 1.0, 0.0);
  REQUIRE(division.result);
  CHECK(division.reported);
  CHECK_FALSE(evaluate("power", dims.constant(2), dims.constant(-1)).result);
  CHECK_FALSE(evaluate("add", 1.0, dims.symbol(5)).result);
}

TEST_CASE("unknown passes are refused before anything runs", "[graph][passes]") {
  std::string text = "graph(x: i64[3]) { a = multiply x x; return x }";
  CHECK(optimized("dead-code, frobnicate", text, true) == "error: unknown pass 'frobnicate'");
  CHECK(findPass("dead-code") != nullptr);
  CHECK(findPass("frobnicate") == nullptr);
  for (std::string_view name : defaultPasses()) CHECK(findPass(name) != nullptr);
}

TEST_CASE("passes are dumped one by one", "[graph][passes]") {
  std::unique_ptr<Graph> graph =
      parseTestGraph("graph(x: i64[3]) { a = multiply x x; b = multiply x x; c = add a b; d = add c 1; return c }");
  std::string seen;
  PassOptions options;
  options.dump = [&seen](std::string_view pass, const Graph& after) {
    seen += std::string(pass) + ": " + print(after, {.one_line = true}) + "\n";
  };
  std::vector<std::string_view> names = {"common-subexpressions", "dead-code"};
  REQUIRE(runPasses(*graph, names, options).ok());
  CHECK(seen ==
        "common-subexpressions: graph(x: i64[3]) { a = multiply x x; c = add a a; d = add c 1; return c }\n"
        "dead-code: graph(x: i64[3]) { a = multiply x x; c = add a a; return c }\n");
}

}  // namespace segue
