#include "graph/test_ops.h"

#include <catch2/catch.hpp>

#include "graph/verify.h"

namespace segue {
namespace {

/// The verifier's message; empty when it accepts.
std::string complaint(Graph& graph) {
  Result<void> result = verify(graph);
  return result.ok() ? "" : result.error();
}

std::unique_ptr<Graph> sample() {
  return parseTestGraph(R"(graph(x: f64[4], y: f64[4]:ro) {
    a = add x y
    r: f64[4] = loop a { (i: int) b = multiply a a; yield b }
    c = subtract r a
    return c
  })");
}

Node* node(Graph& graph, size_t index) { return graph.body().nodes[index]; }

}  // namespace

TEST_CASE("the verifier accepts whole graphs and records nothing", "[graph][verify]") {
  std::unique_ptr<Graph> graph = sample();
  CHECK(complaint(*graph) == "");
  std::unique_ptr<Graph> broadcast = parseTestGraph("graph(x: f64[s0], y: f64[s1]) { a = add x y; return a }");
  size_t relations = broadcast->dims().relations().size();
  CHECK(complaint(*broadcast) == "");
  CHECK(broadcast->dims().relations().size() == relations);
}

TEST_CASE("the verifier finds uses that nothing defines", "[graph][verify]") {
  std::unique_ptr<Graph> graph = sample();
  std::swap(graph->body().nodes[0], graph->body().nodes[2]);
  CHECK(complaint(*graph) == "node 'c' uses 'r' before its definition");

  graph = sample();
  graph->outputs()[0] = Graph::use(node(*graph, 1)->regions[0]->nodes[0]);
  CHECK(complaint(*graph) == "the block's results uses 'b' outside the region that defines it");

  graph = sample();
  std::unique_ptr<Graph> other = parseTestGraph(
      "graph(x: int) { a: int = one x; b: int = one x; c: int = one x; d: int = one x; e: int = one x; "
      "f: int = one x; g: int = one x; return g }");
  graph->outputs()[0] = Graph::use(other->body().nodes.back());
  CHECK(complaint(*graph) == "the block's results uses 'g', which is of another graph");

  graph = sample();
  graph->outputs()[0] = ArgValue{};
  CHECK(complaint(*graph) == "the block's results uses a null value");

  graph = sample();
  node(*graph, 2)->args[0] = ArgValue{node(*graph, 1), graph->intern(*node(*graph, 1)->type)};
  // intern() may give the very type; another one surely differs.
  node(*graph, 2)->args[0] = ArgValue{node(*graph, 1), graph->intern(Type::scalar(TypeKind::kPyInt))};
  CHECK(complaint(*graph) == "node 'c' uses 'r' with a type that is not the node's own");
}

TEST_CASE("the verifier finds broken nodes", "[graph][verify]") {
  std::unique_ptr<Graph> graph = sample();
  node(*graph, 0)->args.pop_back();
  size_t params = findOp("add")->params.size();
  CHECK(complaint(*graph) == "node 'a' has " + std::to_string(params - 1) + " arguments, but add takes " +
                                 std::to_string(params));
  graph = sample();
  node(*graph, 0)->args[1] = {};
  CHECK(complaint(*graph) == "node 'a' lacks the argument 'x2' of add");

  graph = sample();
  node(*graph, 0)->name = "x";
  CHECK(complaint(*graph) == "two nodes have the name 'x'");

  graph = sample();
  graph->body().nodes.push_back(node(*graph, 0));
  CHECK(complaint(*graph) == "node 'a' is defined twice, or shares its id");

  graph = sample();
  node(*graph, 0)->id = graph->idBound();
  CHECK(complaint(*graph) == "node 'a' has an id that the graph did not give");

  graph = sample();
  graph->body().nodes.insert(graph->body().nodes.begin(), graph->createParam("p", Type::scalar(TypeKind::kPyInt)));
  CHECK(complaint(*graph) == "node 'p' has no operator");

  graph = sample();
  graph->body().params.push_back(node(*graph, 0));
  CHECK(complaint(*graph) == "parameter 'a' has the operator add");

  graph = sample();
  node(*graph, 0)->type = nullptr;
  CHECK(complaint(*graph) == "node 'a' has no type");
}

TEST_CASE("the verifier finds wrong types and writes", "[graph][verify]") {
  std::unique_ptr<Graph> graph = sample();
  Node* a = node(*graph, 0);
  a->type = graph->intern(Type::array(DType::kF32, {graph->dims().constant(4)}, Layout::both()));
  CHECK(complaint(*graph) == "node 'a' has the type f32[4], but add gives f64[4]");

  graph = sample();
  node(*graph, 0)->args[1] = std::string("text");
  CHECK(complaint(*graph).find("node 'a': add does not accept its arguments: ") == 0);

  graph = sample();
  Node* y = graph->body().params[1];
  graph->body().nodes.push_back(graph->create(*findTestOp("fill"), {Graph::use(y), 0.0},
                                              graph->intern(Type::scalar(TypeKind::kNone)), {}, "w"));
  CHECK(complaint(*graph) == "node 'w' writes to 'y', which is read-only");
}

}  // namespace segue
