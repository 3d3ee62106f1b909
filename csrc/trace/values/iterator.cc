#include "trace/values/iterator.h"

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"

namespace segue {
namespace {

class SequenceIterator final : public IteratorValue {
 public:
  SequenceIterator(ObjectId object, ValueRef sequence) : IteratorValue(object), sequence_(sequence) {}
  PyTypeObject* type() const override {
    return sequence_->kind() == ValueKind::kTuple ? &PyTupleIter_Type : &PyListIter_Type;
  }

  Traced<ValueRef> nextSlot(Tracer& t) override {
    const auto& state = t.heap().read<PositionState>(object());
    if (state.exhausted) return ValueRef{nullptr};
    SEGUE_TRY(ValueRef size, length(t, sequence_));
    SEGUE_TRY(int64_t count, constantInt(t, size));
    int64_t position = state.position;
    auto& written = t.heap().write<PositionState>(object());
    if (position >= count) {
      written.exhausted = true;
      return ValueRef{nullptr};
    }
    ++written.position;
    return getItem(t, sequence_, t.integer(position));
  }

  std::optional<int64_t> remainingSlot(Tracer& t) override {
    Traced<ValueRef> size = length(t, sequence_);
    if (!size.ok()) return std::nullopt;
    Traced<int64_t> count = constantInt(t, size.value());
    if (!count.ok()) return std::nullopt;
    return count.value() - t.heap().read<PositionState>(object()).position;
  }

  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    const auto& state = b.tracer().heap().read<PositionState>(object());
    if (state.exhausted) return Value::recipeSlot(b);
    bool is_tuple = sequence_->kind() == ValueKind::kTuple;
    ValueRef items[] = {sequence_};
    return b.node(is_tuple ? RecipeKind::kTupleIterator : RecipeKind::kListIterator, items,
                  static_cast<int32_t>(state.position));
  }

 private:
  ValueRef sequence_;
};

}  // namespace

Traced<ValueRef> IteratorValue::getAttrSlot(Tracer& t, BorrowedRef name) { return builtinTypeAttr(t, this, name); }

ValueRef makeSequenceIterator(Tracer& t, ValueRef sequence, int64_t position) {
  auto state = std::make_unique<PositionState>();
  state->position = position;
  return t.make<SequenceIterator>(t.heap().add(std::move(state)), sequence);
}

}  // namespace segue
