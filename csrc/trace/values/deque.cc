// collections.deque. One from outside may be appended to, since its contents have no source; one that the trace made is
// fully known.
#include "base/fault.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/iterator.h"
#include "trace/values/list.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

class DequeValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kDeque;
  DequeValue(ObjectId object, BorrowedRef cls, std::optional<int64_t> limit, std::optional<Source> source = std::nullopt)
      : HeapValue(kKind, object, source), cls_(Ref::borrow(cls)), limit_(limit) {}
  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(cls_.get()); }
  std::string describe() const override { return "a deque"; }

  /// The contents of a deque that the trace made.
  Traced<const std::vector<ValueRef>*> items(Tracer& t) {
    const auto& state = t.heap().read<ListState>(object());
    if (!state.loaded) return stop(BreakReason::kOpaqueValue, "the contents of a deque from outside");
    return &state.items;
  }

  Traced<void> push(Tracer& t, ValueRef item, bool left) {
    auto& state = t.heap().write<ListState>(object());
    state.items.insert(left ? state.items.begin() : state.items.end(), item);
    log(t, left ? WriteKind::kDequeAppendLeft : WriteKind::kDequeAppend, item);
    if (state.loaded && limit_ && static_cast<int64_t>(state.items.size()) > *limit_) {
      state.items.erase(left ? state.items.end() - 1 : state.items.begin());
    }
    return {};
  }

  Traced<ValueRef> pop(Tracer& t, bool left) {
    SEGUE_TRY(const std::vector<ValueRef>* known, items(t));
    if (known->empty()) return t.raise(PyExc_IndexError, "pop from an empty deque");
    auto& state = t.heap().write<ListState>(object());
    ValueRef item = left ? state.items.front() : state.items.back();
    state.items.erase(left ? state.items.begin() : state.items.end() - 1);
    return t.resolve(item);
  }

  Traced<bool> truthSlot(Tracer& t) override {
    SEGUE_TRY(const std::vector<ValueRef>* known, items(t));
    return !known->empty();
  }
  Traced<ValueRef> lengthSlot(Tracer& t) override {
    SEGUE_TRY(const std::vector<ValueRef>* known, items(t));
    return t.integer(static_cast<int64_t>(known->size()));
  }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override {
    if (textOf(name) == "maxlen") return limit_ ? t.integer(*limit_) : t.none();
    return builtinTypeAttr(t, this, name);
  }
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override {
    SEGUE_TRY(const std::vector<ValueRef>* known, items(t));
    SEGUE_TRY(int64_t index, sequenceIndex(t, key, static_cast<int64_t>(known->size()), "deque"));
    return t.resolve((*known)[index]);
  }
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    Recipe recipe{.kind = RecipeKind::kDeque};
    for (ValueRef item : b.tracer().heap().read<ListState>(object()).items) {
      SEGUE_TRY(RecipeId id, b.of(item));
      recipe.items.push_back(id);
    }
    const bool limited = limit_.has_value() && !SEGUE_FAULT(MaxlenForgotten);
    SEGUE_TRY(RecipeId limit, b.of(limited ? b.tracer().integer(*limit_) : b.tracer().none()));
    recipe.items.push_back(limit);
    return b.add(std::move(recipe));
  }

 private:
  class DequeIterator;

  void log(Tracer& t, WriteKind kind, ValueRef item) {
    if (!source()) return;
    t.noteWrite(this);
    t.heap().log({kind, this, nullptr, item, t.location()});
  }

  Ref cls_;
  std::optional<int64_t> limit_;   ///< maxlen; of a live deque CPython applies it
};

