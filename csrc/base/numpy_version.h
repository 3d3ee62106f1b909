// Which NumPy runs: for what NumPy changed between the versions that we support.
#pragma once

namespace segue {

/// Whether the NumPy that is imported is at least this version. False where its version cannot be read.
bool numpyAtLeast(int major, int minor);

}  // namespace segue
