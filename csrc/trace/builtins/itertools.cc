// Models of itertools that take items from one iterator after another: as lazy as the originals.
#include "trace/builtins/itertools.h"

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

struct ChainState : ClonableState<ChainState> {
  ValueRef current = nullptr;  ///< iterator being drained; null between two
};

class ChainIterator final : public ItertoolsIterator {
 public:
  ChainIterator(ObjectId object, BorrowedRef cls, ValueRef outer) : ItertoolsIterator(object, cls), outer_(outer) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    while (true) {
      ValueRef current = t.heap().read<ChainState>(object()).current;
      if (current == nullptr) {
        SEGUE_TRY(ValueRef iterable, next(t, outer_));
        if (iterable == nullptr) return iterable;
        SEGUE_TRY(current, iter(t, iterable));
        t.heap().write<ChainState>(object()).current = current;
      }
      SEGUE_TRY(ValueRef item, next(t, current));
      if (item != nullptr) return item;
      t.heap().write<ChainState>(object()).current = nullptr;
    }
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    if (b.tracer().heap().read<ChainState>(object()).current != nullptr) return Value::recipeSlot(b);
    Ref from_iterable = Ref::steal(PyObject_GetAttrString(cls(), "from_iterable"));
    return callRecipe(b, from_iterable, {}, {outer_});
  }

 private:
  ValueRef outer_;  ///< iterator over the iterables
};

Traced<ValueRef> makeChain(Tracer& t, BorrowedRef cls, ValueRef iterables) {
  SEGUE_TRY(ValueRef outer, iter(t, iterables));
  return t.make<ChainIterator>(t.heap().add(std::make_unique<ChainState>()), cls, outer);
}

Traced<ValueRef> classChain(Tracer& t, const BuiltinCall& call) {
  if (!call.args.keywords.empty()) return stop(BreakReason::kExceptionEscapes, "chain() takes no keyword arguments");
  return makeChain(t, call.function, t.tuple(call.args.positional));
}
SEGUE_BUILTIN("itertools.chain", classChain);

Traced<ValueRef> chainFromIterable(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "from_iterable", {"/cls", "/iterable"}, 2));
  return makeChain(t, args[0]->constant(), args[1]);
}
SEGUE_BUILTIN("itertools.chain.from_iterable", chainFromIterable);

class RepeatIterator final : public ItertoolsIterator {
 public:
  RepeatIterator(ObjectId object, BorrowedRef cls, ValueRef item, std::optional<int64_t> times)
      : ItertoolsIterator(object, cls), item_(item), times_(times) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    int64_t position = t.heap().read<PositionState>(object()).position;
    if (times_ && position >= *times_) return ValueRef{nullptr};
    ++t.heap().write<PositionState>(object()).position;
    return item_;
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    if (!times_) return callRecipe(b, cls(), {item_}, {});
    int64_t position = b.tracer().heap().read<PositionState>(object()).position;
    return callRecipe(b, cls(), {item_, b.tracer().integer(std::max<int64_t>(0, *times_ - position))}, {});
  }

 private:
  ValueRef item_;
  std::optional<int64_t> times_;
};

Traced<ValueRef> classRepeat(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "repeat", {"object", "times"}, 1));
  std::optional<int64_t> times;
  if (args[1] != nullptr) {
    SEGUE_TRY(times, constantInt(t, args[1]));
  }
  return t.make<RepeatIterator>(newPosition(t), call.function, args[0], times);
}
SEGUE_BUILTIN("itertools.repeat", classRepeat);

struct CountState : ClonableState<CountState> {
  ValueRef next = nullptr;
};

class CountIterator final : public ItertoolsIterator {
 public:
  CountIterator(ObjectId object, BorrowedRef cls, ValueRef step) : ItertoolsIterator(object, cls), step_(step) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    ValueRef item = t.heap().read<CountState>(object()).next;
    SEGUE_TRY(ValueRef following, binary(t, BinaryOp::kAdd, item, step_));
    t.heap().write<CountState>(object()).next = following;
    return item;
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    return callRecipe(b, cls(), {b.tracer().heap().read<CountState>(object()).next, step_}, {});
  }

 private:
  ValueRef step_;
};

Traced<ValueRef> classCount(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "count", {"start", "step"}, 0));
  auto state = std::make_unique<CountState>();
  state->next = args[0] != nullptr ? args[0] : t.integer(0);
  ValueRef step = args[1] != nullptr ? args[1] : t.integer(1);
  if (!asDim(t, state->next) || !asDim(t, step)) return stop(BreakReason::kUnsupportedOperation, "count of floats");
  return t.make<CountIterator>(t.heap().add(std::move(state)), call.function, step);
}
SEGUE_BUILTIN("itertools.count", classCount);

