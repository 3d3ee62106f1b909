#include "bytecode/listing.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "bytecode/assemble.h"

namespace segue {

namespace {

std::string numberOrUnknown(int value) {
  return value < 0 ? "?" : absl::StrCat(value);
}

/// repr, shortened; used for constants only, whose repr runs no user code.
std::string describe(BorrowedRef object) {
  constexpr size_t kLongest = 40;
  const Ref text =
      Ref::steal(PyCode_Check(object.get()) ? PyObject_Str(reinterpret_cast<PyCodeObject*>(object.get())->co_qualname)
                                            : PyObject_ASCII(object.get()));
  const char* words = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
  if (words == nullptr) {
    PyErr_Clear();
    return "?";
  }
  std::string out = words;
  if (out.size() > kLongest) out = out.substr(0, kLongest) + "...";
  return PyCode_Check(object.get()) ? absl::StrCat("code ", out) : out;
}

std::string printBody(const Body& body, const Code* code) {
  std::string out;
  int line = -1;
  for (int i = 0; i < body.size(); i++) {
    const Insn& insn = body.insn(i);
    const std::string depth = body.depthBefore(i) < 0 ? "-" : absl::StrCat(body.depthBefore(i));
    absl::StrAppendFormat(&out, "%5d %4s [%s] %s", i, insn.is_first_of_raw ? absl::StrCat(insn.offset) : "", depth,
                          print(insn));
    if (code != nullptr) {
      const std::string words = describeOperand(*code, insn);
      if (!words.empty()) absl::StrAppend(&out, " (", words, ")");
      if (insn.position.line >= 0 && insn.position.line != line) absl::StrAppend(&out, "  @ ", insn.position.line);
      if (insn.position.line >= 0) line = insn.position.line;
    }
    absl::StrAppend(&out, "\n");
  }
  for (const Handler& handler : body.handlers()) {
    absl::StrAppendFormat(&out, "handle %d..%d -> %d depth %d%s\n", handler.start, handler.end, handler.target,
                          handler.depth, handler.push_offset ? " offset" : "");
  }
  return out;
}

}  // namespace

std::string describeOperand(const Code& code, const Insn& insn) {
  switch (traitsOf(insn.op).operand) {
    case OperandKind::kConst:
      return describe(code.constant(insn.arg));
    case OperandKind::kName:
      return PyUnicode_AsUTF8(code.name(insn.arg).get());
    case OperandKind::kLocal:
    case OperandKind::kCell:
      return code.slots()[insn.arg].name;
    case OperandKind::kBinary:
      return std::string(symbolOf(insn.binaryOp()));
    case OperandKind::kCompare:
      return std::string(symbolOf(insn.compareOp()));
    default:
      return "";
  }
}

std::string print(const Position& at) {
  if (at == Position{}) return "none";
  if (at == Position{at.line, at.line, -1, -1}) return absl::StrCat(at.line);
  return absl::StrCat(numberOrUnknown(at.line), ":", numberOrUnknown(at.column), "-", numberOrUnknown(at.end_line), ":",
                      numberOrUnknown(at.end_column));
}

std::string print(const Insn& insn) {
  const OpcodeTraits& traits = traitsOf(insn.op);
  std::string out(traits.name);
  if (traits.operand != OperandKind::kNone) absl::StrAppend(&out, " ", insn.arg);
  if (traits.operand2 != OperandKind::kNone) absl::StrAppend(&out, " ", insn.arg2);
  if (insn.target >= 0) absl::StrAppend(&out, " -> ", insn.target);
  return out;
}

std::string print(const Body& body) {
  return printBody(body, nullptr);
}

std::string print(const Code& code) {
  return printBody(code, &code);
}

std::string print(const RawCode& raw) {
  std::map<int, std::string> labels;  // by instruction; size() stands for the end
  for (const RawInsn& insn : raw.insns) {
    if (insn.target >= 0) labels[insn.target];
  }
  for (const RawHandler& handler : raw.handlers) {
    for (const int index : {handler.start, handler.end, handler.target}) labels[index];
  }
  int next = 1;
  for (auto& [index, label] : labels) label = absl::StrCat("L", next++);

  std::string out = absl::StrFormat("python %d.%d, line %d\n", raw.version / 100, raw.version % 100, raw.first_line);
  const RawTable* table = rawTable(raw.version);
  SEGUE_CHECK(table != nullptr);
  Position position;
  for (int i = 0; i <= static_cast<int>(raw.insns.size()); i++) {
    if (labels.count(i) != 0) absl::StrAppend(&out, labels[i], ":\n");
    if (i == static_cast<int>(raw.insns.size())) break;
    const RawInsn& insn = raw.insns[i];
    std::string words((*table)[insn.opcode].name);
    if (insn.target >= 0) {
      absl::StrAppend(&words, " -> ", labels[insn.target]);
    } else if (insn.arg != 0 || (*table)[insn.opcode].takes_arg) {
      absl::StrAppend(&words, " ", insn.arg);
    }
    if (insn.position == position) {
      absl::StrAppend(&out, "  ", words, "\n");
    } else {
      absl::StrAppendFormat(&out, "  %-30s @ %s\n", words, print(insn.position));
    }
    position = insn.position;
  }
  for (const RawHandler& handler : raw.handlers) {
    absl::StrAppendFormat(&out, "handle %s..%s -> %s depth %d%s\n", labels[handler.start], labels[handler.end],
                          labels[handler.target], handler.depth, handler.push_offset ? " offset" : "");
  }
  return out;
}

namespace {

class ListingParser {
 public:
  Result<RawCode> run(std::string_view text) {
    const std::vector<std::string> lines = absl::StrSplit(std::string(text), '\n');
    for (std::string line : lines) {
      line_++;
      line.resize(std::min(line.size(), line.find('#')));
      absl::StripAsciiWhitespace(&line);
      const Result<void> read = line.empty() ? Result<void>() : one(line);
      SEGUE_REQUIRE(read.ok(), "line %d: %s", line_, read.error());
    }
    SEGUE_REQUIRE(table_ != nullptr, "a listing starts with: python 3.x, line N");
    SEGUE_TRY_VOID(resolve());
    SEGUE_TRY_VOID(relocate(raw_));
    return std::move(raw_);
  }

