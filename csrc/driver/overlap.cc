#include "driver/overlap.h"

#include "driver/pipeline.h"
#include "graph/effects.h"
#include "trace/trace.h"

namespace segue {

void guardOverlaps(TraceResult* trace) {
  Effects effects(*trace->graph);
  const auto& inputs = trace->inputs;
  for (size_t i = 0; i < inputs.size(); i++) {
    if (!inputs[i].input->type->isArray() || !effects.regionWritten(effects.region(inputs[i].input))) continue;
    for (size_t k = 0; k < inputs.size(); k++) {
      if (k == i || !inputs[k].input->type->isArray()) continue;
      // A pair of written inputs once.
      if (k < i && effects.regionWritten(effects.region(inputs[k].input))) continue;
      trace->guards->disjoint(inputs[i].source, inputs[k].source);
    }
  }
}

void describeTrace(const TraceResult& trace, BorrowedRef code, bool captured, CompileRecord* record) {
  record->start = sourcePosition(code, -1);
  record->function = record->start.function;
  record->instruction_count = trace.instruction_count;
  record->op_count = captured ? static_cast<int>(trace.graph->opCount()) : 0;
  record->numpy_calls = captured ? trace.numpy_calls : 0;
  if (captured && recording()) record->graph = trace.graph->clone();
}

void describeBreak(const TraceResult& trace, BorrowedRef code, CompileRecord* record) {
  if (trace.exit.kind != ExitKind::kBreak) return;
  const BreakRow& row = breakRow(trace.exit.reason);
  BreakRecord stop{row.id, row.explanation, trace.exit.detail, row.hint, {}, {}};
  stop.position = sourcePosition(trace.exit.location.code ? trace.exit.location.code : code, trace.exit.location.offset);
  for (const Location& call : trace.exit.inlined_chain) {
    stop.inlined_chain.push_back(sourcePosition(call.code, call.offset));
  }
  record->stop = std::move(stop);
}

}  // namespace segue
