// Splices: what f' needs as breaks become known, and what its probes do.
#include <algorithm>

#include "base/fault.h"
#include "base/interrupt.h"
#include "codegen/splice.h"
#include "driver/offer.h"
#include "hook/eval.h"
#include "hook/quiet.h"
#include "runtime/probe.h"

namespace segue {
namespace {

/// Visits of a probe in a row that run nothing, after which its gate is closed.
constexpr int kFruitlessVisits = 64;

/// How often f' is built before a break gives all instructions of its kind their exits and probes at once, the probes closed,
/// so that f' is not rebuilt for each.
constexpr int kBuildsBeforeAll = 3;

/// Adds to one splice, and rebuilds f' where that is needed.
class SpliceUpdate {
 public:
  explicit SpliceUpdate(SplicedCode* spliced)
      : spliced_(spliced), splice_(spliced->splice.get()), grown_(!splice_->code) {}

  void addExit(int offset, bool into_call) {
    if (splice_->findExit(offset, into_call) >= 0) return;
    splice_->exits.push_back({.offset = offset, .into_call = into_call});
    grown_ = true;
  }
  /// A site that is there already is opened when `open` is set.
  void addSite(int offset, bool open) {
    if (int known = splice_->findSite(offset); known >= 0) {
      if (open) openGate(known);
      return;
    }
    auto site = std::make_unique<ProbeSite>();
    site->spliced = spliced_;
    site->index = static_cast<int>(splice_->sites.size());
    site->offset = offset;
    Ref probe = makeProbe(std::move(site));
    if (!probe) return PyErr_Clear();
    splice_->sites.push_back({.offset = offset, .probe = std::move(probe), .open = open});
    grown_ = true;
  }
  bool grown() const { return grown_; }

 private:
  void openGate(int index) {
    SpliceSite& site = splice_->sites[static_cast<size_t>(index)];
    if (site.open) return;
    site.open = true;
    if (site.gate >= 0 && !SEGUE_FAULT(GateStaysClosed)) segue_probe_set_gate(reinterpret_cast<PyCodeObject*>(splice_->code.get()), site.gate, 0);
  }

  SplicedCode* spliced_;
  Splice* splice_;
  bool grown_;
};

/// What is known of a code object that breaks; its state owns this.
struct Analysis {
  explicit Analysis(PyCodeObject* object) : code(decoded(object)), finder(*code) {}
  const std::shared_ptr<const Code> code;
  const SiteFinder finder;

