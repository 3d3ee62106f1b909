// Objects in memory: what relocations do, what runs, what is refused, and that no bytes make the reader or the linker fail otherwise.
#include "base/python.h"

#include <fstream>
#include <random>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "backends/llvm/loader.h"
#include "backends/llvm/relocation.h"
#include "backends/llvm/symbols.h"
#include "backends/object_builder.h"
#include "base/imports.h"
#include "base/exceptions.h"

#include <catch2/catch.hpp>

namespace segue::llvm::testing {
namespace {

const void* nothing(std::string_view) { return nullptr; }
const void* nearby(std::string_view) { return reinterpret_cast<const void*>(0x20000); }

Result<Image> linked(const Bytes& bytes, const CodeSpace& at, SymbolFinder find) {
  SEGUE_TRY(ObjectFile object, readObject(bytes));
  return linkObject(object, at, find);
}

std::string errorOf(const Bytes& bytes, SymbolFinder find = nothing) {
  Result<Image> image = linked(bytes, {0x10000, 0x20000}, find);
  return image.ok() ? "" : image.error();
}

uint32_t wordAt(const Bytes& bytes, size_t offset) {
  uint32_t word;
  REQUIRE(offset + sizeof word <= bytes.size());
  std::memcpy(&word, bytes.data() + offset, sizeof word);
  return word;
}

uint64_t longAt(const Bytes& bytes, size_t offset) { return wordAt(bytes, offset) | uint64_t{wordAt(bytes, offset + 4)} << 32; }

/// A module compiled by llvmlite for a machine; nothing without llvmlite.
std::optional<Bytes> compiled(const std::string& triple, const std::string& module) {
  static constexpr char kSource[] = R"(
def compiled(triple, module):
    try:
        import llvmlite.binding as llvm
    except ImportError:
        return None
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(triple).create_target_machine(opt=1, reloc="pic", codemodel="small")
    return machine.emit_object(llvm.parse_assembly(module))
)";
  Ref globals = Ref::steal(PyDict_New());
  PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins());
  Ref done = Ref::steal(PyRun_String(kSource, Py_file_input, globals.get(), globals.get()));
  PyObject* function = PyDict_GetItemString(globals.get(), "compiled");
  REQUIRE(function != nullptr);
  Ref object = Ref::steal(PyObject_CallFunction(function, "ss", triple.c_str(), module.c_str()));
  if (!object) FAIL(takeException());
  if (object.get() == Py_None) return std::nullopt;
  const auto* start = reinterpret_cast<const uint8_t*>(PyBytes_AS_STRING(object.get()));
  return Bytes(start, start + PyBytes_GET_SIZE(object.get()));
}

constexpr char kModule[] = R"(
@text = private constant [8 x i8] c"abcdefgh"
@table = internal constant [2 x ptr] [ptr @text, ptr @scale]
@count = external global i64
declare double @outside(double)
define double @scale(double %x) #0 { %y = fmul double %x, 0x400921fb54442d18  ret double %y }
define double @chain(double %x) #0 { %y = call double @scale(double %x)  %z = call double @outside(double %y)  ret double %z }
define i64 @more(i64 %i) #0 {
  %slot = getelementptr ptr, ptr @table, i64 %i
  %place = load ptr, ptr %slot
  %value = load i64, ptr %place
  %n = load i64, ptr @count
  %sum = add i64 %value, %n
  ret i64 %sum
}
define void @copy(ptr %to, ptr %from, i64 %n) #0 { call void @llvm.memcpy(ptr %to, ptr %from, i64 %n, i1 false)  ret void }
declare void @llvm.memcpy(ptr, ptr, i64, i1)
attributes #0 = { nounwind }
)";

