// What an entry compares with, but does not keep alive.
//
// Model. Guards and assumptions name classes, functions, modules' objects and instances. Were the entry their owner, they would
// live as long as the function that was compiled: too long for weak references, finalizers and memory. So the references are
// *lent*: when the entry is installed they are given back, and a weak reference watches each object. When one dies, nothing can
// match the entry any more: it is taken out of its table and freed there and then.
//
// Requirements
//  1. References in tuples that only the entry has (the keys of a dict) are lent, too. Such a tuple is hidden from the collector, as it
//     does not own its items any more.
//  2. An object that nobody else owns (a constant made for the segment) stays the entry's, as do objects that CPython keeps no
//     weak references to, modules, code objects and static types.
//  3. A run owns the lent objects that it works with (Segment::lent) from its start to its end.
//  4. Taken out of its table, an entry owns again what is alive; what is dead is forgotten without being touched.
#pragma once

#include <vector>

#include "absl/types/span.h"
#include "base/ref.h"

namespace segue {

struct Entry;
/// Where a reference is kept that the entry owns.
using Place = PyObject**;

/// Creates the callback. False with a Python exception set on failure. Idempotent.
bool initLending();

/// Whether somebody watches the object's life with a weak reference: lending does not count.
bool hasWeakReferences(PyObject* object);

class LentObjects {
 public:
  LentObjects() = default;
  LentObjects(const LentObjects&) = delete;
  ~LentObjects();

  /// Makes weak references to those of `objects` that can be lent. May run any Python code; nothing is given back yet.
  void watch(absl::Span<const BorrowedRef> objects);
  /// Gives back all of `references` that lead to a watched object with other owners. The death of one takes `entry` out.
  void lend(absl::Span<const Place> references, Entry* entry);
  /// Owns again what is alive, and sets to null what is not. False when something is dead. Nothing is watched any more.
  bool reclaim(absl::Span<const Place> references);

  bool contains(PyObject* object) const { return find(object) != nullptr; }
  bool empty() const { return objects_.empty(); }
  size_t bytes() const;

 private:
  struct Watched {
    PyObject* object;   ///< not owned once it is lent
    Ref weak;
  };
  const Watched* find(PyObject* object) const;
  std::vector<Watched> objects_;   ///< by address
};

}  // namespace segue
