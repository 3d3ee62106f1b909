#include "trace/values/set.h"

#include "base/objects.h"
#include "trace/builtins/pure.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/dict.h"
#include "trace/values/iterator.h"

namespace segue {
namespace {

using Op = SetStep::Op;

ValueRef wrapSet(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    auto state = std::make_unique<SetState>();
    state->loaded = false;
    return t.make<SetValue>(t.heap().add(std::move(state)), source, live);
  });
}
SEGUE_WRAPS(PySet_Type, wrapSet);

std::vector<Ref> iterated(BorrowedRef set) {
  std::vector<Ref> all;
  Py_ssize_t position = 0;
  PyObject* element;
  while (segue_set_next(set.get(), &position, &element)) all.push_back(Ref::borrow(element));
  return all;
}

/// Does a step; the result is the set it gives, which may be the same.
Ref take(Ref set, const SetStep& step) {
  PyObject *self = set.get(), *object = step.object.get();
  switch (step.op) {
    case Op::kAdd:
      PySet_Add(self, object);
      return set;
    case Op::kDiscard:
      PySet_Discard(self, object);
      return set;
    case Op::kPop:
      return Ref::steal(PySet_Pop(self)) ? std::move(set) : Ref();
    case Op::kClear:
      PySet_Clear(self);
      return set;
    case Op::kCopy:
      return Ref::steal(PySet_New(self));
    case Op::kUpdate:
      return Ref::steal(PyObject_CallMethod(self, "update", "O", object)) ? std::move(set) : Ref();
    case Op::kOr:
      return Ref::steal(PyNumber_Or(self, object));
    case Op::kAnd:
      return Ref::steal(PyNumber_And(self, object));
    case Op::kSub:
      return Ref::steal(PyNumber_Subtract(self, object));
    case Op::kXor:
      return Ref::steal(PyNumber_Xor(self, object));
    case Op::kInplaceAnd:
      return Ref::steal(PyNumber_InPlaceAnd(self, object));
    case Op::kInplaceSub:
      return Ref::steal(PyNumber_InPlaceSubtract(self, object));
    case Op::kInplaceXor:
      return Ref::steal(PyNumber_InPlaceXor(self, object));
  }
  SEGUE_UNREACHABLE("a step of a set");
}

Ref replayed(const std::vector<SetStep>& steps) {
  Ref set = Ref::steal(PySet_New(nullptr));
  for (const SetStep& step : steps) set = take(std::move(set), step);
  SEGUE_CHECK(set, "operations on built-in constants failed");
  return set;
}

/// Another operand of a set: its table, and values for its elements.
struct Operand {
  Ref set;
  SetElements elements;
  bool ordered = true;
};

void putPosition(BorrowedRef index, BorrowedRef stand_in, size_t position) {
  Ref number = Ref::steal(PyLong_FromSize_t(position));
  PyDict_SetItem(index, stand_in, number.get());
}

}  // namespace

const SetElement* SetElements::find(BorrowedRef stand_in) const {
  constexpr size_t kFew = 8;  // are looked through faster than hashed
  if (all_.size() <= kFew) {
    auto it = std::find_if(all_.begin(), all_.end(), [&](const SetElement& element) {
      return PyObject_RichCompareBool(element.stand_in.get(), stand_in, Py_EQ) == 1;
    });
    return it != all_.end() ? &*it : nullptr;
  }
  if (!index_) {
    index_ = Ref::steal(PyDict_New());
    for (size_t i = 0; i < all_.size(); ++i) putPosition(index_, all_[i].stand_in, i);
  }
  BorrowedRef position = PyDict_GetItemWithError(index_.get(), stand_in);
  return position ? &all_[PyLong_AsSize_t(position)] : nullptr;
}

void SetElements::add(SetElement element) {
  if (index_) putPosition(index_, element.stand_in, all_.size());
  all_.push_back(std::move(element));
}

void SetElements::erase(const SetElement* element) {
  all_.erase(all_.begin() + (element - all_.data()));
  index_ = {};
}

SetValue* makeSet(Tracer& t) {
  return t.make<SetValue>(t.heap().add(std::make_unique<SetState>()), std::nullopt, nullptr);
}

bool isSetLike(ValueRef value) { return value->type() == &PySet_Type || value->type() == &PyFrozenSet_Type; }

