// Models of itertools that remember items they have taken: accumulate, pairwise, zip_longest, cycle, tee, groupby …
#include "trace/builtins/itertools.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

struct PreviousState : ClonableState<PreviousState> {
  ValueRef previous = nullptr;  ///< accumulate: the total; pairwise: the last item; null before the first
};

class AccumulateIterator final : public ItertoolsIterator {
 public:
  AccumulateIterator(ObjectId object, BorrowedRef cls, ValueRef source, ValueRef function, ValueRef initial)
      : ItertoolsIterator(object, cls), source_(source), function_(function), initial_(initial) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    ValueRef total = t.heap().read<PreviousState>(object()).previous;
    if (total == nullptr && initial_ != nullptr) {
      total = initial_;
    } else {
      SEGUE_TRY(ValueRef item, next(t, source_));
      if (item == nullptr) return item;
      if (total == nullptr) {
        total = item;
      } else if (function_ == nullptr) {
        SEGUE_TRY(total, binary(t, BinaryOp::kAdd, total, item));
      } else {
        SEGUE_TRY(total, call(t, function_, {{total, item}, {}}));
      }
    }
    t.heap().write<PreviousState>(object()).previous = total;
    return total;
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    bool started = initial_ != nullptr || b.tracer().heap().read<PreviousState>(object()).previous != nullptr;
    if (started || source_->kind() == ValueKind::kInstance) return Value::recipeSlot(b);
    return callRecipe(b, cls(), {source_, function_ != nullptr ? function_ : b.tracer().none()}, {});
  }

 private:
  ValueRef source_;
  ValueRef function_, initial_;  ///< null: addition, none
};

Traced<ValueRef> classAccumulate(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "accumulate", {"iterable", "func", "initial"}, 1));
  if (call.size() > 2) return stop(BreakReason::kExceptionEscapes, "accumulate() with three positional arguments");
  for (ValueRef& arg : absl::MakeSpan(args).subspan(1)) {
    if (arg != nullptr && arg->constant().get() == Py_None) arg = nullptr;
  }
  SEGUE_TRY(ValueRef source, iter(t, args[0]));
  ObjectId state = t.heap().add(std::make_unique<PreviousState>());
  return t.make<AccumulateIterator>(state, call.function, source, args[1], args[2]);
}
SEGUE_BUILTIN("itertools.accumulate", classAccumulate);

class PairwiseIterator final : public ItertoolsIterator {
 public:
  PairwiseIterator(ObjectId object, BorrowedRef cls, ValueRef source)
      : ItertoolsIterator(object, cls), source_(source) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    ValueRef previous = t.heap().read<PreviousState>(object()).previous;
    if (previous == nullptr) {
      SEGUE_TRY(previous, next(t, source_));
      if (previous == nullptr) return previous;
    }
    SEGUE_TRY(ValueRef item, next(t, source_));
    t.heap().write<PreviousState>(object()).previous = item;
    if (item == nullptr) return item;
    return t.tuple({previous, item});
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    if (b.tracer().heap().read<PreviousState>(object()).previous != nullptr) return Value::recipeSlot(b);
    return callRecipe(b, cls(), {}, {source_});
  }

 private:
  ValueRef source_;
};

Traced<ValueRef> classPairwise(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "pairwise", {"/iterable"}, 1));
  SEGUE_TRY(ValueRef source, iter(t, args[0]));
  return t.make<PairwiseIterator>(t.heap().add(std::make_unique<PreviousState>()), call.function, source);
}
SEGUE_BUILTIN("itertools.pairwise", classPairwise);

struct SourcesState : ClonableState<SourcesState> {
  std::vector<ValueRef> sources;  ///< null: exhausted
};

class ZipLongestIterator final : public ItertoolsIterator {
 public:
  ZipLongestIterator(ObjectId object, BorrowedRef cls, ValueRef fill) : ItertoolsIterator(object, cls), fill_(fill) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    std::vector<ValueRef> sources = t.heap().read<SourcesState>(object()).sources;
    TupleValue::Items row;
    bool gives = false;
    for (ValueRef& source : sources) {
      ValueRef item = nullptr;
      if (source != nullptr) {
        SEGUE_TRY(item, next(t, source));
      }
      if (item == nullptr) source = nullptr;
      gives = gives || item != nullptr;
      row.push_back(item != nullptr ? item : fill_);
    }
    t.heap().write<SourcesState>(object()).sources = std::move(sources);
    return gives ? t.tuple(std::move(row)) : nullptr;
  }

 private:
  ValueRef fill_;
};

