#include "graph/test_ops.h"

#include <catch2/catch.hpp>

#include "absl/strings/str_join.h"
#include "graph/effects.h"

namespace segue {
namespace {

const Node* find(const Block& block, std::string_view name) {
  for (const Node* param : block.params) {
    if (param->name == name) return param;
  }
  for (const Node* node : block.nodes) {
    if (node->name == name) return node;
    for (const auto& region : node->regions) {
      if (const Node* inner = find(*region, name)) return inner;
    }
  }
  return nullptr;
}

const Node* named(const Graph& graph, std::string_view name) {
  const Node* out = find(graph.body(), name);
  REQUIRE(out != nullptr);
  return out;
}

template <class List>
std::string names(const List& nodes) {
  return absl::StrJoin(nodes, " ", [](std::string* out, const Node* node) { *out += node->name; });
}

}  // namespace

TEST_CASE("regions of memory follow views and out= arguments", "[graph][effects]") {
  std::unique_ptr<Graph> graph = parseTestGraph(R"(graph(x: f64[4], y: f64[4], n: int) {
    a: f64[4] = view x
    b = add x y
    c = add b 1.0 out=a
    d: f64[4] = maybe_view b
    e = add d y
    return d, c, (y, 3), n, d
  })");
  Effects effects(*graph);
  auto region = [&](std::string_view name) { return effects.region(named(*graph, name)); };
  CHECK(region("a") == region("x"));
  CHECK(region("c") == region("x"));
  CHECK(region("d") == region("b"));
  CHECK(region("y") != region("x"));
  CHECK(region("b") != region("x"));
  CHECK(region("e") != region("d"));
  CHECK(effects.regionCount() == 5);  // x, y, n, b and e start one each
  CHECK(effects.regionWritten(region("x")));
  CHECK_FALSE(effects.regionWritten(region("b")));
  CHECK(effects.regionEscapes(region("b")));
  CHECK_FALSE(effects.regionEscapes(region("e")));

  auto flags = [&](std::string_view name) {
    const Node* node = named(*graph, name);
    return std::string(effects.written(node) ? "w" : "") + (effects.escapes(node) ? "e" : "") +
           (effects.identityEscapes(node) ? "i" : "");
  };
  CHECK(flags("x") == "we");
  CHECK(flags("a") == "wei");  // c is a itself
  CHECK(flags("b") == "ei");   // d may be b itself
  CHECK(flags("y") == "ei");
  CHECK(flags("e") == "");

  CHECK(effects.aliasedInput(0) == -1);
  CHECK(effects.aliasedInput(1) == 0);
  CHECK(effects.aliasedInput(2) == 1);
  CHECK(effects.aliasedInput(3) == -1);
  CHECK(effects.outputsAlias(0, 4));
  CHECK_FALSE(effects.outputsAlias(0, 1));
}

TEST_CASE("a node with regions shares and writes what it is given", "[graph][effects]") {
  std::unique_ptr<Graph> graph = parseTestGraph(R"(graph(x: f64[4], n: int) {
    a = add x 1.0
    b = add x 2.0
    r: f64[4] = loop n a { (i: int, acc: f64[4]) w: None = fill acc 0.0; yield acc }
    s: f64[4] = loop n b { (i2: int, acc2: f64[4]) u = add acc2 x; yield u }
    return s
  })");
  Effects effects(*graph);
  const Node* a = named(*graph, "a");
  CHECK(effects.region(a) == effects.region(named(*graph, "acc")));
  CHECK(effects.region(a) == effects.region(named(*graph, "r")));
  CHECK(effects.written(a));
  CHECK(effects.escapes(a));
  CHECK_FALSE(effects.written(named(*graph, "b")));
}