TEST_CASE("fields of x86-64 hold distances, addresses and places of slots", "[loader]") {
  ObjectBuilder builder;
  const uint32_t code = builder.code(Bytes(64)), constants = builder.constants(Bytes(32));
  const uint32_t text = builder.symbol("", code, 0, STT_SECTION, STB_LOCAL), data = builder.symbol("", constants, 0, STT_SECTION, STB_LOCAL);
  const uint32_t near = builder.symbol("near"), far = builder.symbol("far");
  builder.relocation(code, 2, R_X86_64_PC32, data, 16 - 4);
  builder.relocation(code, 8, R_X86_64_PLT32, near, -4);
  builder.relocation(code, 16, R_X86_64_PLT32, far, -4);
  builder.relocation(code, 24, R_X86_64_REX_GOTPCRELX, far, -4);
  builder.relocation(code, 32, R_X86_64_GOTPCREL, far, -4);
  builder.relocation(code, 36, R_X86_64_PLT32, far, -4);
  builder.relocation(constants, 8, R_X86_64_64, text, 40);
  builder.relocation(constants, 16, R_X86_64_PC64, far, 3);
  builder.relocation(constants, 24, R_X86_64_PC32, text, 0);
  const uint64_t at_code = 0x7f0000001000, at_constants = 0x7f0000201000, at_near = 0x7f0000300000, at_far = 0x1234;
  Result<Image> image = linked(builder.build(), {at_code, at_constants}, [&](std::string_view name) {
    return reinterpret_cast<const void*>(name == "near" ? at_near : at_far);
  });
  INFO(image.error());
  REQUIRE(image.ok());
  const Bytes &bytes = image.value().code, &data_bytes = image.value().constants;
  CHECK(wordAt(bytes, 2) == static_cast<uint32_t>(at_constants + 16 - (at_code + 2 + 4)));
  CHECK(wordAt(bytes, 8) == static_cast<uint32_t>(at_near - (at_code + 8 + 4)));
  // One jump and one slot for all that are out of reach, behind everything else.
  REQUIRE(bytes.size() == 64 + 16);
  CHECK(wordAt(bytes, 16) == 64 - (16 + 4));
  CHECK(wordAt(bytes, 36) == 64 - (36 + 4));
  CHECK(wordAt(bytes, 64) == 0x000225ff);
  CHECK(longAt(bytes, 72) == at_far);
  REQUIRE(data_bytes.size() == 32 + 8);
  CHECK(longAt(data_bytes, 32) == at_far);
  CHECK(wordAt(bytes, 24) == static_cast<uint32_t>(at_constants + 32 - (at_code + 24 + 4)));
  CHECK(wordAt(bytes, 32) == static_cast<uint32_t>(at_constants + 32 - (at_code + 32 + 4)));
  CHECK(longAt(data_bytes, 8) == at_code + 40);
  CHECK(longAt(data_bytes, 16) == at_far + 3 - (at_constants + 16));
  CHECK(wordAt(data_bytes, 24) == static_cast<uint32_t>(at_code - (at_constants + 24)));
}

int64_t signedBits(uint64_t value, int bits) { return static_cast<int64_t>(value << (64 - bits)) >> (64 - bits); }

