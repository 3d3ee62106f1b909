// Builds the recipes, graph outputs and writes of a result from values and heap.
//
// Recipes are made in post-order, so that a recipe's items have smaller ids, except around cycles: an object that
// contains itself is built empty when its first inner use is met, and filled by writes in front of the others.
//
// Requirements
//  1. One value has one recipe: identity survives.
//  2. A live object is its source, whatever the trace wrote to it; the writes follow in the order of the heap's log.
#pragma once

#include <initializer_list>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "trace/result.h"
#include "trace/values/value.h"

namespace segue {

class RecipeBuilder {
 public:
  RecipeBuilder(Tracer& tracer, TraceResult& result) : tracer_(tracer), result_(result) {}

  /// The recipe of a value. Breaks (not-reconstructible) where there is none.
  Traced<RecipeId> of(ValueRef value);

  // For recipeSlot.
  RecipeId constant(BorrowedRef object);
  RecipeId source(Source source);
  RecipeId dim(Dim dim);
  RecipeId null();
  RecipeId ownSlot(int slot) { return add({.kind = RecipeKind::kOwnSlot, .number = slot}); }
  RecipeId output(Node* node);
  /// An immutable object of parts (tuple, slice, bound method …), or a mutable one that cannot contain itself.
  Traced<RecipeId> node(RecipeKind kind, absl::Span<const ValueRef> items, int32_t number = 0);
  Traced<RecipeId> node(RecipeKind kind, std::initializer_list<ValueRef> items) {
    return node(kind, absl::Span<const ValueRef>(items.begin(), items.size()));
  }
  RecipeId add(Recipe recipe);
  /// getattr(owner, name), of an object whose attributes run no user code.
  RecipeId attribute(RecipeId owner, BorrowedRef name);
  /// For a mutable container that is being built: its recipe with the given items already made; when something inside has
  /// asked for the container meanwhile, that empty recipe, and `filled_by_writes` is set: the slot must emit its
  /// contents through `write`.
  RecipeId finish(ValueRef value, Recipe recipe, bool& filled_by_writes);
  /// A write that precedes the replayed ones.
  void write(WriteKind kind, RecipeId target, RecipeId key, RecipeId value) {
    result_.writes.push_back({kind, target, key, value, {}});
  }
  /// The container is being built: something inside of it asks.
  bool isOpen(ValueRef value) const { return open_.contains(value); }
  Tracer& tracer() { return tracer_; }

  /// Turns the heap's log into the result's writes.
  Traced<void> replayLog();

 private:
  Tracer& tracer_;
  TraceResult& result_;
  absl::flat_hash_map<ValueRef, RecipeId> made_;       ///< finished, or an empty object of a cycle
  absl::flat_hash_set<ValueRef> running_;              ///< being made: a value, what is in it …
  absl::flat_hash_map<ValueRef, Recipe> open_;         ///< mutable containers being built: what they are when empty
  absl::flat_hash_map<Node*, RecipeId> outputs_;
  absl::flat_hash_map<PyObject*, RecipeId> constants_;
  RecipeId null_;

 public:
  /// Announces a mutable container before its items are built; `empty` is its recipe without contents.
  void open(ValueRef value, Recipe empty) { open_.emplace(value, std::move(empty)); }
};

}  // namespace segue
