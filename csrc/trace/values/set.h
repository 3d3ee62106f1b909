// Exact sets of elements with stand-ins (see dict.h).
//
// The order in which CPython iterates over a set is that of its hash table, which remembers everything that was ever
// done to the set. So the trace keeps what was done (`steps`) and does it again on a set of the stand-ins where the
// order is asked for. A live set's table is not known, but its elements are guarded in its order, which holds until the
// trace changes the set.
#pragma once

#include "trace/values/value.h"

namespace segue {

/// One operation on a set of stand-ins.
struct SetStep {
  enum class Op : uint8_t {
    kAdd,
    kDiscard,
    kPop,
    kClear,
    kCopy,
    kUpdate,  ///< from a set, frozenset or dict: takes over its table where CPython does
    kOr,
    kAnd,
    kSub,
    kXor,  ///< the set becomes `set op object`
    kInplaceAnd,
    kInplaceSub,
    kInplaceXor,
  };
  Op op;
  Ref object;  ///< a stand-in, or a container of them that nothing changes; null where the op has none
};

struct SetElement {
  Ref stand_in;
  ValueRef value;
};

/// The elements of a set, in the order they came in.
class SetElements {
 public:
  SetElements() = default;
  SetElements(const SetElements& other) : all_(other.all_) {}
  SetElements(SetElements&&) = default;
  SetElements& operator=(SetElements other) {
    all_ = std::move(other.all_);
    index_ = std::move(other.index_);
    return *this;
  }

  /// The one that is equal, or null.
  const SetElement* find(BorrowedRef stand_in) const;
  /// One that is not there.
  void add(SetElement element);
  /// One that `find` gave.
  void erase(const SetElement* element);
  void clear() { *this = {}; }
  size_t size() const { return all_.size(); }
  bool empty() const { return all_.empty(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

 private:
  std::vector<SetElement> all_;
  mutable Ref index_;  ///< dict: stand-in -> position in all_; null until many are searched
};

struct SetState final : ClonableState<SetState> {
  bool loaded = true;          ///< false: a live set
  bool ordered = true;         ///< the steps tell the order; false where a live set is part of them
  int64_t changes = 0;         ///< that the trace has made; iterators tell by it that the set has changed
  std::vector<SetStep> steps;  ///< since it was empty
  SetElements elements;
};

class SetValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kSet;
  SetValue(ObjectId object, std::optional<Source> source, BorrowedRef live)
      : HeapValue(kKind, object, source), live_(Ref::borrow(live)) {}
  Traced<void> add(Tracer& t, ValueRef item);
  /// Whether it was there.
  Traced<bool> discard(Tracer& t, ValueRef item);
  /// set.update(iterable).
  Traced<void> update(Tracer& t, ValueRef iterable);
  Traced<void> clear(Tracer& t);
  Traced<ValueRef> pop(Tracer& t);
  /// In CPython's order of iteration; breaks where that is not known.
  Traced<std::vector<ValueRef>> elements(Tracer& t);
  /// A new set: this one, then a step with another set (null: none).
  Traced<ValueRef> derived(Tracer& t, SetStep::Op op, ValueRef other);
  /// Takes a step with another set.
  Traced<void> apply(Tracer& t, SetStep::Op op, ValueRef other);

  PyTypeObject* type() const override { return &PySet_Type; }
  std::string describe() const override { return "a set"; }
  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  /// A live set's contents become known: guarded as a whole.
  Traced<void> load(Tracer& t);
  /// The state, to be changed by a step that the caller logs.
  SetState& changedState(Tracer& t);
  void log(Tracer& t, WriteKind kind, ValueRef item);
  Ref live_;
};

SetValue* makeSet(Tracer& t);
/// Whether it is a set or frozenset, exact.
bool isSetLike(ValueRef value);

}  // namespace segue
