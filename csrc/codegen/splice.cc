#include "codegen/splice.h"

#include <algorithm>

#include "base/fault.h"
#include "bytecode/assemble.h"
#include "bytecode/cfg.h"

namespace segue {
namespace {

class Splicer {
 public:
  Splicer(const Code& code, const Splice& splice, LayoutMaker make_layout)
      : code_(code), splice_(splice), make_layout_(make_layout), table_(*rawTable(kPythonVersion)) {}

  Result<Splice> run() {
    SEGUE_TRY(CodeBytes bytes, codeBytesOf(object()));
    SEGUE_TRY(in_, disassemble(bytes, kPythonVersion, code_.firstLine()));
    out_.first_line = in_.first_line;
    SEGUE_TRY_VOID(copyBody());
    leave_ = add("RETURN_VALUE", out_.insns.back().position);
    SEGUE_TRY(CodeBytes changed, assemble(out_));
    SEGUE_TRY_VOID(relocate(out_));
    Splice made;
    made.builds = splice_.builds + 1;
    made.sites = splice_.sites;
    made.exits = splice_.exits;
    number(&made);
    if (make_layout_ != nullptr) made.layout = make_layout_(object(), layoutOf(changed.code, made));
    CodeChanges changes;
    changes.consts = constants(made.layout);
    changes.stack_size = code_.stackSize() + (SEGUE_FAULT(ProbeRoomForgotten) ? 0 : kStackForProbe);
    SEGUE_TRY(made.code, replaceCode(object(), changed, changes));
    return made;
  }

 private:
  static constexpr int kStackForProbe = 2;
  static constexpr int kResumeQuietly = 2;   ///< RESUME's argument with which it does not look for signals
  struct Stub {
    int land = -1, enter = -1;
    int end = -1;            ///< just behind its jump
    int covered_as = -1;     ///< f's instruction whose exceptions are handled as those of the stub
    int next = -1;           ///< f's instruction that it goes to...
    bool passes_gate = false;
    int arrives = -1;        ///< ... and where that is
  };

  BorrowedRef object() const { return reinterpret_cast<PyObject*>(code_.object()); }
  /// f's own, the probes, and the layout where there is one.
  Ref constants(const Ref& layout) const {
    std::vector<PyObject*> added;
    for (const SpliceSite& site : splice_.sites) added.push_back(site.probe.get());
    if (layout) added.push_back(layout.get());
    PyObject* own = code_.object()->co_consts;
    const Py_ssize_t count = PyTuple_GET_SIZE(own);
    Ref all = Ref::steal(PyTuple_New(count + static_cast<Py_ssize_t>(added.size())));
    if (!all) return all;
    for (Py_ssize_t i = 0; i < count; i++) PyTuple_SET_ITEM(all.get(), i, Py_NewRef(PyTuple_GET_ITEM(own, i)));
    for (size_t i = 0; i < added.size(); i++) {
      PyTuple_SET_ITEM(all.get(), count + static_cast<Py_ssize_t>(i), Py_NewRef(added[i]));
    }
    return all;
  }

  /// Probes, stubs, and prefixes that own instructions have only here.
  std::vector<SpliceLayout::Unit> foreignUnits(const std::string& bytes) const {
    std::vector<SpliceLayout::Unit> units;
    std::vector<int> kept(out_.insns.size(), 0);   // by instruction: units of it that f has, too
    for (size_t i = 0; i < bodies_.size(); i++) {
      kept[static_cast<size_t>(bodies_[i])] = 1 + (in_.insns[i].lasti - in_.insns[i].offset) / 2;
    }
    for (int index = 0; index < static_cast<int>(out_.insns.size()); index++) {
      for (int at = firstUnit(index); at <= unit(index) - kept[static_cast<size_t>(index)]; at++) {
        const auto byte = [&](int i) { return static_cast<uint8_t>(bytes[static_cast<size_t>(2 * at + i)]); };
        units.push_back({.unit = at, .opcode = byte(0), .arg = byte(1)});
      }
    }
    return units;
  }

