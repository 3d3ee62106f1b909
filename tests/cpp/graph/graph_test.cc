#include "graph/test_ops.h"

#include <catch2/catch.hpp>

#include "graph/builder.h"
#include "graph/print.h"

namespace segue {
namespace {

std::string oneLine(const Graph& graph) { return print(graph, {.one_line = true}); }

Type vector(DType dtype, Dim length) { return Type::array(dtype, {length}, Layout::both()); }

}  // namespace

TEST_CASE("nodes are appended with inferred types and fresh names", "[graph]") {
  Graph graph;
  Builder builder(graph);
  Node* x = builder.input("x", vector(DType::kF32, graph.dims().symbol(5, 2)));
  Node* y = builder.call("multiply", {Graph::use(x), 2.0}).value();
  Node* z = builder.call("add", {Graph::use(y), Graph::use(x)}, {{"dtype", DType::kF64}}).value();
  builder.output(Graph::use(z));
  CHECK(oneLine(graph) == "graph(x: f32[s0]) { v0 = multiply x 2.0; v1 = add v0 x dtype=f64; return v1 }");
  CHECK(z->type->dtype == DType::kF64);
  CHECK(z->id > y->id);
  CHECK(graph.opCount() == 2);
}

TEST_CASE("a call that the rule refuses leaves the graph as it was", "[graph]") {
  Graph graph;
  Builder builder(graph);
  Node* x = builder.input("x", vector(DType::kF64, graph.dims().symbol(5, 2)));
  Node* y = builder.input("y", vector(DType::kF64, graph.dims().symbol(6, 2)));
  Result<Node*> sum = builder.call("add", {Graph::use(x), Graph::use(y)});
  CHECK_FALSE(sum.ok());
  CHECK(graph.opCount() == 0);
  CHECK(graph.dims().relations().empty());
  CHECK_FALSE(builder.call("no_such_operator", {}).ok());
  Result<Node*> many = graph.add(*findOp("add"), std::vector<Arg>(20));
  REQUIRE_FALSE(many.ok());
  CHECK(many.error().find("add takes at most") == 0);
}

TEST_CASE("names are identifiers, unique, and no literals", "[graph]") {
  Graph graph;
  Type number = Type::scalar(TypeKind::kPyInt);
  auto name = [&](std::string wanted) { return graph.addInput(std::move(wanted), number)->name; };
  CHECK(name("x") == "x");
  CHECK(name("x") == "x_1");
  CHECK(name("x_1") == "x_1_1");
  CHECK(name("L['a b']") == "L__a_b__");
  CHECK(name("3d") == "_3d");
  CHECK(name("s0") == "s0_");
  CHECK(name("i64") == "i64_");
  CHECK(name("return") == "return_");
  CHECK(name("v0") == "v0");
  CHECK(name("") == "v1");
  CHECK(name("v1") == "v1_1");
  CHECK(name("") == "v2");
}

TEST_CASE("truncate forgets nodes, their names and their objects", "[graph]") {
  Graph graph;
  Builder builder(graph);
  Node* x = builder.input("x", vector(DType::kF64, graph.dims().constant(3)));
  Node* kept = builder.call("add", {Graph::use(x), 1.0}).value();
  size_t count = graph.opCount();
  Ref object = Ref::steal(PyLong_FromLong(123456789));
  Py_ssize_t references = Py_REFCNT(object.get());
  std::vector<Arg> args = {Graph::use(kept), ArgNone{}, ArgObject{object}};
  (void)graph.add(*findOp("add"), {Graph::use(kept), 2.0}, {}, "named").value();
  Node* dropped = graph.create(*findTestOp("one"), std::move(args), graph.intern(*x->type), {});
  graph.outputs().clear();
  // A speculative step appends, is judged wrong, and is rolled back.
  const_cast<Block&>(graph.body()).nodes.push_back(dropped);
  graph.truncate(count);
  CHECK(Py_REFCNT(object.get()) == references);
  CHECK(graph.opCount() == count);
  Node* again = builder.call("add", {Graph::use(kept), 3.0}).value();
  CHECK(again->name == "v1");
  CHECK(graph.add(*findOp("add"), {Graph::use(kept), 2.0}, {}, "named").value()->name == "named");
  graph.truncate(0);
  CHECK(graph.opCount() == 0);
  CHECK(graph.inputs().size() == 1);
}

TEST_CASE("a clone prints the same and lives on its own", "[graph]") {
  std::string text =
      "graph(x: f64[s0, 3], n: int) { a = multiply x x; r: f64[s0, 3] = loop a=n b=a { (i: int, acc: f64[s0, 3]) "
      "c = add acc x; yield c }; return r, (a, s0 - 1) }";
  std::unique_ptr<Graph> graph = parseTestGraph(text);
  std::unique_ptr<Graph> copy = graph->clone();
  Node* more = copy->add(*findOp("add"), {Graph::use(copy->inputs()[0]), 1.0}).value();
  copy->truncate(2);
  (void)more;
  graph.reset();
  CHECK(oneLine(*copy) == text);
}

TEST_CASE("storage roots follow views and written arguments", "[graph]") {
  std::unique_ptr<Graph> graph = parseTestGraph(R"(graph(x: f64[4]) {
    a: f64[4] = view x
    b: f64[4] = maybe_view a
    c = add b 1.0
    d: f64[4] = view c
    e = multiply d 2.0 out=d
    n: np.f64 = view d
    return e
  })");
  auto root = [&](size_t node) { return storageRoot(graph->nodes()[node])->name; };
  CHECK(root(1) == "x");
  CHECK(root(2) == "c");
  CHECK(root(4) == "c");
  CHECK(root(5) == "n");  // a number has no memory
}

}  // namespace segue
