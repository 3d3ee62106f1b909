#include "bytecode/insn.h"

#include <opcode.h>

namespace segue {

namespace {

constexpr OpcodeTraits kTraits[] = {
#define SEGUE_CANONICAL_OP(name, operand, operand2, flow, doc) \
  {#name, OperandKind::operand, OperandKind::operand2, Flow::flow, doc},
#include "bytecode/canonical_ops.def"
#undef SEGUE_CANONICAL_OP
};

constexpr std::string_view kBinarySymbols[] = {
#define SEGUE_BINARY_OP(name, symbol) symbol,
#include "bytecode/binary_ops.def"
#undef SEGUE_BINARY_OP
};

constexpr std::string_view kCompareSymbols[] = {"<", "<=", "==", "!=", ">", ">="};

static_assert(static_cast<int>(BinaryOp::kAdd) == NB_ADD && static_cast<int>(BinaryOp::kXor) == NB_XOR);
static_assert(static_cast<int>(BinaryOp::kInplaceAdd) == NB_INPLACE_ADD);
static_assert(static_cast<int>(BinaryOp::kInplaceXor) == NB_INPLACE_XOR);
static_assert(std::size(kBinarySymbols) == NB_INPLACE_XOR + 1);
static_assert(static_cast<int>(CompareOp::kLt) == Py_LT && static_cast<int>(CompareOp::kGe) == Py_GE);

}  // namespace

const OpcodeTraits& traitsOf(Opcode op) {
  return kTraits[static_cast<size_t>(op)];
}

std::string_view symbolOf(BinaryOp op) {
  return kBinarySymbols[static_cast<size_t>(op)];
}

std::string_view symbolOf(CompareOp op) {
  return kCompareSymbols[static_cast<size_t>(op)];
}

}  // namespace segue
