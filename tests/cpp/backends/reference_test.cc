// Plans of text graphs: their listings, and what running them on real arrays does.
#include "base/python.h"

#include "backends/backend.h"
#include "graph/parse.h"
#include "runtime/segment.h"

#include <catch2/catch.hpp>

namespace segue {
namespace {

/// The value of a Python expression; `np` is numpy, `x` and `y` are what was bound before.
class Python {
 public:
  Python() {
    scope_ = Ref::steal(PyDict_New());
    run("import numpy as np");
  }
  void run(const std::string& code) {
    Ref done = Ref::steal(PyRun_String(code.c_str(), Py_file_input, scope_.get(), scope_.get()));
    if (!done) PyErr_Print();
    REQUIRE(done);
  }
  Ref eval(const std::string& code) {
    Ref value = Ref::steal(PyRun_String(code.c_str(), Py_eval_input, scope_.get(), scope_.get()));
    if (!value) PyErr_Print();
    REQUIRE(value);
    return value;
  }
  void bind(const char* name, BorrowedRef value) { PyDict_SetItemString(scope_.get(), name, value.get()); }
  bool check(const std::string& code) { return PyObject_IsTrue(eval(code).get()) == 1; }

 private:
  Ref scope_;
};

/// One graph as a segment that returns the tuple of its outputs.
struct Runner {
  std::unique_ptr<Graph> graph;
  Segment segment;

  explicit Runner(const std::string& text) {
    Result<std::unique_ptr<Graph>> parsed = parseGraph(text);
    INFO(parsed.error());
    REQUIRE(parsed.ok());
    graph = std::move(parsed.value());
    BackendInput input{.graph = graph.get()};
    for (uint32_t i = 0; i < graph->inputs().size(); i++) input.input_slots.push_back(i);
    input.slot_count = static_cast<uint32_t>(graph->inputs().size());
    Result<Plan> plan = findBackend("reference")->compile(input);
    INFO(plan.error());
    REQUIRE(plan.ok());
    segment.exit = SegmentExit::kReturn;
    segment.plan = std::move(plan.value());
    segment.replay.first_constant = segment.plan.reg_count;
    segment.replay.build.append(StepKind::kTuple, segment.plan.reg_count, segment.plan.outputs);
    segment.result = segment.plan.reg_count;
    segment.reg_count = segment.replay.reg_count = segment.plan.reg_count + 1;
    segment.int_count = segment.plan.int_count;
  }

