// Finding the segment for a frame.
//
// Model. Each code object has a CodeState (in its co_extra slot, freed with it) with one DispatchTable per offset at which
// segments start. A table holds entries and a decision tree over them. A node of the tree tests one thing that the
// entries beneath it disagree about: the type of a source, the dtype and rank of an array, a constant it equals, an
// object it is, a size; its value chooses the child by hash. The test that leaves the fewest entries goes first, so that 64
// entries that differ in a type, a dtype, a string or an int cost a hash lookup or two and one run of guards. Entries that
// do not constrain what a node tests are in its `rest`. A table with one entry has no node at all.
//
// Requirements
//  1. find() allocates nothing and runs no user code; hits move nothing.
//  2. An entry is immutable but for its segment's rerun counts, and lives while somebody holds an EntryRef.
//  3. A miss adds entries but changes no other entry's cost by more than a node.
//  4. At the limit, existing entries still hit and new combinations find nothing.
//  5. Entries whose assumptions fell are dropped at the next lookup, outside any watcher's event, and freed in front of the
//     one after that.
//  6. What an entry compares with is not kept alive by it: it goes with the object (runtime/lent.h).
//  7. Any Python code may run, and with it other threads, wherever objects are freed, Python code is called or (on 3.11)
//     objects are made. A table or state is not used across that: it is looked up again. Its code object is held.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "base/counted.h"
#include "base/fault.h"
#include "program/guard_program.h"
#include "program/segment.h"
#include "runtime/assumptions.h"
#include "runtime/lent.h"

namespace segue {

/// What a tree node looks at.
enum class DispatchTest : uint8_t { kType, kArray, kEquals, kIdentity, kLength, kCode, kNumber };

/// One thing a guard demands that a tree node can test: `what` names the test, `value` is what this entry needs.
struct DispatchKey {
  uint64_t what = 0;        ///< hash of the fetches that lead to the value, and of the kind of test
  uint64_t value = 0;       ///< hash of the value demanded
  uint32_t insn = 0;        ///< the check in the entry's program
  DispatchTest test = DispatchTest::kType;
};

class DispatchTable;

/// A segment under its guards. Reference counted under the GIL.
struct Entry {
  GuardProgram guards;
  AssumptionSet assumptions;
  Segment segment;                   ///< SegmentExit::kEager: a verdict
  std::vector<DispatchKey> keys;     ///< in program order
  uint32_t reg_count = 0;            ///< registers that guards and segment need
  uint32_t int_count = 0;
  Owners owners;                     ///< EntryRefs to this

  Entry(GuardProgram guards, std::vector<Assumption> assumptions, Segment segment);
  ~Entry();
  /// Lies in `table` from now on, and lends what it compares with (runtime/lent.h).
  void lend(DispatchTable* table);
  /// Is taken out of the table. Broken for good when something that it lent is dead.
  void reclaim();
  bool eager() const { return segment.exit == SegmentExit::kEager; }
  size_t bytes() const;
  /// Visits what it owns, as tp_traverse does.
  int traverse(visitproc visit, void* arg);

 private:
  friend void takeOutDead(Entry* entry);
  std::vector<Place> references();
  LentObjects lent_;
  std::vector<PyObject*> opened_;    ///< tuples of `guards`, nobody else's, whose items may be lent
  DispatchTable* table_ = nullptr;   ///< in which it lies
};

/// An object that the entry has lent dies: the entry goes, too.
void takeOutDead(Entry* entry);

using EntryRef = Counted<Entry>;

/// Entries that lookups have found broken wait to be freed where that is safe: it may run any Python code.
inline bool dropped_entries_wait = false;
void freeDroppedEntries();

struct CompileOptions;
struct DispatchNode;   // runtime/dispatch_tree.h

/// The entries of one (code object, offset).
class DispatchTable {
 public:
  DispatchTable();
  ~DispatchTable();
  DispatchTable(const DispatchTable&) = delete;

  /// The entry whose guards pass, or null; its slots and symbols are then in `regs` and `ints`, which must have room for
  /// regCount() and intCount(). Borrowed: make an EntryRef before running the segment.
  Entry* find(const FrameRoots& roots, PyObject** regs, int64_t* ints) {
    if (only_ != nullptr) [[likely]] return tryEntry(only_, roots, regs, ints);
    return tree_ != nullptr ? findIn(*tree_, roots, regs, ints) : nullptr;
  }
  /// What find() and the segment it returns need; 0 when there are no entries. Takes out entries whose assumptions fell.
  uint32_t regCount() {
    if (stale_) sweep();
    return reg_count_;
  }
  uint32_t intCount() const { return int_count_; }

  /// Adds an entry; false when the table has used() `limit` of them (nothing changes then).
  bool install(EntryRef entry, int64_t limit);
  /// Takes out one entry (a rerun made it a verdict); running segments keep it alive. False when it is not there any more.
  bool remove(const Entry* entry);
  /// Moves the entries whose assumptions fell, or all, to `dropped`: freeing them may run finalizers.
  void takeBroken(std::vector<EntryRef>* dropped);
  void takeAll(std::vector<EntryRef>* dropped);

  bool empty() const { return entries_.empty(); }
  /// Entries that count for the limit: those that there are, and those that went with objects made for a call or two, which
  /// would be compiled again for each call.
  int64_t used() const { return static_cast<int64_t>(entries_.size()) + outlived_; }
  void takeOutDead(Entry* entry);
  absl::Span<const EntryRef> entries() const { return entries_; }
  /// First failing guard of each entry for this call, in order of installation: for `recompiles` logs.
  std::vector<GuardFailure> explainMiss(const FrameRoots& roots);
  /// The sources that `most` entries or more hold to other values than they have now. Another entry that makes a constant
  /// of one of them would be one of many.
  std::vector<std::string> varyingSources(const FrameRoots& roots, size_t most);
  /// Words for the limit's warning: the source that fails in most entries, with what it is and was expected to be.
  std::string describeLimit(const FrameRoots& roots);
  /// Whether the limit's warning has been given (the caller gives it once).
  bool limit_warned = false;

