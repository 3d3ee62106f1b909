// Replay: the commit of a segment's Python side. Lowered from a trace's recipes and writes (codegen/).
//
// Model. `build` makes every object that outlives the segment, each once, in dependency order; it may fail, and nothing
// is visible yet. `writes` then replays the writes to objects that exist outside, in program order; replaced references
// go to a journal that is released when all is in place, and appends stay appends.
//
// Requirements
//  1. `build` runs before `writes`, and those before the plan's commit stage, which cannot fail.
//  2. Writes run no user code: exact built-in containers with built-in keys, default attribute setting.
//  3. Should a write find no memory after all, the ones before it are undone in reverse and the run is dropped. So it is
//     when an object that the writes replaced would run code as it dies (runtime/dying.h): CPython lets it die in its turn.
#pragma once

#include "program/plan.h"

namespace segue {

struct Replay {
  Program build;
  Program writes;
  std::vector<Ref> constants;      ///< regs[first_constant + i]
  uint32_t first_constant = 0;     ///< the plan's reg_count
  uint32_t reg_count = 0;          ///< everything up to here: the run's registers
  std::vector<Reg> held;           ///< slots that writes or other threads may drop: the run owns them meanwhile

  uint32_t firstTemporary() const { return first_constant + static_cast<uint32_t>(constants.size()); }
  size_t bytes() const;
};

std::string printReplay(const Replay& replay);

}  // namespace segue
