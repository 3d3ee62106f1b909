// Listings: code as text, and raw code read back, so that tests and logs are text.
//
//     python 3.12, line 1              raw: opcode, argument, `-> label` for jumps, `@` a new position
//       RESUME 0                       @ 1:0-1:0
//       LOAD_FAST 0                    @ 2:11-2:12
//       POP_JUMP_IF_FALSE -> L1
//       RETURN_CONST 1
//     L1:
//       RETURN_CONST 0                 @ none
//     handle L1..L2 -> L3 depth 1 offset
//
//       0    0 [0] Resume 0            canonical: index, offset, [stack depth], instruction; the offset only for the
//       first 1    2 [0] LoadLocal 0 (x)     of a unit 2    4 [1] ToBool 3      [1] PopJumpIfFalse -> 6
//
// A position is `line:column-end_line:end_column` with `?` for what CPython does not know, or the line alone where
// there are no columns. In raw listings an instruction without `@` has the position before it, `none` at the start.
// Text behind
// `#` is ignored.
#pragma once

#include <string>
#include <string_view>

#include "base/python.h"
#include "base/traced.h"
#include "bytecode/decode.h"
#include "bytecode/raw.h"

namespace segue {

std::string print(const Position& position);
/// `LoadSuperAttr 1 0`, `Jump -> 7`.
std::string print(const Insn& insn);
/// The constant, name, slot or operator that an operand stands for; empty for other operands.
std::string describeOperand(const Code& code, const Insn& insn);
std::string print(const Body& body);
/// With constants, names and slots in words, and lines.
std::string print(const Code& code);
std::string print(const RawCode& raw);

/// Offsets are those that assembling gives. The error names the line.
Result<RawCode> parseRawListing(std::string_view text);

}  // namespace segue
