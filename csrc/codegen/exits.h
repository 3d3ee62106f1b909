// From a trace's exit to registers: recipes become build steps, writes become replay steps, frames become a snapshot.
//
// Each recipe is lowered once, when first needed, so that two places that name one recipe get one object. Constants,
// sources, outputs and numbers need no step: they are registers already.
#pragma once

#include "guards/lowering.h"
#include "program/segment.h"
#include "trace/result.h"

namespace segue {

/// The sources that an exit reads; to be passed to lowerGuards together with the graph's inputs.
std::vector<Source> exitSources(const TraceResult& trace);
/// The sizes that become Python ints at the exit, in the order of Plan::dims.
std::vector<Dim> exitDims(const TraceResult& trace);

/// The segment of a trace that returns or breaks. `plan` was compiled for the trace's graph with exitDims(). The error
/// names a recipe that has no lowering.
Result<Segment> lowerExit(const TraceResult& trace, const LoweredGuards& guards, Plan plan);

}  // namespace segue
