// The encodings of tables and arguments, at their edges.
#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/python.h"
#include "bytecode/assemble.h"
#include "bytecode/decode.h"
#include "bytecode/exceptions.h"
#include "bytecode/listing.h"
#include "bytecode/locations.h"

namespace segue {
namespace {

using namespace std::string_literals;

std::vector<LocationRun> throughLocations(const std::vector<LocationRun>& runs, int first_line) {
  Result<std::vector<LocationRun>> read = parseLocations(encodeLocations(runs, first_line), first_line);
  REQUIRE(read.ok());
  return read.value();
}

size_t sizeOf(const Position& position, int first_line) {
  return encodeLocations(std::vector<LocationRun>{{1, position}}, first_line).size();
}

RawCode parsed(const std::string& text) {
  Result<RawCode> raw = parseRawListing(text);
  INFO(raw.error());
  REQUIRE(raw.ok());
  return raw.value();
}

std::string repeated(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; i++) absl::StrAppend(&out, text);
  return out;
}

}  // namespace

TEST_CASE("exception tables survive encoding at every size of number", "[bytecode]") {
  std::vector<ExceptionEntry> entries;
  int start = 0;
  for (const int size : {1, 63, 64, 4095, 4096, 262'143, 262'144}) {
    entries.push_back({start, start + size, 2 * start + 1, size % 100, size % 2 == 0});
    start += size + 1;
  }
  Result<std::vector<ExceptionEntry>> read = parseExceptionTable(encodeExceptionTable(entries));
  REQUIRE(read.ok());
  CHECK(read.value() == entries);
  CHECK(encodeExceptionTable(std::vector<ExceptionEntry>{{1, 3, 64, 2, true}}) == "\x81\x02\x41\x00\x05"s);
}

TEST_CASE("exception tables that break off are refused", "[bytecode]") {
  const std::string whole = encodeExceptionTable(std::vector<ExceptionEntry>{{1, 100, 200, 3, true}});
  for (size_t size = 1; size < whole.size(); size++) {
    CHECK_FALSE(parseExceptionTable(whole.substr(0, size)).ok());
  }
  CHECK(parseExceptionTable("\x01\x01\x01\x01").error() == "exception table: byte 0 does not start an entry");
  CHECK_FALSE(parseExceptionTable("\xff\x7f\x7f\x7f\x7f\x7f\x3f\x00\x00\x00").ok());
}

TEST_CASE("positions survive encoding in every form", "[bytecode]") {
  const std::vector<LocationRun> runs = {
      {1, {10, 10, 0, 15}},   // short
      {8, {10, 10, 79, 94}},  // short, at its limits
      {2, {10, 10, 80, 94}},  // one line
      {3, {12, 12, 127, 127}},
      {1, {15, 15, 0, 1}},  // long: three lines on
      {1, {9, 9, 3, 4}},    // backward
      {4, {}},              // none
      {1, {9, 9, -1, -1}},  // no columns
      {1, {9, 12, 4, 2}},
      {1, {100'000, 100'001, 5'000, 6'000}},
      {1, {1, 1, 300, 200}},
  };
  CHECK(throughLocations(runs, 10) == runs);
  CHECK(throughLocations({{20, {3, 3, 1, 2}}}, 3) ==
        std::vector<LocationRun>{{8, {3, 3, 1, 2}}, {8, {3, 3, 1, 2}}, {4, {3, 3, 1, 2}}});
}

TEST_CASE("positions take the shortest form that holds them", "[bytecode]") {
  CHECK(sizeOf({}, 5) == 1);
  CHECK(sizeOf({5, 5, 79, 94}, 5) == 2);
  CHECK(sizeOf({5, 5, 80, 94}, 5) == 3);
  CHECK(sizeOf({5, 5, 0, 16}, 5) == 3);
  CHECK(sizeOf({7, 7, 0, 1}, 5) == 3);
  CHECK(sizeOf({8, 8, 0, 1}, 5) == 5);
  CHECK(sizeOf({5, 5, 128, 129}, 5) == 7);
  CHECK(sizeOf({6, 6, -1, -1}, 5) == 2);
  CHECK(sizeOf({5, 6, 0, 1}, 5) == 5);
}

TEST_CASE("line tables that break off are refused", "[bytecode]") {
  const std::string whole = encodeLocations(std::vector<LocationRun>{{1, {900, 905, 1'000, 2'000}}}, 1);
  for (size_t size = 1; size < whole.size(); size++) CHECK_FALSE(parseLocations(whole.substr(0, size), 1).ok());
  CHECK_FALSE(parseLocations("\x10\x00"s, 1).ok());
}

