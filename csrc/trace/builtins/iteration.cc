// Models of the built-in iterators: zip, enumerate, map, filter, reversed, iter and next; and of what consumes iterables.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/exception.h"
#include "trace/values/iterator.h"
#include "trace/values/list.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

using Iterators = absl::InlinedVector<ValueRef, 6>;

Traced<Iterators> iterators(Tracer& t, absl::Span<const ValueRef> iterables) {
  Iterators made;
  for (ValueRef iterable : iterables) {
    SEGUE_TRY(ValueRef iterator, iter(t, iterable));
    made.push_back(iterator);
  }
  return made;
}

/// The next item of each; empty when one has no more. `taken`: how many had given one then.
Traced<Iterators> nextOfEach(Tracer& t, const Iterators& sources, size_t* taken) {
  Iterators row;
  for (ValueRef source : sources) {
    SEGUE_TRY(ValueRef item, next(t, source));
    if (item == nullptr) {
      *taken = row.size();
      return Iterators{};
    }
    row.push_back(item);
  }
  *taken = row.size();
  return row;
}

std::optional<int64_t> shortest(Tracer& t, const Iterators& sources) {
  std::optional<int64_t> least;
  for (ValueRef source : sources) {
    std::optional<int64_t> remaining = source->remainingSlot(t);
    if (remaining && (!least || *remaining < *least)) least = remaining;
  }
  return least;
}

ObjectId newPosition(Tracer& t) { return t.heap().add(std::make_unique<PositionState>()); }

class ZipIterator final : public IteratorValue {
 public:
  ZipIterator(ObjectId object, Iterators sources, bool strict)
      : IteratorValue(object), sources_(std::move(sources)), strict_(strict) {}
  PyTypeObject* type() const override { return &PyZip_Type; }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    if (sources_.empty()) return ValueRef{nullptr};
    size_t taken = 0;
    SEGUE_TRY(Iterators row, nextOfEach(t, sources_, &taken));
    if (!row.empty()) return t.tuple(std::move(row));
    if (!strict_) return ValueRef{nullptr};
    if (taken > 0) return stop(BreakReason::kExceptionEscapes, "zip(strict=True) of different lengths");
    for (size_t i = 1; i < sources_.size(); ++i) {
      SEGUE_TRY(ValueRef extra, next(t, sources_[i]));
      if (extra != nullptr) return stop(BreakReason::kExceptionEscapes, "zip(strict=True) of different lengths");
    }
    return ValueRef{nullptr};
  }
  std::optional<int64_t> remainingSlot(Tracer& t) override { return shortest(t, sources_); }

 private:
  Iterators sources_;
  bool strict_;
};

class EnumerateIterator final : public IteratorValue {
 public:
  EnumerateIterator(ObjectId object, ValueRef source, ValueRef start)
      : IteratorValue(object), source_(source), start_(start) {}
  PyTypeObject* type() const override { return &PyEnum_Type; }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    SEGUE_TRY(ValueRef item, next(t, source_));
    if (item == nullptr) return item;
    int64_t position = t.heap().write<PositionState>(object()).position++;
    SEGUE_TRY(ValueRef number, binary(t, BinaryOp::kAdd, start_, t.integer(position)));
    return t.tuple({number, item});
  }
  std::optional<int64_t> remainingSlot(Tracer& t) override { return source_->remainingSlot(t); }

 private:
  ValueRef source_, start_;
};

class MapIterator final : public IteratorValue {
 public:
  MapIterator(ObjectId object, ValueRef function, Iterators sources)
      : IteratorValue(object), function_(function), sources_(std::move(sources)) {}
  PyTypeObject* type() const override { return &PyMap_Type; }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    size_t taken = 0;
    SEGUE_TRY(Iterators row, nextOfEach(t, sources_, &taken));
    if (row.empty()) return ValueRef{nullptr};
    return call(t, function_, {std::move(row), {}});
  }
  std::optional<int64_t> remainingSlot(Tracer& t) override { return shortest(t, sources_); }

 private:
  ValueRef function_;
  Iterators sources_;
};

class FilterIterator final : public IteratorValue {
 public:
  FilterIterator(ObjectId object, ValueRef function, ValueRef source)
      : IteratorValue(object), function_(function), source_(source) {}
  PyTypeObject* type() const override { return &PyFilter_Type; }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    while (true) {
      SEGUE_TRY(ValueRef item, next(t, source_));
      if (item == nullptr) return item;
      ValueRef verdict = item;
      if (function_->constant().get() != Py_None) {
        SEGUE_TRY(verdict, call(t, function_, {{item}, {}}));
      }
      SEGUE_TRY(bool kept, truth(t, verdict));
      if (kept) return item;
    }
  }

 private:
  ValueRef function_, source_;
};

Traced<ValueRef> classZip(Tracer& t, const BuiltinCall& call) {
  bool strict = false;
  for (const Keyword& keyword : call.args.keywords) {
    if (textOf(keyword.name) != "strict") return stop(BreakReason::kExceptionEscapes, "zip() with an unknown keyword");
    SEGUE_TRY(strict, truth(t, keyword.value));
  }
  SEGUE_TRY(Iterators sources, iterators(t, call.args.positional));
  return t.make<ZipIterator>(newPosition(t), std::move(sources), strict);
}
SEGUE_BUILTIN("builtins.zip", classZip);

Traced<ValueRef> classEnumerate(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "enumerate", {"iterable", "start"}, 1));
  SEGUE_TRY(ValueRef source, iter(t, args[0]));
  if (args[1] != nullptr && !asDim(t, args[1])) return stop(BreakReason::kUnsupportedOperation, "enumerate(start=…)");
  return t.make<EnumerateIterator>(newPosition(t), source, args[1] != nullptr ? args[1] : t.integer(0));
}
SEGUE_BUILTIN("builtins.enumerate", classEnumerate);