class SliceIterator final : public ItertoolsIterator {
 public:
  SliceIterator(ObjectId object, BorrowedRef cls, ValueRef source, int64_t start, std::optional<int64_t> end,
                int64_t step)
      : ItertoolsIterator(object, cls), source_(source), start_(start), end_(end), step_(step) {}
  // `position` counts what was taken from the source; the next one to give is start, start + step …
  Traced<ValueRef> nextSlot(Tracer& t) override {
    PositionState state = t.heap().read<PositionState>(object());
    if (state.exhausted) return ValueRef{nullptr};
    int64_t wanted = this->wanted(state);
    int64_t last = end_ ? std::min(wanted + 1, *end_) : wanted + 1;
    ValueRef item = nullptr;
    while (state.position < last) {
      SEGUE_TRY(item, next(t, source_));
      if (item == nullptr) break;
      ++state.position;
    }
    bool gives = item != nullptr && state.position == wanted + 1;
    state.exhausted = !gives;
    t.heap().write<PositionState>(object()) = state;
    return gives ? item : nullptr;
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    Tracer& t = b.tracer();
    PositionState state = t.heap().read<PositionState>(object());
    if (state.exhausted || source_->kind() == ValueKind::kInstance) return Value::recipeSlot(b);
    ValueRef end = end_ ? t.integer(std::max<int64_t>(0, *end_ - state.position)) : t.none();
    return callRecipe(b, cls(), {source_, t.integer(wanted(state) - state.position), end, t.integer(step_)}, {});
  }

 private:
  /// The position of the next item to give.
  int64_t wanted(const PositionState& state) const {
    return state.position == 0 ? start_ : std::max(start_, state.position + step_ - 1);
  }
  ValueRef source_;
  int64_t start_;
  std::optional<int64_t> end_;
  int64_t step_;
};

Traced<ValueRef> classIslice(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "islice", {"/iterable", "/start", "/stop", "/step"}, 2));
  bool only_stop = call.size() == 2;
  auto number = [&](ValueRef value, int64_t missing) -> Traced<int64_t> {
    if (value == nullptr || value->constant().get() == Py_None) return missing;
    return constantInt(t, value);
  };
  SEGUE_TRY(int64_t start, number(only_stop ? nullptr : args[1], 0));
  ValueRef stop_value = only_stop ? args[1] : args[2];
  std::optional<int64_t> end;
  if (stop_value != nullptr && stop_value->constant().get() != Py_None) {
    SEGUE_TRY(end, constantInt(t, stop_value));
  }
  SEGUE_TRY(int64_t step, number(args[3], 1));
  if (start < 0 || (end && *end < 0) || step < 1) return stop(BreakReason::kExceptionEscapes, "islice() arguments");
  SEGUE_TRY(ValueRef source, iter(t, args[0]));
  return t.make<SliceIterator>(newPosition(t), call.function, source, start, end, step);
}
SEGUE_BUILTIN("itertools.islice", classIslice);

class StarmapIterator final : public ItertoolsIterator {
 public:
  StarmapIterator(ObjectId object, BorrowedRef cls, ValueRef function, ValueRef source)
      : ItertoolsIterator(object, cls), function_(function), source_(source) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    SEGUE_TRY(ValueRef row, next(t, source_));
    if (row == nullptr) return row;
    SEGUE_TRY(std::vector<ValueRef> args, items(t, row));
    return call(t, function_, {{args.begin(), args.end()}, {}});
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override { return callRecipe(b, cls(), {function_}, {source_}); }

 private:
  ValueRef function_, source_;
};

Traced<ValueRef> classStarmap(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "starmap", {"/function", "/iterable"}, 2));
  SEGUE_TRY(ValueRef source, iter(t, args[1]));
  return t.make<StarmapIterator>(newPosition(t), call.function, args[0], source);
}
SEGUE_BUILTIN("itertools.starmap", classStarmap);

/// takewhile, dropwhile and filterfalse. `position` counts the items given.
enum class Sieve : uint8_t { kTakeWhile, kDropWhile, kFilterFalse };

class SieveIterator final : public ItertoolsIterator {
 public:
  SieveIterator(ObjectId object, BorrowedRef cls, Sieve sieve, ValueRef predicate, ValueRef source)
      : ItertoolsIterator(object, cls), predicate_(predicate), source_(source), sieve_(sieve) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    while (true) {
      PositionState state = t.heap().read<PositionState>(object());
      if (state.exhausted) return ValueRef{nullptr};
      SEGUE_TRY(ValueRef item, next(t, source_));
      if (item == nullptr || (sieve_ == Sieve::kDropWhile && state.position > 0)) return item;
      ValueRef verdict = item;
      if (sieve_ != Sieve::kFilterFalse || predicate_->constant().get() != Py_None) {
        SEGUE_TRY(verdict, call(t, predicate_, {{item}, {}}));
      }
      SEGUE_TRY(bool holds, truth(t, verdict));
      if (sieve_ == Sieve::kTakeWhile && !holds) t.heap().write<PositionState>(object()).exhausted = true;
      if (holds == (sieve_ == Sieve::kTakeWhile)) {
        ++t.heap().write<PositionState>(object()).position;
        return item;
      }
    }
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    PositionState state = b.tracer().heap().read<PositionState>(object());
    bool decided = state.exhausted || (sieve_ == Sieve::kDropWhile && state.position > 0);
    if (decided) return Value::recipeSlot(b);
    return callRecipe(b, cls(), {predicate_}, {source_});
  }

 private:
  ValueRef predicate_, source_;
  Sieve sieve_;
};

template <Sieve sieve>
Traced<ValueRef> classSieve(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "takewhile", {"/predicate", "/iterable"}, 2));
  SEGUE_TRY(ValueRef source, iter(t, args[1]));
  return t.make<SieveIterator>(newPosition(t), call.function, sieve, args[0], source);
}
SEGUE_BUILTIN("itertools.takewhile", classSieve<Sieve::kTakeWhile>);
SEGUE_BUILTIN("itertools.dropwhile", classSieve<Sieve::kDropWhile>);
SEGUE_BUILTIN("itertools.filterfalse", classSieve<Sieve::kFilterFalse>);

}  // namespace
}  // namespace segue
