#include "trace/values/tuple.h"

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/iterator.h"

namespace segue {
namespace {

ValueRef wrapItems(Tracer& t, BorrowedRef live, Source source) {
  Py_ssize_t size = PyTuple_GET_SIZE(live.get());
  t.guardType(source, live);
  if (!t.isPinned(source)) t.guards().length(source, size);
  TupleValue::Items items;
  for (Py_ssize_t i = 0; i < size; ++i) {
    BorrowedRef item = PyTuple_GET_ITEM(live.get(), i);
    items.push_back(t.isPinned(source) ? t.constant(item)
                                       : t.pending(item, t.sources().item(source, static_cast<int>(i))));
  }
  return t.make<TupleValue>(std::move(items), source, t.isPinned(source) ? live : BorrowedRef());
}

ValueRef wrapParts(Tracer& t, BorrowedRef live, Source source) {
  auto* slice = reinterpret_cast<PySliceObject*>(live.get());
  t.guardType(source, live);
  auto part = [&](PyObject* object, SourceMember member) {
    return t.wrap(object, t.isPinned(source) ? t.sources().constant(object) : t.sources().member(source, member));
  };
  ValueRef start = part(slice->start, SourceMember::kSliceStart);
  ValueRef end = part(slice->stop, SourceMember::kSliceStop);
  ValueRef step = part(slice->step, SourceMember::kSliceStep);
  return t.make<SliceValue>(start, end, step, source);
}

ValueRef wrapTuple(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] { return wrapItems(t, live, source); });
}

ValueRef wrapSlice(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] { return wrapParts(t, live, source); });
}

SEGUE_WRAPS(PyTuple_Type, wrapTuple);
SEGUE_WRAPS(PySlice_Type, wrapSlice);

bool holds(CompareOp op, int64_t a, int64_t b) {
  switch (op) {
    case CompareOp::kLt: return a < b;
    case CompareOp::kLe: return a <= b;
    case CompareOp::kEq: return a == b;
    case CompareOp::kNe: return a != b;
    case CompareOp::kGt: return a > b;
    case CompareOp::kGe: return a >= b;
  }
  SEGUE_UNREACHABLE("comparison");
}

}  // namespace

Traced<ValueRef> compareSequences(Tracer& t, CompareOp op, absl::Span<const ValueRef> a,
                                  absl::Span<const ValueRef> b) {
  auto sizes = [&] { return t.boolean(holds(op, static_cast<int64_t>(a.size()), static_cast<int64_t>(b.size()))); };
  bool equality = op == CompareOp::kEq || op == CompareOp::kNe;
  if (equality && a.size() != b.size()) return sizes();
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    SEGUE_TRY(bool equal, equalItems(t, a[i], b[i]));
    if (equal) continue;
    if (equality) return t.boolean(op == CompareOp::kNe);
    return compare(t, op, a[i], b[i]);
  }
  return sizes();
}

Traced<int64_t> sequenceIndex(Tracer& t, ValueRef key, int64_t size, const char* type_name) {
  SEGUE_TRY(int64_t index, constantInt(t, key));
  if (index < 0) index += size;
  if (index < 0 || index >= size) return t.raise(PyExc_IndexError, absl::StrFormat("%s index out of range", type_name));
  return index;
}

Traced<SliceBounds> sliceBounds(Tracer& t, ValueRef slice, size_t size) {
  auto* parts = as<SliceValue>(slice);
  BorrowedRef start = specialize(t, parts->start());
  BorrowedRef end = specialize(t, parts->stop());
  BorrowedRef step = specialize(t, parts->step());
  if (!start || !end || !step) return stop(BreakReason::kConstantNeeded, "a slice of a sequence");
  Ref object = Ref::steal(PySlice_New(start, end, step));
  Py_ssize_t from, to, by;
  if (PySlice_Unpack(object.get(), &from, &to, &by) < 0) {
    SEGUE_TRY_VOID(t.raiseCurrent());
  }
  Py_ssize_t count = PySlice_AdjustIndices(static_cast<Py_ssize_t>(size), &from, &to, by);
  return SliceBounds{from, by, count};
}

Traced<std::vector<ValueRef>> slicedItems(Tracer& t, absl::Span<const ValueRef> items, ValueRef slice) {
  SEGUE_TRY(SliceBounds bounds, sliceBounds(t, slice, items.size()));
  std::vector<ValueRef> selected;
  for (Py_ssize_t i = 0; i < bounds.count; ++i) selected.push_back(items[bounds.from + i * bounds.step]);
  return selected;
}

BorrowedRef TupleValue::constant() const { return live_; }

