#include "program/segment.h"

#include "absl/strings/str_cat.h"

namespace segue {
namespace {

std::string regName(Reg reg) {
  if (reg == kNoReg) return "-";
  return reg >= kOwnSlot ? absl::StrCat("own", reg - kOwnSlot) : absl::StrCat("r", reg);
}

std::string regList(const std::vector<Reg>& regs) {
  std::string out;
  for (Reg reg : regs) absl::StrAppend(&out, " ", regName(reg));
  return out;
}

}  // namespace

size_t Replay::bytes() const {
  return sizeof *this + build.bytes() + writes.bytes() + constants.capacity() * sizeof(Ref) +
         held.capacity() * sizeof(Reg);
}

std::string printReplay(const Replay& replay) {
  std::string out;
  if (!replay.build.steps.empty()) {
    absl::StrAppend(&out, "build:\n", printProgram(replay.build, replay.constants, replay.first_constant));
  }
  if (!replay.writes.steps.empty()) {
    absl::StrAppend(&out, "writes:\n", printProgram(replay.writes, replay.constants, replay.first_constant));
  }
  if (!replay.held.empty()) absl::StrAppend(&out, "held:", regList(replay.held), "\n");
  return out;
}

size_t Snapshot::bytes() const {
  size_t total = sizeof *this + frames.capacity() * sizeof(SnapshotFrame);
  for (const SnapshotFrame& frame : frames) {
    total += (frame.locals.capacity() + frame.stack.capacity()) * sizeof(Reg);
  }
  return total;
}

std::string printSnapshot(const Snapshot& snapshot) {
  std::string out;
  for (const SnapshotFrame& frame : snapshot.frames) {
    absl::StrAppend(&out, "frame ", frame.name, " @ ", frame.offset, ": locals", regList(frame.locals));
    absl::StrAppend(&out, " | stack", regList(frame.stack), "\n");
  }
  return out;
}

size_t Segment::bytes() const {
  return sizeof *this + plan.bytes() - sizeof plan + replay.bytes() - sizeof replay + snapshot.bytes() - sizeof snapshot +
         lent.capacity() * sizeof(PyObject*) + let_go.capacity() * sizeof(uint32_t);
}

std::string printSegment(const Segment& segment) {
  if (segment.exit == SegmentExit::kEager) return segment.splice ? "eager, with probes\n" : "eager\n";
  std::string out = absl::StrCat(printPlan(segment.plan), printReplay(segment.replay));
  if (segment.exit == SegmentExit::kReturn) absl::StrAppend(&out, "return ", regName(segment.result), "\n");
  if (segment.exit == SegmentExit::kBreak) absl::StrAppend(&out, "break\n", printSnapshot(segment.snapshot));
  if (segment.exit == SegmentExit::kLoop) absl::StrAppend(&out, "loop\n", printSnapshot(segment.snapshot));
  if (segment.frameless) out += "frameless\n";
  return out;
}

}  // namespace segue
