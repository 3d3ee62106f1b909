// Canonical bytecode: one instruction set for CPython 3.11, 3.12 and 3.13.
//
// Model. Every raw opcode of a version expands into zero or more *canonical instructions*, with 3.13's semantics, as
// versions/py31x.yaml says. A *unit* is what CPython executes as one step for our purposes: a raw instruction together
// with the prefixes in front of it (EXTENDED_ARG; on 3.11 and 3.12 KW_NAMES, on 3.11 PRECALL). The instructions of one
// unit share `offset`, the place where CPython can start to execute the unit; only the first one of a unit is a place
// to enter, leave or resume, because between units, and only there, the canonical stack is the interpreter's stack,
// slot for slot. All operands are resolved: prefixes are folded in, jump targets are instruction indices, low-bit flags
// have become instructions of their own.
//
// Calls. In every version a call has two slots (a, b) below its arguments:
//
//     a is NULL          -> callable b                    how 3.11 and 3.12 spell a plain call
//     else b is NULL     -> callable a                    how 3.13 spells it
//     else               -> callable a with b as its first argument: a method with its self, found by LoadMethod; a
//                           context manager's exit(None, None, None); 3.11's comprehension with its iterator
//
// kNullBelowCallable says which of the first two this interpreter builds and accepts: PushNull comes before the
// callable is loaded where it is true, behind it where it is false. LoadMethod and LoadSuperMethod must leave the same
// form for an attribute that is not a method. CallKw takes the tuple of names from the stack in every version (on 3.11
// and 3.12 the unit is LoadConst, CallKw: the interpreter keeps the names in a register).
//
// Requirements
//  1. Stack effects are exact between units, in handlers too: depth includes NULL slots and saved exceptions.
//  2. A jump's target is the first instruction of a unit, or decoding fails.
//  3. ForIter's target lies behind the EndFor (and PopTop) that CPython skips.
//  4. One row of canonical.yaml per opcode; canonical_ops.def lists them, so that a visitor that is missing in the
//  tracer
//     is a link error.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/python.h"

namespace segue {

/// Names as in canonical.yaml: Opcode::kLoadConst is the row LoadConst.
enum class Opcode : uint8_t {
#define SEGUE_CANONICAL_OP(name, operand, operand2, flow, doc) k##name,
#include "bytecode/canonical_ops.def"
#undef SEGUE_CANONICAL_OP
};

inline constexpr int kOpcodeCount = 0
#define SEGUE_CANONICAL_OP(name, operand, operand2, flow, doc) +1
#include "bytecode/canonical_ops.def"
#undef SEGUE_CANONICAL_OP
    ;

/// What `Insn::arg` or `Insn::arg2` means.
enum class OperandKind : uint8_t {
  kNone,
  kConst,      ///< index into co_consts
  kName,       ///< index into co_names
  kLocal,      ///< index of a localsplus slot, of any kind
  kCell,       ///< index of the localsplus slot of a cell or free variable
  kCount,      ///< a number of items
  kDepth,      ///< a position below the top of the stack, 1 = top
  kFlag,       ///< 0 or 1
  kConvert,    ///< 1 str, 2 repr, 3 ascii
  kCompare,    ///< enum CompareOp
  kBinary,     ///< enum BinaryOp
  kAttribute,  ///< of a function: 1 defaults, 2 kwdefaults, 4 annotations, 8 closure
  kWhere,      ///< a small code that the row's doc explains
};

enum class Flow : uint8_t {
  kNext,    ///< goes on behind itself
  kJump,    ///< goes to the target
  kBranch,  ///< either
  kReturn,  ///< ends the frame
  kRaise,   ///< goes to a handler or ends the frame
  kYield,   ///< leaves the frame; when resumed goes on behind itself
};

struct OpcodeTraits {
  std::string_view name;                      ///< CamelCase, as in canonical.yaml
  OperandKind operand = OperandKind::kNone;   ///< of Insn::arg
  OperandKind operand2 = OperandKind::kNone;  ///< of Insn::arg2
  Flow flow = Flow::kNext;
  std::string_view doc;  ///< one line
};

const OpcodeTraits& traitsOf(Opcode op);

/// BINARY_OP's argument, the same numbers in the three versions.
enum class BinaryOp : uint8_t {
#define SEGUE_BINARY_OP(name, symbol) k##name,
#include "bytecode/binary_ops.def"
#undef SEGUE_BINARY_OP
};

/// `+`, `+=` …
std::string_view symbolOf(BinaryOp op);
constexpr bool isInplace(BinaryOp op) {
  return op >= BinaryOp::kInplaceAdd;
}
/// kAdd for kInplaceAdd.
constexpr BinaryOp withoutInplace(BinaryOp op) {
  if (!isInplace(op)) return op;
  return static_cast<BinaryOp>(static_cast<uint8_t>(op) - static_cast<uint8_t>(BinaryOp::kInplaceAdd));
}

/// Numbered as CPython's Py_LT … Py_GE, to be handed to PyObject_RichCompare.
enum class CompareOp : uint8_t { kLt, kLe, kEq, kNe, kGt, kGe };

/// `<`, `==` …
std::string_view symbolOf(CompareOp op);

/// A range of the source text; lines count from 1, columns are 0-based UTF-8 byte offsets. -1: CPython has none.
struct Position {
  int line = -1;
  int end_line = -1;
  int column = -1;
  int end_column = -1;
  friend bool operator==(const Position&, const Position&) = default;
};

struct Insn {
  Opcode op = Opcode::kNop;
  bool is_first_of_raw = true;  ///< starts a unit: CPython's stack and ours agree right before it
  int32_t arg = 0;              ///< see traitsOf(op).operand
  int32_t arg2 = 0;             ///< see traitsOf(op).operand2
  int32_t target = -1;          ///< jumps and branches: index of the instruction gone to
  int32_t offset = 0;           ///< byte offset of the unit, prefixes included: where to resume CPython
  int32_t lasti = 0;  ///< byte offset of the unit's own opcode: f_lasti while it runs, tb_lasti when it raises
  Position position;  ///< of the unit's own opcode

  BinaryOp binaryOp() const {
    SEGUE_CHECK(op == Opcode::kBinaryOp);
    return static_cast<BinaryOp>(arg);
  }
  CompareOp compareOp() const {
    SEGUE_CHECK(op == Opcode::kCompareOp);
    return static_cast<CompareOp>(arg);
  }
};

/// Stack slots that an instruction takes off and puts on (what stays in place may be counted on both sides).
struct StackEffect {
  int pops = 0;
  int pushes = 0;
  int net() const { return pushes - pops; }
};

/// `taken`: the effect when a branch or jump goes to its target. Fails a check on an operand no compiler emits.
StackEffect stackEffectOf(const Insn& insn, bool taken = false);

/// Whether a plain call of this interpreter has its NULL in slot a (3.11, 3.12) or in slot b (3.13).
inline constexpr bool kNullBelowCallable = kPythonVersion < 313;

}  // namespace segue
