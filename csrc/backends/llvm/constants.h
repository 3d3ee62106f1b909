// NumPy scalars that a program writes down: np.uint32(24), np.float32(0.5).
#pragma once

#include <optional>

#include "graph/users.h"

namespace segue::llvm {

/// The bits of a scalar, or of a 0-d array that only becomes one, that a node makes of a number alone, as NumPy makes it; nullopt for others.
std::optional<uint64_t> writtenDown(const Node& node, const UsersByNode& users, const DimTable& dims);

}  // namespace segue::llvm
