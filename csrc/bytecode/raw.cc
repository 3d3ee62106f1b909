#include "bytecode/raw.h"

#include "bytecode/locations.h"

namespace segue {

extern const RawTable kRawTable311;
extern const RawTable kRawTable312;
extern const RawTable kRawTable313;

const RawTable* rawTable(int version) {
  switch (version) {
    case 311:
      return &kRawTable311;
    case 312:
      return &kRawTable312;
    case 313:
      return &kRawTable313;
    default:
      return nullptr;
  }
}

int RawTable::find(std::string_view name) const {
  for (size_t number = 0; number < opcodes.size(); number++) {
    if (!name.empty() && opcodes[number].name == name) return static_cast<int>(number);
  }
  return -1;
}

namespace {

std::string bytesOf(BorrowedRef object) {
  return {PyBytes_AS_STRING(object.get()), static_cast<size_t>(PyBytes_GET_SIZE(object.get()))};
}

class Disassembler {
 public:
  Disassembler(const CodeBytes& bytes, const RawTable& table, int first_line) : bytes_(bytes), table_(table) {
    raw_.version = table.version;
    raw_.first_line = first_line;
  }

  Result<RawCode> run() {
    SEGUE_REQUIRE(bytes_.code.size() % 2 == 0, "the code has an odd number of bytes");
    raw_.units = static_cast<int>(bytes_.code.size() / 2);
    SEGUE_TRY(std::vector<Position> positions, positionPerUnit());
    index_at_.assign(raw_.units + 1, -1);
    for (int unit = 0; unit < raw_.units;) {
      SEGUE_TRY(unit, one(unit, positions));
    }
    index_at_[raw_.units] = static_cast<int>(raw_.insns.size());
    SEGUE_TRY_VOID(resolveJumps());
    SEGUE_TRY_VOID(handlers());
    return std::move(raw_);
  }

 private:
  uint8_t opcodeAt(int unit) const { return static_cast<uint8_t>(bytes_.code[2 * unit]); }
  uint8_t argAt(int unit) const { return static_cast<uint8_t>(bytes_.code[2 * unit + 1]); }

  Result<std::vector<Position>> positionPerUnit() {
    SEGUE_TRY(std::vector<LocationRun> runs, parseLocations(bytes_.locations, raw_.first_line));
    std::vector<Position> positions;
    for (const LocationRun& run : runs) positions.insert(positions.end(), run.units, run.position);
    SEGUE_REQUIRE(static_cast<int>(positions.size()) == raw_.units, "the line table has %d code units, the code %d",
                  positions.size(), raw_.units);
    return positions;
  }

  /// Reads the instruction at `unit`; returns the unit behind it.
  Result<int> one(int unit, const std::vector<Position>& positions) {
    RawInsn insn;
    insn.offset = 2 * unit;
    int64_t arg = 0;
    index_at_[unit] = static_cast<int>(raw_.insns.size());
    while (table_[opcodeAt(unit)].role == RawRole::kExtendedArg) {
      arg = (arg | argAt(unit)) << 8;
      unit++;
      SEGUE_REQUIRE(unit < raw_.units, "EXTENDED_ARG ends the code");
    }
    const RawOpcode& opcode = table_[opcodeAt(unit)];
    SEGUE_REQUIRE(opcode.role != RawRole::kNone, "offset %d: unknown opcode %d", 2 * unit, opcodeAt(unit));
    SEGUE_REQUIRE(opcode.role != RawRole::kInternal && opcode.role != RawRole::kCache,
                  "offset %d: %s stands where an instruction should", 2 * unit, opcode.name);
    arg |= argAt(unit);
    SEGUE_REQUIRE(arg <= INT32_MAX, "offset %d: the argument of %s is too large", 2 * unit, opcode.name);
    insn.opcode = opcode.base;
    insn.arg = static_cast<int32_t>(arg);
    insn.lasti = 2 * unit;
    insn.position = positions[unit];
    raw_.insns.push_back(insn);
    SEGUE_REQUIRE(unit + 1 + opcode.caches <= raw_.units, "offset %d: the caches of %s are cut off", 2 * unit,
                  opcode.name);
    return unit + 1 + opcode.caches;
  }

  Result<void> resolveJumps() {
    for (RawInsn& insn : raw_.insns) {
      const RawOpcode& opcode = table_[insn.opcode];
      if (opcode.jump == RawJump::kNone) continue;
      const int64_t from = insn.lasti / 2 + 1 + opcode.caches;
      const int64_t to = opcode.jump == RawJump::kForward ? from + insn.arg : from - insn.arg;
      SEGUE_TRY(insn.target, indexAt(to, "jump", insn.lasti));
      SEGUE_REQUIRE(insn.target < static_cast<int>(raw_.insns.size()), "offset %d: a jump behind the code", insn.lasti);
      insn.arg = 0;
    }
    return {};
  }

  Result<void> handlers() {
    SEGUE_TRY(std::vector<ExceptionEntry> entries, parseExceptionTable(bytes_.exceptions));
    int covered = 0;
    for (const ExceptionEntry& entry : entries) {
      SEGUE_REQUIRE(entry.start >= covered && entry.end >= entry.start, "exception table: entries overlap at unit %d",
                    entry.start);
      covered = entry.end;
      RawHandler handler{0, 0, 0, entry.depth, entry.push_offset};
      SEGUE_TRY(handler.start, indexAt(entry.start, "handler's start", 2 * entry.start));
      SEGUE_TRY(handler.end, indexAt(entry.end, "handler's end", 2 * entry.end));
      SEGUE_TRY(handler.target, indexAt(entry.target, "handler", 2 * entry.start));
      SEGUE_REQUIRE(handler.target < static_cast<int>(raw_.insns.size()), "a handler behind the code");
      raw_.handlers.push_back(handler);
    }
    return {};
  }

  Result<int> indexAt(int64_t unit, const char* what, int offset) const {
    SEGUE_REQUIRE(unit >= 0 && unit <= raw_.units && index_at_[unit] >= 0,
                  "offset %d: %s to %d, where no instruction starts", offset, what, 2 * unit);
    return index_at_[unit];
  }

  const CodeBytes& bytes_;
  const RawTable& table_;
  RawCode raw_;
  std::vector<int> index_at_;  ///< per unit: instruction that starts there, or -1
};

}  // namespace

Result<CodeBytes> codeBytesOf(BorrowedRef code) {
  SEGUE_REQUIRE(PyCode_Check(code.get()), "not a code object");
  PyCodeObject* object = reinterpret_cast<PyCodeObject*>(code.get());
  const Ref bytes = Ref::steal(PyCode_GetCode(object));
  if (!bytes) {
    PyErr_Clear();
    return Error{"no memory for the code"};
  }
  return CodeBytes{bytesOf(bytes), bytesOf(object->co_exceptiontable), bytesOf(object->co_linetable)};
}

Result<RawCode> disassemble(const CodeBytes& bytes, int version, int first_line) {
  const RawTable* table = rawTable(version);
  SEGUE_REQUIRE(table != nullptr, "no opcode table for version %d", version);
  return Disassembler(bytes, *table, first_line).run();
}

}  // namespace segue