  SpliceLayout layoutOf(const std::string& bytes, const Splice& made) const {
    SpliceLayout layout{.foreign = foreignUnits(bytes), .rests = {}};
    const auto jump = static_cast<uint8_t>(table_.find("JUMP_FORWARD"));
    for (const SpliceSite& site : made.sites) {
      auto gate = std::lower_bound(layout.foreign.begin(), layout.foreign.end(), site.gate,
                                   [](const SpliceLayout::Unit& at, int wanted) { return at.unit < wanted; });
      *gate = {.unit = site.gate, .opcode = jump, .arg = static_cast<uint8_t>(site.gate_arg), .gate = true};
    }
    for (size_t i = 1; i < in_.insns.size(); i++) {
      const std::string_view before = table_[in_.insns[i - 1].opcode].name;
      if (before != "YIELD_VALUE" && before != "RETURN_GENERATOR") continue;
      layout.rests.push_back({.unit = firstUnit(labels_[i]), .original = in_.insns[i].offset / 2});
    }
    const std::vector<bool> begins = lineBegins();
    for (const Stub& stub : stubs_) {
      if (!begins[static_cast<size_t>(stub.next)]) layout.joins.push_back(firstUnit(stub.arrives));
    }
    return layout;
  }

  /// By f's instruction: whether CPython may report a line there. It does where the line changes, and where jumps lead.
  std::vector<bool> lineBegins() const {
    std::vector<bool> begins(in_.insns.size() + 1, false);
    int line = -1;
    for (size_t i = 0; i < in_.insns.size(); i++) {
      const RawInsn& insn = in_.insns[i];
      if (insn.target >= 0) begins[static_cast<size_t>(insn.target)] = begins[static_cast<size_t>(insn.target) + 1] = true;
      const std::string_view name = table_[insn.opcode].name;
      if (name == "RESUME" || name.starts_with("END_")) continue;   // CPython passes over them
      if (insn.position.line != line) begins[i] = true;
      line = insn.position.line;
    }
    for (const RawHandler& handler : in_.handlers) begins[static_cast<size_t>(handler.target)] = true;
    return begins;
  }

  int add(uint8_t opcode, const Position& position, int arg = 0, int target = -1) {
    out_.insns.push_back({.opcode = opcode, .arg = arg, .target = target, .position = position});
    return static_cast<int>(out_.insns.size()) - 1;
  }
  int add(std::string_view name, const Position& position, int arg = 0, int target = -1) {
    const int opcode = table_.find(name);
    SEGUE_CHECK(opcode >= 0, name);
    return add(static_cast<uint8_t>(opcode), position, arg, target);
  }

  /// Index of the raw instruction at a byte offset of f.
  Result<int> at(int offset) const {
    auto found = std::lower_bound(in_.insns.begin(), in_.insns.end(), offset,
                                  [](const RawInsn& insn, int wanted) { return insn.offset < wanted; });
    SEGUE_REQUIRE(found != in_.insns.end() && found->offset == offset, "%s has no instruction at offset %d",
                  code_.qualname(), offset);
    return static_cast<int>(found - in_.insns.begin());
  }

  void addProbe(int site, const Position& position) {
    const bool open = splice_.sites[static_cast<size_t>(site)].open;
    gates_[static_cast<size_t>(site)] = add(open ? "NOP" : "JUMP_FORWARD", position);   // its target follows
    for (uint8_t opcode : table_.probe) {
      const bool loads = table_[opcode].name == "LOAD_CONST";
      const int constant = static_cast<int>(PyTuple_GET_SIZE(code_.object()->co_consts)) + site;
      behind_[static_cast<size_t>(site)] = add(opcode, position, loads ? constant : 0);
    }
    const int body = static_cast<int>(out_.insns.size());
    if (!open) out_.insns[static_cast<size_t>(gates_[static_cast<size_t>(site)])].target = body;
  }

  /// f's instructions with probes and stubs in between, then jumps and handlers in terms of the new indices.
  Result<void> copyBody() {
    std::vector<int> site_at(in_.insns.size(), -1);
    for (size_t i = 0; i < splice_.sites.size(); i++) {
      SEGUE_TRY(const int index, at(splice_.sites[i].offset));
      site_at[static_cast<size_t>(index)] = static_cast<int>(i);
    }
    gates_.resize(splice_.sites.size());
    behind_.resize(splice_.sites.size());
    for (size_t i = 0; i < in_.insns.size(); i++) {
      labels_.push_back(static_cast<int>(out_.insns.size()));
      if (site_at[i] >= 0) addProbe(site_at[i], in_.insns[i].position);
      if (SEGUE_FAULT(JumpsMissGates)) labels_.back() = static_cast<int>(out_.insns.size());
      bodies_.push_back(static_cast<int>(out_.insns.size()));
      out_.insns.push_back(in_.insns[i]);
      if (stubsStandInFront() && stubs_.empty() && table_[in_.insns[i].opcode].name == "RESUME") {
        SEGUE_TRY_VOID(addStubsInFront());
      }
    }
    labels_.push_back(static_cast<int>(out_.insns.size()));
    if (!stubsStandInFront()) SEGUE_TRY_VOID(addStubs());
    for (int body : bodies_) {
      RawInsn& insn = out_.insns[static_cast<size_t>(body)];
      if (insn.target >= 0) insn.target = labels_[static_cast<size_t>(insn.target)];
    }
    for (RawHandler handler : in_.handlers) {
      for (int* index : {&handler.start, &handler.end, &handler.target}) *index = labels_[static_cast<size_t>(*index)];
      out_.handlers.push_back(handler);
    }
    linkStubs();
    return {};
  }

