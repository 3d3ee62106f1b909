// Splices: what f' needs as breaks become known, and what its probes do.
#include "base/interrupt.h"
#include "codegen/splice.h"
#include "driver/offer.h"
#include "hook/eval.h"
#include "runtime/probe.h"

namespace segue {
namespace {

/// Visits of a probe in a row that run nothing, after which its gate is closed.
constexpr int kFruitlessVisits = 64;

/// Breaks in one code object after which its other instructions of the kind get their exits and probes at once, closed, so that
/// f' is not rebuilt for each.
constexpr size_t kBreaksBeforeAll = 4;

/// Adds to one splice, and rebuilds f' where that is needed.
class SpliceUpdate {
 public:
  SpliceUpdate(CodeState* state, Splice* splice, int options_id)
      : state_(state), splice_(splice), options_id_(options_id), grown_(!splice->code) {}

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
    site->state = state_;
    site->options_id = options_id_;
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
    if (site.gate >= 0) segue_probe_set_gate(reinterpret_cast<PyCodeObject*>(splice_->code.get()), site.gate, 0);
  }

  CodeState* state_;
  Splice* splice_;
  const int options_id_;
  bool grown_;
};

void addBreak(const Code& code, const Splice& splice, int offset, SpliceUpdate* update) {
  const SiteFinder finder(code);
  for (int site : finder.behind(offset)) update->addSite(site, true);
  if (!update->grown() || splice.exits.size() < kBreaksBeforeAll) return;
  for (int other : finder.alike(offset)) {
    update->addExit(other, false);
    for (int site : finder.behind(other)) update->addSite(site, false);
  }
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
  if (site->fruitless < kFruitlessVisits) return;
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
      moveTo(offer, *service->splice, &service->departure.slots,
             service->splice->exits[static_cast<size_t>(service->exit)].land);
      Py_RETURN_NONE;
    case Served::kLooped:
    case Served::kNothing: break;
  }
  noteVisit(site, &splice, false);
  const bool newest = reinterpret_cast<PyObject*>(offer.view.code) == splice.code.get();
  if (!newest && !segue_frame_is_held(offer.frame)) migrate(offer, splice, site->index);
  Py_RETURN_NONE;
}

}  // namespace

std::shared_ptr<Splice> requireSplice(PyCodeObject* code, const std::shared_ptr<const CompileOptions>& options,
                                      int options_id, const SpliceNeeds& needs) {
  CodeState* state = CodeState::obtain(code);
  Result<std::shared_ptr<const Code>> decoded = Code::decode(reinterpret_cast<PyObject*>(code));
  SEGUE_CHECK(decoded.ok(), decoded.error());
  if (state == nullptr) {
    PyErr_Clear();
    return nullptr;
  }
  const std::shared_ptr<Splice> splice = state->obtainSpliced(options_id, options).splice;
  SpliceUpdate update(state, splice.get(), options_id);
  if (needs.exit_offset >= 0) update.addExit(needs.exit_offset, needs.into_call);
  if (needs.break_offset >= 0) addBreak(*decoded.value(), *splice, needs.break_offset, &update);
  if (update.grown()) {
    Result<void> built = buildSplice(*decoded.value(), splice.get());
    SEGUE_CHECK(built.ok(), built.error());
    segue_code_reserve(code, reinterpret_cast<PyCodeObject*>(splice->code.get()));
  }
  return splice;
}

std::shared_ptr<Splice> spliceGenerator(const Offer& offer) {
  CodeState* state = CodeState::find(offer.code);
  CodeState::Spliced* known = state != nullptr ? state->spliced(offer.options_id) : nullptr;
  if (known != nullptr && known->splice->code) return known->splice;
  Result<std::shared_ptr<const Code>> decoded = Code::decode(reinterpret_cast<PyObject*>(offer.code));
  SEGUE_CHECK(decoded.ok(), decoded.error());
  for (const Insn& insn : decoded.value()->insns()) {
    if (insn.op != Opcode::kReturnGenerator) continue;
    return requireSplice(offer.code, offer.options, offer.options_id, {.break_offset = insn.offset});
  }
  return nullptr;
}

PyObject* visitProbe(SegueProbe* probe, SegueFrame* frame, PyThreadState* ts) {
  auto* site = static_cast<ProbeSite*>(probe->site);
  if (site->state == nullptr || stance() == Stance::kForceEager) Py_RETURN_NONE;
  const CodeState::Spliced spliced = *site->state->spliced(site->options_id);   // a copy: the state may go meanwhile
  SegueFrameView view = segue_frame_view(frame);
  Offer offer{.ts = ts, .frame = frame, .view = view, .self = nullptr, .options = spliced.options,
              .options_id = site->options_id, .offset = site->offset, .code = site->state->code()};
  offer.roots = {.locals = view.slots, .local_count = view.slot_count, .stack = view.slots + view.slot_count,
                 .stack_count = view.stack_top - view.slot_count,
                 .function = reinterpret_cast<PyObject*>(view.function), .globals = view.globals,
                 .builtins = view.builtins, .fresh = false};
  Ref keep = Ref::borrow(reinterpret_cast<PyObject*>(probe));
  while (true) {
    Service service;
    serve(offer, site->state->table(offer.key()), &service);
    // Outside of compiled calls nobody else would raise it.
    if (interruptKept() && segue_extent_depth() == 0) [[unlikely]] {
      raiseInterrupt();
      return nullptr;
    }
    if (service.served != Served::kLooped) return leaveProbe(offer, site, *spliced.splice, &service);
    noteVisit(site, spliced.splice.get(), true);
    startTrip(&offer, *spliced.splice, site->index, &service.departure.slots);
    // CPython executes this trip, and sees to what waits where the loop jumps back.
    if (site->state == nullptr || interruptKept() || !segue_may_go_on(ts)) Py_RETURN_NONE;
  }
}

}  // namespace segue
