#include "runtime/dispatch.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hook/watch.h"
#include "runtime/callable.h"
#include "runtime/probe.h"
#include "runtime/dispatch_tree.h"

namespace segue {

// ---- entries -----------------------------------------------------------------------------------------------------

Entry::Entry(GuardProgram program, std::vector<Assumption> facts, Segment code)
    : guards(std::move(program)), assumptions(std::move(facts)), segment(std::move(code)), keys(dispatchKeys(guards)) {
  keys.shrink_to_fit();
  reg_count = std::max({guards.slot_count, segment.reg_count, 1u});
  int_count = std::max({guards.int_count, segment.int_count, 1u});
  std::vector<BorrowedRef> compared(guards.held.begin(), guards.held.end());
  for (const Ref& object : guards.held) {
    if (!PyTuple_CheckExact(object.get())) continue;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object.get()); i++) compared.push_back(PyTuple_GET_ITEM(object.get(), i));
  }
  assumptions.appendObjects(&compared);
  lent_.watch(compared);
}

Entry::~Entry() {
  if (segment.plan.pending != nullptr) segment.plan.pending->listen(nullptr);
  reclaim();
}

std::vector<Place> Entry::references() {
  std::vector<Place> places;
  for (std::vector<Ref>* refs : {&guards.held, &segment.plan.constants, &segment.replay.constants}) {
    for (Ref& ref : *refs) places.push_back(ref.place());
  }
  for (PyObject* tuple : opened_) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) places.push_back(&PyTuple_GET_ITEM(tuple, i));
  }
  assumptions.appendReferences(&places);
  return places;
}

void Entry::lend(DispatchTable* table) {
  table_ = table;
  for (const Ref& object : guards.held) {
    if (!PyTuple_CheckExact(object.get()) || Py_REFCNT(object.get()) != 1) continue;
    if (PyObject_GC_IsTracked(object.get())) PyObject_GC_UnTrack(object.get());
    opened_.push_back(object.get());
  }
  lent_.lend(references(), this);
  auto add = [&](PyObject* object) {
    if (lent_.contains(object)) segment.lent.push_back(object);
  };
  for (const Ref& constant : segment.plan.constants) add(constant.get());
  for (const Ref& constant : segment.replay.constants) add(constant.get());
  for (const GuardInsn& insn : guards.insns) {
    if (insn.op == GuardOp::kFetchConstant) add(insn.object);
  }
  segment.lent.shrink_to_fit();
}

// A run that goes on owns the objects of `segment.lent` and lets go of them itself: the list stays.
void Entry::reclaim() {
  table_ = nullptr;
  if (!lent_.reclaim(references())) assumptions.abandon();
}

void takeOutDead(Entry* entry) { entry->table_->takeOutDead(entry); }

size_t Entry::bytes() const {
  return sizeof *this + guards.bytes() - sizeof guards + assumptions.bytes() + segment.bytes() - sizeof segment +
         keys.capacity() * sizeof(DispatchKey) + lent_.bytes();
}

int Entry::traverse(visitproc visit, void* arg) {
  for (Place place : references()) {
    const bool opened = std::find(opened_.begin(), opened_.end(), *place) != opened_.end();
    if (!opened && !lent_.contains(*place)) Py_VISIT(*place);
  }
  return 0;
}

// ---- tables ------------------------------------------------------------------------------------------------------

DispatchTable::DispatchTable() = default;
DispatchTable::~DispatchTable() = default;

Entry* DispatchTable::findIn(const DispatchNode& node, const FrameRoots& roots, PyObject** regs, int64_t* ints) {
  for (Entry* entry : node.leaf) {
    if (tryEntry(entry, roots, regs, ints) != nullptr) return entry;
  }
  if (node.isLeaf()) return nullptr;
  uint64_t value = 0;
  if (testValue(node, roots, regs, ints, &value)) {
    auto child = node.children.find(value);
    Entry* found = child == node.children.end() ? nullptr : findIn(*child->second, roots, regs, ints);
    if (found != nullptr) return found;
  }
  return node.rest == nullptr || SEGUE_FAULT(RestNotTried) ? nullptr : findIn(*node.rest, roots, regs, ints);
}