  /// Stubs stand where their jumps go in the direction that they have: behind the code, or behind its first RESUME.
  bool stubsStandInFront() const { return table_[table_.exit_jump].jump == RawJump::kForward; }

  Result<void> addStubsInFront() {
    if (splice_.exits.empty()) return {};
    const int over = add("JUMP_FORWARD", Position{});   // of no line: tracers are told of the one that comes
    SEGUE_TRY_VOID(addStubs());
    out_.insns[static_cast<size_t>(over)].target = static_cast<int>(out_.insns.size());
    return {};
  }

  Result<void> addStubs() {
    for (const SpliceExit& exit : splice_.exits) {
      SEGUE_TRY(int index, at(exit.offset));
      // The call proper stands behind its prefixes.
      const bool behind = exit.into_call || SEGUE_FAULT(ExitSkipsBreak);
      while (behind && table_[in_.insns[static_cast<size_t>(index)].opcode].role != RawRole::kNormal) index++;
      const Position position =
          SEGUE_FAULT(StubLinesLost) ? Position{} : in_.insns[static_cast<size_t>(index)].position;
      Stub stub{.covered_as = index, .next = behind ? index + 1 : index, .passes_gate = behind};
      stub.land = add("POP_TOP", position);
      // A frame that is about to go on inside of a call must not be interrupted here: the callee's own way in looks.
      stub.enter = add("RESUME", position, exit.into_call ? kResumeQuietly : 0);
      if (exit.into_call) add(SEGUE_FAULT(CalleeNotResumed) ? "UNARY_NOT" : "UNARY_NEGATIVE", position);
      stub.end = add(table_.exit_jump, position) + 1;
      stubs_.push_back(stub);
    }
    return {};
  }

  void linkStubs() {
    for (Stub& stub : stubs_) {
      const std::vector<int>& places = stub.passes_gate ? labels_ : bodies_;
      stub.arrives = places[static_cast<size_t>(stub.next)];
      out_.insns[static_cast<size_t>(stub.end) - 1].target = stub.arrives;
      if (!SEGUE_FAULT(StubsUncovered)) cover(stub);
    }
    std::sort(out_.handlers.begin(), out_.handlers.end(),
              [](const RawHandler& a, const RawHandler& b) { return a.start < b.start; });
  }

  /// What catches an exception of f's instruction also catches one of the stub.
  void cover(const Stub& stub) {
    for (size_t i = 0; i < in_.handlers.size(); i++) {
      if (stub.covered_as < in_.handlers[i].start || stub.covered_as >= in_.handlers[i].end) continue;
      RawHandler handler = out_.handlers[i];
      handler.start = stub.land;
      handler.end = stub.end;
      out_.handlers.push_back(handler);
      return;
    }
  }

  /// Code unit of an instruction's own opcode, behind its prefixes.
  int unit(int index) const { return out_.insns[static_cast<size_t>(index)].lasti / 2; }
  int firstUnit(int index) const { return out_.insns[static_cast<size_t>(index)].offset / 2; }

  void number(Splice* made) const {
    for (size_t i = 0; i < made->sites.size(); i++) {
      SpliceSite& site = made->sites[i];
      site.gate = unit(gates_[i]);
      site.behind = firstUnit(behind_[i]);
      site.gate_arg = firstUnit(behind_[i] + (SEGUE_FAULT(GateTooShort) ? 0 : 1)) - site.gate - 1;
    }
    for (size_t i = 0; i < made->exits.size(); i++) {
      made->exits[i].enter = firstUnit(stubs_[i].enter);
      made->exits[i].land = firstUnit(stubs_[i].land);
    }
    made->leave = firstUnit(leave_);
  }

