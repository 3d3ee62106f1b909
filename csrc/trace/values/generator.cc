// Generators made in the trace.
#include "trace/tracer.h"
#include "trace/values/function.h"

namespace segue {

Traced<ValueRef> Tracer::makeGenerator(FrameState frame) {
  return stop(BreakReason::kGeneratorState, frame.function->describe());
}

}  // namespace segue
