// Splices as text, for tests and logs:
//
//     L1:
//     probe 0, open             gate, probe and the drop of its value, where they are as they should be
//       LoadLocal x       @ 4   f's instructions, as canonical ones
//       …
//     enter 0:                  an exit's stub, for a fresh frame …
//       Resume 0
//       Jump -> L3
//     land 0:                   … and for one that comes from a probe
#pragma once

#include <string>

#include "program/splice.h"

namespace segue {

/// f' with its probes and exits marked: constants, names and slots in words, `@ line` where lines change, and what handlers
/// cover. The same for all versions but where their compilers differ.
std::string printSplice(const Splice& splice);

}  // namespace segue
