// What a probe of rewritten code stands for: a place of one code object at which segments may start.
#pragma once

#include <memory>

#include "base/ref.h"
#include "hook/probe.h"
#include "program/splice.h"

namespace segue {

class CodeState;

struct ProbeSite {
  CodeState* state = nullptr;   ///< null once the code object is gone: the probe is idle
  int options_id = 0;          ///< under which the code was spliced
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