bool DispatchTable::install(EntryRef entry, int64_t limit) {
  if (stale_) sweep();
  if (used() >= limit && !SEGUE_FAULT(LimitIgnored)) return false;
  entry->lend(this);
  entries_.push_back(std::move(entry));
  rebuild();
  return true;
}

namespace {

/// Entries that lookups have taken out of their tables. Never freed itself: the interpreter is gone by then.
std::vector<EntryRef>& droppedEntries() {
  static auto* dropped = new std::vector<EntryRef>;
  return *dropped;
}

}  // namespace

void freeDroppedEntries() {
  dropped_entries_wait = false;
  std::vector<EntryRef> dropped = std::exchange(droppedEntries(), {});
}

bool DispatchTable::remove(const Entry* entry) {
  EntryRef dropped;  // freed once the table is whole again
  auto at = std::find_if(entries_.begin(), entries_.end(), [&](const EntryRef& e) { return e.get() == entry; });
  if (at == entries_.end()) return false;
  dropped = std::move(*at);
  dropped->reclaim();
  entries_.erase(at);
  rebuild();
  return true;
}

// Something that was replaced elsewhere, like a module's variable, is known to vary.
void DispatchTable::takeOutDead(Entry* entry) {
  if (entry->assumptions.holds()) outlived_++;
  remove(entry);
}

void DispatchTable::takeAll(std::vector<EntryRef>* dropped) {
  for (EntryRef& entry : entries_) {
    entry->reclaim();
    dropped->push_back(std::move(entry));
  }
  entries_.clear();
  limit_warned = false;
  outlived_ = 0;
  rebuild();
}

void DispatchTable::takeBroken(std::vector<EntryRef>* dropped) {
  auto broken = [](const EntryRef& e) { return !e->assumptions.valid(); };
  auto first = std::stable_partition(entries_.begin(), entries_.end(), [&](const EntryRef& e) { return !broken(e); });
  if (first == entries_.end()) return;
  for (auto it = first; it != entries_.end(); ++it) {
    (*it)->reclaim();
    dropped->push_back(std::move(*it));
  }
  entries_.erase(first, entries_.end());
  rebuild();
}

// Not freed here: that runs finalizers, which may do anything to the tables, and let other threads do it.
void DispatchTable::sweep() {
  stale_ = false;
  takeBroken(&droppedEntries());
  dropped_entries_wait = true;
}

void DispatchTable::rebuild() {
  reg_count_ = int_count_ = 0;
  std::vector<Entry*> all;
  for (const EntryRef& entry : entries_) {
    all.push_back(entry.get());
    reg_count_ = std::max(reg_count_, entry->reg_count);
    int_count_ = std::max(int_count_, entry->int_count);
  }
  only_ = all.size() == 1 ? all.front() : nullptr;
  tree_ = all.size() > 1 ? buildTree(all) : nullptr;
}

std::vector<GuardFailure> DispatchTable::explainMiss(const FrameRoots& roots) {
  std::vector<GuardFailure> failures;
  std::vector<PyObject*> regs(std::max(regCount(), 1u), nullptr);
  std::vector<int64_t> ints(std::max(intCount(), 1u), 0);
  for (const EntryRef& entry : entries_) {
    uint32_t at = runGuards(entry->guards, roots, regs.data(), ints.data());
    if (at != kGuardsPass) failures.push_back(explainGuard(entry->guards, at, regs.data(), ints.data()));
  }
  return failures;
}

std::vector<std::string> DispatchTable::varyingSources(const FrameRoots& roots, size_t most) {
  absl::flat_hash_map<std::string, size_t> count;
  std::vector<PyObject*> regs(std::max(regCount(), 1u), nullptr);
  std::vector<int64_t> ints(std::max(intCount(), 1u), 0);
  for (const EntryRef& entry : entries_) {
    const GuardProgram& guards = entry->guards;
    const uint32_t at = runGuards(guards, roots, regs.data(), ints.data());
    if (at == kGuardsPass) continue;
    for (uint32_t slot : pinnedSlots(guards, at)) count[guards.paths[slot]]++;
  }
  std::vector<std::string> varying;
  for (const auto& [source, times] : count) {
    if (times >= most) varying.push_back(source);
  }
  return varying;
}

