// Running a segment whose guards have passed.
//
// The caller owns `regs` (segment.reg_count of them) and `ints`; the guard program has filled slots and symbols, the
// rest is uninitialised. Afterwards every temporary has been freed.
#pragma once

#include "program/segment.h"

namespace segue {

enum class SegmentOutcome : uint8_t {
  kReturned,     ///< *result is the call's value, a new reference
  kDropped,      ///< nothing visible happened: CPython runs the frame from its start. No exception is set
};

/// Counts drops in segment.rerun_*; `segment` is otherwise read only.
SegmentOutcome runSegment(Segment& segment, PyObject** regs, int64_t* ints, PyObject** result);

/// Two drops at the same node: the entry should become a verdict that breaks before it.
inline bool wantsVerdict(const Segment& segment) { return segment.rerun_count >= 2; }

}  // namespace segue
