// Snapshots: how an exit rebuilds the frames it leaves into, as registers of the run (DESIGN: "a graph break is a side
// exit with a snapshot"). A register that several slots name is one object, so identity survives.
//
// Requirements
//  1. Registers are read after the commit stage; every one is a slot, a constant or a temporary that is written.
//  2. Frames are outermost first; all but the last continue behind a CALL whose result the next frame gives.
#pragma once

#include "program/plan.h"

namespace segue {

/// One frame to rebuild.
struct SnapshotFrame {
  Ref code;                        ///< code object
  Reg function = kNoReg;           ///< the frame's function; kNoReg: the running frame's own
  uint32_t offset = 0;             ///< bytecode offset of the next instruction
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