class DequeValue::DequeIterator final : public IteratorValue {
 public:
  DequeIterator(ObjectId object, DequeValue* deque, size_t size) : IteratorValue(object), deque_(deque), size_(size) {}
  PyTypeObject* type() const override { return &PyListIter_Type; }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    SEGUE_TRY(const std::vector<ValueRef>* known, deque_->items(t));
    if (known->size() != size_) return t.raise(PyExc_RuntimeError, "deque mutated during iteration");
    int64_t position = t.heap().read<PositionState>(object()).position;
    if (position >= static_cast<int64_t>(size_)) return ValueRef{nullptr};
    ++t.heap().write<PositionState>(object()).position;
    return t.resolve((*known)[position]);
  }
  std::optional<int64_t> remainingSlot(Tracer& t) override {
    return static_cast<int64_t>(size_) - t.heap().read<PositionState>(object()).position;
  }

 private:
  DequeValue* deque_;
  size_t size_;   ///< of the deque when iteration began
};

Traced<ValueRef> DequeValue::iterSlot(Tracer& t) {
  SEGUE_TRY(const std::vector<ValueRef>* known, items(t));
  return t.make<DequeIterator>(t.heap().add(std::make_unique<PositionState>()), this, known->size());
}

bool isDeque(BorrowedRef live) { return strcmp(Py_TYPE(live)->tp_name, "collections.deque") == 0; }

ValueRef wrapDeque(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    auto state = std::make_unique<ListState>();
    state->loaded = false;
    BorrowedRef cls = reinterpret_cast<PyObject*>(Py_TYPE(live));
    return t.make<DequeValue>(t.heap().add(std::move(state)), cls, std::nullopt, source);
  });
}
SEGUE_WRAPS_IF(isDeque, wrapDeque);

Traced<DequeValue*> selfDeque(Tracer& t, const BuiltinCall& call) {
  auto* deque = call.size() > 0 ? as<DequeValue>(t.resolve(call.args.positional[0])) : nullptr;
  if (deque == nullptr) return stop(BreakReason::kUnsupportedOperation, "a deque method of something else");
  return deque;
}

Traced<ValueRef> classDeque(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "deque", {"iterable", "maxlen"}, 0));
  std::optional<int64_t> limit;
  if (args[1] != nullptr && args[1]->constant().get() != Py_None) {
    SEGUE_TRY(limit, constantInt(t, args[1]));
  }
  if (limit && *limit < 0) return t.raise(PyExc_ValueError, "maxlen must be non-negative");
  auto* deque = t.make<DequeValue>(t.heap().add(std::make_unique<ListState>()), call.function, limit);
  if (args[0] == nullptr) return deque;
  SEGUE_TRY(std::vector<ValueRef> all, items(t, args[0]));
  for (ValueRef item : all) SEGUE_TRY_VOID(deque->push(t, item, /*left=*/false));
  return deque;
}
SEGUE_BUILTIN("collections.deque", classDeque);

template <bool left>
Traced<ValueRef> dequeAppend(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(DequeValue* deque, selfDeque(t, call));
  SEGUE_TRY(auto args, call.bind(t, "append", {"/self", "/item"}, 2));
  SEGUE_TRY_VOID(deque->push(t, args[1], left));
  return t.none();
}
SEGUE_BUILTIN("collections.deque.append", dequeAppend<false>);
SEGUE_BUILTIN("collections.deque.appendleft", dequeAppend<true>);

template <bool left>
Traced<ValueRef> dequePop(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(DequeValue* deque, selfDeque(t, call));
  SEGUE_TRY_VOID(call.bind(t, "pop", {"/self"}, 1));
  return deque->pop(t, left);
}
SEGUE_BUILTIN("collections.deque.pop", dequePop<false>);
SEGUE_BUILTIN("collections.deque.popleft", dequePop<true>);

Traced<ValueRef> dequeExtend(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(DequeValue* deque, selfDeque(t, call));
  SEGUE_TRY(auto args, call.bind(t, "extend", {"/self", "/iterable"}, 2));
  SEGUE_TRY(std::vector<ValueRef> all, items(t, args[1]));
  for (ValueRef item : all) SEGUE_TRY_VOID(deque->push(t, item, /*left=*/false));
  return t.none();
}
SEGUE_BUILTIN("collections.deque.extend", dequeExtend);

}  // namespace
}  // namespace segue
