#include "bytecode/assemble.h"

#include "absl/strings/str_cat.h"
#include "bytecode/locations.h"

namespace segue {

namespace {

class Assembler {
 public:
  Assembler(const RawCode& raw, const RawTable& table)
      : raw_(raw), table_(table), extended_arg_(static_cast<uint8_t>(table.find("EXTENDED_ARG"))) {}

  Result<void> layOut() {
    SEGUE_TRY_VOID(checkIndices());
    args_.resize(raw_.insns.size());
    prefixes_.assign(raw_.insns.size(), 0);
    for (size_t i = 0; i < raw_.insns.size(); i++) args_[i] = raw_.insns[i].arg;
    // Prefixes only ever grow, so this ends; starting from none it ends with the fewest.
    bool grown = true;
    while (grown) {
      place();
      grown = false;
      for (size_t i = 0; i < raw_.insns.size(); i++) {
        if (raw_.insns[i].target >= 0) {
          SEGUE_TRY(args_[i], distance(i));
        }
        const int needed = prefixesFor(args_[i]);
        if (needed > prefixes_[i]) {
          prefixes_[i] = needed;
          grown = true;
        }
      }
    }
    return {};
  }

  void writeOffsets(RawCode& out) const {
    for (size_t i = 0; i < out.insns.size(); i++) {
      out.insns[i].offset = 2 * starts_[i];
      out.insns[i].lasti = 2 * (starts_[i] + prefixes_[i]);
    }
    out.units = starts_.back();
  }

  Result<CodeBytes> write() {
    CodeBytes out;
    for (size_t i = 0; i < raw_.insns.size(); i++) {
      for (int prefix = prefixes_[i]; prefix > 0; prefix--) unit(out.code, extended_arg_, args_[i] >> (8 * prefix));
      unit(out.code, raw_.insns[i].opcode, args_[i]);
      out.code.append(2 * table_[raw_.insns[i].opcode].caches, '\0');
    }
    SEGUE_TRY(out.exceptions, exceptions());
    out.locations = locations();
    return out;
  }

 private:
  static int prefixesFor(int arg) { return arg < 1 << 8 ? 0 : arg < 1 << 16 ? 1 : arg < 1 << 24 ? 2 : 3; }
  static void unit(std::string& out, uint8_t opcode, int arg) {
    out.push_back(static_cast<char>(opcode));
    out.push_back(static_cast<char>(arg & 0xff));
  }

  Result<void> checkIndices() const {
    const int size = static_cast<int>(raw_.insns.size());
    for (const RawInsn& insn : raw_.insns) {
      const RawOpcode& opcode = table_[insn.opcode];
      const bool in_code =
          opcode.role == RawRole::kNormal || opcode.role == RawRole::kNames || opcode.role == RawRole::kPrecall;
      SEGUE_REQUIRE(in_code && opcode.base == insn.opcode, "opcode %d (%s) cannot be assembled", insn.opcode,
                    opcode.name);
      SEGUE_REQUIRE((opcode.jump != RawJump::kNone) == (insn.target >= 0), "%s %s a target", opcode.name,
                    insn.target < 0 ? "needs" : "does not take");
      SEGUE_REQUIRE(insn.target < size, "%s goes to instruction %d of %d", opcode.name, insn.target, size);
      SEGUE_REQUIRE(insn.arg >= 0, "%s has the argument %d", opcode.name, insn.arg);
    }
    return {};
  }

  void place() {
    starts_.assign(1, 0);
    for (size_t i = 0; i < raw_.insns.size(); i++) {
      starts_.push_back(starts_[i] + prefixes_[i] + 1 + table_[raw_.insns[i].opcode].caches);
    }
  }

  Result<int> distance(size_t index) const {
    const RawOpcode& opcode = table_[raw_.insns[index].opcode];
    const int forward = starts_[raw_.insns[index].target] - starts_[index + 1];
    const int distance = opcode.jump == RawJump::kForward ? forward : -forward;
    SEGUE_REQUIRE(distance >= 0, "%s (instruction %d) cannot go to instruction %d: wrong direction", opcode.name, index,
                  raw_.insns[index].target);
    return distance;
  }