std::string DispatchTable::describeLimit(const FrameRoots& roots) {
  std::vector<GuardFailure> failures = explainMiss(roots);
  if (failures.empty()) return outlived_ > 0 ? "what entries were made for has died since" : "no guard fails";
  absl::flat_hash_map<std::string, size_t> count;
  for (const GuardFailure& failure : failures) count[failure.source]++;
  const GuardFailure* worst = &failures.front();
  for (const GuardFailure& failure : failures) {
    if (count[failure.source] > count[worst->source]) worst = &failure;
  }
  std::vector<std::string> wanted;
  for (const GuardFailure& failure : failures) {
    if (failure.source != worst->source || wanted.size() > 3) continue;
    if (std::find(wanted.begin(), wanted.end(), failure.expected) == wanted.end()) wanted.push_back(failure.expected);
  }
  if (wanted.size() > 3) wanted.back() = "...";
  return absl::StrCat(worst->source, " differs from ", count[worst->source], " of ", entries_.size(), " entries: it is ",
                      worst->actual, "; compiled for: ", absl::StrJoin(wanted, ", "));
}

std::string DispatchTable::printTree() const {
  std::string out;
  if (tree_ != nullptr) {
    printNode(*tree_, 0, &out);
  } else {
    out = absl::StrCat(entries_.size(), entries_.size() == 1 ? " entry\n" : " entries\n");
  }
  return out;
}

namespace {

size_t nodeBytes(const DispatchNode& node) {
  size_t total = sizeof node + node.fetch.bytes() + node.leaf.capacity() * sizeof(Entry*);
  total += node.children.capacity() * (sizeof(uint64_t) + sizeof(void*) + 1);
  for (const auto& [value, child] : node.children) total += nodeBytes(*child);
  return total + (node.rest != nullptr ? nodeBytes(*node.rest) : 0);
}

}  // namespace

size_t DispatchTable::bytes() const {
  size_t total = sizeof *this + entries_.capacity() * sizeof(EntryRef);
  for (const EntryRef& entry : entries_) total += entry->bytes();
  return total + (tree_ != nullptr ? nodeBytes(*tree_) : 0);
}

// An entry that a running segment holds too has an owner that the collector does not see: leave it out.
int DispatchTable::traverse(visitproc visit, void* arg) const {
  for (const EntryRef& entry : entries_) {
    if (entry->owners.count != 1) continue;
    if (int stop = entry->traverse(visit, arg); stop != 0) return stop;
  }
  return 0;
}

// ---- code objects ------------------------------------------------------------------------------------------------

/// All code states, for reset; and the co_extra slot.
struct CodeStates {
  static absl::flat_hash_set<CodeState*>& all() {
    static auto* states = new absl::flat_hash_set<CodeState*>;   // outlives the interpreter's own teardown
    return *states;
  }
  static void free(void* extra) {
    auto* state = static_cast<CodeState*>(extra);
    if (state == nullptr) return;
    all().erase(state);
    delete state;
  }
  /// Frees what broken assumptions left behind. At a safe point: finalizers may run.
  static int sweep(void*) {
    sweep_requested = false;
    std::vector<EntryRef> dropped = std::exchange(droppedEntries(), {});
    for (CodeState* state : all()) state->takeBroken(&dropped);
    return 0;
  }
  static void requestSweep() {
    if (!sweep_requested) sweep_requested = Py_AddPendingCall(sweep, nullptr) == 0;
  }
  static inline Py_ssize_t index = -1;
  static inline bool sweep_requested = false;
};

bool initDispatch() {
  if (CodeStates::index < 0) CodeStates::index = segue_code_extra_index(CodeStates::free);
  if (CodeStates::index < 0) return false;
  setBrokenNotice(CodeStates::requestSweep);
  return initAssumptions() && initLending();
}

CodeState* CodeState::find(PyCodeObject* code) {
  return static_cast<CodeState*>(segue_code_extra(code, CodeStates::index));
}

CodeState* CodeState::obtain(PyCodeObject* code) {
  if (CodeState* known = find(code)) return known;
  auto state = std::unique_ptr<CodeState>(new CodeState(code));
  if (segue_set_code_extra(code, CodeStates::index, state.get()) < 0) return nullptr;
  CodeStates::all().insert(state.get());
  return state.release();
}

