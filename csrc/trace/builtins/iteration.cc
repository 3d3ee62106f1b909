// Models of the built-in iterators: zip, enumerate, map, filter, reversed, iter and next; and of what consumes
// iterables.
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/dict_views.h"
#include "trace/values/exception.h"
#include "trace/values/generator.h"
#include "trace/values/iterator.h"
#include "trace/values/list.h"
#include "trace/values/range.h"
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

class ZipIterator final : public IteratorValue {
 public:
  ZipIterator(ObjectId object, Iterators sources, bool strict)
      : IteratorValue(object), sources_(std::move(sources)), strict_(strict) {}
  PyTypeObject* type() const override { return &PyZip_Type; }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    if (sources_.empty()) return ValueRef{nullptr};
    size_t taken = 0;
    SEGUE_TRY(Iterators row, nextOfEach(t, sources_, &taken));
    t.heap().write<PositionState>(object()).position = 1;
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
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    // Once it has given a row, it goes on holding that.
    bool started = b.tracer().heap().read<PositionState>(object()).position > 0;
    if (strict_ || started) return Value::recipeSlot(b);
    return callRecipe(b, reinterpret_cast<PyObject*>(&PyZip_Type), {}, sources_);
  }

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
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    bool started = b.tracer().heap().read<PositionState>(object()).position > 0;
    if (started || source_->kind() == ValueKind::kInstance) return Value::recipeSlot(b);
    return callRecipe(b, reinterpret_cast<PyObject*>(&PyEnum_Type), {source_, start_}, {});
  }

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
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    return callRecipe(b, reinterpret_cast<PyObject*>(&PyMap_Type), {function_}, sources_);
  }

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
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    return callRecipe(b, reinterpret_cast<PyObject*>(&PyFilter_Type), {function_}, {source_});
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

/// iter(range(…)) of the same numbers in the other order.
Traced<ValueRef> reversedRange(Tracer& t, ValueRef range) {
  SEGUE_TRY(ValueRef start, getAttr(t, range, "start"));
  SEGUE_TRY(ValueRef step, getAttr(t, range, "step"));
  SEGUE_TRY(ValueRef size, length(t, range));
  SEGUE_TRY(ValueRef reach, binary(t, BinaryOp::kMultiply, size, step));
  SEGUE_TRY(ValueRef end, binary(t, BinaryOp::kAdd, start, reach));
  SEGUE_TRY(ValueRef first, binary(t, BinaryOp::kSubtract, end, step));
  SEGUE_TRY(ValueRef last, binary(t, BinaryOp::kSubtract, start, step));
  SEGUE_TRY(ValueRef back, unary(t, UnaryOp::kNegative, step));
  return iter(t, t.make<RangeValue>(first, last, back));
}

Traced<ValueRef> classReversed(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "reversed", {"/sequence"}, 1));
  ValueRef sequence = args[0];
  switch (sequence->kind()) {
    case ValueKind::kTuple:
    case ValueKind::kList:
    case ValueKind::kArray:
      return makeReverseIterator(t, sequence);
    case ValueKind::kRange:
      return reversedRange(t, sequence);
    case ValueKind::kDict:
      return makeDictIterator(t, as<DictValue>(sequence), DictPart::kKeys, /*reversed=*/true);
    default:
      break;
  }
  if (sequence->type() == &PyUnicode_Type || sequence->type() == &PyBytes_Type) return makeReverseIterator(t, sequence);
  if (sequence->kind() == ValueKind::kInstance) {
    SEGUE_TRY(ValueRef made, callSpecial(t, sequence, "__reversed__", {}));
    if (made != nullptr) return made;
  }
  return stop(BreakReason::kUnsupportedOperation, "reversed " + sequence->describe());
}
SEGUE_BUILTIN("builtins.reversed", classReversed);

/// iter(function, sentinel).
class CallIterator final : public IteratorValue {
 public:
  CallIterator(ObjectId object, ValueRef function, ValueRef sentinel)
      : IteratorValue(object), function_(function), sentinel_(sentinel) {}
  PyTypeObject* type() const override { return &PyCallIter_Type; }
  Traced<ValueRef> nextSlot(Tracer& t) override {
    if (t.heap().read<PositionState>(object()).exhausted) return ValueRef{nullptr};
    Traced<ValueRef> item = call(t, function_, {});
    if (item.raised() && isStopIteration(t.raised())) {  // ends the iteration too, and its value is lost
      t.takeRaised();
      t.heap().write<PositionState>(object()).exhausted = true;
      return ValueRef{nullptr};
    }
    SEGUE_TRY(ValueRef given, std::move(item));
    SEGUE_TRY(bool ends, equalItems(t, sentinel_, given));
    if (!ends) return given;
    t.heap().write<PositionState>(object()).exhausted = true;
    return ValueRef{nullptr};
  }

 private:
  ValueRef function_, sentinel_;
};

Traced<ValueRef> builtinIter(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "iter", {"/object", "/sentinel"}, 1));
  if (args[1] == nullptr) return iter(t, args[0]);
  return t.make<CallIterator>(newPosition(t), args[0], args[1]);
}
SEGUE_BUILTIN("builtins.iter", builtinIter);

Traced<ValueRef> builtinNext(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "next", {"/iterator", "/default"}, 1));
  auto* generator = as<GeneratorValue>(args[0]);
  ValueRef returned = t.none();
  SEGUE_TRY(ValueRef item, generator != nullptr ? generator->send(t, t.none(), &returned) : next(t, args[0]));
  if (item != nullptr) return item;
  if (args[1] != nullptr) return args[1];
  return t.raise(stopIteration(t, returned));
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
    bool is_key = textOf(keyword.name) == "key";
    if (!is_key && (textOf(keyword.name) != "default" || call.size() != 1)) {
      return stop(BreakReason::kExceptionEscapes, "the keywords of min() or max()");
    }
    (is_key ? key : fallback) = t.resolve(keyword.value);
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
