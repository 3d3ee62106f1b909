// Exact sets that the trace made, of elements with stand-ins (see dict.h). A CPython set of the stand-ins is kept beside
// the values and goes through the same operations, so that iteration has CPython's order. Live sets are opaque but for
// membership, length and being added to.
#pragma once

#include "trace/values/value.h"

namespace segue {

struct SetState final : ObjectState {
  std::unique_ptr<ObjectState> clone() const override;
  bool loaded = true;          ///< false: a live set
  Ref stand_ins;               ///< set
  Ref values;                  ///< dict: stand-in -> index into `elements`
  std::vector<ValueRef> elements;
};

class SetValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kSet;
  SetValue(ObjectId object, std::optional<Source> source, BorrowedRef live)
      : HeapValue(kKind, object, source), live_(Ref::borrow(live)) {}
  Traced<void> add(Tracer& t, ValueRef item);
  /// Whether it was there.
  Traced<bool> discard(Tracer& t, ValueRef item);
  /// In CPython's order of iteration; breaks for a live set.
  Traced<std::vector<ValueRef>> elements(Tracer& t);

  PyTypeObject* type() const override { return &PySet_Type; }
  std::string describe() const override { return "a set"; }
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  /// A live set's contents become known: guarded as a whole.
  Traced<void> load(Tracer& t);
  Ref live_;
};

SetValue* makeSet(Tracer& t);

}  // namespace segue
