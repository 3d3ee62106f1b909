#include "trace/values/range.h"

#include "base/objects.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/iterator.h"

namespace segue {
namespace {

ValueRef wrapParts(Tracer& t, BorrowedRef live, Source source) {
  t.guardType(source, live);
  auto part = [&](const char* name, SourceMember member) {
    Ref number = Ref::steal(PyObject_GetAttrString(live, name));
    t.keepAlive(number);
    return t.wrap(number, t.isPinned(source) ? t.sources().constant(number) : t.sources().member(source, member));
  };
  ValueRef start = part("start", SourceMember::kRangeStart);
  ValueRef end = part("stop", SourceMember::kRangeStop);
  ValueRef step = part("step", SourceMember::kRangeStep);
  return t.make<RangeValue>(start, end, step, source);
}

ValueRef wrapRange(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] { return wrapParts(t, live, source); });
}
SEGUE_WRAPS(PyRange_Type, wrapRange);

class RangeIterator final : public IteratorValue {
 public:
  RangeIterator(ObjectId object, ValueRef range, int64_t count)
      : IteratorValue(object), range_(range), count_(count) {}
  PyTypeObject* type() const override { return &PyRangeIter_Type; }

  Traced<ValueRef> nextSlot(Tracer& t) override {
    int64_t position = t.heap().read<PositionState>(object()).position;
    if (position >= count_) return ValueRef{nullptr};
    ++t.heap().write<PositionState>(object()).position;
    return range_->getItemSlot(t, t.integer(position));
  }
  std::optional<int64_t> remainingSlot(Tracer& t) override {
    return count_ - t.heap().read<PositionState>(object()).position;
  }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    ValueRef items[] = {range_};
    return b.node(RecipeKind::kIterator, items,
                  static_cast<int32_t>(b.tracer().heap().read<PositionState>(object()).position));
  }

 private:
  ValueRef range_;
  int64_t count_;
};

/// One that the trace has found: what it gives next are symbols, and each number it gives is a write to it.
class LiveRangeIterator final : public IteratorValue {
 public:
  LiveRangeIterator(ObjectId object, Source source, Dim next, Dim step, Dim left)
      : IteratorValue(object, source), next_(next), step_(step), left_(left) {}
  PyTypeObject* type() const override { return &PyRangeIter_Type; }

  Traced<ValueRef> nextSlot(Tracer& t) override {
    DimTable& dims = t.dims();
    const int64_t position = t.heap().read<PositionState>(object()).position;
    if (!dims.decideLess(dims.constant(position), left_)) return ValueRef{nullptr};
    Result<Dim> distance = dims.mul(step_, dims.constant(position));
    if (distance.ok()) distance = dims.add(next_, distance.value());
    if (!distance.ok()) return stop(BreakReason::kFoldTooLarge, "a range beyond 64 bits");
    t.heap().write<PositionState>(object()).position = position + 1;
    t.noteWrite(this);
    t.heap().log({WriteKind::kIteratorNext, this, nullptr, nullptr, t.location()});
    return t.integer(distance.value());
  }

 private:
  Dim next_, step_, left_;
};

ValueRef wrapRangeIterator(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&]() -> ValueRef {
    t.guardType(source, live);
    int64_t numbers[3];
    if (!segue_range_iterator(live.get(), &numbers[0], &numbers[1], &numbers[2])) return t.make<OpaqueValue>(live, source);
    auto part = [&](RangePart which, int64_t lower_bound) {
      Dim dim = t.dims().symbol(numbers[static_cast<int>(which)], lower_bound);
      t.guards().dimOrigin({DimOrigin::Kind::kRangeIterator, source, static_cast<int>(which)});
      return dim;
    };
    Dim next = part(RangePart::kNext, DimTable::kNoBound);
    Dim step = t.dims().constant(t.dims().specialize(part(RangePart::kStep, DimTable::kNoBound)));
    return t.make<LiveRangeIterator>(newPosition(t), source, next, step, part(RangePart::kLeft, 0));
  });
}
SEGUE_WRAPS(PyRangeIter_Type, wrapRangeIterator);

}  // namespace

bool isRangeIterator(ValueRef value) {
  return value->kind() == ValueKind::kIterator && value->type() == &PyRangeIter_Type;
}

