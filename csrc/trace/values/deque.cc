// collections.deque. One from outside that is merely appended to may have any length and any maxlen; its contents are
// loaded (length and maxlen guarded, items pending) when they are first used.
#include "base/fault.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/iterator.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

struct DequeState : ClonableState<DequeState> {
  bool loaded = true;  ///< false: a live deque of which only what was appended is known
  std::vector<ValueRef> items;
  bool left = false;    ///< some of what was appended before loading went to the left
  int64_t changes = 0;  ///< iterators tell by it that the deque has changed
};

class DequeValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kDeque;
  DequeValue(ObjectId object, BorrowedRef cls, std::optional<int64_t> limit,
             std::optional<Source> source = std::nullopt, BorrowedRef live = nullptr)
      : HeapValue(kKind, object, source), cls_(Ref::borrow(cls)), live_(Ref::borrow(live)), limit_(limit) {}
  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(cls_.get()); }
  std::string describe() const override { return "a deque"; }

  /// The contents; loads a live deque.
  Traced<const std::vector<ValueRef>*> items(Tracer& t) {
    if (!t.heap().read<DequeState>(object()).loaded) SEGUE_TRY_VOID(load(t));
    return &t.heap().read<DequeState>(object()).items;
  }
  Traced<std::vector<ValueRef>*> mutableItems(Tracer& t) {
    SEGUE_TRY_VOID(items(t));
    ++t.heap().write<DequeState>(object()).changes;
    return &t.heap().write<DequeState>(object()).items;
  }
  std::optional<int64_t> limit() const { return limit_; }

  Traced<void> push(Tracer& t, ValueRef item, bool left) {
    auto& state = t.heap().write<DequeState>(object());
    state.items.insert(left ? state.items.begin() : state.items.end(), item);
    ++state.changes;
    state.left = state.left || left;
    log(t, left ? WriteKind::kDequeAppendLeft : WriteKind::kDequeAppend, item);
    if (state.loaded && limit_ && static_cast<int64_t>(state.items.size()) > *limit_) {
      state.items.erase(left ? state.items.end() - 1 : state.items.begin());
    }
    return {};
  }

  Traced<ValueRef> pop(Tracer& t, bool left) {
    SEGUE_TRY(const std::vector<ValueRef>* known, items(t));
    if (known->empty()) return t.raise(PyExc_IndexError, "pop from an empty deque");
    auto& state = t.heap().write<DequeState>(object());
    ValueRef item = left ? state.items.front() : state.items.back();
    state.items.erase(left ? state.items.begin() : state.items.end() - 1);
    ++state.changes;
    log(t, left ? WriteKind::kDequePopLeft : WriteKind::kDequePop, nullptr);
    return t.resolve(item);
  }

  Traced<void> clear(Tracer& t) {
    auto& state = t.heap().write<DequeState>(object());
    guardLimit(t);
    state.items.clear();
    ++state.changes;
    state.loaded = true;
    log(t, WriteKind::kDequeClear, nullptr);
    return {};
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
    if (textOf(name) == "maxlen") {
      guardLimit(t);
      return limit_ ? t.integer(*limit_) : t.none();
    }
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
    for (ValueRef item : b.tracer().heap().read<DequeState>(object()).items) {
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

  void guardLimit(Tracer& t) {
    if (source()) t.guards().add({.kind = GuardKind::kDequeLimit, .source = *source(), .number = limit_.value_or(-1)});
  }

  Traced<void> load(Tracer& t) {
    auto& state = t.heap().write<DequeState>(object());
    if (state.left) return stop(BreakReason::kUnsupportedOperation, "reading a deque from outside after appendleft()");
    std::vector<ValueRef> appended = std::move(state.items);
    state.items.clear();
    Py_ssize_t size = PyObject_Size(live_.get());
    t.guards().length(*source(), size);
    guardLimit(t);
    for (Py_ssize_t i = 0; i < size; ++i) {
      Ref item = Ref::steal(PySequence_GetItem(live_.get(), i));
      state.items.push_back(t.pending(item, t.sources().item(*source(), static_cast<int>(i))));
    }
    state.items.insert(state.items.end(), appended.begin(), appended.end());
    auto size_now = static_cast<int64_t>(state.items.size());
    if (limit_ && size_now > *limit_)
      state.items.erase(state.items.begin(), state.items.begin() + (size_now - *limit_));
    state.loaded = true;
    return {};
  }

  Ref cls_;
  Ref live_;                      ///< null for one that the trace made
  std::optional<int64_t> limit_;  ///< maxlen
};

class DequeValue::DequeIterator final : public IteratorValue {
 public:
  DequeIterator(ObjectId object, DequeValue* deque, size_t size, int64_t changes)
      : IteratorValue(object), deque_(deque), size_(size), changes_(changes) {}
  PyTypeObject* type() const override {
    static PyObject* const kType = libraryObject("_collections", "_deque_iterator");
    return reinterpret_cast<PyTypeObject*>(kType);
  }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    SEGUE_TRY(const std::vector<ValueRef>* known, deque_->items(t));
    if (t.heap().read<DequeState>(deque_->object()).changes != changes_) {
      return t.raise(PyExc_RuntimeError, "deque mutated during iteration");
    }
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
  size_t size_;      ///< of the deque when iteration began
  int64_t changes_;  ///< … that it had seen then
};

Traced<ValueRef> DequeValue::iterSlot(Tracer& t) {
  SEGUE_TRY(const std::vector<ValueRef>* known, items(t));
  return t.make<DequeIterator>(newPosition(t), this, known->size(), t.heap().read<DequeState>(object()).changes);
}

bool isDeque(BorrowedRef live) {
  return strcmp(Py_TYPE(live)->tp_name, "collections.deque") == 0;
}

ValueRef wrapDeque(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    auto state = std::make_unique<DequeState>();
    state->loaded = false;
    BorrowedRef cls = reinterpret_cast<PyObject*>(Py_TYPE(live));
    Ref maxlen = Ref::steal(PyObject_GetAttrString(live, "maxlen"));
    std::optional<int64_t> limit;
    if (maxlen.get() != Py_None) limit = PyLong_AsLongLong(maxlen.get());
    return t.make<DequeValue>(t.heap().add(std::move(state)), cls, limit, source, live);
  });
}
SEGUE_WRAPS_IF(isDeque, wrapDeque);