Traced<ValueRef> TupleValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  op = withoutInplace(op);
  if (op == BinaryOp::kAdd && !reflected) {
    auto* tuple = as<TupleValue>(other);
    if (tuple == nullptr) return ValueRef{nullptr};
    // CPython hands on what stays the same.
    if (type() == &PyTuple_Type && tuple->items_.empty()) return this;
    if (tuple->type() == &PyTuple_Type && items_.empty()) return tuple;
    Items joined = items_;
    joined.insert(joined.end(), tuple->items_.begin(), tuple->items_.end());
    return t.tuple(std::move(joined));
  }
  if (op != BinaryOp::kMultiply || !asDim(t, other)) return ValueRef{nullptr};
  SEGUE_TRY(int64_t count, repetitions(t, other, items_.size()));
  if (type() == &PyTuple_Type && (count == 1 || items_.empty())) return this;
  Items repeated;
  for (int64_t i = 0; i < count; ++i) repeated.insert(repeated.end(), items_.begin(), items_.end());
  return t.tuple(std::move(repeated));
}

Traced<ValueRef> TupleValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  auto* tuple = as<TupleValue>(other);
  if (tuple == nullptr) return ValueRef{nullptr};
  return compareSequences(t, op, items_, tuple->items_);
}

Traced<ValueRef> TupleValue::lengthSlot(Tracer& t) { return t.integer(static_cast<int64_t>(items_.size())); }

Traced<ValueRef> TupleValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  return type() == &PyTuple_Type ? builtinTypeAttr(t, this, name) : namedTupleAttr(t, this, name);
}

Traced<ValueRef> TupleValue::getItemSlot(Tracer& t, ValueRef key) {
  if (key->kind() == ValueKind::kSlice) {
    SEGUE_TRY(std::vector<ValueRef> selected, slicedItems(t, items_, key));
    return t.tuple(Items(selected.begin(), selected.end()));
  }
  if (!asDim(t, key)) return Value::getItemSlot(t, key);
  SEGUE_TRY(int64_t index, sequenceIndex(t, key, static_cast<int64_t>(items_.size()), "tuple"));
  return t.resolve(items_[index]);
}

Traced<bool> TupleValue::containsSlot(Tracer& t, ValueRef item) {
  for (ValueRef candidate : items_) {
    SEGUE_TRY(bool equal, equalItems(t, candidate, item));
    if (equal) return true;
  }
  return false;
}

Traced<ValueRef> TupleValue::iterSlot(Tracer& t) { return makeSequenceIterator(t, this); }

Traced<Ref> TupleValue::keySlot(Tracer& t) {
  if (live_) {
    bool constant = true;
    for (ValueRef item : items_) constant = constant && t.resolve(item)->kind() == ValueKind::kConstant;
    if (constant) return live_;
  }
  Ref tuple = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(items_.size())));
  for (size_t i = 0; i < items_.size(); ++i) {
    SEGUE_TRY(Ref item, key(t, items_[i]));
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), item.release());
  }
  return tuple;
}

Traced<Arg> TupleValue::argSlot(Tracer& t) {
  ArgTuple args;
  for (ValueRef item : items_) {
    SEGUE_TRY(Arg arg, toArg(t, item));
    args.items.push_back(std::move(arg));
  }
  return Arg(std::move(args));
}

Traced<RecipeId> TupleValue::recipeSlot(RecipeBuilder& b) {
  if (type() == &PyTuple_Type) return b.node(RecipeKind::kTuple, items_);
  Recipe recipe{.kind = RecipeKind::kStructSequence, .items = {b.constant(cls_)}};
  for (ValueRef item : items_) {
    SEGUE_TRY(RecipeId id, b.of(item));
    recipe.items.push_back(id);
  }
  return b.add(std::move(recipe));
}

// --- slices

Traced<ValueRef> SliceValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  std::string_view text = textOf(name);
  if (text == "start") return start_;
  if (text == "stop") return stop_;
  if (text == "step") return step_;
  return builtinTypeAttr(t, this, name);
}

Traced<Arg> SliceValue::argSlot(Tracer& t) {
  SEGUE_TRY(Arg start, toArg(t, start_));
  SEGUE_TRY(Arg end, toArg(t, stop_));
  SEGUE_TRY(Arg step, toArg(t, step_));
  return Arg(std::make_shared<const ArgSlice>(ArgSlice{std::move(start), std::move(end), std::move(step)}));
}

Traced<RecipeId> SliceValue::recipeSlot(RecipeBuilder& b) { return b.node(RecipeKind::kSlice, {start_, stop_, step_}); }

}  // namespace segue
