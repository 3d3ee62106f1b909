#include "bytecode/decode.h"

namespace segue {

namespace {

// Bits of co_localspluskinds (CPython, pycore_code.h), the same in the three versions.
constexpr uint8_t kHidden = 0x10;
constexpr uint8_t kLocal = 0x20;
constexpr uint8_t kCell = 0x40;
constexpr uint8_t kFree = 0x80;

std::string textOf(BorrowedRef string) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(string.get(), &size);
  if (text == nullptr) {
    PyErr_Clear();
    return "?";
  }
  return {text, static_cast<size_t>(size)};
}

std::vector<Slot> slotsOf(PyCodeObject* code) {
  std::vector<Slot> slots;
  for (int i = 0; i < code->co_nlocalsplus; i++) {
    const uint8_t kind = static_cast<uint8_t>(PyBytes_AS_STRING(code->co_localspluskinds)[i]);
    slots.push_back({textOf(PyTuple_GET_ITEM(code->co_localsplusnames, i)), (kind & kLocal) != 0, (kind & kCell) != 0,
                     (kind & kFree) != 0, (kind & kHidden) != 0});
  }
  return slots;
}

/// Checks operands against the tables they index.
Result<void> checkOperands(const Body& body, PyCodeObject* code, absl::Span<const Slot> slots) {
  const auto limit = [&](OperandKind kind) -> int64_t {
    switch (kind) {
      case OperandKind::kConst:
        return PyTuple_GET_SIZE(code->co_consts);
      case OperandKind::kName:
        return PyTuple_GET_SIZE(code->co_names);
      case OperandKind::kLocal:
      case OperandKind::kCell:
        return static_cast<int64_t>(slots.size());
      case OperandKind::kCompare:
        return Py_GE + 1;
      case OperandKind::kBinary:
        return static_cast<int64_t>(BinaryOp::kInplaceXor) + 1;
      default:
        return INT64_MAX;
    }
  };
  for (const Insn& insn : body.insns()) {
    const OpcodeTraits& traits = traitsOf(insn.op);
    SEGUE_REQUIRE(insn.arg < limit(traits.operand), "offset %d: %s %d is out of range", insn.lasti, traits.name,
                  insn.arg);
    SEGUE_REQUIRE(traits.operand != OperandKind::kCell || slots[insn.arg].is_cell || slots[insn.arg].is_free,
                  "offset %d: %s of %s, which is no cell", insn.lasti, traits.name, slots[insn.arg].name);
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Code>> Code::decode(BorrowedRef code, bool keep_alive) {
  SEGUE_TRY(const CodeBytes bytes, codeBytesOf(code));
  PyCodeObject* object = reinterpret_cast<PyCodeObject*>(code.get());
  SEGUE_TRY(const RawCode raw, disassemble(bytes, kPythonVersion, object->co_firstlineno));
  SEGUE_TRY(Body body, canonicalize(raw));
  std::vector<Slot> slots = slotsOf(object);
  SEGUE_TRY_VOID(checkOperands(body, object, slots));
  std::shared_ptr<Code> decoded(new Code(std::move(body)));
  decoded->object_ = object;
  if (keep_alive) decoded->owner_ = Ref::borrow(code.get());
  decoded->qualname_ = textOf(object->co_qualname);
  decoded->filename_ = textOf(object->co_filename);
  decoded->slots_ = std::move(slots);
  for (const Insn& insn : decoded->insns()) {
    if (insn.op == Opcode::kStoreGlobal) decoded->stored_globals_.insert(decoded->name(insn.arg).get());
  }
  decoded->local_count_ = object->co_nlocals;
  decoded->free_count_ = object->co_nfreevars;
  return std::shared_ptr<const Code>(std::move(decoded));
}

}  // namespace segue
