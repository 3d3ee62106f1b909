// Assumptions: what breaks them, what does not, on every version.
#include "guards/fixture.h"
#include "hook/watch.h"
#include "runtime/assumptions.h"
#include "runtime/dispatch.h"

namespace segue::testing {
namespace {

Assumption dictValue(BorrowedRef dict, const char* key, BorrowedRef value) {
  return {AssumptionKind::kDictValue, Ref::borrow(dict), text(key), Ref::borrow(value)};
}
Assumption typeAttribute(PyTypeObject* type, const char* name, BorrowedRef value) {
  return {AssumptionKind::kTypeAttribute, Ref::borrow(reinterpret_cast<PyObject*>(type)), text(name),
          Ref::borrow(value)};
}
Assumption whole(AssumptionKind kind, BorrowedRef owner) { return {kind, Ref::borrow(owner), {}, {}}; }

std::unique_ptr<AssumptionSet> watch(std::vector<Assumption> facts) {
  REQUIRE(initDispatch());
  return std::make_unique<AssumptionSet>(std::move(facts));
}

TEST_CASE("a dict's value", "[assumptions]") {
  Namespace names("v = [1]; k = 0");
  auto set = watch({dictValue(names.dict(), "v", names.eval("v")), dictValue(names.dict(), "absent", nullptr)});
  CHECK(set->holds());
  names.run("k = 1; other = 2; del k");
  CHECK(set->holds());
  names.run("v = v");
  CHECK(set->holds());
  SECTION("replaced by an equal one") { names.run("v = [1]"); }
  SECTION("deleted") { names.run("del v"); }
  SECTION("the absent key appears") { names.run("absent = 1"); }
  SECTION("the dict is cleared") { PyDict_Clear(names.dict().get()); }
  SECTION("through globals()") { names.run("globals().update(v=3)"); }
  SECTION("under a str that is not interned") { names.run("globals()[''.join(['abs', 'ent'])] = 1"); }
  CHECK(!set->holds());
}

TEST_CASE("a change that was taken back may break, but is never missed", "[assumptions]") {
  Namespace names("v = 1");
  Ref old = names.eval("v");
  auto set = watch({dictValue(names.dict(), "v", old)});
  names.run("v = 2");
  CHECK(!set->holds());
  CHECK(!set->holds());
}

TEST_CASE("facts that are false already", "[assumptions]") {
  Namespace names("v = 1");
  CHECK(!watch({dictValue(names.dict(), "v", names.eval("[]"))})->holds());
  CHECK(!watch({dictValue(names.dict(), "w", names.eval("[]"))})->holds());
  CHECK(!watch({dictValue(names.dict(), "v", nullptr)})->holds());
}

TEST_CASE("what a class says about a name", "[assumptions]") {
  Namespace names("class A:\n    scale = 1\nclass B(A): pass\nclass C(B): pass\n");
  PyTypeObject* type = names.type("C");
  auto set = watch({typeAttribute(type, "scale", names.eval("A.scale")), typeAttribute(type, "extra", nullptr)});
  CHECK(set->holds());
  for (int i = 0; i < 20; i++) {   // an unrelated class attribute that the program keeps writing
    names.run("C.count = " + std::to_string(i) + "; A.count = 3; del A.count");
    CHECK(set->holds());
  }
  SECTION("on the class") { names.run("C.scale = 2"); }
  SECTION("on a base") { names.run("A.scale = 2"); }
  SECTION("on a class between") { names.run("B.scale = 2"); }
  SECTION("a name appears on a base") { names.run("A.extra = 2"); }
  SECTION("the bases change") { names.run("class D: scale = 5\nB.__bases__ = (D,)"); }
  CHECK(!set->holds());
}

TEST_CASE("a class that changes more often than CPython counts", "[assumptions]") {
  Namespace names("class A:\n    scale = 1\nclass B(A): pass\n");
  PyTypeObject* type = names.type("B");
  auto set = watch({typeAttribute(type, "scale", names.eval("A.scale"))});
  for (int i = 0; i < 3000; i++) {
    names.run("B.count = " + std::to_string(i));
    if (!set->holds()) FAIL("broke at " << i);
  }
  auto late = watch({whole(AssumptionKind::kTypeUnchanged, names.eval("B"))});
  CHECK(late->holds());
  names.run("A.scale = 2");
  CHECK(!set->holds());
  CHECK(!late->holds());
}

TEST_CASE("a whole class", "[assumptions]") {
  Namespace names("class A:\n    scale = 1\nclass B(A): pass\n");
  auto set = watch({whole(AssumptionKind::kTypeUnchanged, names.eval("B"))});
  CHECK(set->holds());
  CHECK(set->holds());
  SECTION("an attribute") { names.run("B.new = 2"); }
  SECTION("of a base") { names.run("A.new = 2"); }
  SECTION("a special method") { names.run("A.__add__ = lambda s, o: 1"); }
  CHECK(!set->holds());
}

TEST_CASE("types that cannot change need no watching", "[assumptions]") {
  auto set = watch({whole(AssumptionKind::kTypeUnchanged, reinterpret_cast<PyObject*>(&PyList_Type))});
  CHECK(set->holds());
  CHECK(set->assumptions().empty());
}

TEST_CASE("a function's code and defaults, also those changed in place", "[assumptions]") {
  Namespace names("def f(a, b=1, *, k=[1], m=2): return a\ndef g(a): return a\n");
  auto set = watch({whole(AssumptionKind::kFunctionUnchanged, names.eval("f"))});
  CHECK(set->holds());
  names.run("f.note = 1; f.__doc__ = 'x'");
  CHECK(set->holds());
  SECTION("code") { names.run("f.__code__ = g.__code__"); }
  SECTION("defaults") { names.run("f.__defaults__ = (2,)"); }
  SECTION("no defaults") { names.run("f.__defaults__ = None"); }
  SECTION("kwdefaults") { names.run("f.__kwdefaults__ = {'k': 1, 'm': 2}"); }
  SECTION("in kwdefaults") { names.run("f.__kwdefaults__['k'] = 5"); }
  SECTION("out of kwdefaults") { names.run("del f.__kwdefaults__['m']"); }
  SECTION("more in kwdefaults") { names.run("f.__kwdefaults__['b'] = 5"); }
  CHECK(!set->holds());
}

TEST_CASE("several sets on one owner are told apart, and ended ones forgotten", "[assumptions]") {
  Namespace names("a = 1; b = 2\nclass A:\n    x = 1\n");
  auto first = watch({dictValue(names.dict(), "a", names.eval("a"))});
  auto second = watch({dictValue(names.dict(), "b", names.eval("b")), typeAttribute(names.type("A"), "x", names.eval("A.x"))});
  auto third = watch({typeAttribute(names.type("A"), "x", names.eval("A.x"))});
  names.run("a = 5");
  CHECK(!first->holds());
  CHECK(second->holds());
  second.reset();
  names.run("b = 6; A.y = 1");
  CHECK(third->holds());
  third.reset();
  first.reset();
  names.run("a = b = 7; A.x = 3");
}

TEST_CASE("owners and values are freed with their set", "[assumptions]") {
  Ref dict = Ref::steal(PyDict_New()), value = Ref::steal(PyList_New(0));
  PyDict_SetItemString(dict.get(), "v", value.get());
  Py_ssize_t dicts = Py_REFCNT(dict.get()), values = Py_REFCNT(value.get());
  auto set = watch({dictValue(dict, "v", value)});
  CHECK(set->holds());
  set.reset();
  CHECK(Py_REFCNT(dict.get()) == dicts);
  CHECK(Py_REFCNT(value.get()) == values);
}

TEST_CASE("facts that keep failing are reported", "[assumptions]") {
  Namespace names("counter = 0");
  Ref key = text("counter");
  for (int i = 1; i <= 3; i++) {
    CHECK(!unstableAssumption(AssumptionKind::kDictValue, names.dict(), key));
    auto set = watch({dictValue(names.dict(), "counter", names.eval("counter"))});
    CHECK(set->holds());
    names.run("counter = " + std::to_string(i));
    CHECK(!set->holds());
  }
  CHECK(unstableAssumption(AssumptionKind::kDictValue, names.dict(), key));
  CHECK(!unstableAssumption(AssumptionKind::kDictValue, names.dict(), text("np")));
}

TEST_CASE("watched facts cost one load, others a compare", "[assumptions]") {
  Namespace names("v = [1]\ndef f(): pass");
  auto dicts = watch({dictValue(names.dict(), "v", names.eval("v"))});
  CHECK(dicts->quiet() == segue_has_watchers());
  auto functions = watch({whole(AssumptionKind::kFunctionUnchanged, names.eval("f"))});
  CHECK(!functions->quiet());
}

}  // namespace
}  // namespace segue::testing
