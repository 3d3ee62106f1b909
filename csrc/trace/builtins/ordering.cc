// heapq, bisect and functools.cmp_to_key: CPython's C code, comparison by comparison, since comparing may run the
// program's own functions.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/list.h"

namespace segue {
namespace {

constexpr size_t kLargestHeap = 2500;  ///< CPython makes larger heaps in another order of comparisons

Traced<bool> isLess(Tracer& t, ValueRef a, ValueRef b) {
  SEGUE_TRY(ValueRef verdict, compare(t, CompareOp::kLt, a, b));
  return truth(t, verdict);
}

/// A list as a heap; kMax: the largest item comes first.
template <bool kMax>
class HeapOf {
 public:
  HeapOf(Tracer& t, ListValue* list) : t_(t), list_(list) {}

  size_t size() const { return list_->items(t_).size(); }
  ValueRef at(size_t i) const { return t_.resolve(list_->items(t_)[i]); }
  void set(size_t i, ValueRef value) { list_->mutableItems(t_)[i] = value; }
  void push(ValueRef value) { list_->mutableItems(t_).push_back(value); }
  ValueRef removeLast() {
    ValueRef last = at(size() - 1);
    list_->mutableItems(t_).pop_back();
    return last;
  }

  Traced<void> siftDown(size_t start, size_t position) {
    const size_t before = size();
    while (position > start) {
      size_t parent = (position - 1) / 2;
      SEGUE_TRY(bool moves, comesFirst(at(position), at(parent)));
      SEGUE_TRY_VOID(sameSize(before));
      if (!moves) break;
      swap(position, parent);
      position = parent;
    }
    return {};
  }

  Traced<void> siftUp(size_t position) {
    const size_t start = position, end = size();
    while (position < end / 2) {
      size_t child = 2 * position + 1;
      if (child + 1 < end) {
        SEGUE_TRY(bool left, kMax ? isLess(t_, at(child + 1), at(child)) : isLess(t_, at(child), at(child + 1)));
        SEGUE_TRY_VOID(sameSize(end));
        child += left ? 0 : 1;
      }
      swap(position, child);
      position = child;
    }
    return siftDown(start, position);
  }

  Traced<void> heapify() {
    if (size() > kLargestHeap) return stop(BreakReason::kBuiltinNotModelled, "a large heap");
    for (size_t i = size() / 2; i-- > 0;) SEGUE_TRY_VOID(siftUp(i));
    return {};
  }

 private:
  Traced<bool> comesFirst(ValueRef a, ValueRef b) { return kMax ? isLess(t_, b, a) : isLess(t_, a, b); }
  void swap(size_t a, size_t b) {
    std::vector<ValueRef>& items = list_->mutableItems(t_);
    std::swap(items[a], items[b]);
  }
  Traced<void> sameSize(size_t before) const {
    if (size() != before) return stop(BreakReason::kExceptionEscapes, "list changed size during iteration");
    return {};
  }

