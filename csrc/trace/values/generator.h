// Generators that the trace made: a suspended frame in the heap.
//
// Resuming takes a copy of the frame state, runs it to its next yield, and stores it back, so that a step which breaks
// in between leaves the generator as it was. Generators made outside are opaque.
#pragma once

#include "absl/functional/function_ref.h"
#include "trace/frame_state.h"
#include "trace/values/value.h"

namespace segue {

class ExceptionValue;

/// `generator raised StopIteration`: what leaves a generator in place of a StopIteration.
ExceptionValue* stopIterationError(Tracer& t, ExceptionValue* exception);

struct GeneratorState final : ClonableState<GeneratorState> {
  FrameState frame;
  enum class Phase : uint8_t { kCreated, kSuspended, kRunning, kFinished } phase = Phase::kCreated;
  ValueRef handled = nullptr;  ///< the exception its frame is handling; null = none
};

class GeneratorValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kGenerator;
  GeneratorValue(ObjectId object, std::vector<ValueRef> arguments)
      : HeapValue(kKind, object, std::nullopt), arguments_(std::move(arguments)) {}
  PyTypeObject* type() const override { return &PyGen_Type; }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> iterSlot(Tracer& t) override { return this; }
  Traced<ValueRef> nextSlot(Tracer& t) override;

  /// Resumes it with a value; null: it has returned, and the value it returned is in `returned`.
  Traced<ValueRef> send(Tracer& t, ValueRef sent, ValueRef* returned);
  /// generator.throw(exception), with the result as `send` has it.
  Traced<ValueRef> throwInto(Tracer& t, ExceptionValue* exception, ValueRef* returned);
  Traced<ValueRef> close(Tracer& t);
  /// Whether dropping it runs code: it is suspended in a try or with statement.
  bool cleansUp(Tracer& t) const;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  /// What it delegates to where it is suspended in `yield from`; null elsewhere.
  ValueRef delegate(Tracer& t) const;
  Traced<ValueRef> throwThrough(Tracer& t, ExceptionValue* exception, ValueRef* returned);
  /// Raises the exception where it is suspended.
  Traced<ValueRef> raiseInside(Tracer& t, ExceptionValue* exception, ValueRef* returned);
  Traced<void> closeDelegate(Tracer& t);
  /// Runs its frame on; `enter` pushes what the frame goes on with.
  Traced<ValueRef> resume(Tracer& t, absl::FunctionRef<Traced<void>(FrameState&)> enter, ValueRef* returned);
  std::vector<ValueRef> arguments_;  ///< by slot, as its function's parameters were bound
};

}  // namespace segue
