// Basic blocks of a decoded body.
//
// A block is a run of instructions that is entered at its first and left at its last instruction, except that any
// instruction may raise: all instructions of a block have the same handler, and `handler` is its exceptional successor.
// Blocks cover every instruction, reachable or not, in code order; block 0 is the entry.
#pragma once

#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "base/python.h"
#include "bytecode/decode.h"

namespace segue {

struct BasicBlock {
  int start = 0;                             ///< first instruction
  int end = 0;                               ///< behind the last one
  absl::InlinedVector<int, 2> successors;    ///< blocks; fall-through first, then the target
  absl::InlinedVector<int, 2> predecessors;  ///< by normal edges
  int handler = -1;                          ///< block that catches what is raised here, or -1
  bool is_handler = false;                   ///< some block's handler
  bool is_loop_head = false;                 ///< some reachable jump goes backward to it
  bool reachable = false;                    ///< from the entry, exceptional edges included
};

class Cfg {
 public:
  explicit Cfg(const Body& body);
  absl::Span<const BasicBlock> blocks() const { return blocks_; }
  const BasicBlock& block(int index) const { return blocks_[index]; }
  int blockOf(int insn) const { return block_of_[insn]; }
  /// Whether a trip of a loop starts at this instruction: it is the target of a reachable backward jump.
  bool isLoopHead(int insn) const {
    const BasicBlock& block = blocks_[block_of_[insn]];
    return block.is_loop_head && block.start == insn;
  }

 private:
  void split(const Body& body);
  void connect(const Body& body);
  void findReachable(const Body& body);

  std::vector<BasicBlock> blocks_;
  std::vector<int> block_of_;  ///< per instruction
};

/// One line per block: `b1 4..7 -> b2 b3 raises b5`, with (loop), (handler) and (dead) marks.
std::string print(const Cfg& cfg);

}  // namespace segue
