// Fetching: every kind of source, without user code, without making instance dicts, without leaks.
#include "guards/fixture.h"
#include "program/constants.h"

#include <functional>

#include "base/objects.h"

namespace segue::testing {
namespace {

/// What a wanted source fetches from a call, or null.
PyObject* fetched(Call& call, Source source, const std::vector<Ref>& arguments) {
  call.wanted = {source};
  std::string answer = call.check(arguments);
  if (answer != "pass") return nullptr;
  return call.regs[call.lowered->slot(source)];
}

TEST_CASE("instance attributes come from inline values, dicts and slots", "[guards]") {
  const char* classes = R"(
class Plain:
    def __init__(self, w): self.u = 0; self.w = w
class Slotted:
    __slots__ = ('u', 'w')
    def __init__(self, w): self.w = w
class Mixed(Slotted):
    def __init__(self, w): self.extra = 1; self.w = w
class Number(int):
    def __new__(cls, w): self = int.__new__(cls, 7); self.w = w; return self
class Shown(Plain):
    def __init__(self, w): Plain.__init__(self, w); self.__dict__
class Odd(Plain):
    def __init__(self, w): Plain.__init__(self, w); self.__dict__[1] = 2
class Replaced(Plain):
    def __init__(self, w): self.__dict__ = {'w': w}
w = object()
)";
  for (std::string name : {"Plain", "Slotted", "Mixed", "Number", "Shown", "Odd", "Replaced"}) {
    CAPTURE(name);
    Call call(classes);
    call.guards.type(call.x(), call.names.type(name));
    Source w = call.sources.attr(call.x(), text("w"));
    Ref object = call.names.eval(name + "(w)");
    CHECK(fetched(call, w, {object}) == call.names.eval("w").get());
    Ref missing = call.names.eval(name + ".__new__(" + (name == "Number" ? "Number, 0" : name) + ")");
    if (name != "Number") CHECK(call.check({missing}) == "L['x'].w exists: nothing there");
    CHECK(call.check("3") == "L['x'] has the type " + name + ": int");
  }
}

TEST_CASE("reading an attribute makes no instance dict", "[guards]") {
  Call call(R"(
import sys
class C:
    def __init__(self): self.a = 1; self.w = 2
objects = [C() for _ in range(1000)]
blocks = sys.getallocatedblocks
)");
  call.guards.type(call.x(), call.names.type("C"));
  call.guards.equals(call.sources.attr(call.x(), text("w")), call.names.eval("2"));
  call.guards.add({GuardKind::kNoInstanceAttr, call.x(), text("absent")});
  Ref objects = call.names.eval("objects");
  std::vector<Ref> all;
  for (Py_ssize_t i = 0; i < 1000; i++) all.push_back(Ref::borrow(PyList_GET_ITEM(objects.get(), i)));
  CHECK(call.check({all[0]}) == "pass");
  long before = PyLong_AsLong(call.names.eval("blocks()").get());
  for (const Ref& object : all) CHECK(call.check({object}) == "pass");
  long after = PyLong_AsLong(call.names.eval("blocks()").get());
  CHECK(after - before < 100);
}

TEST_CASE("a class that gains a data descriptor of the name breaks the assumption, not the fetch", "[guards]") {
  Call call("class C:\n    def __init__(self): self.w = 2\nc = C()");
  call.guards.type(call.x(), call.names.type("C"));
  call.wanted = {call.sources.attr(call.x(), text("w"))};
  call.program();
  REQUIRE(call.lowered->assumptions.size() == 1);
  const Assumption& fact = call.lowered->assumptions[0];
  CHECK(fact.kind == AssumptionKind::kTypeAttribute);
  CHECK(fact.owner.get() == reinterpret_cast<PyObject*>(call.names.type("C")));
  CHECK(!fact.value);
}

TEST_CASE("properties and unguarded objects are refused", "[guards]") {
  Call property("class C:\n    w = property(lambda self: 1)");
  property.guards.type(property.x(), property.names.type("C"));
  std::vector<Source> wanted = {property.sources.attr(property.x(), text("w"))};
  CHECK(lowerGuards(property.guards, property.dims, wanted, property.code()).error() ==
        "L['x'].w is a data descriptor");
  Call unguarded;
  wanted = {unguarded.sources.attr(unguarded.x(), text("w"))};
  CHECK(lowerGuards(unguarded.guards, unguarded.dims, wanted, unguarded.code()).error() ==
        "L['x'].w: the type of the object is not guarded");
}

TEST_CASE("items, keys, cells and members", "[guards]") {
  Call call(R"(
import functools
from types import CellType
def g(a, b=(1, 2), *, k=3): return a
class C:
    def m(self): return self
c = C()
v = object()
)");
  struct Case {
    std::string name;
    std::function<Source(SourceTable&, Source)> source;
    std::string object, value;
  };
  auto member = [](SourceMember m) { return [m](SourceTable& t, Source x) { return t.member(x, m); }; };
  std::vector<Case> cases = {
      {"tuple item", [](SourceTable& t, Source x) { return t.item(x, 1); }, "(0, v)", "v"},
      {"list item", [](SourceTable& t, Source x) { return t.item(x, 0); }, "[v]", "v"},
      {"str key", [](SourceTable& t, Source x) { return t.key(x, text("k")); }, "{'k': v}", "v"},
      {"str key among others", [](SourceTable& t, Source x) { return t.key(x, text("k")); }, "{1: 0, 'k': v}", "v"},
      {"cell", [](SourceTable& t, Source x) { return t.cellContents(x); }, "CellType(v)", "v"},
      {"type", member(SourceMember::kType), "c", "C"},
      {"self", member(SourceMember::kMethodSelf), "c.m", "c"},
      {"func", member(SourceMember::kMethodFunction), "c.m", "C.m"},
      {"defaults", member(SourceMember::kFunctionDefaults), "g", "g.__defaults__"},
      {"no defaults", member(SourceMember::kFunctionDefaults), "C.m", "None"},
      {"kwdefaults", member(SourceMember::kFunctionKwDefaults), "g", "g.__kwdefaults__"},
      {"no closure", member(SourceMember::kFunctionClosure), "g", "None"},
      {"globals", member(SourceMember::kFunctionGlobals), "g", "globals()"},
      {"code", member(SourceMember::kFunctionCode), "g", "g.__code__"},
      {"start", member(SourceMember::kSliceStart), "slice(v, 1)", "v"},
      {"step", member(SourceMember::kSliceStep), "slice(v, 1)", "None"},
      {"range stop", member(SourceMember::kRangeStop), "range(5)", "5"},
      {"dict", member(SourceMember::kInstanceDict), "c", "c.__dict__"},
      {"no base", member(SourceMember::kArrayBase), "np.zeros(3)", "None"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Call one;
    Source source = c.source(one.sources, one.x());
    CHECK(fetched(one, source, {call.names.eval(c.object)}) == call.names.eval(c.value).get());
    if (c.name != "type") CHECK(fetched(one, source, {call.names.eval("np.float64")}) == nullptr);
  }
}

TEST_CASE("a partial's parts need its type", "[guards]") {
  Call call("import functools\np = functools.partial(len, 'abc', key=1)");
  call.guards.type(call.x(), call.names.type("functools.partial"));
  Source func = call.sources.member(call.x(), SourceMember::kPartialFunc);
  CHECK(fetched(call, func, {call.names.eval("p")}) == call.names.eval("len").get());
}

TEST_CASE("roots: globals, builtins, function, closure, constants, stack", "[guards]") {
  Call call("def outer(v):\n    def inner(x): return v\n    return inner\nv = object(); inner = outer(v)\nmark = object()");
  Source mark = call.sources.key(call.sources.globals(), text("mark"));
  Source len = call.sources.key(call.sources.builtins(), text("len"));
  Source module = call.sources.constant(call.names.eval("np"));
  Source sin = call.sources.attr(module, text("sin"));
  call.wanted = {mark, len, sin, call.sources.function()};
  CHECK(call.check("1") == "pass");
  auto value = [&](Source source) { return call.regs[call.lowered->slot(source)]; };
  CHECK(value(mark) == call.names.eval("mark").get());
  CHECK(value(len) == call.names.eval("len").get());
  CHECK(value(sin) == call.names.eval("np.sin").get());
  CHECK(value(call.sources.function()) == call.function.get());

  Call closure;
  closure.function = call.names.eval("inner");
  Source free = closure.sources.freeVar(0);
  CHECK(fetched(closure, free, {}) == call.names.eval("v").get());
  CHECK(closure.sources.print(free, closure.code()) == "L['v']");
}

TEST_CASE("a parameter that becomes a cell is the plain argument until the frame runs", "[guards]") {
  Call call("from types import CellType\nv = object()\ncell = CellType(v)");
  Ref value = call.names.eval("v"), cell = call.names.eval("cell");
  call.wanted = {call.sources.cell(0)};
  const GuardProgram& program = call.program();
  PyObject* locals[] = {cell.get()};
  PyObject* regs[1];
  int64_t ints[1];
  FrameRoots roots;
  roots.locals = locals;
  roots.local_count = 1;
  roots.fresh = false;
  CHECK(runGuards(program, roots, regs, ints) == kGuardsPass);
  CHECK(regs[0] == value.get());
  locals[0] = value.get();
  roots.fresh = true;
  CHECK(runGuards(program, roots, regs, ints) == kGuardsPass);
  CHECK(regs[0] == value.get());
}

TEST_CASE("sources are interned and print as Python", "[guards]") {
  Call call;
  SourceTable& t = call.sources;
  Source w = t.attr(call.x(), text("w"));
  CHECK(w == t.attr(call.x(), text("w")));
  CHECK(t.item(w, 0) != t.item(w, 1));
  CHECK(t.key(w, call.names.eval("1")) != t.key(w, call.names.eval("1.0")));
  CHECK(t.key(w, call.names.eval("10**40")) == t.key(w, call.names.eval("10**20 * 10**20")));
  auto print = [&](Source source) { return t.print(source, call.code()); };
  CHECK(print(t.item(w, 0)) == "L['x'].w[0]");
  CHECK(print(t.key(w, text("a"))) == "L['x'].w['a']");
  CHECK(print(t.key(t.globals(), text("np"))) == "G['np']");
  CHECK(print(t.attr(t.constant(call.names.eval("np")), text("sin"))) == "numpy.sin");
  CHECK(print(t.member(call.y(), SourceMember::kMethodSelf)) == "L['y'].__self__");
  CHECK(print(t.stack(2)) == "stack[2]");
}

TEST_CASE("dict lookups agree with CPython's", "[guards]") {
  Namespace names(R"(
import random
rng = random.Random(5)
def key():
    return rng.choice([rng.randrange(-40, 40), str(rng.randrange(40)), float(rng.randrange(9)), None, True, b'x',
                       (rng.randrange(4), str(rng.randrange(4)))])
def build(n, strings):
    d = {}
    for _ in range(n):
        k = str(rng.randrange(300)) if strings else key()
        if rng.random() < 0.3: d.pop(k, None)
        else: d[k] = object()
    return d
cases = [build(n, s) for n in (0, 1, 5, 8, 30, 200, 2000) for s in (False, True) for _ in range(5)]
probes = [key() for _ in range(300)] + [str(i) for i in range(-5, 300)]
class C: pass
for n in range(5):
    c = C()
    for i in range(n): setattr(c, str(i), object())
    cases.append(c.__dict__)
)");
  Ref cases = names.eval("cases"), probes = names.eval("probes");
  int found = 0, absent = 0;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(cases.get()); i++) {
    PyObject* dict = PyList_GET_ITEM(cases.get(), i);
    for (Py_ssize_t j = 0; j < PyList_GET_SIZE(probes.get()); j++) {
      PyObject* key = PyList_GET_ITEM(probes.get(), j);
      PyObject* expected = PyDict_GetItemWithError(dict, key);
      PyObject* value = nullptr;
      SegueLookup lookup = segue_dict_get(dict, key, &value);
      REQUIRE(lookup == (expected != nullptr ? SEGUE_FOUND : SEGUE_ABSENT));
      if (expected != nullptr) REQUIRE(value == expected);
      (expected != nullptr ? found : absent)++;
    }
  }
  CHECK(found > 1000);
  CHECK(absent > 1000);
}

TEST_CASE("guard sets keep guards once and forget them on rollback", "[guards]") {
  Call call;
  call.guards.type(call.x(), &PyLong_Type);
  call.guards.assumeType(&PyLong_Type);
  GuardSet::Mark mark = call.guards.mark();
  call.guards.type(call.x(), &PyLong_Type);
  CHECK(call.guards.guards().size() == 1);
  call.guards.type(call.y(), &PyLong_Type);
  call.guards.assumeFunction(call.function);
  call.guards.rollback(mark);
  CHECK(call.guards.guards().size() == 1);
  CHECK(call.guards.assumptions().size() == 1);
  call.guards.type(call.y(), &PyLong_Type);
  CHECK(call.guards.guards().size() == 2);
}

TEST_CASE("a name that keeps changing is guarded per call", "[guards]") {
  Call call("counter = [1]");
  setUnstableAssumptions([](AssumptionKind, BorrowedRef, BorrowedRef key) { return shortRepr(key) != "'fixed'"; });
  call.guards.assumeDictValue(call.names.dict(), text("counter"), call.names.eval("counter"));
  call.guards.assumeDictValue(call.names.dict(), text("absent"), nullptr);
  call.guards.assumeDictValue(call.names.dict(), text("fixed"), nullptr);
  setUnstableAssumptions(nullptr);
  CHECK(call.guards.assumptions().size() == 1);
  CHECK(call.check("1") == "pass");
  call.names.run("counter = [1]");
  CHECK(call.check("1") == "a dict['counter'] is a list: a list");
}

TEST_CASE("running guards moves no reference counts", "[guards]") {
  Call call("class C:\n    def __init__(self): self.w = [np.zeros((3, 4)), {'k': 'mode'}]\nc = C()");
  SourceTable& t = call.sources;
  Source w = t.attr(call.x(), text("w"));
  call.guards.type(call.x(), call.names.type("C"));
  call.guards.length(w, 2);
  call.guards.array(t.item(w, 0), {NPY_DOUBLE, 2});
  call.guards.equals(t.key(t.item(w, 1), text("k")), text("mode"));
  call.guards.errState();
  Ref object = call.names.eval("c");
  call.names.run("import sys; parts = [c, c.w, c.w[0], c.w[1], c.w[1]['k'], np.ndarray]");
  CHECK(call.check({object}) == "pass");
  call.names.run("before = [sys.getrefcount(p) for p in parts]; count = sys.getallocatedblocks()");
  for (int i = 0; i < 10000; i++) {
    if (call.check({object}) != "pass") FAIL("guards changed their mind");
  }
  call.names.run("after = [sys.getrefcount(p) for p in parts]; grown = sys.getallocatedblocks() - count");
  CHECK(PyObject_RichCompareBool(call.names.eval("before").get(), call.names.eval("after").get(), Py_EQ) == 1);
  CHECK(PyLong_AsLong(call.names.eval("grown").get()) < 50);
}

}  // namespace
}  // namespace segue::testing
