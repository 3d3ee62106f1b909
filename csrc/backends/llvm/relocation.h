// What relocations of the two machines do to the bytes that they name.
#pragma once

#include <cstdint>

#include "backends/llvm/object_file.h"

namespace segue::llvm {

struct RelocationKind {
  enum class Field : uint8_t {
    kNone,
    kAbsolute64, kRelative64, kRelative32,
    kPage21,                       ///< aarch64's ADRP: how many pages of 4 KiB away
    kLow12,                        ///< aarch64's ADD, LDR and STR: the address within its page, in units of `1 << scale` bytes
    kBranch26,                     ///< aarch64's B and BL
  };
  Machine machine;
  uint32_t type;
  const char* name;
  Field field;
  uint8_t scale = 0;
  bool branch = false;             ///< a jump or call: may go to a stub instead
  bool slot = false;               ///< of an 8-byte slot that holds the symbol's address
};

/// Null for one that is not known.
const RelocationKind* relocationKind(Machine machine, uint32_t type);
/// How many bytes of the section it changes.
int relocationSize(const RelocationKind& kind);
/// Whether the field holds this distance or address.
bool relocationReaches(const RelocationKind& kind, uint64_t place, uint64_t target);
/// Changes the bytes of `field`, which lie at the address `place` when the code runs, so that they lead to `target` (a symbol's
/// address, and the addend). False: it is out of reach, or not aligned as the field wants it.
[[nodiscard]] bool relocate(const RelocationKind& kind, uint8_t* field, uint64_t place, uint64_t target);

/// A jump to any address, which code calls for a function that is out of its reach.
constexpr size_t kStubSize = 16;
void writeStub(Machine machine, uint8_t* stub, uint64_t target);

}  // namespace segue::llvm
