#include "trace/values/iterator.h"

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"

namespace segue {
namespace {

/// type(iter(sequence)), or type(reversed(sequence)).
PyTypeObject* iteratorType(ValueRef sequence, bool reversed) {
  switch (sequence->kind()) {
    case ValueKind::kList:
      return reversed ? &PyListRevIter_Type : &PyListIter_Type;
    case ValueKind::kArray:
      return reversed ? &PyReversed_Type : &PySeqIter_Type;
    case ValueKind::kTuple:
      return reversed ? &PyReversed_Type : &PyTupleIter_Type;
    default:
      break;
  }
  if (reversed) return &PyReversed_Type;
  if (!sequence->constant()) return sequence->type();  // x.flat
  Ref iterator = Ref::steal(PyObject_GetIter(sequence->constant()));  // a str or bytes
  SEGUE_CHECK(iterator, "iteration over something that is no sequence");
  return Py_TYPE(iterator.get());
}

/// Walks a sequence forwards (`step` 1) or backwards (-1).
class SequenceIterator final : public IteratorValue {
 public:
  SequenceIterator(ObjectId object, ValueRef sequence, PyTypeObject* type, int step)
      : IteratorValue(object), sequence_(sequence), type_(type), step_(step) {}
  PyTypeObject* type() const override { return type_; }

  Traced<ValueRef> nextSlot(Tracer& t) override {
    PositionState state = t.heap().read<PositionState>(object());
    if (state.exhausted) return ValueRef{nullptr};
    SEGUE_TRY(int64_t size, sizeOf(t));
    auto& written = t.heap().write<PositionState>(object());
    if (state.position < 0 || state.position >= size) {
      written.exhausted = true;
      return ValueRef{nullptr};
    }
    written.position += step_;
    return getItem(t, sequence_, t.integer(state.position));
  }

  std::optional<int64_t> remainingSlot(Tracer& t) override {
    const auto& state = t.heap().read<PositionState>(object());
    if (state.exhausted) return 0;
    if (step_ < 0) return state.position + 1;
    Traced<int64_t> size = sizeOf(t);
    if (!size.ok()) return std::nullopt;
    return size.value() - t.heap().read<PositionState>(object()).position;
  }

  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    Tracer& t = b.tracer();
    const auto state = t.heap().read<PositionState>(object());
    if (state.exhausted) return exhausted(b);
    // A position is clipped to the length that the list has when the iterator is built: before its writes.
    if (state.position > 0 && (t.wasWritten(sequence_) || b.isOpen(sequence_))) return Value::recipeSlot(b);
    SEGUE_TRY(RecipeId container, b.of(sequence_));
    if (step_ < 0) {
      RecipeId reversed = b.constant(reinterpret_cast<PyObject*>(&PyReversed_Type));
      container = b.add({.kind = RecipeKind::kCall, .items = {reversed, container}});
    }
    if (state.position > std::numeric_limits<int32_t>::max()) return Value::recipeSlot(b);
    return b.add({.kind = RecipeKind::kIterator, .number = static_cast<int32_t>(state.position), .items = {container}});
  }

 private:
  Traced<int64_t> sizeOf(Tracer& t) {
    SEGUE_TRY(ValueRef size, length(t, sequence_));
    return constantInt(t, size);
  }

  /// It has let go of its sequence: nobody can tell it from one over an empty sequence.
  Traced<RecipeId> exhausted(RecipeBuilder& b) {
    Tracer& t = b.tracer();
    ValueKind kind = sequence_->kind();
    if (step_ < 0 || (kind != ValueKind::kList && kind != ValueKind::kTuple)) return Value::recipeSlot(b);
    return b.node(RecipeKind::kIterator, {kind == ValueKind::kList ? t.list({}) : t.tuple({})});
  }

  ValueRef sequence_;
  PyTypeObject* type_;  ///< a static type, or one that the interpreter keeps
  int step_;
};

class FixedIterator final : public IteratorValue {
 public:
  FixedIterator(ObjectId object, BorrowedRef type, std::vector<ValueRef> items)
      : IteratorValue(object), type_(Ref::borrow(type)), items_(std::move(items)) {}
  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(type_.get()); }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    auto position = static_cast<size_t>(t.heap().read<PositionState>(object()).position);
    if (position >= items_.size()) return ValueRef{nullptr};
    ++t.heap().write<PositionState>(object()).position;
    return items_[position];
  }
  std::optional<int64_t> remainingSlot(Tracer& t) override {
    return static_cast<int64_t>(items_.size()) - t.heap().read<PositionState>(object()).position;
  }

 private:
  Ref type_;
  std::vector<ValueRef> items_;
};

}  // namespace

Traced<ValueRef> IteratorValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  return builtinTypeAttr(t, this, name);
}

ObjectId newPosition(Tracer& t, int64_t position) {
  auto state = std::make_unique<PositionState>();
  state->position = position;
  return t.heap().add(std::move(state));
}

ValueRef makeSequenceIterator(Tracer& t, ValueRef sequence) {
  return t.make<SequenceIterator>(newPosition(t), sequence, iteratorType(sequence, /*reversed=*/false), 1);
}

Traced<ValueRef> makeReverseIterator(Tracer& t, ValueRef sequence) {
  SEGUE_TRY(ValueRef size, length(t, sequence));
  SEGUE_TRY(int64_t count, constantInt(t, size));
  return t.make<SequenceIterator>(newPosition(t, count - 1), sequence, iteratorType(sequence, /*reversed=*/true), -1);
}

ValueRef makeFixedIterator(Tracer& t, BorrowedRef type, std::vector<ValueRef> items) {
  return t.make<FixedIterator>(newPosition(t), type, std::move(items));
}

Traced<RecipeId> callRecipe(RecipeBuilder& b, BorrowedRef callee, absl::Span<const ValueRef> args,
                            absl::Span<const ValueRef> iterators) {
  Recipe recipe{.kind = RecipeKind::kCall, .items = {b.constant(callee)}};
  for (ValueRef arg : args) {
    SEGUE_TRY(RecipeId id, b.of(arg));
    recipe.items.push_back(id);
  }
  for (ValueRef iterator : iterators) {
    if (iterator->kind() != ValueKind::kIterator && iterator->kind() != ValueKind::kGenerator) {
      return stop(BreakReason::kNotReconstructible, "an iterator over " + iterator->describe());
    }
    SEGUE_TRY(RecipeId id, b.of(iterator));
    recipe.items.push_back(id);
  }
  return b.add(std::move(recipe));
}

}  // namespace segue
