#include "runtime/segment.h"

#include "base/fault.h"
#include "base/interrupt.h"
#include "hook/eval.h"
#include "hook/probe.h"
#include "runtime/dying.h"
#include "runtime/errstate_scope.h"
#include "runtime/program.h"

namespace segue {
namespace {

PyObject* const* objects(const std::vector<Ref>& refs) {
  static_assert(sizeof(Ref) == sizeof(PyObject*));
  return reinterpret_cast<PyObject* const*>(refs.data());
}

/// Constants and empty temporaries of one program, which owns what the temporaries come to hold.
class ProgramScope {
 public:
  ProgramScope(PyObject** at, const std::vector<Ref>& constants, PyObject** end)
      : temporaries_(at + constants.size()), end_(end) {
    // Mostly a few registers: the calls of memcpy and memset that compilers make of such loops would cost more.
    for (PyObject* const* constant = objects(constants); at < temporaries_; at++) put(at, *constant++);
    for (; at < end; at++) put(at, nullptr);
  }
  ~ProgramScope() {
    for (PyObject** place = temporaries_; place < end_; place++) Py_XDECREF(*place);
  }
  ProgramScope(const ProgramScope&) = delete;

  /// The register's object as a new reference; a temporary gives its own away.
  PyObject* take(PyObject** place) {
    if (place >= temporaries_ && place < end_) return std::exchange(*place, nullptr);
    return Py_NewRef(*place);
  }

 private:
  static void put(PyObject* volatile* place, PyObject* object) { *place = object; }
  PyObject** temporaries_;
  PyObject** end_;
};

/// Keeps slots alive that the run may take from where they are.
class HeldSlots {
 public:
  HeldSlots(const std::vector<Reg>& held, PyObject** regs) : held_(held), regs_(regs) {
    for (Reg slot : held_) Py_XINCREF(regs_[slot]);
  }
  ~HeldSlots() {
    for (Reg slot : held_) Py_XDECREF(regs_[slot]);
  }
  HeldSlots(const HeldSlots&) = delete;

 private:
  const std::vector<Reg>& held_;
  PyObject** regs_;
};

/// Owns what the entry has lent.
class HeldObjects {
 public:
  explicit HeldObjects(const std::vector<PyObject*>& objects) : objects_(objects) {
    for (PyObject* object : objects_) Py_INCREF(object);
  }
  ~HeldObjects() {
    for (PyObject* object : objects_) Py_DECREF(object);
  }
  HeldObjects(const HeldObjects&) = delete;

