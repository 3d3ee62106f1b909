#include "bytecode/liveness.h"

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/fault.h"
#include "bytecode/listing.h"

namespace segue {

namespace {

enum class Access { kNone, kRead, kWrite, kReadWrite };

/// What the instruction does to the slot `insn.arg`.
Access accessOf(const Insn& insn) {
  switch (insn.op) {
    case Opcode::kStoreLocal:
      return Access::kWrite;
    case Opcode::kDeleteLocal:
    case Opcode::kLoadLocalAndClear:
    case Opcode::kMakeCell:
      return Access::kReadWrite;
    default:
      break;
  }
  const OperandKind kind = traitsOf(insn.op).operand;
  return kind == OperandKind::kLocal || kind == OperandKind::kCell ? Access::kRead : Access::kNone;
}

}  // namespace

Liveness::Liveness(const Body& body, const Cfg& cfg, int slot_count)
    : slot_count_(slot_count), words_((slot_count + 63) / 64), bits_(static_cast<size_t>(body.size()) * words_, 0) {
  std::vector<std::vector<int>> readers(cfg.blocks().size());  // blocks whose result depends on a block's start
  for (size_t i = 0; i < cfg.blocks().size(); i++) {
    for (const int successor : cfg.blocks()[i].successors) readers[successor].push_back(static_cast<int>(i));
    if (cfg.blocks()[i].handler >= 0) readers[cfg.blocks()[i].handler].push_back(static_cast<int>(i));
  }
  std::vector<int> work;
  std::vector<bool> queued(cfg.blocks().size(), true);
  for (size_t i = 0; i < cfg.blocks().size(); i++) work.push_back(static_cast<int>(i));
  while (!work.empty()) {
    const int index = work.back();
    work.pop_back();
    queued[index] = false;
    const BasicBlock& block = cfg.block(index);
    bool changed = false;
    for (int i = block.end - 1; i >= block.start; i--) changed = update(body, i);
    if (!changed) continue;  // the last update was of the block's first instruction
    for (const int reader : readers[index]) {
      if (!queued[reader]) {
        queued[reader] = true;
        work.push_back(reader);
      }
    }
  }
}

Liveness::Liveness(const Code& code) : Liveness(code, Cfg(code), code.slotCount()) {
  pin(code);
}

/// Adds the slots that calls may read without an instruction that says so.
void Liveness::pin(const Code& code) {
  static constexpr const char* kReaders[] = {"locals", "vars", "dir", "eval", "exec"};
  bool all = false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code.object()->co_names); i++) {
    for (const char* reader : kReaders) {
      all |= PyUnicode_CompareWithASCIIString(code.name(static_cast<int>(i)).get(), reader) == 0;
    }
  }
  std::vector<int> pinned;
  for (int slot = 0; slot < slot_count_; slot++) {
    const bool is_class = code.slots()[slot].is_free && code.slots()[slot].name == "__class__";
    if (all || is_class) pinned.push_back(slot);
    if (is_class) pinned.push_back(0);
  }
  for (int i = 0; i < code.size(); i++) {
    for (const int slot : pinned) row(i)[slot / 64] |= uint64_t{1} << slot % 64;
  }
}

/// Recomputes the row of one instruction from its successors' rows; true when it changed.
bool Liveness::update(const Body& body, int index) {
  const Insn& insn = body.insn(index);
  absl::InlinedVector<uint64_t, 4> live(words_, 0);
  const auto join = [&](int from) {
    if (from >= body.size()) return;
    for (int w = 0; w < words_; w++) live[w] |= row(from)[w];
  };
  const Flow flow = traitsOf(insn.op).flow;
  if (flow == Flow::kNext || flow == Flow::kYield || flow == Flow::kBranch) join(index + 1);
  if (insn.target >= 0) join(insn.target);
  apply(insn, live.data());
  const Handler* handler = SEGUE_FAULT(HandlerReadsForgotten) ? nullptr : body.handlerOf(index);
  if (handler != nullptr) join(handler->target);
  if (std::equal(live.begin(), live.end(), row(index))) return false;
  std::copy(live.begin(), live.end(), row(index));
  return true;
}

void Liveness::apply(const Insn& insn, uint64_t* live) const {
  const Access access = accessOf(insn);
  if (access == Access::kNone) {
    if (insn.op == Opcode::kCopyFreeVars) {
      for (int slot = slot_count_ - insn.arg; slot < slot_count_; slot++)
        live[slot / 64] &= ~(uint64_t{1} << slot % 64);
    }
    return;
  }
  const uint64_t bit = uint64_t{1} << insn.arg % 64;
  if (access == Access::kWrite) {
    live[insn.arg / 64] &= ~bit;
  } else {
    live[insn.arg / 64] |= bit;
  }
}

std::vector<int> Liveness::liveBefore(int insn) const {
  std::vector<int> slots;
  for (int slot = 0; slot < slot_count_; slot++) {
    if (isLiveBefore(insn, slot)) slots.push_back(slot);
  }
  return slots;
}

std::string print(const Body& body, const Liveness& liveness) {
  std::string out;
  for (int i = 0; i < body.size(); i++) {
    absl::StrAppend(&out, i, " ", print(body.insn(i)), ": {", absl::StrJoin(liveness.liveBefore(i), " "), "}\n");
  }
  return out;
}

}  // namespace segue
