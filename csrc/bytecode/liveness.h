// Live localsplus slots: which of them the code may still read before writing them.
//
// Backward dataflow over the control-flow graph. Every instruction may raise, so what is live at the start of its
// handler is live before it. A cell's slot is read by every instruction that goes through the cell, stores included.
//
// Some calls read slots that no instruction names. For a whole code object, what they read is live everywhere: all
// slots where the code names locals, vars, dir, eval or exec; the first slot and the cell of __class__ where it has
// one, for super() without arguments. What a debugger, a traceback or sys._getframe can see of a frame is more still.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/python.h"
#include "bytecode/cfg.h"
#include "bytecode/decode.h"

namespace segue {

class Liveness {
 public:
  Liveness(const Body& body, const Cfg& cfg, int slot_count);
  explicit Liveness(const Code& code);

  int slotCount() const { return slot_count_; }
  bool isLiveBefore(int insn, int slot) const { return (row(insn)[slot / 64] >> (slot % 64) & 1) != 0; }
  /// Ascending.
  std::vector<int> liveBefore(int insn) const;

 private:
  const uint64_t* row(int insn) const { return bits_.data() + static_cast<size_t>(insn) * words_; }
  uint64_t* row(int insn) { return bits_.data() + static_cast<size_t>(insn) * words_; }
  void pin(const Code& code);
  bool update(const Body& body, int insn);
  void apply(const Insn& insn, uint64_t* live) const;

  int slot_count_;
  int words_;                   ///< 64-bit words of one row
  std::vector<uint64_t> bits_;  ///< one row per instruction: live before it
};

/// One line per instruction: `3 StoreLocal 0: {1 2}`.
std::string print(const Body& body, const Liveness& liveness);

}  // namespace segue