TEST_CASE("what a node does besides its value", "[graph][effects]") {
  std::unique_ptr<Graph> graph = parseTestGraph(R"(graph(x: f64[4], k: i64[4], q: np.i64, n: int) {
    real = add x x
    whole = add k k
    mixed = add k 1.5
    weak = add k n
    number = add q q
    divided = floor_divide k k
    bits = bitwise_and k k
    seen: f64[4] = view x
    wrote: None = fill x 1.0
    into: f64[4] = fill_into 1.0 out=x
    fresh: f64[4] = fill_into 1.0
    drawn: f64[4] = draw
    raises: f64[4] = risky x
    return
  })");
  auto report = [&](std::string_view name) { return mayReport(*named(*graph, name)); };
  CHECK(report("real"));
  CHECK_FALSE(report("whole"));
  CHECK(report("mixed"));
  CHECK_FALSE(report("weak"));
  CHECK(report("number"));
  CHECK(report("divided"));
  CHECK_FALSE(report("bits"));
  std::string must_run;
  for (const Node* node : graph->nodes()) must_run += mustRun(*node, graph->dims()) ? node->name + " " : "";
  CHECK(must_run == "real mixed number divided wrote into drawn raises ");
  CHECK(isPureView(*named(*graph, "seen")));
  CHECK(names(writtenArgs(*named(*graph, "wrote"))) == "x");
  CHECK(sameObject(*named(*graph, "wrote")) == nullptr);
  CHECK(sameObject(*named(*graph, "into")) == named(*graph, "x"));
  CHECK(sameObject(*named(*graph, "seen")) == nullptr);
  CHECK(writtenArgs(*named(*graph, "fresh")).empty());
}

TEST_CASE("a better type says more of the layout and nothing else", "[graph][effects]") {
  DimTable dims;
  auto better = [&](const char* type, const char* old) {
    return refines(parseType(type, dims).value(), parseType(old, dims).value(), dims);
  };
  CHECK(better("f64[3, 4]", "f64[3, 4]"));
  CHECK(better("f64[3, 4]", "f64[3, 4]:?"));
  CHECK(better("f64[3, 4]:strided", "f64[3, 4]:?"));
  CHECK(better("f64[3, 4]:stridedC", "f64[3, 4]:strided"));
  CHECK_FALSE(better("f64[3, 4]:strided", "f64[3, 4]:stridedC"));
  CHECK_FALSE(better("f64[3, 4]:?", "f64[3, 4]"));
  CHECK_FALSE(better("f64[3, 4]:F", "f64[3, 4]"));
  CHECK_FALSE(better("f64[3, 4]", "f64[3, 4]:strided"));
  CHECK_FALSE(better("f64[3, 4]", "f64[4, 3]:?"));
  CHECK_FALSE(better("f64[3, 4]:ro", "f64[3, 4]:?"));
  CHECK_FALSE(better("f32[3, 4]", "f64[3, 4]:?"));
  CHECK(better("int", "int"));
  CHECK_FALSE(better("int", "float"));
  CHECK_FALSE(better("f64[4]", "f64[s0 // 2 + 1]"));
  (void)dims.specialize(dims.symbolNamed("s0"));  // 7
  CHECK(better("f64[4]", "f64[s0 // 2 + 1]"));
  CHECK_FALSE(better("f64[5]", "f64[s0 // 2 + 1]"));
}

TEST_CASE("values die behind their last use", "[graph][effects]") {
  std::unique_ptr<Graph> graph = parseTestGraph(R"(graph(x: f64[4], y: f64[4], z: f64[4]) {
    a = add x y
    b = add a a
    c = add b x
    d = add c 1.0
    r: f64[4] = loop 3 { (i: int) e = add a d; yield e }
    return b, (r,)
  })");
  Lifetimes lifetimes(*graph);
  std::vector<std::string> dying;
  for (size_t i = 0; i < graph->opCount(); i++) dying.push_back(names(lifetimes.dyingAt(i)));
  CHECK(dying == std::vector<std::string>{"y", "", "x", "c", "a d"});
  CHECK(lifetimes.lastUse(named(*graph, "b")) == Lifetimes::kEnd);
  CHECK(lifetimes.lastUse(named(*graph, "z")) == Lifetimes::kEnd);
}

}  // namespace segue
