// Replayed writes: their effects, the order of releases, and what undoing leaves.
#include "base/python.h"

#include "runtime/program.h"

#include <catch2/catch.hpp>

namespace segue {
namespace {

/// Registers by name; writes are appended and run on them.
class Scene {
 public:
  Scene() {
    scope_ = Ref::steal(PyDict_New());
    run("from collections import deque");
  }
  void run(const std::string& code) {
    Ref done = Ref::steal(PyRun_String(code.c_str(), Py_file_input, scope_.get(), scope_.get()));
    if (!done) PyErr_Print();
    REQUIRE(done);
  }
  bool check(const std::string& code) {
    Ref value = Ref::steal(PyRun_String(code.c_str(), Py_eval_input, scope_.get(), scope_.get()));
    if (!value) PyErr_Print();
    return value && PyObject_IsTrue(value.get()) == 1;
  }
  /// A register with the value of an expression.
  Operand reg(const std::string& code) {
    held_.push_back(Ref::steal(PyRun_String(code.c_str(), Py_eval_input, scope_.get(), scope_.get())));
    REQUIRE(held_.back());
    return static_cast<Operand>(held_.size() - 1);
  }
  void write(StepKind kind, std::vector<Operand> operands) { program_.append(kind, kNoReg, operands); }
  bool replay() {
    std::vector<PyObject*> regs;
    for (const Ref& value : held_) regs.push_back(value.get());
    bool done = runWrites(program_, {regs.data(), nullptr}, &journal_) == nullptr;
    CHECK(PyErr_Occurred() == nullptr);
    return done;
  }

 private:
  Ref scope_;
  std::vector<Ref> held_;
  Program program_;
  WriteJournal journal_;
};

/// Every kind of write once, on d, l, s, q, o and c.
void writeEverything(Scene& scene) {
  using K = StepKind;
  Operand d = scene.reg("d"), l = scene.reg("l"), s = scene.reg("s"), q = scene.reg("q"), o = scene.reg("o");
  Operand c = scene.reg("c");
  scene.write(K::kWriteItem, {d, scene.reg("'new'"), scene.reg("1")});
  scene.write(K::kWriteItem, {d, scene.reg("'old'"), scene.reg("2")});
  scene.write(K::kDictPop, {d, scene.reg("'gone'")});
  scene.write(K::kDictUpdate, {d, scene.reg("{'new': 5, 'more': 6}")});
  scene.write(K::kListAppend, {l, scene.reg("'end'")});
  scene.write(K::kListInsert, {l, scene.reg("0"), scene.reg("'start'")});
  scene.write(K::kListPop, {l, scene.reg("-1")});
  scene.write(K::kWriteItem, {l, scene.reg("1"), scene.reg("'set'")});
  scene.write(K::kListExtend, {l, scene.reg("[7, 8]")});
  scene.write(K::kListReverse, {l});
  scene.write(K::kSetAdd, {s, scene.reg("9")});
  scene.write(K::kSetDiscard, {s, scene.reg("1")});
  scene.write(K::kDequeAppend, {q, scene.reg("4")});
  scene.write(K::kDequePopLeft, {q});
  scene.write(K::kWriteAttr, {o, scene.reg("'a'"), scene.reg("10")});
  scene.write(K::kWriteAttr, {o, scene.reg("'b'"), scene.reg("11")});
  scene.write(K::kWriteDelAttr, {o, scene.reg("'z'")});
  scene.write(K::kWriteCell, {c, scene.reg("12")});
}

constexpr const char* kObjects = R"(
class O: pass
d, l, s, q, o = {'old': 0, 'gone': 3}, ['a', 'b'], {1, 2}, deque([1, 2, 3], maxlen=3), O()
o.a, o.z = 0, 1
def cell(v):
    return (lambda: v).__closure__[0]
c = cell(0)
before = (dict(d), list(l), set(s), list(q), dict(vars(o)), c.cell_contents)
)";

}  // namespace

TEST_CASE("writes are replayed in program order", "[runtime][replay]") {
  Scene scene;
  scene.run(kObjects);
  writeEverything(scene);
  REQUIRE(scene.replay());
  CHECK(scene.check("list(d.items()) == [('old', 2), ('new', 5), ('more', 6)]"));
  CHECK(scene.check("l == [8, 7, 'b', 'set', 'start']"));
  CHECK(scene.check("s == {2, 9} and list(q) == [3, 4]"));
  CHECK(scene.check("vars(o) == {'a': 10, 'b': 11} and c.cell_contents == 12"));
}

TEST_CASE("a write that cannot be made takes the ones before it back", "[runtime][replay]") {
  Scene scene;
  scene.run(kObjects);
  writeEverything(scene);
  scene.write(StepKind::kListPop, {scene.reg("[]"), scene.reg("0")});   // stands in for a failed allocation
  REQUIRE_FALSE(scene.replay());
  CHECK(scene.check("before == (dict(d), list(l), set(s), list(q), dict(vars(o)), c.cell_contents)"));
  CHECK(scene.check("q.maxlen == 3"));
}

TEST_CASE("replaced objects live until the journal goes", "[runtime][replay]") {
  auto scene = std::make_unique<Scene>();
  scene->run(R"(
log = []
class Loud:
    def __del__(self): log.append((d['a'], d['b']))
d = {'a': Loud(), 'b': 0}
)");
  scene->write(StepKind::kWriteItem, {scene->reg("d"), scene->reg("'a'"), scene->reg("1")});
  scene->write(StepKind::kWriteItem, {scene->reg("d"), scene->reg("'b'"), scene->reg("2")});
  REQUIRE(scene->replay());
  CHECK(scene->check("log == []"));
}

}  // namespace segue
