// Running a segment whose guards have passed.
//
// The caller owns `regs` (segment.reg_count of them) and `ints`; the guard program has filled slots and symbols, the
// rest is uninitialised. Afterwards every temporary has been freed.
#pragma once

#include "absl/container/inlined_vector.h"
#include "program/segment.h"

namespace segue {

enum class SegmentOutcome : uint8_t {
  kReturned,     ///< *result is the call's value, a new reference
  kLeft,         ///< *departure says where the frame goes on
  kDropped,      ///< nothing visible happened: CPython runs the frame from its start. No exception is set
};

/// Slots of a frame: locals, then the value stack. Null is an empty one.
using SlotVector = absl::InlinedVector<PyObject*, 48>;

/// What the frame that a segment was run in is to hold behind a break. Frames inlined into it are in a resumption on top of
/// its stack (hook/probe.h).
struct Departure {
  PyObject* const* own = nullptr;             ///< the frame's slots before the run
  SlotVector slots;                           ///< owned by whoever takes them
  Departure() = default;
  Departure(const Departure&) = delete;
  ~Departure() {
    for (PyObject* slot : slots) Py_XDECREF(slot);
  }
};

/// Counts drops in segment.rerun_*; `segment` is otherwise read only. `departure` may be null for segments that return.
SegmentOutcome runSegment(Segment& segment, PyObject** regs, int64_t* ints, PyObject** result, Departure* departure = nullptr);

/// Two drops at the same node: the entry should become a verdict that breaks before it.
inline bool wantsVerdict(const Segment& segment) { return segment.rerun_count >= 2; }

}  // namespace segue