Traced<Dim> RangeValue::count(Tracer& t) const {
  std::optional<Dim> start = asDim(t, start_);
  std::optional<Dim> end = asDim(t, stop_);
  SEGUE_TRY(int64_t step, constantInt(t, step_));
  if (!start || !end) return stop(BreakReason::kFoldTooLarge, "a range beyond 64 bits");
  DimTable& dims = t.dims();
  if (step < 0) std::swap(start, end);
  if (dims.decideLessEqual(*end, *start)) return dims.constant(0);
  Result<Dim> span = dims.sub(*end, *start);
  int64_t stride = step < 0 ? -step : step;
  if (span.ok() && stride > 1) {
    span = dims.add(span.value(), dims.constant(stride - 1));
    if (span.ok()) span = dims.floorDiv(span.value(), dims.constant(stride));
  }
  if (!span.ok()) return stop(BreakReason::kFoldTooLarge, "a range beyond 64 bits");
  return span.value();
}

Traced<bool> RangeValue::truthSlot(Tracer& t) {
  SEGUE_TRY(Dim size, count(t));
  return !t.dims().decideEqual(size, t.dims().constant(0));
}

Traced<ValueRef> RangeValue::lengthSlot(Tracer& t) {
  SEGUE_TRY(Dim size, count(t));
  return t.integer(size);
}

Traced<ValueRef> RangeValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  std::string_view text = textOf(name);
  if (text == "start") return start_;
  if (text == "stop") return stop_;
  if (text == "step") return step_;
  return builtinTypeAttr(t, this, name);
}

Traced<ValueRef> RangeValue::getItemSlot(Tracer& t, ValueRef key) {
  if (!asDim(t, key)) return Value::getItemSlot(t, key);
  SEGUE_TRY(Dim size, count(t));
  Dim index = *asDim(t, key);
  DimTable& dims = t.dims();
  if (dims.decideLess(index, dims.constant(0))) {
    Result<Dim> wrapped = dims.add(index, size);
    if (!wrapped.ok()) return stop(BreakReason::kFoldTooLarge);
    index = wrapped.value();
  }
  if (dims.decideLess(index, dims.constant(0)) || !dims.decideLess(index, size)) {
    return t.raise(PyExc_IndexError, "range object index out of range");
  }
  SEGUE_TRY(ValueRef offset, binary(t, BinaryOp::kMultiply, t.integer(index), step_));
  return binary(t, BinaryOp::kAdd, start_, offset);
}

Traced<bool> RangeValue::containsSlot(Tracer& t, ValueRef item) {
  std::optional<Dim> number = asDim(t, item);
  if (!number) return stop(BreakReason::kUnsupportedOperation, "membership of a non-int in a range");
  DimTable& dims = t.dims();
  SEGUE_TRY(int64_t step, constantInt(t, step_));
  Dim low = *asDim(t, step > 0 ? start_ : stop_);
  Dim high = *asDim(t, step > 0 ? stop_ : start_);
  bool inside = step > 0 ? dims.decideLessEqual(low, *number) && dims.decideLess(*number, high)
                         : dims.decideLess(low, *number) && dims.decideLessEqual(*number, high);
  if (!inside || step == 1 || step == -1) return inside;
  Result<Dim> distance = dims.sub(*number, *asDim(t, start_));
  if (distance.ok()) distance = dims.mod(distance.value(), dims.constant(step));
  if (!distance.ok()) return stop(BreakReason::kFoldTooLarge);
  return dims.decideEqual(distance.value(), dims.constant(0));
}

Traced<ValueRef> RangeValue::iterSlot(Tracer& t) {
  SEGUE_TRY(Dim size, count(t));
  if (t.dims().decideLess(t.dims().constant(t.config().trace_budget), size)) {
    return stop(BreakReason::kLoopNotUnrolled, "a range of many numbers");
  }
  // A loop that is not unrolled must not pin its length: the decision above and this one are relations, not equality.
  if (!t.dims().isConstant(size) && t.dims().decideLess(t.dims().constant(t.config().unroll_range), size)) {
    return stop(BreakReason::kLoopNotUnrolled, "a range of more trips than segue.config.unroll_range");
  }
  int64_t trips = t.dims().specialize(size);
  return t.make<RangeIterator>(newPosition(t), this, trips);
}

Traced<RecipeId> RangeValue::recipeSlot(RecipeBuilder& b) { return b.node(RecipeKind::kRange, {start_, stop_, step_}); }

}  // namespace segue
