// Every kind of guard: what passes, what does not, and the words for it.
#include "guards/fixture.h"

namespace segue::testing {
namespace {

constexpr int kC = NPY_ARRAY_C_CONTIGUOUS, kW = NPY_ARRAY_WRITEABLE;

TEST_CASE("types are exact", "[guards]") {
  Call call("class Sub(float): pass");
  call.guards.type(call.x(), &PyFloat_Type);
  CHECK(call.check("1.5") == "pass");
  CHECK(call.check("1") == "L['x'] has the type float: int");
  CHECK(call.check("Sub(1)") == "L['x'] has the type float: Sub");
  CHECK(call.check(std::vector<Ref>{}) == "L['x'] exists: nothing there");
}

TEST_CASE("identity and its opposite", "[guards]") {
  Call call;
  Ref object = call.names.eval("[1]");
  call.guards.identity(call.x(), object);
  call.guards.add({GuardKind::kNotIdentity, call.y(), Ref::borrow(Py_None)});
  CHECK(call.check({object, object}) == "pass");
  CHECK(call.check("[1], 2") == "L['x'] is a list: a list");
  CHECK(call.check({object, Ref::borrow(Py_None)}) == "L['y'] is not None: None");
}

TEST_CASE("constants are equal by type and value", "[guards]") {
  struct Case {
    const char *constant, *same, *other;
  };
  const Case cases[] = {
      {"3", "int('3')", "4"},
      {"3", "2 + 1", "3.0"},
      {"10 ** 30", "10 ** 15 * 10 ** 15", "10 ** 30 + 1"},
      {"0.0", "float('0')", "-0.0"},
      {"float('nan')", "float('nan')", "1.0"},
      {"'mode'", "''.join(['mo', 'de'])", "'node'"},
      {"b'ab'", "bytes([97, 98])", "b'ac'"},
      {"1j", "complex('1j')", "2j"},
      {"True", "1 == 1", "1"},
      {"(1, 'a', (2.5, None))", "tuple([1, 'a', tuple([2.5, None])])", "(1, 'a', (2.5, 0))"},
      {"(1, 2)", "tuple([1, 2])", "(1, 2.0)"},
      {"slice(1, None, 2)", "slice(1, None, 2)", "slice(1, 5, 2)"},
      {"np.float32(1.5)", "np.float32('1.5')", "np.float64(1.5)"},
      {"np.dtype('f8')", "np.dtype(float)", "np.dtype('>f8')"},
      {"frozenset([1])", "frozenset([int('1')])", "frozenset([2])"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.constant);
    Call call;
    call.guards.equals(call.x(), call.names.eval(c.constant));
    CHECK(call.check(c.same) == "pass");
    CHECK(call.check(c.other) != "pass");
  }
}

TEST_CASE("comparing constants runs no user code", "[guards]") {
  Call call(R"(
ran = []
class Evil(str):
    def __eq__(self, other): ran.append('eq'); return True
    def __hash__(self): ran.append('hash'); return hash('a')
class Meta(type):
    def __instancecheck__(cls, x): ran.append('isinstance'); return True
class Odd(metaclass=Meta):
    __class__ = property(lambda self: ran.append('class') or int)
    def __repr__(self): ran.append('repr'); return 'odd'
    def __len__(self): ran.append('len'); return 2
)");
  call.guards.equals(call.x(), call.names.eval("('a', 'b')"));
  CHECK(call.check("(Evil('a'), Odd())") == "L['x'] == ('a', 'b'): a tuple");
  CHECK(call.check("Odd()") == "L['x'] == ('a', 'b'): a Odd");
  Call keyed;
  keyed.guards.add({GuardKind::kDictHas, keyed.x(), text("a")});
  call.names.run("d = {Evil('a'): 1}; ran.clear()");
  CHECK(keyed.check({call.names.eval("d")}) == "L['x'] has the key 'a': a dict");
  Call lacking;
  lacking.guards.add({GuardKind::kDictLacks, lacking.x(), text("a")});
  CHECK(lacking.check({call.names.eval("d")}) == "L['x'] lacks the key 'a': a dict");
  Call sized;
  sized.guards.length(sized.x(), 2);
  CHECK(sized.check({call.names.eval("Odd()")}) == "L['x'] has the length 2: a Odd");
  CHECK(call.check("ran") == "L['x'] == ('a', 'b'): a list");
  CHECK(PyObject_Size(call.names.eval("ran").get()) == 0);
}

TEST_CASE("ints within 64 bits and within a dtype", "[guards]") {
  Call call;
  call.guards.add({GuardKind::kInt64, call.x()});
  CHECK(call.check("2 ** 63 - 1") == "pass");
  CHECK(call.check("-2 ** 63") == "pass");
  CHECK(call.check("2 ** 63") == "L['x'] is an int within 64 bits: 9223372036854775808");
  CHECK(call.check("True") == "L['x'] is an int within 64 bits: True");
  struct Case {
    const char *dtype, *in, *out;
  };
  for (const Case& c : {Case{"i1", "-128", "128"}, Case{"u1", "255", "-1"}, Case{"u1", "0", "256"},
                        Case{"i8", "2**63-1", "2**63"}, Case{"u8", "2**64-1", "2**64"}, Case{"u8", "0", "-1"},
                        Case{"u4", "2**32-1", "2**32"}, Case{"f2", "65504", "65505"}, Case{"?", "1", "2"}}) {
    CAPTURE(c.dtype, c.in);
    Call ranged;
    ranged.guards.add({GuardKind::kIntInRange, ranged.x(), ranged.names.eval(std::string("np.dtype('") + c.dtype + "')")});
    CHECK(ranged.check(c.in) == "pass");
    CHECK(ranged.check(c.out) != "pass");
  }
}

TEST_CASE("lengths of built-in containers", "[guards]") {
  for (const char* container : {"[1, 2]", "(1, 2)", "{1: 1, 2: 2}", "{1, 2}", "frozenset([1, 2])", "'ab'", "b'ab'",
                                "__import__('collections').deque([1, 2])", "np.zeros((2, 5))"}) {
    CAPTURE(container);
    Call call;
    call.guards.length(call.x(), 2);
    CHECK(call.check(container) == "pass");
    CHECK(call.check("[1]") == "L['x'] has the length 2: 1");
  }
}

TEST_CASE("array headers", "[guards]") {
  Call call("class Sub(np.ndarray): pass");
  call.guards.array(call.x(), {NPY_DOUBLE, 2, kC | kW, kC | kW});
  CHECK(call.check("np.zeros((2, 3))") == "pass");
  std::string expected = "L['x'] is an ndarray: numpy.float64, 2 dimensions, C-contiguous, writeable: ";
  CHECK(call.check("np.zeros(3)") == expected + "array(float64[3])");
  CHECK(call.check("np.zeros((2, 3), 'f4')") == expected + "array(float32[2, 3])");
  CHECK(call.check("np.zeros((2, 3), '>f8')") == expected + "array(float64[2, 3], swapped bytes)");
  CHECK(call.check("np.zeros((3, 2)).T") == expected + "array(float64[2, 3], F)");
  CHECK(call.check("np.zeros((4, 6))[::2, ::2]") == expected + "array(float64[2, 3], strided)");
  CHECK(call.check("np.broadcast_to(np.zeros((2, 3)), (2, 3))") == expected + "array(float64[2, 3], read-only)");
  CHECK(call.check("np.zeros((2, 3)).view(Sub)") != "pass");
  CHECK(call.check("np.zeros((2, 3), object)") == expected + "array(O8[2, 3])");
  CHECK(call.check("3.0") == expected + "3.0");
}

TEST_CASE("facts about one array are one check", "[guards]") {
  Call call;
  call.guards.type(call.x(), &PyArray_Type);
  call.guards.array(call.x(), {NPY_DOUBLE, 1});
  call.guards.array(call.x(), {NPY_DOUBLE, 1, kW, kW});
  call.guards.array(call.x(), {NPY_DOUBLE, 1, kC, 0});
  CHECK(printGuardProgram(call.program()) ==
        "r0 = local 0  ; L['x']\n"
        "r0 is an ndarray: numpy.float64, 1 dimension, not C-contiguous, writeable\n");
}

TEST_CASE("dict keys in order, presence and absence", "[guards]") {
  Call call;
  call.guards.add({GuardKind::kDictKeys, call.x(), call.names.eval("('a', 1, (2, 'b'))")});
  CHECK(call.check("{'a': 0, 1: 0, (2, 'b'): 0}") == "pass");
  CHECK(call.check("{1: 0, 'a': 0, (2, 'b'): 0}") ==
        "L['x'] has exactly the keys ('a', 1, (2, 'b')), in this order: (1, 'a', (2, 'b'))");
  CHECK(call.check("{'a': 0}") != "pass");
  CHECK(call.check("{'a': 0, 1.0: 0, (2, 'b'): 0}") != "pass");
  Call has;
  has.guards.add({GuardKind::kDictHas, has.x(), has.names.eval("2")});
  has.guards.add({GuardKind::kDictLacks, has.x(), text("k")});
  CHECK(has.check("{2: 0}") == "pass");
  CHECK(has.check("{3: 0}") == "L['x'] has the key 2: a dict");
  CHECK(has.check("{2: 0, 'k': 5}") == "L['x'] lacks the key 'k': 5");
}

TEST_CASE("sets in their own order", "[guards]") {
  Call call;
  call.guards.add({GuardKind::kSetEquals, call.x(), call.names.eval("frozenset([3, 1, 2])")});
  CHECK(call.check("{1, 2, 3}") == "pass");
  CHECK(call.check("{1, 2}") == "L['x'] is a set of (1, 2, 3): (1, 2)");
  CHECK(call.check("{1, 2, 4}") == "L['x'] is a set of (1, 2, 3): (1, 2, 4)");
  CHECK(call.check("{1, 2, 3.0}") == "L['x'] is a set of (1, 2, 3): (1, 2, 3.0)");
}

TEST_CASE("instance attributes that are absent", "[guards]") {
  Call call("class C: pass\nc = C(); d = C(); d.w = 1\nclass S:\n    __slots__ = ()\n");
  call.guards.type(call.x(), call.names.type("C"));
  call.guards.add({GuardKind::kNoInstanceAttr, call.x(), text("w")});
  CHECK(call.check("c") == "pass");
  CHECK(call.check("d") == "L['x'] has no instance attribute 'w': 1");
  call.names.run("del d.w");
  CHECK(call.check("d") == "pass");
}

TEST_CASE("instances and their __dict__", "[guards]") {
  Call call("class C: pass\nc = C(); c.w = 1; d = C(); e = C(); e.__dict__ = d.__dict__\n");
  call.guards.add({GuardKind::kOwnsDict, call.x()});
  CHECK(call.check("c") == "pass");
  CHECK(call.check("C()") == "pass");
  CHECK(call.check("d") == "L['x'] shares its __dict__ with nobody: a C");
  Call pair("class C: pass\nc = C(); d = C(); e = C(); e.__dict__ = d.__dict__\n");
  pair.guards.add({.kind = GuardKind::kOtherDict, .source = pair.x(), .other = pair.y()});
  CHECK(pair.check("d, c") == "pass");
  CHECK(pair.check("c, d.__dict__") == "pass");
  CHECK(pair.check("d, {}") == "pass");
  CHECK(pair.check("d, d.__dict__") != "pass");
  CHECK(pair.check("d, e") != "pass");
}

TEST_CASE("unbound locals", "[guards]") {
  Call call;
  call.guards.add({GuardKind::kUnbound, call.y()});
  call.guards.type(call.x(), &PyLong_Type);
  CHECK(call.check("1") == "pass");
  CHECK(call.check("1, 2") == "L['y'] is unbound: 2");
}

TEST_CASE("function code", "[guards]") {
  Call call("def g(): return lambda: 1\na = g(); b = g(); c = lambda: 1");
  Ref code = Ref::borrow(PyFunction_GET_CODE(call.names.eval("a").get()));
  call.guards.add({GuardKind::kFunctionCode, call.x(), code});
  CHECK(call.check("a") == "pass");
  CHECK(call.check("b") == "pass");
  CHECK(call.check("c") == "L['x'] is a function with the code code g.<locals>.<lambda>, line 1: code <lambda>, line 2");
  CHECK(call.check("1") == "L['x'] is a function with the code code g.<locals>.<lambda>, line 1: 1");
}

TEST_CASE("two sources, one object", "[guards]") {
  Call same, different;
  same.guards.same(same.x(), same.y(), true);
  different.guards.same(different.x(), different.y(), false);
  Ref object = same.names.eval("[]"), other = same.names.eval("[]");
  CHECK(same.check({object, object}) == "pass");
  CHECK(same.check({object, other}) == "L['x'] is L['y']: a list");
  CHECK(different.check({object, other}) == "pass");
  CHECK(different.check({object, object}) == "L['x'] is not L['y']: a list");
}

TEST_CASE("memory that does not overlap", "[guards]") {
  Call call("a = np.zeros(10)\nm = np.zeros((4, 4))");
  call.guards.disjoint(call.x(), call.y());
  CHECK(call.check("np.zeros(3), np.zeros(3)") == "pass");
  CHECK(call.check("a[:5], a[5:]") == "pass");
  CHECK(call.check("a[:5], a[4:]") == "L['x'] shares no memory with L['y']: array(float64[5])");
  CHECK(call.check("a, a") != "pass");
  CHECK(call.check("a[::-1][:5], a[:5]") == "pass");
  CHECK(call.check("a[::-1][:6], a[:5]") != "pass");
  CHECK(call.check("a[5:5], a") == "pass");
  CHECK(call.check("m[:2], m[2:]") == "pass");
  CHECK(call.check("m[:, 0], m[:, 1]") != "pass");   // interleaved: the intervals meet
  CHECK(call.check("m[0:0, ::-1], m") == "pass");
  CHECK(call.check("np.broadcast_to(a[0], (3, 3)), a[1:]") == "pass");
  CHECK(call.check("a, 3") != "pass");
}

TEST_CASE("the floating-point error state", "[guards]") {
  Call call;
  REQUIRE(call.guards.errState());
  CHECK(call.check("1") == "pass");
  call.names.run("saved = np.seterr(divide='raise')");
  std::string words = call.check("1");
  call.names.run("np.seterr(**saved)");
  CHECK(words == "np.errstate is divide=warn, over=warn, under=ignore, invalid=warn: divide=raise, "
                 "over=warn, under=ignore, invalid=warn");
  CHECK(call.check("1") == "pass");
}

}  // namespace
}  // namespace segue::testing