Traced<ValueRef> classZipLongest(Tracer& t, const BuiltinCall& call) {
  ValueRef fill = t.none();
  for (const Keyword& keyword : call.args.keywords) {
    if (textOf(keyword.name) != "fillvalue") {
      return stop(BreakReason::kExceptionEscapes, "zip_longest() with an unknown keyword");
    }
    fill = t.resolve(keyword.value);
  }
  auto state = std::make_unique<SourcesState>();
  for (ValueRef iterable : call.args.positional) {
    SEGUE_TRY(ValueRef source, iter(t, iterable));
    state->sources.push_back(source);
  }
  return t.make<ZipLongestIterator>(t.heap().add(std::move(state)), call.function, fill);
}
SEGUE_BUILTIN("itertools.zip_longest", classZipLongest);

class CompressIterator final : public ItertoolsIterator {
 public:
  CompressIterator(ObjectId object, BorrowedRef cls, ValueRef data, ValueRef selectors)
      : ItertoolsIterator(object, cls), data_(data), selectors_(selectors) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    while (true) {
      SEGUE_TRY(ValueRef item, next(t, data_));
      if (item == nullptr) return item;
      SEGUE_TRY(ValueRef selector, next(t, selectors_));
      if (selector == nullptr) return selector;
      SEGUE_TRY(bool selected, truth(t, selector));
      if (selected) return item;
    }
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override { return callRecipe(b, cls(), {}, {data_, selectors_}); }

 private:
  ValueRef data_, selectors_;
};

Traced<ValueRef> classCompress(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "compress", {"data", "selectors"}, 2));
  SEGUE_TRY(ValueRef data, iter(t, args[0]));
  SEGUE_TRY(ValueRef selectors, iter(t, args[1]));
  return t.make<CompressIterator>(newPosition(t), call.function, data, selectors);
}
SEGUE_BUILTIN("itertools.compress", classCompress);

struct BufferState : ClonableState<BufferState> {
  std::vector<ValueRef> items;  ///< taken from the source so far
  bool drained = false;         ///< the source has no more
};

/// Item `position` of the source, through the buffer. Null: no more.
Traced<ValueRef> bufferedItem(Tracer& t, ObjectId buffer, ValueRef source, size_t position) {
  const auto& state = t.heap().read<BufferState>(buffer);
  if (position < state.items.size()) return state.items[position];
  if (state.drained) return ValueRef{nullptr};
  SEGUE_TRY(ValueRef item, next(t, source));
  auto& written = t.heap().write<BufferState>(buffer);
  if (item != nullptr) {
    written.items.push_back(item);
  } else {
    written.drained = true;
  }
  return item;
}

class CycleIterator final : public ItertoolsIterator {
 public:
  CycleIterator(ObjectId object, BorrowedRef cls, ObjectId buffer, ValueRef source)
      : ItertoolsIterator(object, cls), buffer_(buffer), source_(source) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    auto position = static_cast<size_t>(t.heap().read<PositionState>(object()).position);
    SEGUE_TRY(ValueRef item, bufferedItem(t, buffer_, source_, position));
    const auto& items = t.heap().read<BufferState>(buffer_).items;
    if (item == nullptr && !items.empty()) {
      item = items.front();
      position = 0;
    }
    t.heap().write<PositionState>(object()).position = static_cast<int64_t>(position) + 1;
    return item;
  }

 private:
  ObjectId buffer_;
  ValueRef source_;
};

Traced<ValueRef> classCycle(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "cycle", {"/iterable"}, 1));
  SEGUE_TRY(ValueRef source, iter(t, args[0]));
  ObjectId buffer = t.heap().add(std::make_unique<BufferState>());
  return t.make<CycleIterator>(newPosition(t), call.function, buffer, source);
}
SEGUE_BUILTIN("itertools.cycle", classCycle);

class TeeIterator final : public ItertoolsIterator {
 public:
  TeeIterator(ObjectId object, BorrowedRef cls, ObjectId buffer, ValueRef source)
      : ItertoolsIterator(object, cls), buffer_(buffer), source_(source) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    auto position = static_cast<size_t>(t.heap().read<PositionState>(object()).position);
    SEGUE_TRY(ValueRef item, bufferedItem(t, buffer_, source_, position));
    if (item != nullptr) ++t.heap().write<PositionState>(object()).position;
    return item;
  }

 private:
  ObjectId buffer_;
  ValueRef source_;
};

