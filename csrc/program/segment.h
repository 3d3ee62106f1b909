// A segment: one compiled stretch of one code object. Its guards are a program of their own (program/guard_program.h);
// when they have passed, runtime/segment.h runs what is here: plan, build, commit, exit.
#pragma once

#include <memory>

#include "program/replay.h"
#include "program/snapshot.h"

namespace segue {

enum class SegmentExit : uint8_t {
  kReturn,       ///< the frame returns `result`
  kBreak,        ///< frames are rebuilt from `snapshot` and CPython goes on
  kLoop,         ///< as kBreak, of one frame: it goes on where the segment started
  kEager,        ///< a verdict: CPython runs the frame, nothing else to do here
};

struct Segment {
  SegmentExit exit = SegmentExit::kEager;
  Plan plan;
  Replay replay;
  Reg result = kNoReg;             ///< kReturn
  Snapshot snapshot;               ///< kBreak, kLoop
  SpliceRef splice;                ///< kEager: what CPython runs in place of the frame's code; null: that itself
  std::vector<PyObject*> lent;     ///< objects that the run works with and the entry does not own: the run does
  std::vector<uint32_t> let_go;    ///< slots of the running frame, locals before the stack, whose objects the run lets go of
  uint16_t reason = 0;             ///< kBreak, kEager: row of breaks.def
  bool pure = false;               ///< the plan's pure stage and its result are all there is
  bool frameless = false;          ///< runs no Python frames and needs only the arguments
  uint32_t reg_count = 0;          ///< registers of a run: the caller of the guard program provides them
  uint32_t int_count = 0;
  uint32_t rerun_node = kNoNode;   ///< where the last drop happened
  uint32_t rerun_count = 0;        ///< drops at rerun_node, one after the other; two make the entry a verdict
  bool rerun_guess = false;        ///< the last drop was a guess that did not hold

  size_t bytes() const;
};

std::string printSegment(const Segment& segment);

}  // namespace segue
