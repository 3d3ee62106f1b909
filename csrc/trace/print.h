// A trace as text: guards, sizes, graph, recipes, writes and the exit. For tests and SEGUE_LOGS; stable and deterministic.
#pragma once

#include <string>

#include "trace/result.h"

namespace segue {

/// `code` is the traced frame's, for the names of sources.
std::string printTrace(const TraceResult& result, BorrowedRef code);

}  // namespace segue
