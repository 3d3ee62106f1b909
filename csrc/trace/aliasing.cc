// What a write may touch besides its target, and which keys of dicts and sets are one. Two sources may name one object, and two
// arrays one memory; the trace treats different values as different objects with memory of their own, so a write guards that
// they are, and breaks where they are not now.
#include <algorithm>

#include "base/fault.h"
#include "base/objects.h"
#include "graph/effects.h"
#include "trace/tracer.h"
#include "trace/values/dict.h"
#include "trace/values/graph_values.h"
#include "trace/values/instance.h"

namespace segue {
namespace {

struct Extent {
  uintptr_t low, high;   ///< bytes [low, high) that the array's elements lie in
};

Extent extentOf(PyArrayObject* array) {
  auto low = reinterpret_cast<uintptr_t>(PyArray_DATA(array));
  uintptr_t high = low + static_cast<uintptr_t>(PyArray_ITEMSIZE(array));
  for (int axis = 0; axis < PyArray_NDIM(array); ++axis) {
    npy_intp size = PyArray_DIM(array, axis);
    if (size == 0) return {low, low};
    npy_intp reach = (size - 1) * PyArray_STRIDE(array, axis);
    (reach < 0 ? low : high) += reach;
  }
  return {low, high};
}

bool mayOverlap(BorrowedRef a, BorrowedRef b) {
  Extent x = extentOf(reinterpret_cast<PyArrayObject*>(a.get()));
  Extent y = extentOf(reinterpret_cast<PyArrayObject*>(b.get()));
  return x.low < y.high && y.low < x.high && !SEGUE_FAULT(OverlapNotSeen);
}

bool ownsDict(BorrowedRef instance) {
  PyObject* dict = segue_made_dict(instance.get());
  return dict == nullptr || Py_REFCNT(dict) == 1;
}

/// Inputs whose memory the node may share.
void collectInputs(Node* node, std::vector<Node*>& inputs) {
  if (node->isInput()) {
    if (std::find(inputs.begin(), inputs.end(), node) == inputs.end()) inputs.push_back(node);
    return;
  }
  for (Node* shared : sharedArgs(*node)) collectInputs(shared, inputs);
}

}  // namespace

void Tracer::noteWrite(ValueRef written) {
  if (wasWritten(written)) return;
  written_.push_back(written);
  for (const auto& [object, value] : live_) guardNotSame(written, value);
}

bool Tracer::wasWritten(ValueRef value) const {
  return std::find(written_.begin(), written_.end(), value) != written_.end();
}

void Tracer::noteIdentityKey(ValueRef value, BorrowedRef live) {
  if (!value->source() || SEGUE_FAULT(KeysNotToldApart)) return;
  constexpr size_t kFew = 8;   // guards to tell one object from; more are dearer than an entry for each
  const bool pinned = isPinned(*value->source());
  auto& known = pinned ? pinned_keys_ : free_keys_;
  if (std::find(known.begin(), known.end(), IdentityKey{value, live}) == known.end()) known.push_back({value, live});
  const bool few = pinned_keys_.size() + free_keys_.size() <= kFew;
  auto tellApart = [&](const IdentityKey& key) {
    const bool may_be_one = key.value != value && key.value->type() == value->type();
    if (few && may_be_one) guards().same(*key.value->source(), *value->source(), false);
  };
  for (const IdentityKey& key : free_keys_) {
    if (!few) guardIdentity(*key.value->source(), key.live);
    tellApart(key);
  }
  for (const IdentityKey& key : pinned_keys_) {
    if (!pinned) tellApart(key);
  }
}

void Tracer::guardAgainstWritten(ValueRef value) {
  for (ValueRef written : written_) guardNotSame(written, value);
}

void Tracer::guardNotSame(ValueRef a, ValueRef b) {
  if (a == b || SEGUE_FAULT(AliasNotGuarded)) return;
  if (isPinned(*a->source()) && isPinned(*b->source())) return;
  if (a->type() == b->type()) guards().same(*a->source(), *b->source(), false);
  if (as<InstanceValue>(b) != nullptr) std::swap(a, b);
  if (as<InstanceValue>(a) != nullptr) guardAttributesApart(as<InstanceValue>(a), b);
}

// Instances may share one __dict__, and programs pass an instance's __dict__ around. One guard tells an instance apart from
// everything else while nobody holds its dict.
void Tracer::guardAttributesApart(InstanceValue* instance, ValueRef other) {
  auto* peer = as<InstanceValue>(other);
  if (peer == nullptr && as<DictValue>(other) == nullptr) return;
  for (InstanceValue* one : {instance, peer}) {
    if (one == nullptr || !ownsDict(one->live())) continue;
    guards().add({.kind = GuardKind::kOwnsDict, .source = *one->source()});
    return;
  }
  guards().add({.kind = GuardKind::kOtherDict, .source = *instance->source(), .other = *other->source()});
}

bool Tracer::noteInstanceDict(BorrowedRef dict, InstanceValue* owner) {
  if (live_.contains(dict.get())) return false;
  auto [it, inserted] = dict_owners_.try_emplace(dict.get(), owner);
  return inserted || it->second == owner;
}

InstanceValue* Tracer::ownerOfDict(BorrowedRef dict) const {
  auto it = dict_owners_.find(dict.get());
  return it == dict_owners_.end() ? nullptr : it->second;
}

Traced<void> Tracer::noteInput(ArrayValue* array) {
  for (ArrayValue* written : written_arrays_) SEGUE_TRY_VOID(guardDisjoint(written, array));
  input_arrays_.push_back(array);
  return {};
}

Traced<void> Tracer::noteArrayWrites(const Node& node) {
  std::vector<Node*> roots;
  for (Node* written : writtenArgs(node)) collectInputs(written, roots);
  for (Node* root : roots) {
    auto it = std::find_if(input_arrays_.begin(), input_arrays_.end(),
                           [&](ArrayValue* array) { return array->node(*this) == root; });
    if (it == input_arrays_.end()) continue;  // a NumPy scalar: nothing writes to it
    ArrayValue* written = *it;
    if (std::find(written_arrays_.begin(), written_arrays_.end(), written) != written_arrays_.end()) continue;
    for (ArrayValue* other : input_arrays_) SEGUE_TRY_VOID(guardDisjoint(written, other));
    written_arrays_.push_back(written);
  }
  return {};
}

Traced<void> Tracer::guardDisjoint(ArrayValue* written, ArrayValue* other) {
  if (written == other) return {};
  if (mayOverlap(written->live(), other->live())) {
    return stop(BreakReason::kOverlappingArrays, "an array that is written overlaps another one");
  }
  guards().disjoint(*written->source(), *other->source());
  return {};
}

}  // namespace segue
