// Iterators. The position is in the heap. One that is alive at an exit is rebuilt where a call of its class, or a
// position in its sequence, says all about it; the others have no recipe.
//
// Adding an iterator (zip, enumerate …): derive from IteratorValue, keep what changes in an ObjectState of your own,
// and implement nextSlot; recipeSlot where the class can be called for an iterator in the same state.
#pragma once

#include "trace/values/value.h"

namespace segue {

class IteratorValue : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kIterator;
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> iterSlot(Tracer& t) override { return this; }

 protected:
  IteratorValue(ObjectId object, std::optional<Source> source = std::nullopt) : HeapValue(kKind, object, source) {}
  ~IteratorValue() = default;
};

/// State of an iterator that is a number.
struct PositionState : ClonableState<PositionState> {
  int64_t position = 0;
  bool exhausted = false;
};
ObjectId newPosition(Tracer& t, int64_t position = 0);

/// iter() of an exact tuple, list, str, bytes or array, of the built-in type that CPython's iter() gives: reads the
/// sequence as it is at each step.
ValueRef makeSequenceIterator(Tracer& t, ValueRef sequence);
/// reversed() of one of these, from its last item on.
Traced<ValueRef> makeReverseIterator(Tracer& t, ValueRef sequence);
/// Items that are all known when the iterator is made.
ValueRef makeFixedIterator(Tracer& t, BorrowedRef type, std::vector<ValueRef> items);

/// The recipe `callee(*args, *iterators)`. The call asks each of `iterators` for iter(), which runs user code where one
/// is written in Python: that has no recipe.
Traced<RecipeId> callRecipe(RecipeBuilder& b, BorrowedRef callee, absl::Span<const ValueRef> args,
                            absl::Span<const ValueRef> iterators);

}  // namespace segue