Traced<void> SetValue::load(Tracer& t) {
  if (t.heap().read<SetState>(object()).loaded) return {};
  auto& state = t.heap().write<SetState>(object());
  for (Ref& element : iterated(live_)) {
    if (!segue_is_constant(element.get()))
      return stop(BreakReason::kUnhashableKey, "a set of objects that are no constants");
    ValueRef value = t.constant(BorrowedRef(element));
    state.elements.add({std::move(element), value});
  }
  t.guards().add(
      {.kind = GuardKind::kSetEquals, .source = *source(), .operand = Ref::steal(PySequence_Tuple(live_.get()))});
  state.steps = {{Op::kUpdate, Ref::steal(PyFrozenSet_New(live_.get()))}};
  state.ordered = false;
  state.loaded = true;
  return {};
}

SetState& SetValue::changedState(Tracer& t) {
  auto& state = t.heap().write<SetState>(object());
  ++state.changes;
  return state;
}

void SetValue::log(Tracer& t, WriteKind kind, ValueRef item) {
  if (!source()) return;
  t.noteWrite(this);
  t.heap().log({kind, this, nullptr, item, t.location()});
}

Traced<void> SetValue::add(Tracer& t, ValueRef item) {
  SEGUE_TRY_VOID(load(t));
  SEGUE_TRY(Ref stand_in, key(t, item));
  if (source() && !segue_is_constant(stand_in.get())) return stop(BreakReason::kUnhashableKey, "adding to a live set");
  auto& state = changedState(t);
  if (state.elements.find(stand_in) == nullptr) state.elements.add({stand_in, item});
  state.steps.push_back({Op::kAdd, std::move(stand_in)});
  log(t, WriteKind::kSetAdd, item);
  return {};
}

Traced<bool> SetValue::discard(Tracer& t, ValueRef item) {
  SEGUE_TRY_VOID(load(t));
  SEGUE_TRY(Ref stand_in, key(t, item));
  auto& state = changedState(t);
  const SetElement* found = state.elements.find(stand_in);
  if (found == nullptr) return false;
  state.elements.erase(found);
  state.steps.push_back({Op::kDiscard, std::move(stand_in)});
  log(t, WriteKind::kSetDiscard, item);
  return true;
}

Traced<void> SetValue::clear(Tracer& t) {
  SEGUE_TRY_VOID(load(t));
  auto& state = changedState(t);
  state.elements.clear();
  state.steps.assign(1, {Op::kClear, nullptr});
  state.ordered = true;
  log(t, WriteKind::kSetClear, nullptr);
  return {};
}

Traced<ValueRef> SetValue::pop(Tracer& t) {
  if (source()) return stop(BreakReason::kUnsupportedOperation, "pop() of a set from outside");
  SEGUE_TRY(std::vector<ValueRef> all, elements(t));
  if (all.empty()) return stop(BreakReason::kExceptionEscapes, "pop from an empty set");
  auto& state = changedState(t);
  Ref set = replayed(state.steps);
  Ref stand_in = Ref::steal(PySet_Pop(set.get()));
  const SetElement* found = state.elements.find(stand_in);
  ValueRef popped = found->value;
  state.elements.erase(found);
  state.steps.push_back({Op::kPop, nullptr});
  return t.resolve(popped);
}

namespace {

/// The table and elements of a set or of a constant frozenset.
Traced<Operand> operandOf(Tracer& t, ValueRef value) {
  Operand operand;
  if (auto* set = as<SetValue>(value)) {
    SEGUE_TRY_VOID(set->lengthSlot(t));  // loads it
    const auto& state = t.heap().read<SetState>(set->object());
    operand.set = replayed(state.steps);
    operand.elements = state.elements;
    operand.ordered = state.ordered;
    return operand;
  }
  BorrowedRef constant = value->constant();
  if (!constant || !PyFrozenSet_CheckExact(constant.get())) {
    return stop(BreakReason::kUnsupportedOperation, "a set and " + value->describe());
  }
  operand.set = Ref::borrow(constant);
  for (Ref& element : iterated(constant)) {
    ValueRef item = t.constant(BorrowedRef(element));
    operand.elements.add({std::move(element), item});
  }
  return operand;
}

}  // namespace

Ref constantSet(Tracer& t, SetValue* set) {
  Traced<Operand> operand = operandOf(t, set);
  if (!operand.ok() || !operand.value().ordered) return nullptr;
  for (const SetElement& element : operand.value().elements) {
    if (!isFoldable(element.stand_in) || specialize(t, element.value).get() != element.stand_in.get()) return nullptr;
  }
  return operand.value().set;
}

namespace {

/// The elements that a set has after a step, each the object that CPython would have kept.
SetElements elementsOf(BorrowedRef set, const SetElements& first, const SetElements& second) {
  SetElements all;
  for (const Ref& stand_in : iterated(set)) {
    for (const SetElements* known : {&first, &second}) {
      const SetElement* element = known->find(stand_in);
      if (element == nullptr || element->stand_in.get() != stand_in.get()) continue;
      all.add(*element);
      break;
    }
  }
  return all;
}

}  // namespace