 private:
  Result<void> one(const std::string& line) {
    if (absl::StartsWith(line, "python ")) return header(line.substr(std::size("python ") - 1));
    SEGUE_REQUIRE(table_ != nullptr, "a listing starts with: python 3.x, line N");
    if (absl::StartsWith(line, "handle ")) return handler(line.substr(std::size("handle ") - 1));
    if (line.back() == ':') {
      const std::string label(line.substr(0, line.size() - 1));
      SEGUE_REQUIRE(labels_.emplace(label, static_cast<int>(raw_.insns.size())).second, "label %s appears twice",
                    label);
      return {};
    }
    return instruction(line);
  }

  Result<void> header(const std::string& line) {
    int minor = 0, first_line = 1;
    const std::vector<std::string> parts = absl::StrSplit(line, ", line ");
    const bool read = absl::StartsWith(line, "3.") && absl::SimpleAtoi(parts[0].substr(2), &minor) &&
                      (parts.size() < 2 || absl::SimpleAtoi(parts[1], &first_line));
    SEGUE_REQUIRE(read && rawTable(300 + minor) != nullptr, "no opcode table for python %s", parts[0]);
    raw_.version = 300 + minor;
    raw_.first_line = first_line;
    table_ = rawTable(raw_.version);
    return {};
  }

  Result<void> instruction(const std::string& line) {
    std::pair<std::string, std::string> halves = absl::StrSplit(line, absl::MaxSplits('@', 1));
    if (halves.first.size() < line.size()) {
      absl::StripAsciiWhitespace(&halves.second);
      SEGUE_TRY(position_, position(halves.second));
    }
    const std::vector<std::string> words = absl::StrSplit(halves.first, ' ', absl::SkipEmpty());
    SEGUE_REQUIRE(!words.empty(), "an opcode is missing");
    const int opcode = table_->find(words[0]);
    SEGUE_REQUIRE(opcode >= 0, "unknown opcode %s", words[0]);
    RawInsn insn;
    insn.opcode = static_cast<uint8_t>(opcode);
    insn.position = position_;
    if (words.size() == 3 && words[1] == "->") {
      jumps_.emplace_back(static_cast<int>(raw_.insns.size()), words[2]);
      insn.target = 0;
    } else {
      SEGUE_REQUIRE(words.size() == 1 || (words.size() == 2 && absl::SimpleAtoi(words[1], &insn.arg)),
                    "expected OPCODE, OPCODE argument or OPCODE -> label");
    }
    raw_.insns.push_back(insn);
    return {};
  }

  static Result<Position> position(const std::string& text) {
    if (text == "none") return Position{};
    const std::vector<std::string> words = absl::StrSplit(text, absl::ByAnyChar(":-"));
    int numbers[4] = {-1, -1, -1, -1};
    SEGUE_REQUIRE(words.size() == 1 || words.size() == 4, "expected line or line:column-line:column, not %s", text);
    for (size_t i = 0; i < words.size(); i++) {
      SEGUE_REQUIRE(words[i] == "?" || absl::SimpleAtoi(words[i], &numbers[i]), "expected a number, not %s", words[i]);
    }
    if (words.size() == 1) return Position{numbers[0], numbers[0], -1, -1};
    return Position{numbers[0], numbers[2], numbers[1], numbers[3]};
  }

  /// `L1..L2 -> L3 depth 1 offset`
  Result<void> handler(const std::string& line) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    RawHandler handler;
    const bool shaped = (words.size() == 5 || (words.size() == 6 && words[5] == "offset")) && words[1] == "->" &&
                        words[3] == "depth" && absl::SimpleAtoi(words[4], &handler.depth);
    const std::vector<std::string> range = absl::StrSplit(words[0], "..");
    SEGUE_REQUIRE(shaped && range.size() == 2, "expected handle L1..L2 -> L3 depth N [offset]");
    handler.push_offset = words.size() == 6;
    raw_.handlers.push_back(handler);
    handler_labels_.push_back({range[0], range[1], std::string(words[2])});
    return {};
  }

  Result<void> resolve() {
    for (const auto& [index, label] : jumps_) {
      SEGUE_TRY(raw_.insns[index].target, find(label));
    }
    for (size_t i = 0; i < raw_.handlers.size(); i++) {
      SEGUE_TRY(raw_.handlers[i].start, find(handler_labels_[i][0]));
      SEGUE_TRY(raw_.handlers[i].end, find(handler_labels_[i][1]));
      SEGUE_TRY(raw_.handlers[i].target, find(handler_labels_[i][2]));
    }
    return {};
  }

  Result<int> find(const std::string& label) const {
    const auto found = labels_.find(label);
    SEGUE_REQUIRE(found != labels_.end(), "label %s is nowhere", label);
    return found->second;
  }

  RawCode raw_;
  const RawTable* table_ = nullptr;
  Position position_;                                     ///< in force
  std::map<std::string, int> labels_;                     ///< instruction behind each label
  std::vector<std::pair<int, std::string>> jumps_;        ///< instruction, label
  std::vector<std::vector<std::string>> handler_labels_;  ///< per handler: start, end, target
  int line_ = 0;
};

}  // namespace

Result<RawCode> parseRawListing(std::string_view text) {
  return ListingParser().run(text);
}

}  // namespace segue
