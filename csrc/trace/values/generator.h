// Generators that the trace made: a suspended frame in the heap.
//
// Resuming takes a copy of the frame state, runs it to its next yield, and stores it back, so that a step which breaks in
// between leaves the generator as it was. Generators made outside are opaque.
#pragma once

#include "trace/frame_state.h"
#include "trace/values/value.h"

namespace segue {

struct GeneratorState final : ClonableState<GeneratorState> {
  FrameState frame;
  enum class Phase : uint8_t { kCreated, kSuspended, kRunning, kFinished } phase = Phase::kCreated;
  ValueRef handled = nullptr;   ///< the exception its frame is handling; null = none
};

class GeneratorValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kGenerator;
  explicit GeneratorValue(ObjectId object) : HeapValue(kKind, object, std::nullopt) {}
  PyTypeObject* type() const override { return &PyGen_Type; }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> iterSlot(Tracer& t) override { return this; }
  Traced<ValueRef> nextSlot(Tracer& t) override;

  /// Resumes it with a value; null: it has returned, and the value it returned is in `returned`.
  Traced<ValueRef> send(Tracer& t, ValueRef sent, ValueRef* returned);
};

}  // namespace segue
