// Running programs: the interpreter behind plans and replay. Three loops over the same steps: pure steps and array
// writes (plan.cc), objects built at commit (build.cc), writes to Python objects (replay.cc).
//
// Requirements
//  1. A step that fails leaves no exception set and its destination untouched; the loop returns the step.
//  2. Destinations are null before they are written (the run clears its temporaries).
#pragma once

#include "absl/container/inlined_vector.h"
#include "program/replay.h"

namespace segue {

/// The registers of one run.
struct Registers {
  PyObject** regs = nullptr;
  int64_t* ints = nullptr;
};

/// Runs a program of the plan's; null, or the step that failed. Its exception has been cleared. `reported`: floating-point conditions for which
/// a kernel drops the run, one bit each (NPY_FPE_DIVIDEBYZERO …).
const Step* runSteps(const Plan& plan, const Program& program, Registers r, int reported);
/// Runs a plan's stores in the same way. `beyond_warnings`: the conditions that the user's error state does more about than warn.
const Step* runStores(const Plan& plan, Registers r, int reported, int beyond_warnings);
/// Runs a plan's undo: puts back what the run has saved so far. Cannot fail.
void runUndo(const Program& undo, PyObject* const* regs);
/// Runs build steps in the same way.
const Step* runBuild(const Program& program, Registers r);

/// What writes replaced: how to undo them, and the references to drop once everything is in place.
class WriteJournal {
 public:
  /// Makes room for `count` writes, so that recording them cannot fail. False when there is no memory.
  bool reserve(size_t count);
  struct Undo {
    StepKind kind;        ///< of the write
    Ref target, key;
    Ref old;              ///< what was there, or null
    Py_ssize_t number = 0;
  };
  void record(Undo undo) { undos_.push_back(std::move(undo)); }
  absl::Span<const Undo> undos() const { return undos_; }
  /// Takes everything back, last write first, and forgets it.
  void undo();

 private:
  absl::InlinedVector<Undo, 4> undos_;  ///< in the order of the writes
};

/// Replays writes. Null, or the write for which there was no memory: everything before it has been undone.
const Step* runWrites(const Program& program, Registers r, WriteJournal* journal);

}  // namespace segue