Traced<void> SetValue::apply(Tracer& t, Op op, ValueRef other) {
  SEGUE_TRY_VOID(load(t));
  if (source()) return stop(BreakReason::kUnsupportedOperation, "an operator that changes a set from outside");
  Operand operand;
  if (other != nullptr) {
    SEGUE_TRY(operand, operandOf(t, t.resolve(other)));
  }
  auto& state = changedState(t);
  state.steps.push_back({op, operand.set});
  state.ordered = state.ordered && operand.ordered;
  state.elements = elementsOf(replayed(state.steps), state.elements, operand.elements);
  return {};
}

Traced<ValueRef> SetValue::derived(Tracer& t, Op op, ValueRef other) {
  SEGUE_TRY_VOID(load(t));
  auto state = std::make_unique<SetState>(t.heap().read<SetState>(object()));
  auto* made = t.make<SetValue>(t.heap().add(std::move(state)), std::nullopt, nullptr);
  SEGUE_TRY_VOID(made->apply(t, op, other));
  return made;
}

Traced<void> SetValue::update(Tracer& t, ValueRef iterable) {
  iterable = t.resolve(iterable);
  if (isSetLike(iterable) && !source()) return apply(t, Op::kUpdate, iterable);
  SEGUE_TRY(std::vector<ValueRef> added, items(t, iterable));
  if (iterable->kind() == ValueKind::kDict && !source()) {  // makes room for all of its keys at once
    Ref keys = Ref::steal(PyDict_New());
    for (ValueRef item : added) {
      SEGUE_TRY(Ref stand_in, key(t, item));
      PyDict_SetItem(keys.get(), stand_in.get(), Py_None);
    }
    changedState(t).steps.push_back({Op::kUpdate, std::move(keys)});
  }
  for (ValueRef item : added) SEGUE_TRY_VOID(add(t, item));
  return {};
}

Traced<std::vector<ValueRef>> SetValue::elements(Tracer& t) {
  SEGUE_TRY_VOID(load(t));
  const auto& state = t.heap().read<SetState>(object());
  std::vector<Ref> order = source() ? iterated(live_) : std::vector<Ref>();
  if (source()) {  // the guard compares in the set's own order
    if (state.changes > 0) {
      return stop(BreakReason::kUnsupportedOperation, "iteration over a set from outside after a change");
    }
  } else if (state.elements.size() > 1) {
    if (!state.ordered)
      return stop(BreakReason::kUnsupportedOperation, "iteration over a set made of one from outside");
    order = iterated(replayed(state.steps));
  } else {
    for (const SetElement& element : state.elements) order.push_back(element.stand_in);
  }
  std::vector<ValueRef> all;
  for (const Ref& stand_in : order) {
    // Objects hash by address: the order of this run is the order of all runs for constants alone.
    if (order.size() > 1 && !segue_is_constant(stand_in.get())) {
      return stop(BreakReason::kUnsupportedOperation, "iteration over a set of objects");
    }
    all.push_back(state.elements.find(stand_in)->value);
  }
  return all;
}

// --- slots

namespace {

std::optional<Op> stepOf(BinaryOp op) {
  switch (op) {
    case BinaryOp::kOr:
      return Op::kOr;
    case BinaryOp::kAnd:
      return Op::kAnd;
    case BinaryOp::kSubtract:
      return Op::kSub;
    case BinaryOp::kXor:
      return Op::kXor;
    case BinaryOp::kInplaceOr:
      return Op::kUpdate;
    case BinaryOp::kInplaceAnd:
      return Op::kInplaceAnd;
    case BinaryOp::kInplaceSubtract:
      return Op::kInplaceSub;
    case BinaryOp::kInplaceXor:
      return Op::kInplaceXor;
    default:
      return std::nullopt;
  }
}

class SetIterator final : public IteratorValue {
 public:
  SetIterator(ObjectId object, SetValue* set, std::vector<ValueRef> order, int64_t changes)
      : IteratorValue(object), set_(set), order_(std::move(order)), changes_(changes) {}
  PyTypeObject* type() const override { return &PySetIter_Type; }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    auto position = static_cast<size_t>(t.heap().read<PositionState>(object()).position);
    if (position > order_.size()) return ValueRef{nullptr};
    const auto& state = t.heap().read<SetState>(set_->object());
    if (state.elements.size() != order_.size()) return t.raise(PyExc_RuntimeError, "Set changed size during iteration");
    if (state.changes != changes_) {
      SEGUE_TRY(std::vector<ValueRef> now, set_->elements(t));
      if (now != order_) {
        return stop(BreakReason::kUnsupportedOperation, "a set that changed while it was iterated over");
      }
    }
    ++t.heap().write<PositionState>(object()).position;
    return position < order_.size() ? t.resolve(order_[position]) : nullptr;
  }
  std::optional<int64_t> remainingSlot(Tracer& t) override {
    return static_cast<int64_t>(order_.size()) - t.heap().read<PositionState>(object()).position;
  }

