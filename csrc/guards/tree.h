// Guards merged by path: what printing and lowering walk.
#pragma once

#include <optional>

#include "guards/guard.h"

namespace segue {

/// One source with everything that hangs on it.
struct GuardBranch {
  std::vector<uint32_t> guards;        ///< indexes of GuardSet::guards(), without those that others imply
  std::optional<ArrayFacts> array;     ///< all array guards of the source as one; their indexes are not in `guards`
  std::vector<uint32_t> origins;       ///< symbols whose number is read here
  std::vector<Source> children;        ///< in order of first use
  bool wanted = false;                 ///< the plan or an exit reads it
};

struct GuardTree {
  std::vector<GuardBranch> branches;   ///< by source id; sources without guards, symbols, wants or children stay empty
  std::vector<Source> roots;           ///< used sources without a parent
  std::vector<uint32_t> rootless;      ///< guards without a source (the error state)

  GuardTree(const GuardSet& guards, absl::Span<const Source> wanted);
  const GuardBranch& at(Source source) const { return branches[source.id]; }
  bool used(Source source) const { return used_[source.id]; }

 private:
  void use(const SourceTable& sources, Source source);
  std::vector<bool> used_;             ///< by source id: needs a fetch
};

/// The exact type that the guards on a source establish, null when none does. Borrowed from guard or source.
PyTypeObject* knownType(const GuardSet& guards, const GuardTree& tree, Source source);

}  // namespace segue