  /// The tuple of outputs; null when the run was dropped.
  Ref run(const std::vector<Ref>& inputs, const std::vector<int64_t>& symbols = {}) {
    std::vector<PyObject*> regs(segment.reg_count);
    std::vector<int64_t> ints(segment.int_count + 1);
    for (size_t i = 0; i < inputs.size(); i++) regs[i] = inputs[i].get();
    std::copy(symbols.begin(), symbols.end(), ints.begin());
    PyObject* result = nullptr;
    SegmentOutcome outcome = runSegment(segment, regs.data(), ints.data(), &result);
    CHECK(PyErr_Occurred() == nullptr);
    return outcome == SegmentOutcome::kReturned ? Ref::steal(result) : Ref();
  }
};

}  // namespace

TEST_CASE("temporaries die behind their last use and share registers", "[backends]") {
  Runner runner("graph(x: f64[3]) { a = multiply x x\n b = add a 1.0\n c = subtract b x\n return c }");
  const Plan& plan = runner.segment.plan;
  // Two temporaries at any time, in two registers.
  CHECK(plan.reg_count == plan.firstTemporary() + 2);
  Python py;
  Ref x = py.eval("np.arange(3.0)");
  Py_ssize_t before = Py_REFCNT(x.get());
  Ref out = runner.run({x});
  REQUIRE(out);
  CHECK(Py_REFCNT(x.get()) == before);
  py.bind("out", out);
  CHECK(py.check("out[0].tolist() == [1.0, 1.0, 3.0]"));
  CHECK(py.check("__import__('sys').getrefcount(out[0]) == 2"));
}

TEST_CASE("sizes are computed, and an overflow drops the run", "[backends]") {
  Runner runner("graph(x: f64[s0]) { a = getitem x s0*s0 - 1:\n return a }");
  Python py;
  Ref x = py.eval("np.arange(5.0)");
  Ref out = runner.run({x}, {2});
  REQUIRE(out);
  py.bind("out", out);
  CHECK(py.check("out[0].tolist() == [3.0, 4.0]"));
  CHECK_FALSE(runner.run({x}, {int64_t{1} << 40}));
}

TEST_CASE("conditions that the user would see drop the run", "[backends]") {
  Runner runner("graph(x: f64[2]) { a = log x\n return a }");
  REQUIRE(runner.segment.plan.reads_errstate);
  Python py;
  Ref zero = py.eval("np.array([0.0, 1.0])"), fine = py.eval("np.array([1.0, 1.0])");
  CHECK(runner.run({fine}));
  CHECK_FALSE(runner.run({zero}));
  CHECK(runner.segment.rerun_count == 1);
  CHECK_FALSE(wantsVerdict(runner.segment));
  CHECK_FALSE(runner.run({zero}));
  CHECK(wantsVerdict(runner.segment));
  py.run("old = np.seterr(divide='ignore')");
  CHECK(runner.run({zero}));
  py.run("_ = np.seterr(**old)");
  CHECK(py.check("np.geterr() == old"));
}

TEST_CASE("a written element of an input that was read is saved, and written in place", "[backends]") {
  Runner runner("graph(x: f64[4]) { t = getitem x 1:\n s = add x 1.0\n w = setitem x 2 50.0\n r = add t 1.0\n return t, r, x }");
  CHECK(runner.segment.plan.commit.steps.empty());
  CHECK(runner.segment.plan.undo.steps.size() == 1);
  Python py;
  py.run("base = np.arange(10.0); x = base[8:0:-2]");
  Ref x = py.eval("x");
  Ref out = runner.run({x});
  REQUIRE(out);
  py.bind("out", out);
  CHECK(py.check("out[2] is x"));
  CHECK(py.check("out[0].base is base and out[0].strides == x[1:].strides"));
  CHECK(py.check("x.tolist() == [8.0, 6.0, 50.0, 2.0] and out[0].tolist() == [6.0, 50.0, 2.0]"));
  CHECK(py.check("out[1].tolist() == [7.0, 51.0, 3.0]"));
  CHECK(py.check("base.tolist() == [0, 1, 2, 3, 50, 5, 6, 7, 8, 9]"));
}

TEST_CASE("a run that is dropped behind a staged write has changed nothing", "[backends]") {
  Runner runner("graph(x: f64[2]) { s = add x 1.0\n w = setitem x 0 5.0\n r = log s\n return r }");
  Python py;
  py.run("x = np.array([-1.0, 2.0])");
  CHECK_FALSE(runner.run({py.eval("x")}));
  CHECK(py.check("x.tolist() == [-1.0, 2.0]"));
}

TEST_CASE("writes that nothing has read before go straight to the array", "[backends]") {
  Runner runner("graph(x: f64[3], y: f64[3]) { a = multiply y 2.0\n w = setitem x : a\n r = add x y\n return r }");
  CHECK(runner.segment.plan.commit.steps.empty());
  Python py;
  py.run("x, y = np.zeros(3), np.arange(3.0)");
  Ref out = runner.run({py.eval("x"), py.eval("y")});
  REQUIRE(out);
  py.bind("out", out);
  CHECK(py.check("x.tolist() == [0, 2, 4] and out[0].tolist() == [0, 3, 6]"));
}

TEST_CASE("NumPy scalars compute as scalars", "[backends]") {
  Runner runner("graph(x: f64[3]) { a = sum x\n b = scalar_multiply a 2.0\n return b }");
  CHECK(printPlan(runner.segment.plan).find("call function mul") != std::string::npos);
  Python py;
  Ref out = runner.run({py.eval("np.arange(3.0)")});
  REQUIRE(out);
  py.bind("out", out);
  CHECK(py.check("type(out[0]) is np.float64 and out[0] == 6.0"));
}

}  // namespace segue
