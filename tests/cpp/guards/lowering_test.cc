// Lowering: order, sizes and relations, and what people read.
#include "guards/fixture.h"

namespace segue::testing {
namespace {

TEST_CASE("sizes are read once and related", "[guards]") {
  Call call;
  call.guards.array(call.x(), {NPY_DOUBLE, 2});
  call.guards.array(call.y(), {NPY_DOUBLE, 1});
  Dim rows = call.dims.symbol(4, 2), columns = call.dims.symbol(6, 0), other = call.dims.symbol(6, 2);
  call.guards.dimOrigin({DimOrigin::Kind::kArraySize, call.x(), 0});
  call.guards.dimOrigin({DimOrigin::Kind::kArraySize, call.x(), 1});
  call.guards.dimOrigin({DimOrigin::Kind::kArraySize, call.y(), 0});
  CHECK(call.dims.decideEqual(columns, other));
  CHECK(call.dims.decideLess(rows, call.dims.constant(10)));
  Dim twice = call.dims.mul(rows, call.dims.constant(2)).value();
  CHECK(!call.dims.decideLess(twice, other));
  CHECK(call.check("np.zeros((4, 6)), np.zeros(6)") == "pass");
  CHECK(call.ints[0] == 4);
  CHECK(call.ints[1] == 6);
  CHECK(call.ints[2] == 6);
  CHECK(call.check("np.zeros((9, 7)), np.zeros(7)") == "pass");
  CHECK(call.check("np.zeros((9, 7)), np.zeros(8)") == "L['x'].shape[1] == L['y'].shape[0]: 7 against 8");
  CHECK(call.check("np.zeros((10, 7)), np.zeros(7)") == "L['x'].shape[0] < 10: 10");
  CHECK(call.check("np.zeros((1, 7)), np.zeros(7)") == "L['x'].shape[0] >= 2: 1");
  CHECK(call.check("np.zeros((3, 7)), np.zeros(7)") != "pass");
}

TEST_CASE("ints and lengths are sizes too", "[guards]") {
  Call call;
  call.dims.symbol(5);
  call.dims.symbol(3, 0);
  call.guards.type(call.x(), &PyLong_Type);
  call.guards.type(call.y(), &PyList_Type);
  call.guards.dimOrigin({DimOrigin::Kind::kIntValue, call.x()});
  call.guards.dimOrigin({DimOrigin::Kind::kLength, call.y()});
  CHECK(call.check("-7, [1, 2, 3, 4]") == "pass");
  CHECK(call.ints[0] == -7);
  CHECK(call.ints[1] == 4);
  CHECK(call.check("2**64, []") == "L['x'] is an int within 64 bits: 18446744073709551616");
  CHECK(call.check("True, []") == "L['x'] is an int within 64 bits: True");
}

TEST_CASE("overflow and division by zero miss", "[guards]") {
  Call call;
  Dim n = call.dims.symbol(5), m = call.dims.symbol(3);
  call.guards.dimOrigin({DimOrigin::Kind::kIntValue, call.x()});
  call.guards.dimOrigin({DimOrigin::Kind::kIntValue, call.y()});
  CHECK(!call.dims.decideEqual(call.dims.mul(n, n).value(), call.dims.constant(3)));
  CHECK(call.dims.decideEqual(call.dims.floorDiv(n, m).value(), call.dims.constant(1)));
  CHECK(call.check("6, 4") == "pass");
  CHECK(call.check("-7, -6") == "pass");
  CHECK(call.check("7, -8") == "(L['x'] // L['y']) == 1: -1");
  CHECK(call.check("2 ** 40, 2 ** 40") == "(L['x'] * L['x']) fits 64 bits: overflow or a division by zero");
  CHECK(call.check("5, 0") == "L['y'] != 0: 0");
}

TEST_CASE("cheap and telling checks come first, fetches as late as possible", "[guards]") {
  Call call("class C:\n    def __init__(self): self.w = {'a': 1}\n");
  SourceTable& t = call.sources;
  Source w = t.attr(call.x(), text("w"));
  call.guards.type(call.x(), call.names.type("C"));
  call.guards.type(w, &PyDict_Type);
  call.guards.add({GuardKind::kDictKeys, w, call.names.eval("('a',)")});
  call.guards.equals(t.key(w, text("a")), call.names.eval("1"));
  call.guards.type(call.y(), &PyFloat_Type);
  call.guards.equals(t.local(2), text("mode"));
  CHECK(printGuardProgram(call.program()) ==
        "r0 = local 0  ; L['x']\n"
        "r0 has the type C\n"
        "r1 = local 1  ; L['y']\n"
        "r1 has the type float\n"
        "r2 = local 2  ; L['z']\n"
        "r2 == 'mode'\n"
        "r3 = attr r0 'w'  ; L['x'].w\n"
        "r3 has the type dict\n"
        "r4 = key r3 'a'  ; L['x'].w['a']\n"
        "r4 == 1\n"
        "r3 has exactly the keys ('a',), in this order\n");
}

TEST_CASE("a slot is read only behind its type's check", "[guards]") {
  Call call("class S:\n    __slots__ = ('w',)\n");
  Source w = call.sources.attr(call.x(), text("w"));
  call.guards.add({GuardKind::kNotIdentity, w, Ref::borrow(Py_None)});
  call.guards.type(call.x(), call.names.type("S"));
  const GuardProgram& program = call.program();
  CHECK(printGuardProgram(program) ==
        "r0 = local 0  ; L['x']\n"
        "r0 has the type S\n"
        "r1 = field r0  ; L['x'].w\n"
        "r1 is not None\n");
}

TEST_CASE("guards print as a tree", "[guards]") {
  Call call("class C:\n    def __init__(self): self.w = {'a': 1}\n");
  SourceTable& t = call.sources;
  Source w = t.attr(call.x(), text("w"));
  call.guards.type(call.x(), call.names.type("C"));
  call.guards.type(w, &PyDict_Type);
  call.guards.equals(t.key(w, text("a")), call.names.eval("1"));
  call.guards.array(call.y(), {NPY_FLOAT, 1, NPY_ARRAY_WRITEABLE, NPY_ARRAY_WRITEABLE});
  Dim size = call.dims.symbol(7, 2);
  call.guards.dimOrigin({DimOrigin::Kind::kArraySize, call.y(), 0});
  CHECK(!call.dims.decideEqual(size, call.dims.constant(1)));
  CHECK(call.dims.decideLess(size, call.dims.constant(9)));
  call.guards.assumeFunction(call.function);
  CHECK(printGuards(call.guards, call.dims, call.code()) ==
        "L['x']: has the type C\n"
        "  L['x'].w: has the type dict\n"
        "    L['x'].w['a']: == 1\n"
        "L['y']: is an ndarray: numpy.float32, 1 dimension, writeable; shape[0] = s0 >= 2\n"
        "sizes: s0 < 9\n"
        "assumed: function f keeps its code and defaults\n"
        "assumed: class C: 'w' is absent\n");
}

}  // namespace
}  // namespace segue::testing
