#include "bytecode/cfg.h"

#include "absl/strings/str_cat.h"

namespace segue {

Cfg::Cfg(const Body& body) {
  split(body);
  connect(body);
  findReachable(body);
}

void Cfg::split(const Body& body) {
  std::vector<bool> leads(body.size() + 1, false);
  leads[0] = true;
  for (int i = 0; i < body.size(); i++) {
    const Insn& insn = body.insn(i);
    if (insn.target >= 0) leads[insn.target] = true;
    if (traitsOf(insn.op).flow != Flow::kNext && traitsOf(insn.op).flow != Flow::kYield) leads[i + 1] = true;
    if (i > 0 && body.handlerOf(i) != body.handlerOf(i - 1)) leads[i] = true;
  }
  for (const Handler& handler : body.handlers()) leads[handler.target] = true;
  for (int i = 0; i < body.size(); i++) {
    if (leads[i]) {
      blocks_.emplace_back();
      blocks_.back().start = i;
    }
    blocks_.back().end = i + 1;
    block_of_.push_back(static_cast<int>(blocks_.size()) - 1);
  }
}

void Cfg::connect(const Body& body) {
  const auto link = [&](int from, int insn) {
    if (insn >= body.size()) return;  // only unreachable code runs off the end
    const int to = block_of_[insn];
    blocks_[from].successors.push_back(to);
    blocks_[to].predecessors.push_back(from);
  };
  for (int i = 0; i < static_cast<int>(blocks_.size()); i++) {
    const int last = blocks_[i].end - 1;
    const Insn& insn = body.insn(last);
    const Flow flow = traitsOf(insn.op).flow;
    if (flow == Flow::kNext || flow == Flow::kYield || flow == Flow::kBranch) link(i, last + 1);
    if (flow == Flow::kJump || flow == Flow::kBranch) link(i, insn.target);
    if (const Handler* handler = body.handlerOf(last)) {
      blocks_[i].handler = block_of_[handler->target];
      blocks_[blocks_[i].handler].is_handler = true;
    }
  }
}

void Cfg::findReachable(const Body& body) {
  std::vector<int> work = {0};
  blocks_[0].reachable = true;
  const auto reach = [&](int block) {
    if (blocks_[block].reachable) return;
    blocks_[block].reachable = true;
    work.push_back(block);
  };
  while (!work.empty()) {
    const int block = work.back();
    work.pop_back();
    for (const int successor : blocks_[block].successors) reach(successor);
    if (blocks_[block].handler >= 0) reach(blocks_[block].handler);
  }
  for (const BasicBlock& block : blocks_) {
    const int target = body.insn(block.end - 1).target;
    if (block.reachable && target >= 0 && target < block.end) blocks_[block_of_[target]].is_loop_head = true;
  }
}

std::string print(const Cfg& cfg) {
  std::string out;
  for (size_t i = 0; i < cfg.blocks().size(); i++) {
    const BasicBlock& block = cfg.blocks()[i];
    absl::StrAppend(&out, "b", i, " ", block.start, "..", block.end);
    if (!block.successors.empty()) absl::StrAppend(&out, " ->");
    for (const int successor : block.successors) absl::StrAppend(&out, " b", successor);
    if (block.handler >= 0) absl::StrAppend(&out, " raises b", block.handler);
    absl::StrAppend(&out, block.is_loop_head ? " (loop)" : "", block.is_handler ? " (handler)" : "",
                    block.reachable ? "" : " (dead)", "\n");
  }
  return out;
}

}  // namespace segue
