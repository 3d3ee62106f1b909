// Tuples, named ones included (named_tuple.cc), and slices: immutable containers of values.
#pragma once

#include "trace/values/value.h"

namespace segue {

class TupleValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kTuple;
  using Items = absl::InlinedVector<ValueRef, 6>;
  TupleValue(Items items, std::optional<Source> source = std::nullopt, BorrowedRef live = nullptr,
             PyTypeObject* cls = &PyTuple_Type)
      : Value(kKind, source),
        items_(std::move(items)),
        live_(Ref::borrow(live)),
        cls_(Ref::borrow(reinterpret_cast<PyObject*>(cls))) {}
  /// May be pending.
  const Items& items() const { return items_; }

  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(cls_.get()); }
  /// Set for a tuple that code or an assumption holds.
  BorrowedRef constant() const override;
  std::string describe() const override { return "a tuple"; }
  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override { return !items_.empty(); }
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<Ref> keySlot(Tracer& t) override;
  Traced<Arg> argSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  Items items_;
  Ref live_;   ///< the tuple itself where it is a constant
  Ref cls_;    ///< tuple, or a named tuple's class
};

/// Whether namedtuple() or NamedTuple made the class, and nothing overrides tuple's operations or adds an instance dict.
bool isNamedTupleClass(PyTypeObject* cls);
Traced<ValueRef> namedTupleAttr(Tracer& t, TupleValue* self, BorrowedRef name);

/// Lexicographic comparison of two sequences of the same type, shared with lists.
Traced<ValueRef> compareSequences(Tracer& t, CompareOp op, absl::Span<const ValueRef> a, absl::Span<const ValueRef> b);
/// Position that a constant or specialised int index means, wrapped; raises IndexError with the type's message.
Traced<int64_t> sequenceIndex(Tracer& t, ValueRef key, int64_t size, const char* type_name);
/// What a slice selects of a sequence of `size` items: from, from + step … (count of them).
struct SliceBounds {
  Py_ssize_t from, step, count;
};
Traced<SliceBounds> sliceBounds(Tracer& t, ValueRef slice, size_t size);
/// The items a slice selects.
Traced<std::vector<ValueRef>> slicedItems(Tracer& t, absl::Span<const ValueRef> items, ValueRef slice);

class SliceValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kSlice;
  SliceValue(ValueRef start, ValueRef stop, ValueRef step, std::optional<Source> source = std::nullopt)
      : Value(kKind, source), start_(start), stop_(stop), step_(step) {}
  ValueRef start() const { return start_; }
  ValueRef stop() const { return stop_; }
  ValueRef step() const { return step_; }
  PyTypeObject* type() const override { return &PySlice_Type; }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<Arg> argSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  ValueRef start_, stop_, step_;
};

}  // namespace segue
