#include "driver/offer.h"

#include "absl/strings/str_cat.h"
#include "base/fault.h"
#include "hook/eval.h"

namespace segue {
namespace {

/// Entries of a probe that differ in one value: beyond, the value is not made a constant any more.
constexpr size_t kMostAlike = 8;

GraphBreakRaiser graph_break_raiser = nullptr;

Served raiseBreak(const BreakRecord& stop) {
  SEGUE_CHECK(graph_break_raiser != nullptr, "nobody raises GraphBreakError");
  graph_break_raiser(stop);
  return Served::kRaised;
}

DispatchTable* tableOf(const Offer& offer) {
  CodeState* state = CodeState::find(offer.code);
  return state != nullptr ? state->table(offer.key()) : nullptr;
}

/// Whether the segment leaves the frame in the code that it runs, with its locals as they are then. One that returns leaves the
/// locals as they were: nobody may look at them afterwards. One that changes the code changes what a traceback's tb_lasti means.
bool keepsFrame(const Offer& offer, const Segment& segment) {
  const auto* running = reinterpret_cast<PyObject*>(offer.view.code);
  if (segment.exit == SegmentExit::kBreak) return segment.snapshot.frames.front().splice->code.get() == running;
  return segment.exit == SegmentExit::kLoop && offer.splice->code.get() == running;
}

/// Runs an entry whose guards have passed.
void runEntry(const Offer& offer, const EntryRef& entry, RegisterFile& file, Service* out) {
  Segment& segment = entry->segment;
  if (entry->eager()) {
    stats().eager++;
    if (segment.splice && hasRoom(offer, *segment.splice)) out->splice = segment.splice;
    return;
  }
  const SnapshotFrame* target = segment.exit == SegmentExit::kBreak ? &segment.snapshot.frames.front() : nullptr;
  if (target != nullptr && !hasRoom(offer, *target->splice)) return;
  if (!keepsFrame(offer, segment) && segue_frame_is_held(offer.frame) && !SEGUE_FAULT(HeldFrameIgnored)) return;
  out->departure.own = offer.view.slots;
  const SegmentOutcome outcome = runSegment(segment, file.regs(), file.ints(), &out->result, &out->departure);
  if (outcome != SegmentOutcome::kDropped) {
    stats().segments++;
    if (outcome == SegmentOutcome::kReturned) {
      out->served = Served::kReturned;
    } else if (target == nullptr) {
      out->served = Served::kLooped;
    } else {
      out->served = Served::kLeft;
      out->splice = target->splice;
      out->exit = target->exit;
      stats().exits++;
    }
    return;
  }
  stats().reruns++;
  if (target != nullptr) out->splice = target->splice;
  if (!wantsVerdict(segment)) return;
  // Not the table of before: the run lets others run.
  if (DispatchTable* table = tableOf(offer)) replaceByVerdict(table, CodeState::find(offer.code), entry);
}

/// An entry without guards that sends every call of the code to CPython: what is left of a compile that failed.
EntryRef eagerEntry() { return EntryRef(new Entry(GuardProgram(), {}, Segment())); }

/// Calls of the function may look for entries without a frame once one of them needs none.
void allowFastPath(const Offer& offer, const Entry& entry) {
  if (offer.own() && entry.segment.frameless && !entry.eager()) offer.self->fast_path = fastPath;
}

void install(const Offer& offer, const EntryRef& entry) {
  CodeState* state = CodeState::obtain(offer.code);
  if (state == nullptr) {
    PyErr_Clear();
    return;
  }
  if (state->obtainTable(offer.key()).install(entry, config().entry_limit)) allowFastPath(offer, *entry.get());
}

/// Whether a new entry may be made; otherwise `*served` says what happens to the frame.
bool mayCompile(const Offer& offer, DispatchTable* table, Served* served) {
  if (stance() == Stance::kEagerOnRecompile) return false;
  if (stance() == Stance::kFailOnRecompile) {
    PyErr_Format(PyExc_RuntimeError, "%U needs a new entry, and the stance is fail_on_recompile",
                 offer.code->co_qualname);
    *served = Served::kRaised;
    return false;
  }
  if (table == nullptr || table->used() < config().entry_limit) return true;
  stats().eager++;
  if (!table->limit_warned && !offer.options->capture_all) {
    table->limit_warned = true;
    const char* name = PyUnicode_AsUTF8(offer.code->co_qualname);
    std::string message = absl::StrCat(name != nullptr ? name : "?", " has ", table->used(),
                                       " entries (segue.config.entry_limit); further combinations run eagerly. ",
                                       table->describeLimit(offer.roots));
    if (!warn(message)) *served = Served::kRaised;
  }
  return false;
}

void compileAndRun(const Offer& offer, DispatchTable* table, Service* out) {
  stats().misses++;
  if (!mayCompile(offer, table, &out->served)) return;
  CompileInput input{offer.code, offer.view, offer.roots, offer.offset, offer.options, offer.options_id};
  if (table != nullptr) {
    // Calls may well differ in one value and be worth an entry each. What differs at a probe differs from trip to trip.
    if (offer.offset > 0) input.varying = table->varyingSources(offer.roots, kMostAlike);
    logRecompile(offer.code, *table, offer.roots);   // the last look at the table: who listens may do anything
  }
  CompileOutput output = compileFrame(input);
  if (!output.warning.empty()) {
    install(offer, eagerEntry());
    if (output.raises) PyErr_SetString(PyExc_RuntimeError, output.warning.c_str());
    if (output.raises || !warn(output.warning)) out->served = Served::kRaised;
    return;
  }
  if (offer.options->fullgraph && offer.own() && output.record->stop) {
    out->served = raiseBreak(*output.record->stop);
    return;
  }
  EntryRef entry = output.entry;
  install(offer, entry);
  for (const std::string& remark : output.remarks) {
    if (warn(remark)) continue;
    out->served = Served::kRaised;
    return;
  }
  RegisterFile file(entry->reg_count, entry->int_count);
  if (runGuards(entry->guards, offer.roots, file.regs(), file.ints()) != kGuardsPass) return;
  runEntry(offer, entry, file, out);
}

}  // namespace

void replaceByVerdict(DispatchTable* table, CodeState* state, const EntryRef& entry) {
  if (!entry->assumptions.valid()) return;   // its objects may be dead
  if (entry->segment.rerun_guess && state != nullptr) {
    state->guesses_wrong = true;
    table->remove(entry.get());
    return;
  }
  Segment verdict;
  verdict.reason = entry->segment.reason;
  if (entry->segment.exit == SegmentExit::kBreak) verdict.splice = entry->segment.snapshot.frames.front().splice;
  GuardProgram guards = SEGUE_FAULT(VerdictUnguarded) ? GuardProgram() : entry->guards;
  EntryRef replacement(new Entry(std::move(guards), entry->assumptions.assumptions(), std::move(verdict)));
  if (table->remove(entry.get())) table->install(std::move(replacement), INT64_MAX);
}

bool hasRoom(const Offer& offer, const Splice& splice) {
  return !offer.view.fresh ||
         segue_frame_fits(offer.ts, offer.frame, reinterpret_cast<PyCodeObject*>(splice.code.get()));
}

SlotVector slotsOf(const SegueFrameView& view, int count) {
  SlotVector slots(view.slots, view.slots + count);
  for (PyObject* slot : slots) Py_XINCREF(slot);
  return slots;
}

bool warn(const std::string& message) { return PyErr_WarnEx(PyExc_RuntimeWarning, message.c_str(), 1) == 0; }

void serve(const Offer& offer, DispatchTable* table, Service* out) {
  if (table != nullptr) {
    uint32_t regs = table->regCount();
    RegisterFile file(regs, table->intCount());
    if (EntryRef entry(table->find(offer.roots, file.regs(), file.ints())); entry) {
      stats().hits++;
      allowFastPath(offer, *entry.get());
      return runEntry(offer, entry, file, out);
    }
  }
  compileAndRun(offer, table, out);
}

void setGraphBreakRaiser(GraphBreakRaiser raiser) { graph_break_raiser = raiser; }

}  // namespace segue