 private:
  static std::shared_ptr<const Code> decoded(PyCodeObject* object) {
    Result<std::shared_ptr<const Code>> code = Code::decode(reinterpret_cast<PyObject*>(object), false);
    SEGUE_CHECK(code.ok(), code.error());
    return std::move(code.value());
  }
};

const Analysis& analysisOf(CodeState* state) {
  if (state->analysis == nullptr) state->analysis = std::make_shared<const Analysis>(state->code());
  return *static_cast<const Analysis*>(state->analysis.get());
}

/// Whether control may get to a handler behind the instruction, or is in one.
bool meetsHandlers(const SiteFinder& finder, int offset) {
  const std::vector<int> sites = finder.behind(offset);
  return finder.inHandler(offset) || std::any_of(sites.begin(), sites.end(), [&](int site) { return finder.inHandler(site); });
}

/// What is missing of `needs`; of what handlers will need, while the frame can still change; and of what the other instructions
/// of the kind will need once some have broken.
void addNeeds(const SiteFinder& finder, const SpliceNeeds& needs, const Splice& splice, SpliceUpdate* update) {
  const auto add = [&](int offset, bool open) {
    if (needs.exits) update->addExit(offset, needs.into_call);
    if (!needs.sites) return;
    for (int site : finder.behind(offset)) update->addSite(site, open);
  };
  add(needs.offset, true);
  if (update->grown() && meetsHandlers(finder, needs.offset)) {
    for (const SiteFinder::Place& place : finder.inHandlers()) {
      update->addExit(place.offset, false);
      if (place.calls) update->addExit(place.offset, true);
      for (int site : finder.behind(place.offset)) update->addSite(site, false);
    }
  }
  if (!update->grown() || splice.builds < kBuildsBeforeAll) return;
  for (int other : finder.alike(needs.offset)) add(other, false);
}

/// Moves the frame to an instruction of f' with other slots, which it takes over.
void moveTo(const Offer& offer, const Splice& splice, SlotVector* slots, int unit) {
  segue_frame_move(offer.frame, reinterpret_cast<PyCodeObject*>(splice.code.get()), slots->data(),
                   static_cast<int>(slots->size()), unit);
  slots->clear();
}

/// The frame goes on in the newest f' where it stands: at the probe's own place.
void migrate(const Offer& offer, const Splice& splice, int site) {
  SlotVector slots = slotsOf(offer.view, offer.view.stack_top);
  moveTo(offer, splice, &slots, splice.sites[static_cast<size_t>(site)].behind);
}

/// Where a frame goes on that leaves from a probe, whose value is dropped there.
int landing(const Splice& splice, int exit) {
  const SpliceExit& at = splice.exits[static_cast<size_t>(exit)];
  return SEGUE_FAULT(ProbeEntersAsFresh) ? at.enter : at.land;
}

/// The call's value is pushed and returned; locals die with the frame.
PyObject* returnFrom(const Offer& offer, const Splice& splice, PyObject* value) {
  SlotVector slots = slotsOf(offer.view, offer.view.slot_count);
  moveTo(offer, splice, &slots, splice.leave);
  return value;
}

/// The next trip of a loop starts where the last one has: at the probe.
void startTrip(Offer* offer, const Splice& splice, int site, SlotVector* slots) {
  offer->view.code = reinterpret_cast<PyCodeObject*>(splice.code.get());   // the frame holds it from now on
  moveTo(*offer, splice, slots, splice.sites[static_cast<size_t>(site)].behind);
}

/// Closes the gate of a probe that never finds anything to run.
void noteVisit(ProbeSite* site, Splice* splice, bool fruitful) {
  site->fruitless = fruitful ? 0 : site->fruitless + 1;
  if (site->fruitless < kFruitlessVisits || SEGUE_FAULT(GateStaysOpen)) return;
  site->fruitless = 0;
  SpliceSite& at = splice->sites[static_cast<size_t>(site->index)];
  at.open = false;
  segue_probe_set_gate(reinterpret_cast<PyCodeObject*>(splice->code.get()), at.gate, at.gate_arg);
}

/// What becomes of the frame, and the value of the probe's expression.
PyObject* leaveProbe(const Offer& offer, ProbeSite* site, Splice& splice, Service* service) {
  switch (service->served) {
    case Served::kRaised: return nullptr;
    case Served::kReturned: return returnFrom(offer, splice, service->result);
    case Served::kLeft:
      noteVisit(site, &splice, true);
      moveTo(offer, *service->splice, &service->departure.slots, landing(*service->splice, service->exit));
      Py_RETURN_NONE;
    case Served::kLooped:
    case Served::kNothing: break;
  }
  noteVisit(site, &splice, false);
  const bool newest = reinterpret_cast<PyObject*>(offer.view.code) == splice.code.get();
  if (!newest && !segue_frame_is_held(offer.frame) && !SEGUE_FAULT(FramesStayBehind)) migrate(offer, splice, site->index);
  Py_RETURN_NONE;
}

}  // namespace

std::shared_ptr<const Code> decodedOf(PyCodeObject* code) {
  CodeState* state = CodeState::find(code);
  if (state != nullptr && state->analysis != nullptr) return analysisOf(state).code;
  Result<std::shared_ptr<const Code>> decoded = Code::decode(reinterpret_cast<PyObject*>(code));
  return decoded.ok() ? std::move(decoded.value()) : nullptr;
}

SpliceRef requireSplice(PyCodeObject* code, const std::shared_ptr<const CompileOptions>& options, int options_id,
                        const SpliceNeeds& needs) {
  CodeState* state = CodeState::obtain(code);
  if (state == nullptr) {
    PyErr_Clear();
    return SpliceRef();
  }
  const Analysis& analysis = analysisOf(state);
  SplicedCode& spliced = state->obtainSpliced(options_id, options);
  const SpliceRef splice = spliced.splice;
  SpliceUpdate update(&spliced);
  addNeeds(analysis.finder, needs, *splice, &update);
  if (update.grown()) {
    Result<void> built = buildSplice(*analysis.code, splice.get(), makeLayout);
    SEGUE_CHECK(built.ok(), built.error());
    if (splice->layout) segue_layout_attach(splice->layout.get(), reinterpret_cast<PyCodeObject*>(splice->code.get()));
    stats().splices++;
    segue_code_reserve(code, reinterpret_cast<PyCodeObject*>(splice->code.get()));
  }
  return splice;
}

SpliceRef spliceGenerator(const Offer& offer) {
  CodeState* state = CodeState::find(offer.code);
  if (SEGUE_FAULT(GeneratorsUnspliced)) return SpliceRef();
  const SplicedCode* known = state != nullptr ? state->spliced(offer.options_id) : nullptr;
  if (known != nullptr && known->splice->code) return known->splice;
  const std::shared_ptr<const Code> code = decodedOf(offer.code);
  if (code == nullptr) return SpliceRef();
  for (const Insn& insn : code->insns()) {
    if (insn.op != Opcode::kReturnGenerator) continue;
    return requireSplice(offer.code, offer.options, offer.options_id, {.offset = insn.offset, .sites = true});
  }
  return SpliceRef();
}

PyObject* visitProbe(SegueProbe* probe, SegueFrame* frame, PyThreadState* ts) {
  Ref keep = Ref::borrow(reinterpret_cast<PyObject*>(probe));
  if (dropped_entries_wait) [[unlikely]] freeDroppedEntries();
  auto* site = static_cast<ProbeSite*>(probe->site);
  if (site->spliced == nullptr || stance() == Stance::kForceEager) Py_RETURN_NONE;
  const Counted spliced(site->spliced);   // owned: it may go meanwhile
  PyCodeObject* own_code = spliced->state->code();
  const Ref code = Ref::borrow(reinterpret_cast<PyObject*>(own_code));
  SegueFrameView view = segue_frame_view(frame);
  Offer offer{.ts = ts, .frame = frame, .view = view, .self = nullptr, .options = spliced->options,
              .options_id = spliced->options_id, .offset = site->offset, .code = own_code,
              .splice = spliced->splice.get()};
  offer.roots = {.locals = view.slots, .local_count = view.slot_count, .stack = view.slots + view.slot_count,
                 .stack_count = view.stack_top - view.slot_count,
                 .function = reinterpret_cast<PyObject*>(view.function), .globals = view.globals,
                 .builtins = view.builtins, .fresh = false};
  while (true) {
    Service service;
    if (site->table == nullptr) site->table = spliced->state->table(offer.key());
    serve(offer, site->table, &service);
    // Outside of compiled calls nobody else would raise it.
    if (interruptKept() && segue_extent_depth() == 0 && !SEGUE_FAULT(ProbeKeepsInterrupt)) [[unlikely]] {
      raiseInterrupt();
      return nullptr;
    }
    if (service.served != Served::kLooped) return leaveProbe(offer, site, *spliced->splice, &service);
    noteVisit(site, spliced->splice.get(), true);
    startTrip(&offer, *spliced->splice, site->index, &service.departure.slots);
    // CPython executes this trip, and sees to what waits where the loop jumps back.
    if (site->spliced == nullptr || interruptKept() || !segue_may_go_on(ts)) Py_RETURN_NONE;
  }
}

}  // namespace segue