  const Code& code_;
  const Splice& splice_;
  const LayoutMaker make_layout_;
  const RawTable& table_;
  RawCode in_, out_;
  std::vector<int> labels_;    ///< by f's instruction: where jumps to it go in f'
  std::vector<int> bodies_;    ///< … and where it is itself
  std::vector<int> gates_;     ///< by site
  std::vector<int> behind_;    ///< by site
  std::vector<Stub> stubs_;    ///< by exit
  int leave_ = -1;
};

// ---- where probes go ---------------------------------------------------------------------------------------------------

/// Per instruction: the exceptions on the stack.
std::vector<SiteFinder::Exceptions> exceptionsAt(const Code& code, const Cfg& cfg) {
  using Exceptions = SiteFinder::Exceptions;
  std::vector<Exceptions> at(static_cast<size_t>(code.size()));
  std::vector<bool> seen(static_cast<size_t>(code.size()), false);
  std::vector<std::pair<int, Exceptions>> open = {{0, {}}};   // blocks, and how they start
  while (!open.empty()) {
    auto [index, state] = open.back();
    open.pop_back();
    const BasicBlock& block = cfg.block(index);
    if (seen[static_cast<size_t>(block.start)]) continue;
    seen[static_cast<size_t>(block.start)] = true;
    if (block.handler >= 0) {
      // Handlers that look at the exception begin with PUSH_EXC_INFO; what may raise in such a block is behind it.
      const bool looks = code.insn(cfg.block(block.handler).start).op == Opcode::kPushExcInfo;
      const int handled = state.handled + (code.insn(block.start).op == Opcode::kPushExcInfo ? 1 : 0);
      open.emplace_back(block.handler, Exceptions{.handled = handled, .passing = !looks});
    }
    for (int i = block.start; i < block.end; i++) {
      const Opcode op = code.insn(i).op;
      if (op == Opcode::kWithExceptStart) state.passing = true;
      at[static_cast<size_t>(i)] = state;
      if (op == Opcode::kPushExcInfo) state.handled++;
      if (op == Opcode::kPopExcept) state.handled--;
      if (op == Opcode::kPopExcept || op == Opcode::kEndAsyncFor || op == Opcode::kCleanupThrow) state.passing = false;
    }
    for (int successor : block.successors) open.emplace_back(successor, state);
  }
  return at;
}

/// Instructions in front of which a probe would come too early: the value on the stack is about to be stored or dropped, a
/// handler is about to end, or CPython takes this one and its neighbour as one.
bool isPassedOver(const Insn& insn) {
  switch (insn.op) {
    case Opcode::kStoreLocal:
    case Opcode::kPopTop:
    case Opcode::kPopExcept:
    case Opcode::kNop:
    case Opcode::kEndSend:
    case Opcode::kEndFor: return true;
    case Opcode::kResume: return insn.arg < 2;
    default: return false;
  }
}

/// Instructions that segments never leave at.
bool neverBreaks(Opcode op) {
  switch (op) {
    case Opcode::kNop:
    case Opcode::kPopTop:
    case Opcode::kPushNull:
    case Opcode::kCopy:
    case Opcode::kSwap:
    case Opcode::kLoadConst:
    case Opcode::kLoadLocal:
    case Opcode::kStoreLocal:
    case Opcode::kPushExcInfo:
    case Opcode::kJump:
    case Opcode::kReturn: return true;
    default: return false;
  }
}

bool isPlace(const Code& code, int index, const std::vector<SiteFinder::Exceptions>& exceptions) {
  const Insn& insn = code.insn(index);
  return insn.is_first_of_raw && code.depthBefore(index) >= 0 && !exceptions[static_cast<size_t>(index)].passing &&
         insn.op != Opcode::kPushExcInfo && insn.op != Opcode::kReraise && insn.op != Opcode::kSend && insn.op != Opcode::kSendDrop &&
         insn.op != Opcode::kYieldValue && insn.op != Opcode::kResume;
}

/// The instructions that may run right behind this unit.
std::vector<int> successors(const Code& code, int index) {
  std::vector<int> next;
  int last = index;
  for (;; last++) {
    const Insn& insn = code.insn(last);
    if (insn.target >= 0) next.push_back(insn.target);
    const Flow flow = traitsOf(insn.op).flow;
    if (flow == Flow::kJump || flow == Flow::kReturn || flow == Flow::kRaise) return next;
    if (last + 1 >= code.size() || code.insn(last + 1).is_first_of_raw) break;
  }
  if (last + 1 < code.size()) next.push_back(last + 1);
  return next;
}

/// Collects the places that control gets to from some instructions, the first on each path.
class PlaceSearch {
 public:
  PlaceSearch(const Code& code, const std::vector<SiteFinder::Exceptions>& exceptions) : code_(code), exceptions_(exceptions) {}

