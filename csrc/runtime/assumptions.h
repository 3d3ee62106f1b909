// Keeping assumptions: facts that an entry relies on and that are too dear to check per call.
//
// Model. An AssumptionSet belongs to one entry. `holds()` is one load where watchers keep the facts (dicts and types on
// 3.12 and later) and one compare per dict or type where version tags do (3.11); functions are compared by their code,
// defaults and keyword defaults on every version, because CPython's function watchers are called for every function that
// the process creates. A watcher's event is judged at once: a write that leaves the assumed value in place changes
// nothing, any other invalidates the sets that rely on it. Nothing is freed inside an event.
//
// Requirements
//  1. holds() runs no user code and allocates nothing.
//  2. Once false, holds() stays false: the entry is dropped at its table's next lookup.
//  3. A fact whose owner CPython cannot watch (a type without a version tag) is compared per call instead.
//  4. Facts that keep changing are reported by `unstable`, so that the driver guards them per call.
#pragma once

#include <memory>
#include <vector>

#include "program/assumption.h"

namespace segue {

/// Adds the watchers to the interpreter. False with a Python exception set on failure. Idempotent.
bool initAssumptions();

class AssumptionSet {
 public:
  AssumptionSet() = default;
  /// Starts watching. A fact that does not hold any more makes the set invalid at once.
  explicit AssumptionSet(std::vector<Assumption> assumptions);
  AssumptionSet(const AssumptionSet&) = delete;
  AssumptionSet& operator=(const AssumptionSet&) = delete;
  ~AssumptionSet();

  bool holds() { return state_ == State::kQuiet || (state_ != State::kBroken && examine()); }
  /// Makes holds() false for good.
  void invalidate() { state_ = State::kBroken; }
  bool valid() const { return state_ != State::kBroken; }
  /// holds() is one load: watchers keep every fact, and none has spoken.
  bool quiet() const { return state_ == State::kQuiet; }

  const std::vector<Assumption>& assumptions() const { return assumptions_; }
  /// Stops watching, for good: objects that the facts are about are dead.
  void abandon();

  /// The objects that facts are about or name.
  void appendObjects(std::vector<BorrowedRef>* objects) const;
  /// Where all references are that the set owns.
  void appendReferences(std::vector<PyObject**>* places);
  size_t bytes() const;

 private:
  friend class WatchRegistry;
  enum class State : uint8_t {
    kQuiet,      ///< watchers keep everything and have not spoken
    kExamine,    ///< something is to be compared: facts without a watcher, or a watched type that has changed
    kBroken,     ///< a fact does not hold
  };
  /// The facts about one owner.
  struct Owner {
    PyObject* object;                  ///< borrowed from assumptions_
    AssumptionKind kind;               ///< kDictValue, kFunctionUnchanged, or kTypeUnchanged for any fact about a type
    bool watched = false;              ///< a watcher tells; otherwise compared per call
    bool suspect = false;              ///< a watched type that has changed: look at it again
    uint64_t version = 0;              ///< not watched: version when the facts last held; 0 = look every time
    uint32_t first = 0, count = 0;     ///< the facts, in assumptions_
    std::vector<Ref> pinned;           ///< functions: code, defaults, kwdefaults and the values in kwdefaults
  };
  bool examine();
  const Assumption* examineOwner(Owner& owner);
  const Assumption* failing(const Owner& owner) const;
  void breakOn(const Assumption& fact);
  void watch(Owner& owner);

  std::vector<Assumption> assumptions_;   ///< sorted by owner
  std::vector<Owner> owners_;
  State state_ = State::kQuiet;
};

/// Called inside the event that broke a set; may only set flags. Null (the start): nobody is told.
void setBrokenNotice(void (*notice)());

/// True when facts of this kind about (owner, key) have failed so often that a guard per call is cheaper.
bool unstableAssumption(AssumptionKind kind, BorrowedRef owner, BorrowedRef key);

}  // namespace segue