Traced<ValueRef> classMap(Tracer& t, const BuiltinCall& call) {
  if (call.size() < 2 || !call.args.keywords.empty()) return stop(BreakReason::kExceptionEscapes, "map() arguments");
  absl::Span<const ValueRef> positional(call.args.positional);
  SEGUE_TRY(Iterators sources, iterators(t, positional.subspan(1)));
  return t.make<MapIterator>(newPosition(t), t.resolve(positional[0]), std::move(sources));
}
SEGUE_BUILTIN("builtins.map", classMap);

Traced<ValueRef> classFilter(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "filter", {"/function", "/iterable"}, 2));
  SEGUE_TRY(ValueRef source, iter(t, args[1]));
  return t.make<FilterIterator>(newPosition(t), args[0], source);
}
SEGUE_BUILTIN("builtins.filter", classFilter);

Traced<ValueRef> classReversed(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "reversed", {"/sequence"}, 1));
  ValueKind kind = args[0]->kind();
  if (kind != ValueKind::kTuple && kind != ValueKind::kList && kind != ValueKind::kRange) {
    return stop(BreakReason::kUnsupportedOperation, "reversed " + args[0]->describe());
  }
  SEGUE_TRY(std::vector<ValueRef> all, items(t, args[0]));
  return iter(t, t.tuple({all.rbegin(), all.rend()}));
}
SEGUE_BUILTIN("builtins.reversed", classReversed);

Traced<ValueRef> builtinIter(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "iter", {"/object"}, 1));
  return iter(t, args[0]);
}
SEGUE_BUILTIN("builtins.iter", builtinIter);

Traced<ValueRef> builtinNext(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "next", {"/iterator", "/default"}, 1));
  SEGUE_TRY(ValueRef item, next(t, args[0]));
  if (item != nullptr) return item;
  if (args[1] != nullptr) return args[1];
  return t.raise(makeException(t, reinterpret_cast<PyTypeObject*>(PyExc_StopIteration), {}));
}
SEGUE_BUILTIN("builtins.next", builtinNext);

Traced<ValueRef> builtinSum(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "sum", {"/iterable", "start"}, 1));
  SEGUE_TRY(std::vector<ValueRef> all, items(t, args[0]));
  ValueRef total = args[1] != nullptr ? args[1] : t.integer(0);
  if (total->type() == &PyUnicode_Type || total->type() == &PyBytes_Type || total->type() == &PyByteArray_Type) {
    return stop(BreakReason::kExceptionEscapes, "sum() of strings");
  }
  bool floats = false;
  for (ValueRef item : all) floats = floats || item->type() == &PyFloat_Type || item->type() == &PyComplex_Type;
  // 3.12 adds floats with compensation: CPython itself adds up constants.
  if (floats) {
    CallArgs constants{{t.tuple({all.begin(), all.end()}), total}, {}};
    return callPure(t, BuiltinCall{call.function, constants});
  }
  for (ValueRef item : all) {
    SEGUE_TRY(total, binary(t, BinaryOp::kAdd, total, item));
  }
  return total;
}
SEGUE_BUILTIN("builtins.sum", builtinSum);

template <bool stop_at>
Traced<ValueRef> builtinAnyAll(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, stop_at ? "any" : "all", {"/iterable"}, 1));
  SEGUE_TRY(ValueRef iterator, iter(t, args[0]));
  while (true) {
    SEGUE_TRY(ValueRef item, next(t, iterator));
    if (item == nullptr) return t.boolean(!stop_at);
    SEGUE_TRY(bool value, truth(t, item));
    if (value == stop_at) return t.boolean(stop_at);
  }
}
SEGUE_BUILTIN("builtins.any", builtinAnyAll<true>);
SEGUE_BUILTIN("builtins.all", builtinAnyAll<false>);

/// min and max: the first of equal ones wins.
template <bool want_less>
Traced<ValueRef> builtinMinMax(Tracer& t, const BuiltinCall& call) {
  ValueRef key = nullptr, fallback = nullptr;
  for (const Keyword& keyword : call.args.keywords) {
    (textOf(keyword.name) == "key" ? key : fallback) = t.resolve(keyword.value);
  }
  std::vector<ValueRef> all(call.args.positional.begin(), call.args.positional.end());
  if (all.size() == 1) {
    SEGUE_TRY(all, items(t, all[0]));
  }
  if (all.empty()) {
    if (fallback != nullptr) return fallback;
    return stop(BreakReason::kExceptionEscapes, "min() or max() of nothing");
  }
  ValueRef best = nullptr, best_key = nullptr;
  for (ValueRef item : all) {
    ValueRef item_key = t.resolve(item);
    if (key != nullptr && key->constant().get() != Py_None) {
      SEGUE_TRY(item_key, segue::call(t, key, {{item}, {}}));
    }
    bool better = best == nullptr;
    if (!better) {
      SEGUE_TRY(ValueRef verdict, compare(t, want_less ? CompareOp::kLt : CompareOp::kGt, item_key, best_key));
      SEGUE_TRY(better, truth(t, verdict));
    }
    if (better) {
      best = t.resolve(item);
      best_key = item_key;
    }
  }
  return best;
}
SEGUE_BUILTIN("builtins.min", builtinMinMax<true>);
SEGUE_BUILTIN("builtins.max", builtinMinMax<false>);

}  // namespace
}  // namespace segue