TEST_CASE("fields of aarch64 hold distances, pages and offsets in pages", "[loader]") {
  ObjectBuilder builder(Machine::kAArch64);
  Bytes words;
  const uint32_t kAdrp = 0x90000003, kAdd = 0x91000063, kBranch = 0x14000000, kCall = 0x94000000;
  const uint32_t kLoads[] = {0x39400063, 0x79400063, 0xb9400063, 0xf9400063, 0x3dc00063};   // of 1, 2, 4, 8 and 16 bytes
  auto put = [&words](uint32_t word) {
    for (int i = 0; i < 4; i++) words.push_back(static_cast<uint8_t>(word >> (8 * i)));
  };
  for (uint32_t word : {kAdrp, kAdd, kBranch, kCall, kCall, kAdrp, kLoads[3]}) put(word);
  for (uint32_t word : kLoads) put(word);
  const uint32_t code = builder.code(words), constants = builder.constants(Bytes(0x2000));
  const uint32_t data = builder.symbol("", constants, 0, STT_SECTION, STB_LOCAL), own = builder.symbol("own", code, 8);
  const uint32_t near = builder.symbol("near"), far = builder.symbol("far");
  builder.relocation(code, 0, R_AARCH64_ADR_PREL_PG_HI21, data, 0x1230);
  builder.relocation(code, 4, R_AARCH64_ADD_ABS_LO12_NC, data, 0x1231);
  builder.relocation(code, 8, R_AARCH64_JUMP26, near, 0);
  builder.relocation(code, 12, R_AARCH64_CALL26, far, 0);
  builder.relocation(code, 16, R_AARCH64_CALL26, own, 0);
  builder.relocation(code, 20, R_AARCH64_ADR_GOT_PAGE, far, 0);
  builder.relocation(code, 24, R_AARCH64_LD64_GOT_LO12_NC, far, 0);
  const uint32_t kLoadTypes[] = {R_AARCH64_LDST8_ABS_LO12_NC, R_AARCH64_LDST16_ABS_LO12_NC, R_AARCH64_LDST32_ABS_LO12_NC,
                                 R_AARCH64_LDST64_ABS_LO12_NC, R_AARCH64_LDST128_ABS_LO12_NC};
  for (uint32_t i = 0; i < 5; i++) builder.relocation(code, 28 + 4 * i, kLoadTypes[i], data, 0x1230);
  builder.relocation(constants, 0, R_AARCH64_ABS64, own, 4);
  builder.relocation(constants, 8, R_AARCH64_PREL64, far, 0);
  builder.relocation(constants, 16, R_AARCH64_PREL32, own, 0);
  const uint64_t at_code = 0x7f0004001000, at_constants = 0x7f0002001000, at_near = at_code - 0x1000000, at_far = 0x12345678;
  Result<Image> image = linked(builder.build(), {at_code, at_constants}, [&](std::string_view name) {
    return reinterpret_cast<const void*>(name == "near" ? at_near : at_far);
  });
  INFO(image.error());
  REQUIRE(image.ok());
  const Bytes &bytes = image.value().code, &data_bytes = image.value().constants;
  auto page = [&](size_t offset) {
    const uint32_t word = wordAt(bytes, offset);
    CHECK((word & 0x9f00001f) == kAdrp);
    const uint64_t count = ((word >> 29) & 3) | ((word >> 5) & 0x7ffff) << 2;
    return ((at_code + offset) & ~uint64_t{0xfff}) + static_cast<uint64_t>(signedBits(count, 21)) * 4096;
  };
  auto low = [&](size_t offset, uint32_t instruction, int scale) {
    const uint32_t word = wordAt(bytes, offset);
    CHECK((word & ~0x3ffc00u) == (instruction & ~0x3ffc00u));
    return uint64_t{(word >> 10) & 0xfff} << scale;
  };
  auto branch = [&](size_t offset, uint32_t instruction) {
    CHECK((wordAt(bytes, offset) & 0xfc000000) == instruction);
    return at_code + offset + static_cast<uint64_t>(signedBits(wordAt(bytes, offset) & 0x3ffffff, 26)) * 4;
  };
  CHECK(page(0) == at_constants + 0x1000);
  CHECK(low(4, kAdd, 0) == 0x231);
  CHECK(branch(8, kBranch) == at_near);
  const uint64_t stub = branch(12, kCall);
  REQUIRE(stub == at_code + 48);
  CHECK(wordAt(bytes, 48) == 0x58000050);
  CHECK(wordAt(bytes, 52) == 0xd61f0200);
  CHECK(longAt(bytes, 56) == at_far);
  CHECK(branch(16, kCall) == at_code + 8);
  const uint64_t slot = page(20) + low(24, kLoads[3], 3);
  REQUIRE(slot == at_constants + 0x2000);
  CHECK(longAt(data_bytes, 0x2000) == at_far);
  for (int i = 0; i < 5; i++) CHECK(low(28 + 4 * static_cast<size_t>(i), kLoads[i], i) == 0x230);
  CHECK(longAt(data_bytes, 0) == at_code + 12);
  CHECK(longAt(data_bytes, 8) == at_far - (at_constants + 8));
  CHECK(wordAt(data_bytes, 16) == static_cast<uint32_t>(at_code + 8 - (at_constants + 16)));
}

