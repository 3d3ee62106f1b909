#include "codegen/listing.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bytecode/listing.h"

namespace segue {
namespace {

class SplicePrinter {
 public:
  SplicePrinter(const Splice& splice, const Code& code, const RawCode& raw) : splice_(splice), code_(code), raw_(raw) {}

  std::string print() {
    label();
    for (size_t i = 0; i < splice_.sites.size(); i++) marks_[code_.indexAt(2 * splice_.sites[i].gate)] = probe(i);
    for (size_t i = 0; i < splice_.exits.size(); i++) {
      marks_[code_.indexAt(2 * splice_.exits[i].enter)] = {absl::StrCat("enter ", i, ":"), 0};
      marks_[code_.indexAt(2 * splice_.exits[i].land)] = {absl::StrCat("land ", i, ":"), 0};
    }
    marks_[code_.indexAt(2 * splice_.leave)] = {"leave:", 0};
    for (int i = 0; i < code_.size();) i = line(i);
    for (const Handler& handler : code_.handlers()) {
      absl::StrAppend(&out_, "handle ", labels_[handler.start], "..", labels_[handler.end], " -> ", labels_[handler.target],
                      " depth ", handler.depth, handler.push_offset ? " offset\n" : "\n");
    }
    absl::StrAppend(&out_, "stack ", code_.stackSize(), "\n");
    return std::move(out_);
  }

 private:
  /// A line in front of an instruction; `covers` instructions are what it says.
  struct Mark {
    std::string text;
    int covers;
  };

  void label() {
    for (const Insn& insn : code_.insns()) {
      if (insn.target >= 0) labels_[insn.target];
    }
    for (const Handler& handler : code_.handlers()) {
      for (int index : {handler.start, handler.end, handler.target}) labels_[index];
    }
    int next = 1;
    for (auto& [index, label] : labels_) label = absl::StrCat("L", next++);
  }

  const RawInsn* rawAt(int offset) const {
    auto found = std::find_if(raw_.insns.begin(), raw_.insns.end(), [&](const RawInsn& i) { return i.offset == offset; });
    return found != raw_.insns.end() ? &*found : nullptr;
  }
  std::string_view nameOf(const RawInsn& insn) const { return (*rawTable(raw_.version))[insn.opcode].name; }

  /// The words for a probe that is as its site says; else its instructions show.
  Mark probe(size_t number) const {
    const SpliceSite& site = splice_.sites[number];
    const std::string text = absl::StrCat("probe ", number);
    const RawInsn* insn = rawAt(2 * site.gate);
    const RawInsn* body = rawAt(2 * (site.gate + site.gate_arg + 1));
    if (insn == nullptr || body == nullptr || nameOf(*insn) != (site.open ? "NOP" : "JUMP_FORWARD")) return {text, 0};
    if (!site.open && insn->target != body - raw_.insns.data()) return {text, 0};
    for (uint8_t opcode : rawTable(raw_.version)->probe) {
      insn++;
      const bool loads = nameOf(*insn) == "LOAD_CONST";
      if (insn->opcode != opcode || (loads && code_.constant(insn->arg).get() != site.probe.get())) return {text, 0};
    }
    if (insn->offset != 2 * site.behind || insn + 1 != body) return {text, 0};
    const int first = code_.indexAt(2 * site.gate), last = code_.indexAt(body->offset);
    return {absl::StrCat(text, site.open ? ", open" : ", closed"), last - first};
  }

  /// Prints what stands at an instruction; returns the next.
  int line(int index) {
    if (auto label = labels_.find(index); label != labels_.end()) absl::StrAppend(&out_, label->second, ":\n");
    if (auto mark = marks_.find(index); mark != marks_.end()) {
      absl::StrAppend(&out_, mark->second.text, "\n");
      if (mark->second.covers > 0) return index + mark->second.covers;
    }
    const Insn& insn = code_.insn(index);
    const OpcodeTraits& traits = traitsOf(insn.op);
    std::string words = absl::StrCat(traits.name);
    if (insn.target >= 0) absl::StrAppend(&words, " -> ", labels_[insn.target]);
    const std::string operand = describeOperand(code_, insn);
    if (!operand.empty()) {
      absl::StrAppend(&words, " ", operand);
    } else if (traits.operand != OperandKind::kNone) {
      absl::StrAppend(&words, " ", insn.arg);
    }
    const RawInsn* raw = insn.is_first_of_raw ? rawAt(insn.offset) : nullptr;
    if (raw != nullptr && raw->lasti > raw->offset) words += " (extended)";
    if (insn.is_first_of_raw && insn.position.line != line_) {
      line_ = insn.position.line;
      words = absl::StrFormat("%-32s @ %s", words, line_ < 0 ? "none" : absl::StrCat(line_));
    }
    absl::StrAppend(&out_, "  ", words, "\n");
    return index + 1;
  }

  const Splice& splice_;
  const Code& code_;
  const RawCode& raw_;
  std::map<int, std::string> labels_;   ///< by instruction
  std::map<int, Mark> marks_;           ///< by instruction
  int line_ = 0;                        ///< of the line before
  std::string out_;
};

}  // namespace

std::string printSplice(const Splice& splice) {
  const BorrowedRef object = splice.code.get();
  Result<std::shared_ptr<const Code>> code = Code::decode(object);
  if (!code.ok()) return absl::StrCat("error: ", code.error(), "\n");
  Result<CodeBytes> bytes = codeBytesOf(object);
  if (!bytes.ok()) return absl::StrCat("error: ", bytes.error(), "\n");
  Result<RawCode> raw = disassemble(bytes.value(), kPythonVersion, code.value()->firstLine());
  if (!raw.ok()) return absl::StrCat("error: ", raw.error(), "\n");
  return SplicePrinter(splice, *code.value(), raw.value()).print();
}

}  // namespace segue
