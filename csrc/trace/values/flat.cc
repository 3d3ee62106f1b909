// x.flat: an array's elements in C order, by number. Never leaves the trace; reading and storing single elements and
// iterating are operators of the array.
#include "trace/values/flat.h"

#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/graph_values.h"
#include "trace/values/iterator.h"

namespace segue {
namespace {

/// An int; a bool is a mask.
bool isPosition(Tracer& t, ValueRef key) {
  return asDim(t, key) && !(key->constant() && PyBool_Check(key->constant().get()));
}

}  // namespace

PyTypeObject* FlatValue::type() const { return &PyArrayIter_Type; }

Traced<ValueRef> FlatValue::lengthSlot(Tracer& t) { return getAttr(t, array_, "size"); }

Traced<ValueRef> FlatValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  if (PyUnicode_CompareWithASCIIString(name, "base") == 0) return array_;
  if (PyUnicode_CompareWithASCIIString(name, "copy") == 0) return getAttr(t, array_, "flatten");  // flatiter.copy()
  return Value::getAttrSlot(t, name);
}

Traced<ValueRef> FlatValue::getItemSlot(Tracer& t, ValueRef key) {
  if (!isPosition(t, key)) return Value::getItemSlot(t, key);
  return t.applyNumpy("numpy.take", {{array_, key}, {}});
}

Traced<void> FlatValue::setItemSlot(Tracer& t, ValueRef key, ValueRef value) {
  bool number = value != nullptr && (value->kind() == ValueKind::kNumpyScalar || value->kind() == ValueKind::kScalar ||
                                     asDim(t, value) || (value->constant() && PyFloat_CheckExact(value->constant())));
  if (!number || !isPosition(t, key)) return Value::setItemSlot(t, key, value);
  SEGUE_TRY(ValueRef size, lengthSlot(t));
  SEGUE_TRY(int64_t count, constantInt(t, size));
  SEGUE_TRY(int64_t position, constantInt(t, key));
  if (position < 0) position += count;
  if (position < 0 || position >= count) return stop(BreakReason::kExceptionEscapes, "an index of flat is out of bounds");
  const Shape& shape = array_->graphType().shape;
  absl::InlinedVector<ValueRef, 6> index(shape.size(), nullptr);
  for (size_t axis = shape.size(); axis-- > 0;) {
    int64_t length = t.dims().specialize(shape[axis]);
    index[axis] = t.integer(position % length);
    position /= length;
  }
  return setItem(t, array_, t.tuple(std::move(index)), value);
}

Traced<ValueRef> FlatValue::iterSlot(Tracer& t) {
  SEGUE_TRY(ValueRef size, lengthSlot(t));
  SEGUE_TRY(int64_t count, constantInt(t, size));
  if (count > t.config().unroll_objects) return stop(BreakReason::kLoopNotUnrolled, "iteration over an array's elements");
  // The flat iterator is its own iterator: what comes behind a first pass depends on where that ended.
  if (t.heap().read<PositionState>(object()).exhausted) {
    return stop(BreakReason::kUnsupportedOperation, "a second pass of a flat iterator");
  }
  t.heap().write<PositionState>(object()).exhausted = true;
  return makeSequenceIterator(t, this);
}

}  // namespace segue