  Tracer& t_;
  ListValue* list_;
};

/// Runs one operation on the heap that is the first argument, and stages what has become of the list: an operation that
/// raises leaves it half-way, as in CPython.
template <bool kMax, class Operation>
Traced<ValueRef> onHeap(Tracer& t, const BuiltinCall& call, size_t arguments, Operation operation) {
  if (call.size() != arguments || !call.args.keywords.empty()) {
    return stop(BreakReason::kExceptionEscapes, "the arguments of " + describeCallable(call.function));
  }
  SEGUE_TRY(ListValue * list, selfOf<ListValue>(t, call, BreakReason::kBuiltinNotModelled));
  HeapOf<kMax> heap(t, list);
  Traced<ValueRef> result = operation(heap, arguments > 1 ? t.resolve(call.args.positional[1]) : nullptr);
  if (!result.broke()) list->assign(t, std::vector<ValueRef>(list->items(t)));
  return result;
}

template <bool kMax>
Traced<ValueRef> heapify(Tracer& t, const BuiltinCall& call) {
  return onHeap<kMax>(t, call, 1, [&](HeapOf<kMax>& heap, ValueRef) -> Traced<ValueRef> {
    SEGUE_TRY_VOID(heap.heapify());
    return t.none();
  });
}
SEGUE_BUILTIN("heapq.heapify", heapify<false>);
SEGUE_BUILTIN("heapq._heapify_max", heapify<true>);

Traced<ValueRef> heappush(Tracer& t, const BuiltinCall& call) {
  return onHeap<false>(t, call, 2, [&](HeapOf<false>& heap, ValueRef item) -> Traced<ValueRef> {
    heap.push(item);
    SEGUE_TRY_VOID(heap.siftDown(0, heap.size() - 1));
    return t.none();
  });
}
SEGUE_BUILTIN("heapq.heappush", heappush);

template <bool kMax>
Traced<ValueRef> heappop(Tracer& t, const BuiltinCall& call) {
  return onHeap<kMax>(t, call, 1, [&](HeapOf<kMax>& heap, ValueRef) -> Traced<ValueRef> {
    if (heap.size() == 0) return t.raise(PyExc_IndexError, "index out of range");
    ValueRef last = heap.removeLast();
    if (heap.size() == 0) return last;
    ValueRef first = heap.at(0);
    heap.set(0, last);
    SEGUE_TRY_VOID(heap.siftUp(0));
    return first;
  });
}
SEGUE_BUILTIN("heapq.heappop", heappop<false>);
SEGUE_BUILTIN("heapq._heappop_max", heappop<true>);

template <bool kMax>
Traced<ValueRef> heapreplace(Tracer& t, const BuiltinCall& call) {
  return onHeap<kMax>(t, call, 2, [&](HeapOf<kMax>& heap, ValueRef item) -> Traced<ValueRef> {
    if (heap.size() == 0) return t.raise(PyExc_IndexError, "index out of range");
    ValueRef first = heap.at(0);
    heap.set(0, item);
    SEGUE_TRY_VOID(heap.siftUp(0));
    return first;
  });
}
SEGUE_BUILTIN("heapq.heapreplace", heapreplace<false>);
SEGUE_BUILTIN("heapq._heapreplace_max", heapreplace<true>);

Traced<ValueRef> heappushpop(Tracer& t, const BuiltinCall& call) {
  return onHeap<false>(t, call, 2, [&](HeapOf<false>& heap, ValueRef item) -> Traced<ValueRef> {
    if (heap.size() == 0) return item;
    const size_t before = heap.size();
    SEGUE_TRY(bool less, isLess(t, heap.at(0), item));
    if (!less) return item;
    if (heap.size() != before) return stop(BreakReason::kExceptionEscapes, "list changed size during iteration");
    ValueRef first = heap.at(0);
    heap.set(0, item);
    SEGUE_TRY_VOID(heap.siftUp(0));
    return first;
  });
}
SEGUE_BUILTIN("heapq.heappushpop", heappushpop);

// --- bisect

struct Bisection {
  ListValue* list;
  int64_t low, high;
  ValueRef key;  ///< null: none
};

Traced<Bisection> bisectionOf(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "bisect", {"a", "x", "lo", "hi", "key"}, 2));
  auto* list = as<ListValue>(args[0]);
  if (list == nullptr) return stop(BreakReason::kBuiltinNotModelled, "bisecting " + args[0]->describe());
  auto isNone = [](ValueRef value) { return value == nullptr || value->constant().get() == Py_None; };
  Bisection bounds{list, 0, static_cast<int64_t>(list->items(t).size()), isNone(args[4]) ? nullptr : args[4]};
  if (args[2] != nullptr) {
    SEGUE_TRY(bounds.low, constantInt(t, args[2]));
  }
  if (!isNone(args[3])) {
    SEGUE_TRY(bounds.high, constantInt(t, args[3]));
  }
  bool inside = bounds.low >= 0 && bounds.high >= 0 && bounds.high <= static_cast<int64_t>(list->items(t).size());
  if (!inside) return stop(BreakReason::kExceptionEscapes, "bisecting beyond the list");
  return bounds;
}

