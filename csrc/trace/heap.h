// What the trace knows of mutable objects: contents of lists, dicts, cells, instances, positions of iterators, frames of
// generators.
//
// Model. An object with mutable state is a value with an `ObjectId`; its state is an `ObjectState` of the kind that the
// value's file defines. States are read freely and written through `write`, which keeps the previous state when the
// object changes for the first time since the last checkpoint. A rollback puts those back, so that a step that fails in
// the middle leaves no trace.
//
// Objects that exist outside of the trace (*live* objects) also need their changes replayed when the segment commits:
// `log` records these in program order. Objects made in the trace need no log: exits rebuild them with their final
// contents.
//
// Requirements
//  1. Reads see every earlier write of the trace (staged state), never the live object behind it, once loaded.
//  2. rollback(mark) restores exactly the state at mark: states, objects and log.
//  3. Marks nest; rolling back to an older mark invalidates the younger ones.
#pragma once

#include "base/python.h"

#include <memory>
#include <vector>

#include "graph/graph.h"
#include "trace/result.h"

namespace segue {

class Value;
using ValueRef = Value*;

/// State of one mutable object; each value kind defines its own.
struct ObjectState {
  virtual ~ObjectState() = default;
  virtual std::unique_ptr<ObjectState> clone() const = 0;
};

/// CRTP: `struct ListState : ClonableState<ListState> { … }`.
template <class Derived>
struct ClonableState : ObjectState {
  std::unique_ptr<ObjectState> clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

struct ObjectId {
  uint32_t index = 0;
};

/// A write to a live object, in terms of values; becomes a Write of the result.
struct StagedWrite {
  WriteKind kind;
  ValueRef target;
  ValueRef key = nullptr;
  ValueRef value = nullptr;
  Location location;
};

class Heap {
 public:
  ObjectId add(std::unique_ptr<ObjectState> state);

  template <class State>
  const State& read(ObjectId id) const {
    return static_cast<const State&>(*objects_[id.index].state);
  }
  template <class State>
  State& write(ObjectId id) {
    return static_cast<State&>(writable(id));
  }

  void log(StagedWrite write) { log_.push_back(std::move(write)); }
  const std::vector<StagedWrite>& writes() const { return log_; }

  struct Mark {
    uint32_t epoch;
    size_t saved, objects, log;
  };
  /// Cheap: no state is copied until it changes.
  Mark checkpoint();
  void rollback(const Mark& mark);

 private:
  struct Object {
    std::unique_ptr<ObjectState> state;
    uint32_t epoch;            ///< epoch in which `state` was made writable
  };
  struct Saved {
    uint32_t object;
    Object previous;
  };
  ObjectState& writable(ObjectId id);

  std::vector<Object> objects_;   ///< by id
  std::vector<Saved> saved_;      ///< previous states, oldest first
  std::vector<StagedWrite> log_;  ///< writes to live objects, program order
  uint32_t epoch_ = 0;            ///< grows with every checkpoint and rollback
};

}  // namespace segue