  Result<std::string> exceptions() const {
    std::vector<ExceptionEntry> entries;
    int covered = 0;
    const int size = static_cast<int>(raw_.insns.size());
    for (const RawHandler& handler : raw_.handlers) {
      SEGUE_REQUIRE(handler.start >= covered && handler.end >= handler.start && handler.end <= size &&
                        handler.target >= 0 && handler.target < size,
                    "the handler of instructions %d to %d overlaps another or is out of range", handler.start,
                    handler.end);
      covered = handler.end;
      entries.push_back(
          {starts_[handler.start], starts_[handler.end], starts_[handler.target], handler.depth, handler.push_offset});
    }
    return encodeExceptionTable(entries);
  }

  std::string locations() const {
    std::vector<LocationRun> runs;
    for (size_t i = 0; i < raw_.insns.size(); i++) {
      const int units = starts_[i + 1] - starts_[i];
      const Position& position = raw_.insns[i].position;
      const bool merge = raw_.version >= 312 && !runs.empty() && runs.back().position == position;
      if (merge) {
        runs.back().units += units;
      } else {
        runs.push_back({units, position});
      }
    }
    return encodeLocations(runs, raw_.first_line);
  }

  const RawCode& raw_;
  const RawTable& table_;
  const uint8_t extended_arg_;
  std::vector<int> args_;      ///< per instruction: as encoded
  std::vector<int> prefixes_;  ///< per instruction: EXTENDED_ARGs
  std::vector<int> starts_;    ///< per instruction: first code unit; one more for the end
};

/// Words of the current Python exception, which is cleared.
Error pythonError() {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  const Ref owned[] = {Ref::steal(type), Ref::steal(value), Ref::steal(traceback)};
  const Ref words = Ref::steal(PyObject_Str(value));
  const char* text = words ? PyUnicode_AsUTF8(words.get()) : nullptr;
  std::string message = absl::StrCat(Py_TYPE(value)->tp_name, ": ", text == nullptr ? "?" : text);
  PyErr_Clear();
  return Error{std::move(message)};
}

}  // namespace

Result<CodeBytes> assemble(const RawCode& raw) {
  const RawTable* table = rawTable(raw.version);
  SEGUE_REQUIRE(table != nullptr, "no opcode table for version %d", raw.version);
  Assembler assembler(raw, *table);
  SEGUE_TRY_VOID(assembler.layOut());
  return assembler.write();
}

Result<void> relocate(RawCode& raw) {
  const RawTable* table = rawTable(raw.version);
  SEGUE_REQUIRE(table != nullptr, "no opcode table for version %d", raw.version);
  Assembler assembler(raw, *table);
  SEGUE_TRY_VOID(assembler.layOut());
  assembler.writeOffsets(raw);
  return {};
}

Result<Ref> replaceCode(BorrowedRef code, const CodeBytes& bytes, const CodeChanges& changes) {
  const Ref keywords = Ref::steal(PyDict_New());
  bool good = static_cast<bool>(keywords);
  const auto set = [&](const char* name, Ref value) {
    good = good && value && PyDict_SetItemString(keywords.get(), name, value.get()) == 0;
  };
  const auto setBytes = [&](const char* name, const std::string& value) {
    set(name, Ref::steal(PyBytes_FromStringAndSize(value.data(), static_cast<Py_ssize_t>(value.size()))));
  };
  setBytes("co_code", bytes.code);
  setBytes("co_exceptiontable", bytes.exceptions);
  setBytes("co_linetable", bytes.locations);
  if (changes.consts) set("co_consts", changes.consts);
  if (changes.names) set("co_names", changes.names);
  if (changes.varnames) {
    set("co_varnames", changes.varnames);
    set("co_nlocals", Ref::steal(PyLong_FromSsize_t(PyTuple_GET_SIZE(changes.varnames.get()))));
  }
  if (changes.stack_size >= 0) set("co_stacksize", Ref::steal(PyLong_FromLong(changes.stack_size)));
  if (!good) return pythonError();
  const Ref method = Ref::steal(PyObject_GetAttrString(code.get(), "replace"));
  const Ref no_args = Ref::steal(PyTuple_New(0));
  if (!method || !no_args) return pythonError();
  Ref replaced = Ref::steal(PyObject_Call(method.get(), no_args.get(), keywords.get()));
  if (!replaced) return pythonError();
  return replaced;
}

}  // namespace segue
