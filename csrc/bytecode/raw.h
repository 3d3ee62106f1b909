// Raw code: one CPython version's instructions, with EXTENDED_ARG folded in and jumps resolved, nothing else changed.
// This is the level at which code is rewritten: disassemble, edit, assemble (assemble.h).
//
// Requirements
//  1. The tables of all supported versions are present, so listings of any version can be read and tested.
//  2. Instructions refer to each other by index; offsets are what the code had when it was disassembled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "base/python.h"
#include "base/ref.h"
#include "base/traced.h"
#include "bytecode/exceptions.h"
#include "bytecode/insn.h"

namespace segue {

enum class RawRole : uint8_t {
  kNone,         ///< not an opcode
  kNormal,       ///< expands into canonical instructions
  kCache,        ///< inline cache entry
  kExtendedArg,  ///< prefix: eight more bits of the next argument
  kNames,        ///< prefix KW_NAMES: names of a call's last arguments
  kPrecall,      ///< prefix PRECALL: changes nothing that can be seen
  kInternal,     ///< the interpreter's own; never in a code object
  kPseudo,       ///< the compiler's own; never in a code object
};

enum class RawJump : uint8_t { kNone, kForward, kBackward };

/// A row of versions/py31x.yaml. Specialised and instrumented opcodes have the properties of their base.
struct RawOpcode {
  std::string_view name;  ///< empty: no such opcode
  uint8_t base = 0;       ///< the opcode a compiler emits
  uint8_t caches = 0;     ///< inline cache entries behind it, in code units
  RawRole role = RawRole::kNone;
  RawJump jump = RawJump::kNone;
  uint8_t skip = 0;        ///< code units between the encoded target and where the interpreter goes
  bool takes_arg = false;  ///< the argument means something besides a jump's distance
};

struct RawOperands {
  uint8_t opcode = 0;
  int arg = 0;
  int target = -1;  ///< of a jump, in the caller's terms
  int names = -1;   ///< argument of the KW_NAMES before a call, or -1
};

/// Collects what one raw instruction expands into.
class Expansion {
 public:
  void add(Opcode op, int arg = 0, int arg2 = 0) {
    insns.emplace_back();
    insns.back().op = op;
    insns.back().arg = arg;
    insns.back().arg2 = arg2;
  }
  void jump(Opcode op, int target) {
    add(op);
    insns.back().target = target;
  }
  absl::InlinedVector<Insn, 6> insns;
};

struct RawTable {
  int version = 0;                                        ///< 311, 312, 313
  absl::Span<const RawOpcode> opcodes;                    ///< 256, by number
  absl::Span<const std::string_view> pseudo;              ///< names of the compiler's own opcodes
  absl::Span<const uint8_t> probe;                        ///< opcodes of `~CONST()`, the value dropped (codegen/splice.h)
  uint8_t exit_jump;                                      ///< with which an exit's stub goes to the code (codegen/splice.h)
  void (*expand)(const RawOperands& in, Expansion& out);  ///< adds nothing for an operand that no compiler emits

  const RawOpcode& operator[](uint8_t opcode) const { return opcodes[opcode]; }
  /// Number of the opcode of that name, or -1.
  int find(std::string_view name) const;
};

/// Versions 311, 312 and 313; null for others.
const RawTable* rawTable(int version);

struct RawInsn {
  uint8_t opcode = 0;   ///< never a prefix EXTENDED_ARG, a cache, a specialised or instrumented form
  int32_t arg = 0;      ///< 0 for jumps
  int32_t target = -1;  ///< jumps: index of the instruction that the jump's argument points at
  int32_t offset = -1;  ///< bytes, prefixes EXTENDED_ARG included; -1 in code that was not disassembled
  int32_t lasti = -1;   ///< bytes, of the opcode itself
  Position position;
};

/// An exception entry in instruction indices.
struct RawHandler {
  int start = 0;
  int end = 0;
  int target = 0;
  int depth = 0;
  bool push_offset = false;
};

struct RawCode {
  int version = kPythonVersion;
  int first_line = 1;  ///< co_firstlineno: what the line table's first difference refers to
  std::vector<RawInsn> insns;
  std::vector<RawHandler> handlers;  ///< sorted, disjoint
  int units = 0;                     ///< code units, caches included; 0 in code that was not disassembled
};

/// The three byte strings of a code object.
struct CodeBytes {
  std::string code;        ///< co_code
  std::string exceptions;  ///< co_exceptiontable
  std::string locations;   ///< co_linetable
  friend bool operator==(const CodeBytes&, const CodeBytes&) = default;
};

/// Reads the byte strings of a PyCodeObject, the code without specialisation and instrumentation.
Result<CodeBytes> codeBytesOf(BorrowedRef code);

/// The error names the offset and what is wrong there.
Result<RawCode> disassemble(const CodeBytes& bytes, int version, int first_line);

}  // namespace segue