  /// The next place from here. Where an exception goes on that is where it has been dealt with.
  void from(int index) {
    std::vector<int> open = {index};
    while (!open.empty()) {
      int at = open.back();
      open.pop_back();
      while (at < code_.size() - 1 && isPassedOver(code_.insn(at))) at++;
      if (unbindsException(at)) at += 3;
      if (std::find(seen_.begin(), seen_.end(), at) != seen_.end()) continue;
      seen_.push_back(at);
      if (isPlace(code_, at, exceptions_)) {
        offsets_.push_back(code_.insn(at).offset);
      } else if (exceptions_[static_cast<size_t>(at)].passing || code_.insn(at).op == Opcode::kPushExcInfo) {
        for (int next : successors(code_, at)) open.push_back(next);
      }
      const Handler* outer = code_.insn(at).op == Opcode::kReraise ? code_.handlerOf(at) : nullptr;
      if (outer != nullptr) open.push_back(outer->target);
    }
  }
  std::vector<int> take() { return std::move(offsets_); }

 private:
  /// `error = None; del error`, which compilers put behind `except E as error`. Until then the exception's traceback holds
  /// the frame.
  bool unbindsException(int at) const {
    return at + 3 < code_.size() && code_.insn(at).op == Opcode::kLoadConst &&
           code_.insn(at + 1).op == Opcode::kStoreLocal && code_.insn(at + 2).op == Opcode::kDeleteLocal;
  }

  const Code& code_;
  const std::vector<SiteFinder::Exceptions>& exceptions_;
  std::vector<int> seen_;
  std::vector<int> offsets_;
};

}  // namespace

// Making a code object may let another thread run, which adds to the splice, too.
Result<void> buildSplice(const Code& code, Splice* splice, LayoutMaker make_layout) {
  auto same = [](const SpliceSite& a, const SpliceSite& b) { return a.probe.get() == b.probe.get() && a.open == b.open; };
  for (;;) {
    const Splice before = *splice;
    SEGUE_TRY(Splice made, Splicer(code, before, make_layout).run());
    const bool changed = splice->exits.size() != before.exits.size() ||
                         !std::equal(splice->sites.begin(), splice->sites.end(), before.sites.begin(), before.sites.end(), same);
    if (changed) continue;
    std::swap(*splice, made);   // the old code is freed last
    return {};
  }
}

SiteFinder::SiteFinder(const Code& code) : code_(code), exceptions_(exceptionsAt(code, Cfg(code))) {}

std::vector<int> SiteFinder::behind(int offset) const {
  const int index = code_.indexAt(offset);
  SEGUE_CHECK(index >= 0, "a break outside of the code");
  PlaceSearch search(code_, exceptions_);
  for (int next : successors(code_, index)) search.from(next);
  const Handler* handler = code_.handlerOf(index);
  if (handler != nullptr && !SEGUE_FAULT(NoProbeBehindHandlers)) search.from(handler->target);
  return search.take();
}

std::vector<int> SiteFinder::alike(int offset) const {
  const Opcode op = operation(code_.indexAt(offset));
  std::vector<int> offsets;
  bool begun = false;   // in front of RESUME frames and generators are set up: no segment stands there
  for (int i = 0; i < code_.size(); i++) {
    const Insn& insn = code_.insn(i);
    begun = begun || insn.op == Opcode::kResume;
    if (begun && insn.is_first_of_raw && code_.depthBefore(i) >= 0 && operation(i) == op) offsets.push_back(insn.offset);
  }
  return offsets;
}

bool SiteFinder::inHandler(int offset) const {
  return exceptions_[static_cast<size_t>(code_.indexAt(offset))].handled > 0;
}

std::vector<SiteFinder::Place> SiteFinder::inHandlers() const {
  std::vector<Place> places;
  for (int i = 0; i < code_.size(); i++) {
    const Exceptions& state = exceptions_[static_cast<size_t>(i)];
    const Opcode op = operation(i);
    if (!code_.insn(i).is_first_of_raw || code_.depthBefore(i) < 0 || state.handled == 0 || state.passing || neverBreaks(op)) continue;
    const bool calls = op == Opcode::kCall || op == Opcode::kCallKw || op == Opcode::kCallEx;
    places.push_back({.offset = code_.insn(i).offset, .calls = calls});
  }
  return places;
}

// On 3.11 and 3.12 a call with keywords starts with loading their names.
Opcode SiteFinder::operation(int index) const {
  while (index + 1 < code_.size() && !code_.insn(index + 1).is_first_of_raw) index++;
  return code_.insn(index).op;
}

}  // namespace segue