 private:
  const std::vector<PyObject*>& objects_;
};

/// Keeps the hook away while NumPy's own Python code or a finalizer runs inside a plan.
class HookPause {
 public:
  HookPause() { segue_thread.pauses++; }
  ~HookPause() { segue_thread.pauses--; }
  HookPause(const HookPause&) = delete;
};

const Step kNoContext{StepKind::kFree};
const Step kNoMemory{StepKind::kFree};
const Step kDeathShows{StepKind::kFree};

/// Whether an object that the running frame lets go of may die: nobody but the frame and the run owns it.
bool mayLetDie(const Segment& segment, PyObject* const* own) {
  const auto run = static_cast<Py_ssize_t>(segment.replay.held.size() + segment.lent.size());
  for (uint32_t slot : segment.let_go) {
    PyObject* object = own[slot];
    if (object != nullptr && Py_REFCNT(object) <= 1 + run && !Dying::isPlain(object)) return true;
  }
  return false;
}

/// Whether the objects that go with the run die without running code. Otherwise CPython has to let each die in its turn.
bool dieSilently(const Segment& segment, PyObject* const* regs, PyObject* const* own, const WriteJournal* journal) {
  const bool writes = journal != nullptr && !segment.replay.writes.steps.empty();
  const bool slots = own != nullptr && mayLetDie(segment, own) && !SEGUE_FAULT(SlotsDieLate);
  if (!writes && !slots) return true;
  Dying dying;
  if (writes) dying.drop(*journal);
  if (slots) {
    for (uint32_t slot : segment.let_go) dying.drop(own[slot]);
  }
  for (Reg slot : segment.replay.held) dying.drop(regs[slot]);
  for (PyObject* object : segment.lent) dying.drop(object);
  return dying.silent();
}

/// The pure stage; null, or the step that dropped the run.
inline const Step* runPure(const Plan& plan, Registers r) {
  ErrStateScope errstate(plan.reads_errstate, plan.checks_status);
  if (!errstate.ok()) [[unlikely]] return &kNoContext;
  return runSteps(plan, plan.pure, r, errstate.reported());
}

const Step* runStoresAsReported(const Plan& plan, Registers r) {
  const ErrStateScope errstate(false, plan.checks_status);
  if (!errstate.ok()) [[unlikely]] return &kNoContext;
  return runStores(plan, r, errstate.reported(), errstate.beyondWarnings());
}

/// What follows the pure stage, up to the exit.
const Step* runCommit(const Segment& segment, Registers r, PyObject* const* own, WriteJournal* journal) {
  const Replay& replay = segment.replay;
  if (const Step* failed = runBuild(replay.build, r)) return failed;
  if (const Step* failed = runWrites(replay.writes, r, journal)) return failed;
  if (!SEGUE_FAULT(FinalizersRunLate) && !dieSilently(segment, r.regs, own, journal)) [[unlikely]] {
    journal->undo();
    return &kDeathShows;
  }
  if (!segment.plan.stores.steps.empty()) {
    const Step* failed = runStoresAsReported(segment.plan, r);
    if (failed != nullptr) return journal->undo(), failed;
  }
  if (segment.exit == SegmentExit::kBreak && SEGUE_FAULT(StoresLostAtBreak)) return nullptr;
  const Step* impossible = runSteps(segment.plan, segment.plan.commit, r, 0);
  SEGUE_CHECK(impossible == nullptr, "a commit step failed");
  return nullptr;
}

bool checksGuess(StepKind kind) {
  return kind == StepKind::kCheckTruth || (kind >= StepKind::kCheckEqual && kind <= StepKind::kCheckLessEqual);
}

SegmentOutcome drop(Segment& segment, const Step& step) {
  if (interruptKept() || SEGUE_FAULT(RerunsForgotten)) return SegmentOutcome::kDropped;
  segment.rerun_count = step.node == segment.rerun_node ? segment.rerun_count + 1 : 1;
  segment.rerun_node = step.node;
  segment.rerun_guess = checksGuess(step.kind);
  return SegmentOutcome::kDropped;
}

/// The frames of a snapshot, rebuilt behind the commit. What can fail is done before.
class Rebuilding {
 public:
  explicit Rebuilding(const Snapshot& snapshot) : frames_(snapshot.frames) {}
  /// Makes the resumptions of the frames below the outermost one. False when there is no memory.
  bool reserve() {
    for (size_t i = 1; i < frames_.size(); i++) {
      resumptions_.push_back(Ref::steal(segue_resumption_new(slotCount(frames_[i], i + 1 < frames_.size()))));
      if (resumptions_.back()) continue;
      PyErr_Clear();
      return false;
    }
    return true;
  }
  /// Innermost first: each resumption goes onto the stack of the frame that it returns to.
  void fill(PyObject** regs, Departure* departure) {
    for (size_t i = frames_.size() - 1; i > 0; i--) {
      const SnapshotFrame& frame = frames_[i];
      SlotVector slots;
      fillSlots(i, regs, nullptr, &slots);
      if (SEGUE_FAULT(CalleeSlotsSwapped) && slots.size() > 1) std::swap(slots[0], slots[1]);
      segue_resumption_set(resumptions_[i - 1].get(), reinterpret_cast<PyFunctionObject*>(regs[frame.function]),
                           reinterpret_cast<PyCodeObject*>(frame.splice->code.get()), slots.data(),
                           frame.splice->exits[static_cast<size_t>(frame.exit)].enter);
    }
    fillSlots(0, regs, departure->own, &departure->slots);
  }