Traced<ValueRef> functionTee(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "tee", {"/iterable", "/n"}, 1));
  int64_t count = 2;
  if (args[1] != nullptr) {
    SEGUE_TRY(count, constantInt(t, args[1]));
  }
  if (count < 0 || count > t.config().unroll_objects)
    return stop(BreakReason::kUnsupportedOperation, "tee() into many");
  SEGUE_TRY(ValueRef source, iter(t, args[0]));
  BorrowedRef tee = PyDict_GetItemString(PyModule_GetDict(PyCFunction_GET_SELF(call.function.get())), "_tee");
  if (!tee || source->type() == reinterpret_cast<PyTypeObject*>(tee.get())) {  // which is copied, not wrapped
    return stop(BreakReason::kBuiltinNotModelled, "tee() of a tee");
  }
  ObjectId buffer = t.heap().add(std::make_unique<BufferState>());
  TupleValue::Items all;
  for (int64_t i = 0; i < count; ++i) all.push_back(t.make<TeeIterator>(newPosition(t), tee, buffer, source));
  return t.tuple(std::move(all));
}
SEGUE_BUILTIN("itertools.tee", functionTee);

struct GroupState : ClonableState<GroupState> {
  ValueRef target = nullptr;   ///< key of the group that was given last
  ValueRef key = nullptr;      ///< of the last item taken
  ValueRef value = nullptr;    ///< that item; null when the group has given it
  ValueRef current = nullptr;  ///< the group that may still give items
};

/// itertools.groupby and its groups, which share one state.
class GroupBy final : public ItertoolsIterator {
 public:
  GroupBy(ObjectId object, BorrowedRef cls, ValueRef source, ValueRef key)
      : ItertoolsIterator(object, cls), source_(source), key_(key) {}

  /// Takes the next item; false: there is none.
  Traced<bool> step(Tracer& t) {
    SEGUE_TRY(ValueRef item, next(t, source_));
    if (item == nullptr) return false;
    ValueRef key = item;
    if (key_ != nullptr) {
      SEGUE_TRY(key, call(t, key_, {{item}, {}}));
    }
    auto& state = t.heap().write<GroupState>(object());
    state.value = item;
    state.key = key;
    return true;
  }

  /// An item of the group with the key `target`, or null.
  Traced<ValueRef> take(Tracer& t, ValueRef group, ValueRef target) {
    if (t.heap().read<GroupState>(object()).current != group) return ValueRef{nullptr};
    if (t.heap().read<GroupState>(object()).value == nullptr) {
      SEGUE_TRY(bool more, step(t));
      if (!more) return ValueRef{nullptr};
    }
    SEGUE_TRY(bool same, equalItems(t, target, t.heap().read<GroupState>(object()).key));
    if (!same) return ValueRef{nullptr};
    return std::exchange(t.heap().write<GroupState>(object()).value, nullptr);
  }

  Traced<ValueRef> nextSlot(Tracer& t) override;

 private:
  ValueRef source_;
  ValueRef key_;  ///< null: the item itself
};

class Group final : public ItertoolsIterator {
 public:
  Group(ObjectId object, BorrowedRef cls, GroupBy* parent, ValueRef target)
      : ItertoolsIterator(object, cls), parent_(parent), target_(target) {}
  Traced<ValueRef> nextSlot(Tracer& t) override { return parent_->take(t, this, target_); }

 private:
  GroupBy* parent_;
  ValueRef target_;
};

Traced<ValueRef> GroupBy::nextSlot(Tracer& t) {
  t.heap().write<GroupState>(object()).current = nullptr;
  while (true) {
    GroupState state = t.heap().read<GroupState>(object());
    if (state.key != nullptr) {
      if (state.target == nullptr) break;
      SEGUE_TRY(bool same, equalItems(t, state.target, state.key));
      if (!same) break;
    }
    SEGUE_TRY(bool more, step(t));
    if (!more) return ValueRef{nullptr};
  }
  static PyObject* const kGroup = libraryObject("itertools", "_grouper");
  ValueRef key = t.heap().read<GroupState>(object()).key;
  ValueRef group = t.make<Group>(newPosition(t), kGroup, this, key);
  auto& state = t.heap().write<GroupState>(object());
  state.target = key;
  state.current = group;
  return t.tuple({key, group});
}

Traced<ValueRef> classGroupBy(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "groupby", {"iterable", "key"}, 1));
  SEGUE_TRY(ValueRef source, iter(t, args[0]));
  bool plain = args[1] == nullptr || args[1]->constant().get() == Py_None;
  ObjectId state = t.heap().add(std::make_unique<GroupState>());
  return t.make<GroupBy>(state, call.function, source, plain ? nullptr : args[1]);
}
SEGUE_BUILTIN("itertools.groupby", classGroupBy);

}  // namespace
}  // namespace segue
