// The reference backend: every node is a call of NumPy, in program order; temporaries die behind their last use.
//
// Writes. An input array that the graph writes is replaced by a *mirror* (runtime/mirror.h) from its first use on, unless
// the writes may go to the array itself: they may when no node up to the last of them reads the array's memory, since
// running the segment again then writes the same again. Outputs that look at a mirror are moved onto the original, and
// the commit copies the mirror back. Arrays made in the segment are written in place.
#pragma once

#include "backends/backend.h"

namespace segue {

class ReferenceBackend : public Backend {
 public:
  Result<Plan> compile(const BackendInput& input) override;
};

}  // namespace segue