TEST_CASE("what cannot be linked is named", "[loader]") {
  auto withRelocation = [](uint32_t type, int64_t addend, uint64_t offset = 0, Machine machine = Machine::kX86_64) {
    ObjectBuilder builder(machine);
    const uint32_t code = builder.code(Bytes(16));
    builder.relocation(code, offset, type, builder.symbol("thing"), addend);
    return builder.build();
  };
  auto far = [](std::string_view) { return reinterpret_cast<const void*>(uint64_t{1} << 46); };
  auto odd = [](std::string_view) { return reinterpret_cast<const void*>(uint64_t{0x10001}); };
  CHECK(errorOf(withRelocation(R_X86_64_PLT32, -4)) == "symbol 'thing' is unknown");
  CHECK(errorOf(withRelocation(R_X86_64_PC32, -4), far) == "R_X86_64_PC32 of 'thing' is out of reach");
  CHECK(errorOf(withRelocation(R_X86_64_TPOFF32, 0), far) == "relocation 23 of 'thing' is unknown");
  CHECK(errorOf(withRelocation(R_X86_64_PLT32, -4, 13), far) == "R_X86_64_PLT32 lies outside section .text");
  CHECK(errorOf(withRelocation(R_X86_64_64, 0, 9), far) == "R_X86_64_64 lies outside section .text");
  CHECK(errorOf(withRelocation(R_X86_64_64, 0, UINT64_MAX), far) == "R_X86_64_64 lies outside section .text");
  CHECK(errorOf(withRelocation(R_X86_64_NONE, 0, 16)) == "");
  CHECK(errorOf(withRelocation(R_AARCH64_ADR_PREL_PG_HI21, 0, 0, Machine::kAArch64), far) ==
        "R_AARCH64_ADR_PREL_PG_HI21 of 'thing' is out of reach");
  CHECK(errorOf(withRelocation(R_AARCH64_LDST64_ABS_LO12_NC, 0, 0, Machine::kAArch64), odd) ==
        "R_AARCH64_LDST64_ABS_LO12_NC of 'thing' is out of reach");
  CHECK(errorOf(withRelocation(R_AARCH64_CALL26, 8, 0, Machine::kAArch64), far) == "R_AARCH64_CALL26 of 'thing' has an addend");

  ObjectBuilder debug;
  const uint32_t code = debug.code(Bytes(16)), notes = debug.section(".debug_info", Bytes(16), 0);
  debug.relocation(code, 0, R_X86_64_64, debug.symbol("noted", notes, 0), 0);
  CHECK(errorOf(debug.build()) == "symbol 'noted' lies in section .debug_info, which is not loaded");
}

TEST_CASE("objects with more than code and constants are refused", "[loader]") {
  auto withSection = [](const char* name, uint64_t flags, uint32_t type = SHT_PROGBITS, uint64_t align = 16) {
    ObjectBuilder builder;
    builder.section(name, Bytes(16), flags, align, type);
    return builder.build();
  };
  CHECK(errorOf(withSection(".data", SHF_ALLOC | SHF_WRITE)) == "section .data is writable");
  CHECK(errorOf(withSection(".bss", SHF_ALLOC | SHF_WRITE, SHT_NOBITS)) == "section .bss is writable");
  CHECK(errorOf(withSection(".init_array", SHF_ALLOC | SHF_WRITE, SHT_INIT_ARRAY)) == "section .init_array is writable");
  CHECK(errorOf(withSection(".tdata", SHF_ALLOC | SHF_TLS)) == "section .tdata is neither code nor constants");
  CHECK(errorOf(withSection(".rodata", SHF_ALLOC, SHT_NOBITS)) == "section .rodata is neither code nor constants");
  CHECK(errorOf(withSection(".text", SHF_ALLOC | SHF_EXECINSTR, SHT_PROGBITS, 24)) == "section .text is aligned to 24 bytes");
  CHECK(errorOf(withSection(".text", SHF_ALLOC | SHF_EXECINSTR, SHT_PROGBITS, 8192)) == "section .text is aligned to 8192 bytes");
  CHECK(errorOf(withSection(".data.rel.ro", SHF_ALLOC | SHF_WRITE)) == "");
  CHECK(errorOf(withSection(".eh_frame", SHF_ALLOC, 0x70000001)) == "");
  CHECK(errorOf({}) == "the object ends within its header");
  CHECK(errorOf(Bytes(64)) == "not a 64-bit little-endian relocatable ELF object");
  Bytes foreign = ObjectBuilder().build();
  foreign[offsetof(Elf64_Ehdr, e_machine)] = EM_386;
  CHECK(errorOf(foreign) == "an object for machine 3");
}

/// Reads and links; whatever comes out, nothing may crash (under AddressSanitizer, nothing may be read beyond the bytes).
void tryToLink(const Bytes& bytes, size_t* good) {
  auto exact = std::make_unique<uint8_t[]>(bytes.size());   // without a vector's spare room
  std::copy(bytes.begin(), bytes.end(), exact.get());
  Result<ObjectFile> object = readObject({exact.get(), bytes.size()});
  if (!object.ok()) return;
  Result<Image> image = linkObject(object.value(), {0x10000, 0x40000}, nearby);
  if (image.ok()) ++*good;
}