/// The position at which `item`, or what its key is, goes in.
Traced<int64_t> bisect(Tracer& t, const Bisection& bounds, ValueRef item, bool right) {
  int64_t low = bounds.low, high = bounds.high;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    const std::vector<ValueRef>& items = bounds.list->items(t);
    if (middle >= static_cast<int64_t>(items.size()))
      return stop(BreakReason::kExceptionEscapes, "the list has shrunk");
    ValueRef candidate = t.resolve(items[static_cast<size_t>(middle)]);
    if (bounds.key != nullptr) {
      SEGUE_TRY(candidate, call(t, bounds.key, {{candidate}, {}}));
    }
    // CPython 3.12 asks the one's type first, even where the other's derives from it.
    PyTypeObject *a = item->type(), *b = candidate->type();
    if (a != b && (PyType_IsSubtype(a, b) || PyType_IsSubtype(b, a)) && kPythonVersion >= 312) {
      return stop(BreakReason::kBuiltinNotModelled, "bisecting a class and a subclass of it");
    }
    SEGUE_TRY(bool less, right ? isLess(t, item, candidate) : isLess(t, candidate, item));
    (less == right ? high : low) = less == right ? middle : middle + 1;
  }
  return low;
}

template <bool kRight>
Traced<ValueRef> bisectFunction(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(Bisection bounds, bisectionOf(t, call));
  SEGUE_TRY(auto args, call.bind(t, "bisect", {"a", "x", "lo", "hi", "key"}, 2));
  SEGUE_TRY(int64_t position, bisect(t, bounds, args[1], kRight));
  return t.integer(position);
}
SEGUE_BUILTIN("bisect.bisect_right", bisectFunction<true>);
SEGUE_BUILTIN("bisect.bisect_left", bisectFunction<false>);

template <bool kRight>
Traced<ValueRef> insort(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(Bisection bounds, bisectionOf(t, call));
  SEGUE_TRY(auto args, call.bind(t, "insort", {"a", "x", "lo", "hi", "key"}, 2));
  ValueRef sought = args[1];
  if (bounds.key != nullptr) {
    SEGUE_TRY(sought, segue::call(t, bounds.key, {{args[1]}, {}}));
  }
  SEGUE_TRY(int64_t position, bisect(t, bounds, sought, kRight));
  SEGUE_TRY(ValueRef insert, getAttr(t, bounds.list, "insert"));
  return segue::call(t, insert, {{t.integer(position), args[1]}, {}});
}
SEGUE_BUILTIN("bisect.insort_right", insort<true>);
SEGUE_BUILTIN("bisect.insort_left", insort<false>);

// --- functools.cmp_to_key

/// What cmp_to_key gives, and (with an object) what calling that gives: compared by the program's function.
class ComparisonKey final : public Value {
 public:
  ComparisonKey(BorrowedRef maker, ValueRef compare, ValueRef object)
      : Value(ValueKind::kPartial), maker_(Ref::borrow(maker)), compare_(compare), object_(object) {}

  PyTypeObject* type() const override {
    static PyObject* const kKey = PyObject_CallOneArg(maker_.get(), reinterpret_cast<PyObject*>(&PyType_Type));
    return Py_TYPE(kKey);
  }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override {
    return textOf(name) == "obj" && object_ != nullptr ? Traced<ValueRef>(object_) : Value::getAttrSlot(t, name);
  }
  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override {
    if (args.positional.size() != 1 || !args.keywords.empty()) return Value::callSlot(t, args);
    return t.make<ComparisonKey>(maker_, compare_, t.resolve(args.positional[0]));
  }
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override {
    auto* key = other->type() == type() && !other->source() ? static_cast<ComparisonKey*>(other) : nullptr;
    if (key == nullptr || object_ == nullptr || key->object_ == nullptr) return Value::compareSlot(t, op, other);
    SEGUE_TRY(ValueRef verdict, call(t, compare_, {{object_, key->object_}, {}}));
    return compare(t, op, verdict, t.integer(0));
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    SEGUE_TRY(RecipeId function, b.of(compare_));
    RecipeId made = b.add({.kind = RecipeKind::kCall, .items = {b.constant(maker_), function}});
    if (object_ == nullptr) return made;
    SEGUE_TRY(RecipeId object, b.of(object_));
    return b.add({.kind = RecipeKind::kCall, .items = {made, object}});
  }

 private:
  Ref maker_;  ///< functools.cmp_to_key
  ValueRef compare_;
  ValueRef object_;  ///< null: what cmp_to_key gave
};

Traced<ValueRef> cmpToKey(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "cmp_to_key", {"mycmp"}, 1));
  return t.make<ComparisonKey>(call.function, args[0], nullptr);
}
SEGUE_BUILTIN("functools.cmp_to_key", cmpToKey);

}  // namespace
}  // namespace segue
