// What a probe of rewritten code stands for: a place of one code object at which segments may start.
#pragma once

#include <memory>

#include "base/ref.h"
#include "hook/probe.h"
#include "program/splice.h"

namespace segue {

class DispatchTable;
struct SplicedCode;   // runtime/dispatch.h

struct ProbeSite {
  SplicedCode* spliced = nullptr;   ///< whose probe this is; null once that is gone: the probe is idle
  DispatchTable* table = nullptr;   ///< the place's entries, once a visit has found them; lives as long as `spliced`
  int index = 0;               ///< in the splice's sites
  int offset = 0;              ///< byte offset in the code
  int fruitless = 0;           ///< visits in a row that ran nothing
};

/// A probe for the site. Null with MemoryError set on failure.
Ref makeProbe(std::unique_ptr<ProbeSite> site);
/// The site that it was made with.
ProbeSite* probeSite(BorrowedRef probe);

/// The constant of f' for the hook; null where CPython has no sys.monitoring, and when there is no memory.
Ref makeLayout(BorrowedRef original, const SpliceLayout& layout);

}  // namespace segue