TEST_CASE("no bytes make the linker crash", "[loader]") {
  std::vector<Bytes> corpus;
  for (const char* triple : {"x86_64-linux-gnu", "aarch64-linux-gnu"}) {
    if (std::optional<Bytes> object = compiled(triple, kModule)) corpus.push_back(*object);
  }
  ObjectBuilder builder;
  const uint32_t code = builder.code(Bytes(64));
  builder.relocation(code, 8, R_X86_64_PLT32, builder.symbol("near"), -4);
  builder.symbol("own", code, 3);
  corpus.push_back(builder.build());
  std::mt19937 random(7);
  size_t good = 0, tried = 0;
  for (const Bytes& object : corpus) {
    REQUIRE(linked(object, {0x10000, 0x40000}, nearby).ok());
    for (size_t size = 0; size < object.size(); size++) {
      tryToLink(Bytes(object.begin(), object.begin() + static_cast<ptrdiff_t>(size)), &good);
    }
    CHECK(good == 0);
    for (size_t i = 0; i < object.size(); i++) {
      for (uint8_t value : {uint8_t{0}, uint8_t{0xff}, static_cast<uint8_t>(object[i] ^ 0x80), static_cast<uint8_t>(object[i] + 1)}) {
        Bytes flipped = object;
        flipped[i] = value;
        tryToLink(flipped, &good);
        tried++;
      }
    }
    for (int round = 0; round < 2000; round++) {
      Bytes mixed = object;
      for (int k = 0; k < 8; k++) mixed[random() % mixed.size()] = static_cast<uint8_t>(random());
      tryToLink(mixed, &good);
    }
    CHECK(good > tried / 10);   // many bytes are code, or padding
    good = tried = 0;
  }
}

TEST_CASE("code of aarch64 that LLVM has made finds its constants", "[loader]") {
  std::optional<Bytes> object = compiled("aarch64-linux-gnu", R"(
@text = private constant [8 x i8] c"abcdefgh"
define i64 @first() { %v = load volatile i64, ptr @text  ret i64 %v })");
  if (!object) {
    WARN("llvmlite is not installed");
    return;
  }
  const uint64_t at_code = 0x7f0000001000, at_constants = 0x7f0001fff000;
  Result<Image> image = linked(*object, {at_code, at_constants}, nothing);
  INFO(image.error());
  REQUIRE(image.ok());
  REQUIRE(image.value().functions.size() == 1);
  CHECK(image.value().functions[0] == std::pair<std::string, uint64_t>("first", at_code));
  // adrp x8, page; then ldr x0, [x8, low], or add x8, x8, low
  const uint32_t adrp = wordAt(image.value().code, 0), next = wordAt(image.value().code, 4);
  const bool load = (next & 0xffc00000) == 0xf9400000;
  REQUIRE((adrp & 0x9f000000) == 0x90000000);
  REQUIRE((load || (next & 0xffc00000) == 0x91000000));
  const int64_t pages = signedBits(((adrp >> 29) & 3) | ((adrp >> 5) & 0x7ffff) << 2, 21);
  const uint64_t place = (at_code & ~uint64_t{0xfff}) + static_cast<uint64_t>(pages) * 4096 + ((next >> 10) & 0xfff) * (load ? 8 : 1);
  REQUIRE(place >= at_constants);
  CHECK(longAt(image.value().constants, place - at_constants) == 0x6867666564636261);
}

/// The mappings that an address range lies in, as "r-xp", "r--p" …
std::vector<std::string> mappings(uint64_t start, uint64_t end) {
  std::ifstream maps("/proc/self/maps");
  std::vector<std::string> out;
  for (std::string line; std::getline(maps, line);) {
    uint64_t from = 0, to = 0;
    char mode[5] = "";
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, mode) == 3 && from < end && to > start) out.emplace_back(mode);
  }
  return out;
}

TEST_CASE("memory of code is never writable and executable", "[loader]") {
  CodeArena arena(size_t{64} << 10);   // 32 KiB for code, as much for constants
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  Result<CodeSpace> first = arena.reserve(1, 1);
  REQUIRE(first.ok());
  const uint64_t start = first.value().code, end = first.value().constants + (size_t{32} << 10);
  CHECK(first.value().constants == start + (size_t{32} << 10));
  const Bytes code(100, 0xcc), constants(5000, 7);
  for (size_t i = 0; i < 4; i++) {
    Result<CodeSpace> space = arena.reserve(code.size(), constants.size());
    REQUIRE(space.ok());
    CHECK(space.value().code == start + i * page);
    REQUIRE(arena.commit(code, constants).ok());
    CHECK(std::memcmp(reinterpret_cast<const void*>(space.value().code), code.data(), code.size()) == 0);
    CHECK(std::memcmp(reinterpret_cast<const void*>(space.value().constants), constants.data(), constants.size()) == 0);
    const std::vector<std::string> seen = mappings(start, end);
    for (const std::string& mode : seen) CHECK((mode == "r-xp" || mode == "r--p" || mode == "---p"));
    CHECK(std::count(seen.begin(), seen.end(), "r-xp") == 1);
  }
  // The constants' half is full: another range.
  Result<CodeSpace> next = arena.reserve(code.size(), constants.size());
  REQUIRE(next.ok());
  CHECK((next.value().code < start || next.value().code >= end));
  CHECK(arena.reserve(size_t{40} << 10, 1).error() == "an object of 40961 bytes is too large");
}

