// Guards that a graph's writes need, and the description of a trace for records.
#pragma once

#include "driver/compile.h"
#include "trace/result.h"

namespace segue {

/// The memory of every written input is disjoint from that of every other array input (graph.h, requirement 6).
void guardOverlaps(TraceResult* trace);

/// Fills a record from a trace, after the passes.
void describeTrace(const TraceResult& trace, BorrowedRef code, bool captured, CompileRecord* record);
/// … with the break that ends it.
void describeBreak(const TraceResult& trace, BorrowedRef code, CompileRecord* record);

}  // namespace segue
