// Snapshots: how an exit rebuilds the frames it leaves into, as registers of the run (DESIGN: "a graph break is a side
// exit with a snapshot"). A register that several slots name is one object, so identity survives.
//
// Requirements
//  1. Registers are read after the commit stage; every one is a slot, a constant or a temporary that is written.
//  2. Frames are outermost first; all but the last continue behind a CALL whose result the next frame gives.
#pragma once

#include <memory>

#include "program/plan.h"
#include "program/splice.h"

namespace segue {

/// In the outermost frame, kOwnSlot + i: what slot i of the frame (locals, then the stack) held before the run.
inline constexpr Reg kOwnSlot = 0x80000000;

/// One frame to rebuild.
struct SnapshotFrame {
  std::string name;                ///< of the function, for listings
  Reg function = kNoReg;           ///< the frame's function; kNoReg: the running frame's own
  uint32_t offset = 0;             ///< bytecode offset of the next instruction, or of the call that goes on
  SpliceRef splice;                ///< of the frame's code
  int exit = -1;                   ///< in splice->exits
  std::vector<Reg> locals;         ///< by localsplus slot; kNoReg = unbound
  std::vector<Reg> stack;          ///< bottom first; kNoReg = an empty (NULL) slot
};

struct Snapshot {
  std::vector<SnapshotFrame> frames;
  size_t bytes() const;
};

/// "frame f @ 12: locals r0 - r3 | stack r4".
std::string printSnapshot(const Snapshot& snapshot);

}  // namespace segue