TEST_CASE("arguments of more than a byte take prefixes, and back", "[bytecode]") {
  for (const int arg : {0, 255, 256, 65'535, 65'536, 16'777'215, 16'777'216, 2'147'483'647}) {
    const int prefixes = arg < 1 << 8 ? 0 : arg < 1 << 16 ? 1 : arg < 1 << 24 ? 2 : 3;
    RawCode raw = parsed(absl::StrCat("python 3.12\n  LOAD_CONST ", arg, "\n  RETURN_VALUE\n"));
    CHECK(raw.insns[0].offset == 0);
    CHECK(raw.insns[0].lasti == 2 * prefixes);
    CHECK(raw.units == prefixes + 2);
    Result<CodeBytes> bytes = assemble(raw);
    REQUIRE(bytes.ok());
    Result<RawCode> again = disassemble(bytes.value(), 312, 1);
    REQUIRE(again.ok());
    CHECK(print(again.value()) == print(raw));
    Result<Body> body = canonicalize(again.value());
    REQUIRE(body.ok());
    CHECK(body.value().insn(0).arg == arg);
    for (int offset = 0; offset < 2 * prefixes + 2; offset++) CHECK(body.value().indexAt(offset) == 0);
    CHECK(body.value().indexAt(2 * prefixes + 2) == 1);
    CHECK(body.value().indexAt(2 * prefixes + 4) == -1);
    CHECK(body.value().indexAt(-1) == -1);
  }
}

TEST_CASE("jumps grow prefixes as their distances do, also when that moves other jumps", "[bytecode]") {
  for (const int padding : {253, 254, 255, 256, 257, 65'530, 65'540}) {
    const std::string text =
        absl::StrCat("python 3.13, line 1\nL1:\n  LOAD_FAST 0\n  TO_BOOL\n  POP_JUMP_IF_TRUE -> L2\n",
                     repeated("  NOP\n", padding), "  JUMP_BACKWARD -> L1\nL2:\n  RETURN_CONST 0\n");
    const RawCode raw = parsed(text);
    const bool printed = print(raw) == text;
    CHECK(printed);
    Result<CodeBytes> bytes = assemble(raw);
    REQUIRE(bytes.ok());
    Result<RawCode> again = disassemble(bytes.value(), 313, 1);
    REQUIRE(again.ok());
    const bool same = print(again.value()) == text;
    CHECK(same);
  }
}

TEST_CASE("a unit's instructions resume at its first prefix and raise at its opcode", "[bytecode]") {
  const RawCode raw = parsed(
      "python 3.11\n  RESUME\n  PUSH_NULL\n  LOAD_FAST 0\n  LOAD_FAST 1\n  KW_NAMES 300\n  PRECALL 1\n  CALL 1\n"
      "  RETURN_VALUE\n");
  Result<Body> body = canonicalize(raw);
  REQUIRE(body.ok());
  const Insn& names = body.value().insn(4);
  const Insn& call = body.value().insn(5);
  CHECK(print(names) == "LoadConst 300");
  CHECK(print(call) == "CallKw 1");
  CHECK((names.is_first_of_raw && !call.is_first_of_raw));
  CHECK((names.offset == 8 && call.offset == 8));
  CHECK((names.lasti == 16 && call.lasti == 16));
  for (int offset = 8; offset < 26; offset++) CHECK(body.value().indexAt(offset) == 4);
}

TEST_CASE("binary operators know their in-place twins and symbols", "[bytecode]") {
  CHECK(isInplace(BinaryOp::kInplaceAdd));
  CHECK_FALSE(isInplace(BinaryOp::kXor));
  CHECK(withoutInplace(BinaryOp::kInplaceMatrixMultiply) == BinaryOp::kMatrixMultiply);
  CHECK(withoutInplace(BinaryOp::kPower) == BinaryOp::kPower);
  CHECK(symbolOf(BinaryOp::kInplaceFloorDivide) == "//=");
  CHECK(symbolOf(CompareOp::kNe) == "!=");
}

TEST_CASE("replaced code keeps what is not changed", "[bytecode]") {
  const Ref globals = Ref::steal(PyDict_New());
  const Ref made =
      Ref::steal(PyRun_String("def f(a, *, b=2):\n  return a + b\n", Py_file_input, globals.get(), globals.get()));
  REQUIRE(made);
  const Ref code = Ref::steal(PyObject_GetAttrString(PyDict_GetItemString(globals.get(), "f"), "__code__"));
  REQUIRE(code);
  Result<CodeBytes> bytes = codeBytesOf(code);
  REQUIRE(bytes.ok());
  CodeChanges changes;
  changes.stack_size = 40;
  changes.varnames = Ref::steal(Py_BuildValue("(sss)", "a", "b", "hidden"));
  Result<Ref> replaced = replaceCode(code, bytes.value(), changes);
  INFO(replaced.error());
  REQUIRE(replaced.ok());
  Result<std::shared_ptr<const Code>> decoded = Code::decode(replaced.value());
  REQUIRE(decoded.ok());
  CHECK(decoded.value()->stackSize() == 40);
  CHECK(decoded.value()->slotCount() == 3);
  CHECK(decoded.value()->slots()[2].name == "hidden");
  CHECK((decoded.value()->argCount() == 1 && decoded.value()->keywordOnlyCount() == 1));
  CHECK(decoded.value()->qualname() == "f");
  CHECK((decoded.value()->isFunction() && !decoded.value()->isGenerator()));
  changes.varnames = Ref::steal(Py_BuildValue("(s)", "a"));
  CHECK(replaceCode(code, bytes.value(), changes).error().rfind("ValueError: ", 0) == 0);
  CHECK_FALSE(PyErr_Occurred());
}

}  // namespace segue
