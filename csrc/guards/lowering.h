// From a guard set to the guard program of an entry.
//
// Order. Sources are fetched as late as their checks allow, parents first. Checks go in waves, so that a call that is
// going to miss misses early: types and arrays of arguments; constants and identities; everything behind attributes, items
// and keys; sizes and relations; then what costs time (key lists, sets, memory overlap). Within a wave the order is that of
// the trace.
//
// Requirements
//  1. A check that makes a fetch safe comes before it (the type of an object whose field is read).
//  2. Every wanted source has a slot, every symbol of the DimTable an int.
//  3. A type whose attribute is fetched is assumed unchanged for that name, whether or not the trace said so.
#pragma once

#include "guards/guard.h"

namespace segue {

struct LoweredGuards {
  GuardProgram program;
  std::vector<Assumption> assumptions;
  std::vector<int32_t> slot_of;   ///< by source id: its slot, -1 when not fetched

  uint32_t slot(Source source) const {
    SEGUE_CHECK(source.id < slot_of.size() && slot_of[source.id] >= 0, "source without a slot");
    return static_cast<uint32_t>(slot_of[source.id]);
  }
};

/// Whether a guard program could hold all of the trace's sources and sizes.
bool fitsGuardProgram(const GuardSet& guards, const DimTable& dims);

/// `wanted`: what the plan and the exit read (graph inputs, kSource recipes). `code`: for names in messages, may be null.
/// The error names a source that cannot be fetched without running user code.
Result<LoweredGuards> lowerGuards(const GuardSet& guards, const DimTable& dims, absl::Span<const Source> wanted,
                                  BorrowedRef code);

/// The guards as people read them, a tree merged by path: sources, checks, sizes, relations, assumptions.
std::string printGuards(const GuardSet& guards, const DimTable& dims, BorrowedRef code);

}  // namespace segue
