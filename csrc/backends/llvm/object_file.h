// ELF64 relocatable objects, as LLVM writes them, read without trusting a byte of them.
//
// Requirements
//  1. Everything is checked against the object's end: whatever the bytes are, reading them is an answer or a Result error.
//  2. Only what kernels need is known: code and constants. Writable data, thread-local data and code that runs when it is loaded are
//     errors that name the section; what describes the code (unwinding, notes, debug information) is left out.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "base/traced.h"

namespace segue::llvm {

enum class Machine : uint8_t { kX86_64, kAArch64 };

/// Names and bytes lie in the object that was read, which must outlive this.
struct ObjectSection {
  enum class Use : uint8_t { kNone, kCode, kConstants };
  Use use = Use::kNone;                 ///< what becomes of it in memory
  std::string_view name;
  absl::Span<const uint8_t> bytes;      ///< of those with a use
  uint64_t align = 1;                   ///< a power of two, at most a page
};

struct ObjectSymbol {
  std::string_view name;
  uint32_t section = 0;                 ///< index into the sections; 0: defined elsewhere
  uint64_t offset = 0;                  ///< in the section, at most its size
  bool exported = false;                ///< a global function defined here
};

struct ObjectRelocation {
  uint32_t section = 0;                 ///< in whose bytes it lies; one that has a use
  uint32_t symbol = 0;                  ///< index into the symbols
  uint32_t type = 0;                    ///< relocation.h
  uint64_t offset = 0;                  ///< in the section; not checked against its size, as the type says how long it is
  int64_t addend = 0;
};

struct ObjectFile {
  Machine machine = Machine::kX86_64;
  std::vector<ObjectSection> sections;  ///< as numbered in the object; the first is no section
  std::vector<ObjectSymbol> symbols;    ///< as numbered in the object; the first is no symbol
  std::vector<ObjectRelocation> relocations;
};

Result<ObjectFile> readObject(absl::Span<const uint8_t> bytes);

}  // namespace segue::llvm