Traced<ValueRef> classDeque(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "deque", {"iterable", "maxlen"}, 0));
  std::optional<int64_t> limit;
  if (args[1] != nullptr && args[1]->constant().get() != Py_None) {
    SEGUE_TRY(limit, constantInt(t, args[1]));
  }
  if (limit && *limit < 0) return t.raise(PyExc_ValueError, "maxlen must be non-negative");
  auto* deque = t.make<DequeValue>(t.heap().add(std::make_unique<DequeState>()), call.function, limit);
  if (args[0] == nullptr) return deque;
  SEGUE_TRY(std::vector<ValueRef> all, items(t, args[0]));
  for (ValueRef item : all) SEGUE_TRY_VOID(deque->push(t, item, /*left=*/false));
  return deque;
}
SEGUE_BUILTIN("collections.deque", classDeque);

template <bool left>
Traced<ValueRef> dequeAppend(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(DequeValue* deque, selfOf<DequeValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "append", {"/self", "/item"}, 2));
  SEGUE_TRY_VOID(deque->push(t, args[1], left));
  return t.none();
}
SEGUE_BUILTIN("collections.deque.append", dequeAppend<false>);
SEGUE_BUILTIN("collections.deque.appendleft", dequeAppend<true>);

template <bool left>
Traced<ValueRef> dequePop(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(DequeValue* deque, selfOf<DequeValue>(t, call));
  SEGUE_TRY_VOID(call.bind(t, "pop", {"/self"}, 1));
  return deque->pop(t, left);
}
SEGUE_BUILTIN("collections.deque.pop", dequePop<false>);
SEGUE_BUILTIN("collections.deque.popleft", dequePop<true>);

template <bool left>
Traced<ValueRef> dequeExtend(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(DequeValue* deque, selfOf<DequeValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "extend", {"/self", "/iterable"}, 2));
  SEGUE_TRY(std::vector<ValueRef> all, items(t, args[1]));
  for (ValueRef item : all) SEGUE_TRY_VOID(deque->push(t, item, left));
  return t.none();
}
SEGUE_BUILTIN("collections.deque.extend", dequeExtend<false>);
SEGUE_BUILTIN("collections.deque.extendleft", dequeExtend<true>);

Traced<ValueRef> dequeClear(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(DequeValue* deque, selfOf<DequeValue>(t, call));
  SEGUE_TRY_VOID(call.bind(t, "clear", {"/self"}, 1));
  SEGUE_TRY_VOID(deque->clear(t));
  return t.none();
}
SEGUE_BUILTIN("collections.deque.clear", dequeClear);

/// Methods that move items about: of a live deque they have no write of their own.
Traced<std::vector<ValueRef>*> movableItems(Tracer& t, DequeValue* deque) {
  if (deque->source()) return stop(BreakReason::kBuiltinNotModelled, "moving the items of a deque from outside");
  return deque->mutableItems(t);
}

Traced<ValueRef> dequeRotate(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(DequeValue* deque, selfOf<DequeValue>(t, call));
  SEGUE_TRY(auto args, call.bind(t, "rotate", {"/self", "/n"}, 1));
  int64_t count = 1;
  if (args[1] != nullptr) {
    SEGUE_TRY(count, constantInt(t, args[1]));
  }
  SEGUE_TRY(std::vector<ValueRef> * contents, movableItems(t, deque));
  auto size = static_cast<int64_t>(contents->size());
  if (size > 0) std::rotate(contents->begin(), contents->begin() + ((-count % size) + size) % size, contents->end());
  return t.none();
}
SEGUE_BUILTIN("collections.deque.rotate", dequeRotate);

Traced<ValueRef> dequeReverse(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(DequeValue* deque, selfOf<DequeValue>(t, call));
  SEGUE_TRY_VOID(call.bind(t, "reverse", {"/self"}, 1));
  SEGUE_TRY(std::vector<ValueRef> * contents, movableItems(t, deque));
  std::reverse(contents->begin(), contents->end());
  return t.none();
}
SEGUE_BUILTIN("collections.deque.reverse", dequeReverse);

}  // namespace
}  // namespace segue