 private:
  SetValue* set_;
  std::vector<ValueRef> order_;  ///< when iteration began
  int64_t changes_;              ///< … that the set had seen then
};

}  // namespace

Traced<ValueRef> SetValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  std::optional<Op> step = stepOf(op);
  if (!step || !isSetLike(other) || reflected) return ValueRef{nullptr};
  return derived(t, *step, other);
}

Traced<ValueRef> SetValue::inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) {
  std::optional<Op> step = stepOf(op);
  if (!step || !isSetLike(other)) return ValueRef{nullptr};
  if (op == BinaryOp::kInplaceOr) {
    SEGUE_TRY_VOID(update(t, other));
  } else {
    SEGUE_TRY_VOID(apply(t, *step, other));
  }
  return this;
}

Traced<ValueRef> SetValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  if (!isSetLike(other)) return ValueRef{nullptr};
  SEGUE_TRY(Operand mine, operandOf(t, this));
  SEGUE_TRY(Operand theirs, operandOf(t, other));
  return folded(t, PyObject_RichCompare(mine.set.get(), theirs.set.get(), static_cast<int>(op)));
}

Traced<bool> SetValue::truthSlot(Tracer& t) {
  SEGUE_TRY_VOID(load(t));
  return !t.heap().read<SetState>(object()).elements.empty();
}

Traced<ValueRef> SetValue::lengthSlot(Tracer& t) {
  SEGUE_TRY_VOID(load(t));
  return t.integer(static_cast<int64_t>(t.heap().read<SetState>(object()).elements.size()));
}

Traced<ValueRef> SetValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  return builtinTypeAttr(t, this, name);
}

Traced<bool> SetValue::containsSlot(Tracer& t, ValueRef item) {
  SEGUE_TRY_VOID(load(t));
  SEGUE_TRY(Ref stand_in, key(t, item));
  return t.heap().read<SetState>(object()).elements.find(stand_in) != nullptr;
}

Traced<ValueRef> SetValue::iterSlot(Tracer& t) {
  SEGUE_TRY(std::vector<ValueRef> all, elements(t));
  return t.make<SetIterator>(newPosition(t), this, std::move(all), t.heap().read<SetState>(object()).changes);
}

// It is built in a way that gives it the order of iteration it has: by adding its elements, or from a frozenset of
// them.
Traced<RecipeId> SetValue::recipeSlot(RecipeBuilder& b) {
  Recipe recipe{.kind = RecipeKind::kSet};
  const auto& state = b.tracer().heap().read<SetState>(object());
  Ref exact = replayed(state.steps);
  std::vector<Ref> order = iterated(exact);
  bool by_address = false;
  for (const Ref& stand_in : order) by_address = by_address || !segue_is_constant(stand_in.get());
  std::vector<Ref> added;
  for (const SetElement& element : state.elements) added.push_back(element.stand_in);
  auto iteratesAlike = [&](BorrowedRef set) {
    std::vector<Ref> got = iterated(set);
    return std::equal(got.begin(), got.end(), order.begin(), order.end(),
                      [](const Ref& x, const Ref& y) { return x.get() == y.get(); });
  };
  auto gives = [&](const std::vector<Ref>& elements) {
    Ref set = Ref::steal(PySet_New(nullptr));
    for (const Ref& element : elements) PySet_Add(set.get(), element.get());
    return iteratesAlike(set);
  };
  if (!by_address && state.ordered && !gives(added)) {
    Ref frozen = Ref::steal(PyFrozenSet_New(exact.get()));
    if (iteratesAlike(Ref::steal(PySet_New(frozen.get())))) {
      return b.add({.kind = RecipeKind::kCall,
                    .items = {b.constant(reinterpret_cast<PyObject*>(&PySet_Type)), b.constant(frozen)}});
    }
    if (!gives(order)) return Value::recipeSlot(b);
    added = order;
  }
  for (const Ref& stand_in : added) {
    SEGUE_TRY(RecipeId id, b.of(state.elements.find(stand_in)->value));
    recipe.items.push_back(id);
  }
  return b.add(std::move(recipe));
}

}  // namespace segue
