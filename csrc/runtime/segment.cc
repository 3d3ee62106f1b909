#include "runtime/segment.h"

#include "base/fault.h"
#include "hook/eval.h"
#include "runtime/dying.h"
#include "runtime/errstate_scope.h"
#include "runtime/program.h"

namespace segue {
namespace {

/// Owns a run's temporaries and the slots that it holds on to.
class RunScope {
 public:
  RunScope(const Segment& segment, PyObject** regs) : segment_(segment), regs_(regs) {
    PyObject* const* plan_constants = reinterpret_cast<PyObject* const*>(segment.plan.constants.data());
    PyObject* const* replay_constants = reinterpret_cast<PyObject* const*>(segment.replay.constants.data());
    static_assert(sizeof(Ref) == sizeof(PyObject*));
    PyObject** at = regs + segment.plan.slot_count;
    at = fill(at, plan_constants, segment.plan.constants.size(), regs + segment.plan.reg_count);
    fill(at, replay_constants, segment.replay.constants.size(), regs + segment.replay.reg_count);
    for (Reg slot : segment.replay.held) Py_XINCREF(regs[slot]);
  }
  ~RunScope() {
    for (Reg r = segment_.replay.firstTemporary(); r < segment_.replay.reg_count; r++) Py_XDECREF(regs_[r]);
    for (Reg r = segment_.plan.firstTemporary(); r < segment_.plan.reg_count; r++) Py_XDECREF(regs_[r]);
    for (Reg slot : segment_.replay.held) Py_XDECREF(regs_[slot]);
  }
  RunScope(const RunScope&) = delete;

 private:
  /// Constants, then empty temporaries up to `end`. Mostly a few registers: calls of memcpy and memset would cost more.
  [[gnu::optimize("no-tree-loop-distribute-patterns")]] static PyObject** fill(PyObject** at, PyObject* const* constants,
                                                                              size_t count, PyObject** end) {
    for (size_t i = 0; i < count; i++) *at++ = constants[i];
    while (at < end) *at++ = nullptr;
    return end;
  }

  const Segment& segment_;
  PyObject** regs_;
};

/// Keeps the hook away while NumPy's own Python code or a finalizer runs inside a plan.
class HookPause {
 public:
  HookPause() { segue_thread.pauses++; }
  ~HookPause() { segue_thread.pauses--; }
  HookPause(const HookPause&) = delete;
};

const Step kNoContext{StepKind::kFree};

/// Everything up to the exit; null, or the step that dropped the run.
const Step* runStages(const Segment& segment, Registers r, WriteJournal* journal) {
  {
    ErrStateScope errstate(segment.plan.reads_errstate);
    if (!errstate.ok()) [[unlikely]] return &kNoContext;
    if (const Step* failed = runSteps(segment.plan.pure, segment.plan.numbers, r)) return failed;
  }
  const Replay& replay = segment.replay;
  if (!replay.build.steps.empty()) {
    if (const Step* failed = runBuild(replay.build, r)) return failed;
  }
  if (!replay.writes.steps.empty()) {
    if (const Step* failed = runWrites(replay.writes, r, journal)) return failed;
    if (!SEGUE_FAULT(FinalizersRunLate) && !dieSilently(*journal, replay.held, r.regs)) [[unlikely]] {
      journal->undo();
      return &replay.writes.steps.front();
    }
  }
  if (!segment.plan.commit.steps.empty()) {
    const Step* impossible = runSteps(segment.plan.commit, segment.plan.numbers, r);
    SEGUE_CHECK(impossible == nullptr, "a commit step failed");
  }
  return nullptr;
}

void countDrop(Segment& segment, const Step& step) {
  if (SEGUE_FAULT(RerunsForgotten)) return;
  segment.rerun_count = step.node == segment.rerun_node ? segment.rerun_count + 1 : 1;
  segment.rerun_node = step.node;
}

}  // namespace

SegmentOutcome runSegment(Segment& segment, PyObject** regs, int64_t* ints, PyObject** result) {
  WriteJournal journal;   // outlives the run: what writes replaced is dropped last
  HookPause pause;
  RunScope scope(segment, regs);
  if (const Step* failed = runStages(segment, {regs, ints}, &journal)) [[unlikely]] {
    countDrop(segment, *failed);
    return SegmentOutcome::kDropped;
  }
  *result = segment.result == kNoReg ? nullptr : Py_NewRef(regs[segment.result]);
  if (SEGUE_FAULT(ResultLeaked)) Py_XINCREF(*result);
  return SegmentOutcome::kReturned;
}

}  // namespace segue