 private:
  static int slotCount(const SnapshotFrame& frame, bool calls) {
    return static_cast<int>(frame.locals.size() + frame.stack.size() + (calls ? 1 : 0));
  }
  void fillSlots(size_t index, PyObject** regs, PyObject* const* own, SlotVector* slots) {
    const SnapshotFrame& frame = frames_[index];
    slots->resize(frame.locals.size() + frame.stack.size());
    PyObject** next = slots->data();
    for (Reg reg : frame.locals) *next++ = slot(reg, regs, own);
    for (Reg reg : frame.stack) *next++ = slot(reg, regs, own);
    if (index == 0 && SEGUE_FAULT(OwnFrameSlotsSwapped) && slots->size() > 1) std::swap((*slots)[0], (*slots)[1]);
    if (index + 1 < frames_.size()) slots->push_back(resumptions_[index].release());
  }

  /// A new reference, null for an empty slot.
  static PyObject* slot(Reg reg, PyObject** regs, PyObject* const* own) {
    if (reg == kNoReg) return SEGUE_FAULT(EmptySlotsNone) ? Py_NewRef(Py_None) : nullptr;
    if (reg < kOwnSlot) return Py_XNewRef(SEGUE_FAULT(ExitLeaksSlots) ? Py_XNewRef(regs[reg]) : regs[reg]);
    PyObject* kept = own[reg - kOwnSlot];
    return SEGUE_FAULT(OwnSlotReleased) ? kept : Py_XNewRef(kept);
  }

  const std::vector<SnapshotFrame>& frames_;
  absl::InlinedVector<Ref, 4> resumptions_;   ///< of frames_[i + 1]
};

/// A segment with a replay or a commit stage, or one that leaves through a break. Kept out of line: its frame would be set up
/// for pure segments, too.
[[gnu::noinline]] SegmentOutcome runWhole(Segment& segment, PyObject** regs, int64_t* ints, PyObject** result,
                                          Departure* departure) {
  WriteJournal journal;   // outlives the run: what writes replaced is dropped last
  HookPause pause;
  const Plan& plan = segment.plan;
  const Replay& replay = segment.replay;
  HeldObjects lent(segment.lent);
  HeldSlots held(replay.held, regs);
  ProgramScope plan_scope(regs + plan.slot_count, plan.constants, regs + plan.reg_count);
  ProgramScope replay_scope(regs + plan.reg_count, replay.constants, regs + replay.reg_count);
  Rebuilding rebuilding(segment.snapshot);
  const Step* failed = runPure(plan, {regs, ints});
  if (failed == nullptr && !rebuilding.reserve()) failed = &kNoMemory;
  PyObject* const* own = departure != nullptr ? departure->own : nullptr;
  if (failed == nullptr) failed = runCommit(segment, {regs, ints}, own, &journal);
  if (failed != nullptr) [[unlikely]] {
    runUndo(plan.undo, regs);
    return drop(segment, *failed);
  }
  if (segment.exit != SegmentExit::kReturn) {
    rebuilding.fill(regs, departure);
    return SegmentOutcome::kLeft;
  }
  *result = segment.result == kNoReg ? nullptr : Py_NewRef(regs[segment.result]);
  if (SEGUE_FAULT(ResultLeaked)) Py_XINCREF(*result);
  return SegmentOutcome::kReturned;
}

}  // namespace

SegmentOutcome runSegment(Segment& segment, PyObject** regs, int64_t* ints, PyObject** result, Departure* departure) {
  if (!segment.pure) return runWhole(segment, regs, ints, result, departure);
  HookPause pause;
  HeldObjects lent(segment.lent);
  const Plan& plan = segment.plan;
  ProgramScope scope(regs + plan.slot_count, plan.constants, regs + plan.reg_count);
  if (const Step* failed = runPure(plan, {regs, ints})) [[unlikely]] return drop(segment, *failed);
  if (departure != nullptr && !dieSilently(segment, regs, departure->own, nullptr)) [[unlikely]] {
    return drop(segment, kDeathShows);
  }
  *result = scope.take(regs + segment.result);
  if (SEGUE_FAULT(ResultLeaked)) Py_XINCREF(*result);
  return SegmentOutcome::kReturned;
}

}  // namespace segue
