// Models of itertools: as lazy as the originals.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/iterator.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// An iterator whose type is the class that was called.
class ItertoolsIterator : public IteratorValue {
 public:
  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(cls_.get()); }

 protected:
  ItertoolsIterator(ObjectId object, BorrowedRef cls) : IteratorValue(object), cls_(Ref::borrow(cls)) {}
  ~ItertoolsIterator() = default;

 private:
  Ref cls_;
};

ObjectId newPosition(Tracer& t) { return t.heap().add(std::make_unique<PositionState>()); }

struct ChainState : ClonableState<ChainState> {
  ValueRef current = nullptr;   ///< iterator being drained; null between two
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

 private:
  ValueRef outer_;   ///< iterator over the iterables
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
  SliceIterator(ObjectId object, BorrowedRef cls, ValueRef source, int64_t start, std::optional<int64_t> end, int64_t step)
      : ItertoolsIterator(object, cls), source_(source), start_(start), end_(end), step_(step) {}
  // `position` counts what was taken from the source; the next one to give is start, start + step …
  Traced<ValueRef> nextSlot(Tracer& t) override {
    PositionState state = t.heap().read<PositionState>(object());
    if (state.exhausted) return ValueRef{nullptr};
    int64_t wanted = state.position == 0 ? start_ : std::max(start_, state.position + step_ - 1);
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

 private:
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

 private:
  ValueRef function_, source_;
};

Traced<ValueRef> classStarmap(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "starmap", {"/function", "/iterable"}, 2));
  SEGUE_TRY(ValueRef source, iter(t, args[1]));
  return t.make<StarmapIterator>(newPosition(t), call.function, args[0], source);
}
SEGUE_BUILTIN("itertools.starmap", classStarmap);

/// Items that were all known when the iterator was made.
class RowsIterator final : public ItertoolsIterator {
 public:
  RowsIterator(ObjectId object, BorrowedRef cls, std::vector<ValueRef> rows)
      : ItertoolsIterator(object, cls), rows_(std::move(rows)) {}
  Traced<ValueRef> nextSlot(Tracer& t) override {
    auto position = static_cast<size_t>(t.heap().read<PositionState>(object()).position);
    if (position >= rows_.size()) return ValueRef{nullptr};
    ++t.heap().write<PositionState>(object()).position;
    return rows_[position];
  }
  std::optional<int64_t> remainingSlot(Tracer& t) override {
    return static_cast<int64_t>(rows_.size()) - t.heap().read<PositionState>(object()).position;
  }

 private:
  std::vector<ValueRef> rows_;
};

/// product() drains its arguments when it is called, as the original does; its rows are then fixed.
Traced<ValueRef> classProduct(Tracer& t, const BuiltinCall& call) {
  int64_t repeat = 1;
  for (const Keyword& keyword : call.args.keywords) {
    if (textOf(keyword.name) != "repeat") return stop(BreakReason::kExceptionEscapes, "product() with an unknown keyword");
    SEGUE_TRY(repeat, constantInt(t, keyword.value));
  }
  std::vector<std::vector<ValueRef>> pools;
  for (ValueRef iterable : call.args.positional) {
    SEGUE_TRY(std::vector<ValueRef> pool, items(t, iterable));
    pools.push_back(std::move(pool));
  }
  if (repeat < 0) return stop(BreakReason::kExceptionEscapes, "repeat argument cannot be negative");
  if (repeat > t.config().trace_budget) return stop(BreakReason::kTraceBudget);
  const std::vector<std::vector<ValueRef>> once = pools;
  if (repeat == 0) pools.clear();
  for (int64_t i = 1; i < repeat && !once.empty(); ++i) pools.insert(pools.end(), once.begin(), once.end());
  std::vector<TupleValue::Items> rows(1);
  for (const std::vector<ValueRef>& pool : pools) {
    std::vector<TupleValue::Items> longer;
    for (const TupleValue::Items& row : rows) {
      for (ValueRef item : pool) {
        longer.push_back(row);
        longer.back().push_back(item);
      }
    }
    rows = std::move(longer);
    if (static_cast<int64_t>(rows.size()) > t.config().trace_budget) return stop(BreakReason::kTraceBudget);
  }
  std::vector<ValueRef> tuples;
  for (TupleValue::Items& row : rows) tuples.push_back(t.tuple(std::move(row)));
  return t.make<RowsIterator>(newPosition(t), call.function, std::move(tuples));
}
SEGUE_BUILTIN("itertools.product", classProduct);

/// combinations() and permutations(): CPython's own, of positions.
Traced<ValueRef> classSelections(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "combinations", {"iterable", "r"}, 1));
  SEGUE_TRY(std::vector<ValueRef> pool, items(t, args[0]));
  Ref range = Ref::steal(PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyRange_Type), "n",
                                               static_cast<Py_ssize_t>(pool.size())));
  Ref selections;
  if (args[1] != nullptr && args[1]->constant().get() != Py_None) {
    SEGUE_TRY(int64_t chosen, constantInt(t, args[1]));
    selections = Ref::steal(PyObject_CallFunction(call.function, "On", range.get(), static_cast<Py_ssize_t>(chosen)));
  } else {
    selections = Ref::steal(PyObject_CallFunctionObjArgs(call.function, range.get(), nullptr));
  }
  if (!selections) return t.raiseCurrent();
  std::vector<ValueRef> rows;
  while (Ref selection = Ref::steal(PyIter_Next(selections.get()))) {
    TupleValue::Items row;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(selection.get()); ++i) {
      row.push_back(pool[PyLong_AsSize_t(PyTuple_GET_ITEM(selection.get(), i))]);
    }
    rows.push_back(t.tuple(std::move(row)));
    if (static_cast<int64_t>(rows.size()) > t.config().trace_budget) return stop(BreakReason::kTraceBudget);
  }
  return t.make<RowsIterator>(newPosition(t), call.function, std::move(rows));
}
SEGUE_BUILTIN("itertools.combinations", classSelections);
SEGUE_BUILTIN("itertools.combinations_with_replacement", classSelections);
SEGUE_BUILTIN("itertools.permutations", classSelections);

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

struct PreviousState : ClonableState<PreviousState> {
  ValueRef previous = nullptr;   ///< accumulate: the total; pairwise: the last item; null before the first
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

 private:
  ValueRef source_;
  ValueRef function_, initial_;   ///< null: addition, none
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
  PairwiseIterator(ObjectId object, BorrowedRef cls, ValueRef source) : ItertoolsIterator(object, cls), source_(source) {}
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
  std::vector<ValueRef> sources;   ///< null: exhausted
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

}  // namespace
}  // namespace segue