  /// The decision tree, one node per line; for tests and logs.
  std::string printTree() const;
  size_t bytes() const;
  int traverse(visitproc visit, void* arg) const;

 private:
  Entry* findIn(const DispatchNode& node, const FrameRoots& roots, PyObject** regs, int64_t* ints);
  Entry* tryEntry(Entry* entry, const FrameRoots& roots, PyObject** regs, int64_t* ints) {
    if (!SEGUE_FAULT(BrokenEntryKept) && !entry->assumptions.holds()) [[unlikely]] {
      stale_ = true;
      return nullptr;
    }
    return runGuards(entry->guards, roots, regs, ints) == kGuardsPass ? entry : nullptr;
  }
  void rebuild();
  void sweep();

  std::vector<EntryRef> entries_;        ///< in order of installation
  Entry* only_ = nullptr;                ///< the entry of a table of one
  std::unique_ptr<DispatchNode> tree_;   ///< of a table of more
  uint32_t reg_count_ = 0;
  uint32_t int_count_ = 0;
  int64_t outlived_ = 0;                 ///< entries taken out because an object that they had lent died
  bool stale_ = false;                   ///< an entry was seen to be invalid
};

/// Which table of a code object: segments start at a bytecode offset (0: the function's start), and segments compiled under
/// different options are kept apart. 0 is the start under default options.
using TableKey = int64_t;
constexpr TableKey tableKey(int options_id, int offset) { return static_cast<TableKey>(options_id) << 32 | offset; }
constexpr int optionsOf(TableKey key) { return static_cast<int>(key >> 32); }

class CodeState;

/// A code object as spliced under some options.
struct SplicedCode {
  CodeState* state;   ///< null once the code object, or the last function with the options, is gone
  int options_id;
  std::shared_ptr<const CompileOptions> options;   ///< what probes compile with
  SpliceRef splice = SpliceRef(new Splice);
  Owners owners;
};

/// Who reports what the entries of code objects hold to the garbage collector.
class StateKeeper {
 public:
  virtual void forget(CodeState* state) = 0;

 protected:
  ~StateKeeper() = default;
};

/// Everything the dispatcher knows of one code object.
class CodeState {
 public:
  /// Null when nothing was compiled for the code. ~2 ns.
  static CodeState* find(PyCodeObject* code);
  /// Creates it when there is none; null with MemoryError set.
  static CodeState* obtain(PyCodeObject* code);

  ~CodeState();

  /// Null when there is none.
  DispatchTable* table(TableKey key) {
    if (key == 0) return start_.get();
    auto found = others_.find(key);
    return found != others_.end() ? found->second.get() : nullptr;
  }
  DispatchTable& obtainTable(TableKey key);

  /// What the compiler has found out about the code, for its own use.
  std::shared_ptr<const void> analysis;

  /// Takes out everything under options that no function uses any more; entries move to `dropped`.
  void takeOptions(int options_id, std::vector<EntryRef>* dropped);

  PyCodeObject* code() const { return code_; }
  /// Set for good by segue.disable: frames of the code are left to CPython.
  bool disabled = false;
  /// Guesses about data have been wrong twice running: entries are compiled without from then on.
  bool guesses_wrong = false;
  /// Null when there is none.
  SplicedCode* spliced(int options_id);
  /// Creates it, with an empty splice, when there is none.
  SplicedCode& obtainSpliced(int options_id, const std::shared_ptr<const CompileOptions>& options);
  /// Moves entries to `dropped`, as the tables do.
  void takeBroken(std::vector<EntryRef>* dropped);
  void takeAll(std::vector<EntryRef>* dropped);
  int64_t entryCount() const;
  /// Copies of these options that splices of the code hold.
  int64_t countOptions(const CompileOptions* options) const;
  /// Reports the entries' references; see `keeper`.
  int traverse(visitproc visit, void* arg) const;

  /// Code objects take no part in garbage collection, so one compiled function through whose calls the code was captured
  /// reports the entries' references in its place. When that one goes, another user takes over; when it is garbage and there is
  /// none, it drops the entries: they are a cache. Null: nobody reports yet.
  StateKeeper* keeper = nullptr;
  /// Compiled functions through whose calls the code runs: the first few.
  absl::InlinedVector<StateKeeper*, 4> users;
  /// Adds a user, who reports from now on if nobody does. False when it is not needed, or known.
  bool addUser(StateKeeper* user);
  /// A user goes; false when it was the keeper, and nobody takes over.
  bool removeUser(StateKeeper* user);

 private:
  friend struct CodeStates;
  static void idle(SplicedCode* spliced);
  explicit CodeState(PyCodeObject* code) : code_(code) {}
  PyCodeObject* code_;   ///< whose this is
  std::unique_ptr<DispatchTable> start_;
  absl::flat_hash_map<TableKey, std::unique_ptr<DispatchTable>> others_;
  absl::InlinedVector<Counted<SplicedCode>, 1> spliced_;
};

/// Reserves the co_extra slot. False with a Python exception set on failure. Idempotent.
bool initDispatch();
/// Drops what every code object has under options that no function uses any more.
void dropOptions(int options_id);
/// Drops the entries of every code object (segue.reset).
void clearDispatch();
/// Entries alive in all tables, verdicts included.
int64_t entryCount();

}  // namespace segue