#if defined(__x86_64__)

template <class Function>
Function functionOf(const LoadedObject& loaded, const std::string& name) {
  auto found = loaded.functions.find(name);
  REQUIRE(found != loaded.functions.end());
  return reinterpret_cast<Function>(const_cast<void*>(found->second));
}

int timesSeven(int value) { return 7 * value; }

TEST_CASE("loaded code runs, calls us, and is called by code that is loaded later", "[loader]") {
  CodeArena arena(size_t{64} << 10);
  ObjectBuilder first;
  // sub $8, %rsp; call seven; add $8, %rsp; add (rip+constant), %eax; ret
  const uint32_t code = first.code({0x48, 0x83, 0xec, 8, 0xe8, 0, 0, 0, 0, 0x48, 0x83, 0xc4, 8, 0x03, 0x05, 0, 0, 0, 0, 0xc3});
  const uint32_t constants = first.constants({1, 0, 0, 0, 5, 0, 0, 0});
  first.relocation(code, 5, R_X86_64_PLT32, first.symbol("seven"), -4);
  first.relocation(code, 15, R_X86_64_PC32, first.symbol("", constants, 0, STT_SECTION, STB_LOCAL), 4 - 4);
  first.symbol("affine", code, 0);
  first.symbol("hidden", code, 0, STT_FUNC, STB_LOCAL);
  Result<LoadedObject> loaded = loadObject(first.build(), [](std::string_view name) {
    return name == "seven" ? reinterpret_cast<const void*>(&timesSeven) : nullptr;
  }, arena);
  INFO(loaded.error());
  REQUIRE(loaded.ok());
  CHECK(loaded.value().functions.size() == 1);
  CHECK(functionOf<int (*)(int)>(loaded.value(), "affine")(3) == 26);

  for (int round = 0; round < 12; round++) {   // beyond the first range
    ObjectBuilder second;
    // mov slot(%rip), %rax; jmp *%rax
    const uint32_t jump = second.code({0x48, 0x8b, 0x05, 0, 0, 0, 0, 0xff, 0xe0});
    second.relocation(jump, 3, R_X86_64_REX_GOTPCRELX, second.symbol("affine"), -4);
    second.symbol("again", jump, 0);
    Result<LoadedObject> later = loadObject(second.build(), [&](std::string_view name) {
      auto found = loaded.value().functions.find(name);
      return found == loaded.value().functions.end() ? nullptr : found->second;
    }, arena);
    INFO(later.error());
    REQUIRE(later.ok());
    CHECK(functionOf<int (*)(int)>(later.value(), "again")(-1) == -2);
  }
}

TEST_CASE("code that LLVM has made runs", "[loader]") {
  std::optional<Bytes> object = compiled("x86_64-linux-gnu", kModule);
  if (!object) {
    WARN("llvmlite is not installed");
    return;
  }
  static const int64_t count = 1;
  Result<LoadedObject> loaded = loadObject(*object, [](std::string_view name) -> const void* {
    if (name == "outside") return findSymbol("floor");
    return name == "count" ? &count : findSymbol(name);
  });
  INFO(loaded.error());
  REQUIRE(loaded.ok());
  CHECK(functionOf<double (*)(double)>(loaded.value(), "chain")(2.0) == 6.0);
  CHECK(functionOf<int64_t (*)(int64_t)>(loaded.value(), "more")(0) == 0x6867666564636262);
  char copy[4] = "";
  functionOf<void (*)(char*, const char*, int64_t)>(loaded.value(), "copy")(copy, "xyz", 4);
  CHECK(std::string(copy) == "xyz");
  CHECK(loadObject(*object, findSymbol).error() == "symbol 'outside' is unknown");
}

#endif

TEST_CASE("what LLVM may call is known", "[loader]") {
  for (const char* name : {"memcpy", "memset", "floor", "rintf", "fma", "fmod"}) CHECK(findSymbol(name) != nullptr);
  CHECK(findSymbol("system") == nullptr);
}

}  // namespace
}  // namespace segue::llvm::testing
