#include "backends/llvm/relocation.h"

#include <elf.h>

#include <cstring>

#include "base/check.h"

namespace segue::llvm {
namespace {

using Field = RelocationKind::Field;

constexpr RelocationKind kKinds[] = {
#define ROW(of, number, text, what, ...) {.machine = of, .type = number, .name = text, .field = Field::what __VA_OPT__(, ) __VA_ARGS__}
#define X86(name, ...) ROW(Machine::kX86_64, R_X86_64_##name, "R_X86_64_" #name, __VA_ARGS__)
#define ARM(name, ...) ROW(Machine::kAArch64, R_AARCH64_##name, "R_AARCH64_" #name, __VA_ARGS__)
    X86(NONE, kNone),
    X86(64, kAbsolute64),
    X86(PC64, kRelative64),
    X86(PC32, kRelative32),
    X86(PLT32, kRelative32, .branch = true),
    X86(GOTPCREL, kRelative32, .slot = true),
    X86(GOTPCRELX, kRelative32, .slot = true),
    X86(REX_GOTPCRELX, kRelative32, .slot = true),
    ARM(NONE, kNone),
    ARM(ABS64, kAbsolute64),
    ARM(PREL64, kRelative64),
    ARM(PREL32, kRelative32),
    ARM(CALL26, kBranch26, .branch = true),
    ARM(JUMP26, kBranch26, .branch = true),
    ARM(ADR_PREL_PG_HI21, kPage21),
    ARM(ADD_ABS_LO12_NC, kLow12),
    ARM(LDST8_ABS_LO12_NC, kLow12),
    ARM(LDST16_ABS_LO12_NC, kLow12, .scale = 1),
    ARM(LDST32_ABS_LO12_NC, kLow12, .scale = 2),
    ARM(LDST64_ABS_LO12_NC, kLow12, .scale = 3),
    ARM(LDST128_ABS_LO12_NC, kLow12, .scale = 4),
    ARM(ADR_GOT_PAGE, kPage21, .slot = true),
    ARM(LD64_GOT_LO12_NC, kLow12, .scale = 3, .slot = true),
#undef ROW
#undef X86
#undef ARM
};

int64_t distance(uint64_t place, uint64_t target) { return static_cast<int64_t>(target - place); }
int64_t pages(uint64_t place, uint64_t target) { return distance(place & ~uint64_t{0xfff}, target & ~uint64_t{0xfff}) >> 12; }

bool fits(int64_t value, int bits) { return value >= -(int64_t{1} << (bits - 1)) && value < int64_t{1} << (bits - 1); }

/// Puts `value` into the bits of an instruction that `mask` has, from `shift` on.
uint32_t inserted(uint32_t instruction, uint64_t value, int shift, uint32_t mask) {
  return (instruction & ~mask) | ((static_cast<uint32_t>(value) << shift) & mask);
}

}  // namespace

const RelocationKind* relocationKind(Machine machine, uint32_t type) {
  for (const RelocationKind& kind : kKinds) {
    if (kind.machine == machine && kind.type == type) return &kind;
  }
  return nullptr;
}

int relocationSize(const RelocationKind& kind) {
  switch (kind.field) {
    case Field::kNone: return 0;
    case Field::kAbsolute64:
    case Field::kRelative64: return 8;
    case Field::kRelative32:
    case Field::kPage21:
    case Field::kLow12:
    case Field::kBranch26: return 4;
  }
  SEGUE_UNREACHABLE("a field");
}

bool relocationReaches(const RelocationKind& kind, uint64_t place, uint64_t target) {
  switch (kind.field) {
    case Field::kNone:
    case Field::kAbsolute64:
    case Field::kRelative64: return true;
    case Field::kRelative32: return fits(distance(place, target), 32);
    case Field::kPage21: return fits(pages(place, target), 21);
    case Field::kLow12: return target % (uint64_t{1} << kind.scale) == 0;
    case Field::kBranch26: return fits(distance(place, target), 28) && distance(place, target) % 4 == 0;
  }
  SEGUE_UNREACHABLE("a field");
}

bool relocate(const RelocationKind& kind, uint8_t* field, uint64_t place, uint64_t target) {
  if (!relocationReaches(kind, place, target)) return false;
  const int size = relocationSize(kind);
  uint64_t value = 0;
  std::memcpy(&value, field, static_cast<size_t>(size));   // both machines are little-endian
  const auto instruction = static_cast<uint32_t>(value);
  switch (kind.field) {
    case Field::kNone: break;
    case Field::kAbsolute64: value = target; break;
    case Field::kRelative64:
    case Field::kRelative32: value = target - place; break;
    case Field::kPage21: {
      const auto count = static_cast<uint64_t>(pages(place, target));
      value = inserted(inserted(instruction, count, 29, 0x60000000), count >> 2, 5, 0x00ffffe0);
      break;
    }
    case Field::kLow12: value = inserted(instruction, (target & 0xfff) >> kind.scale, 10, 0x003ffc00); break;
    case Field::kBranch26: value = inserted(instruction, static_cast<uint64_t>(distance(place, target)) >> 2, 0, 0x03ffffff); break;
  }
  std::memcpy(field, &value, static_cast<size_t>(size));
  return true;
}

void writeStub(Machine machine, uint8_t* stub, uint64_t target) {
  static constexpr uint8_t kX86[8] = {0xff, 0x25, 0x02, 0, 0, 0, 0xcc, 0xcc};         // jmp *2(%rip); int3; int3
  static constexpr uint8_t kArm[8] = {0x50, 0, 0, 0x58, 0x00, 0x02, 0x1f, 0xd6};      // ldr x16, .+8; br x16
  std::memcpy(stub, machine == Machine::kX86_64 ? kX86 : kArm, 8);
  std::memcpy(stub + 8, &target, 8);
}

}  // namespace segue::llvm