DispatchTable& CodeState::obtainTable(TableKey key) {
  if (DispatchTable* known = table(key)) return *known;
  auto made = std::make_unique<DispatchTable>();
  DispatchTable& ref = *made;
  if (key == 0) {
    start_ = std::move(made);
  } else {
    others_.emplace(key, std::move(made));
  }
  return ref;
}

SplicedCode* CodeState::spliced(int options_id) {
  for (const Counted<SplicedCode>& spliced : spliced_) {
    if (spliced->options_id == options_id) return spliced.get();
  }
  return nullptr;
}

SplicedCode& CodeState::obtainSpliced(int options_id, const std::shared_ptr<const CompileOptions>& options) {
  if (SplicedCode* known = spliced(options_id)) return *known;
  return *spliced_.emplace_back(new SplicedCode{this, options_id, options});
}

void CodeState::takeOptions(int options_id, std::vector<EntryRef>* dropped) {
  absl::erase_if(others_, [&](auto& other) {
    if (optionsOf(other.first) != options_id) return false;
    other.second->takeAll(dropped);
    return true;
  });
  auto gone = std::stable_partition(spliced_.begin(), spliced_.end(),
                                    [&](const Counted<SplicedCode>& spliced) { return spliced->options_id != options_id; });
  for (auto it = gone; it != spliced_.end(); ++it) idle(it->get());
  spliced_.erase(gone, spliced_.end());
}

// Frames may still run f': its probes are idle from now on.
void CodeState::idle(SplicedCode* spliced) {
  spliced->state = nullptr;
  for (const SpliceSite& site : spliced->splice->sites) probeSite(site.probe)->spliced = nullptr;
}

CodeState::~CodeState() {
  for (StateKeeper* user : users) user->forget(this);
  for (const Counted<SplicedCode>& spliced : spliced_) idle(spliced.get());
}

void CodeState::takeAll(std::vector<EntryRef>* dropped) {
  if (start_ != nullptr) start_->takeAll(dropped);
  for (auto& [key, table] : others_) table->takeAll(dropped);
}

void CodeState::takeBroken(std::vector<EntryRef>* dropped) {
  if (start_ != nullptr) start_->takeBroken(dropped);
  for (auto& [key, table] : others_) table->takeBroken(dropped);
}

int CodeState::traverse(visitproc visit, void* arg) const {
  if (start_ != nullptr) {
    if (int stop = start_->traverse(visit, arg); stop != 0) return stop;
  }
  for (const auto& [key, table] : others_) {
    if (int stop = table->traverse(visit, arg); stop != 0) return stop;
  }
  return 0;
}

bool CodeState::addUser(StateKeeper* user) {
  constexpr size_t kMostUsers = 4;
  if (users.size() >= kMostUsers || std::find(users.begin(), users.end(), user) != users.end()) return false;
  users.push_back(user);
  if (keeper == nullptr) keeper = user;
  return true;
}

bool CodeState::removeUser(StateKeeper* user) {
  users.erase(std::remove(users.begin(), users.end(), user), users.end());
  if (keeper != user) return true;
  keeper = users.empty() ? nullptr : users.front();
  return keeper != nullptr;
}

int64_t CodeState::countOptions(const CompileOptions* options) const {
  return std::count_if(spliced_.begin(), spliced_.end(),
                       [&](const Counted<SplicedCode>& spliced) { return spliced->options.get() == options; });
}

void dropOptions(int options_id) {
  std::vector<EntryRef> dropped;   // freed last, as in clearDispatch
  for (CodeState* state : CodeStates::all()) state->takeOptions(options_id, &dropped);
}

void clearDispatch() {
  std::vector<EntryRef> dropped;   // freed last: that may free code objects and with them their states
  for (CodeState* state : CodeStates::all()) {
    state->takeAll(&dropped);
    state->guesses_wrong = false;
  }
}

int64_t CodeState::entryCount() const {
  int64_t count = start_ != nullptr ? static_cast<int64_t>(start_->entries().size()) : 0;
  for (const auto& [key, table] : others_) count += static_cast<int64_t>(table->entries().size());
  return count;
}

int64_t entryCount() {
  int64_t count = 0;
  for (const CodeState* state : CodeStates::all()) count += state->entryCount();
  return count;
}

}  // namespace segue
