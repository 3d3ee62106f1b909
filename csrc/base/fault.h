// Planted faults: bugs that tests/planted turns on one at a time to prove that the test suite notices.
//
// `if (SEGUE_FAULT(GuardDropped)) return true;` is `if (false) …` in every normal build. With the CMake option SEGUE_FAULTS
// it asks whether the environment variable SEGUE_FAULT names the fault; the first time it does, the file named by
// SEGUE_FAULT_REACHED is created, so that a fault whose site never ran is told apart from one that tests missed.
// Rows (what goes wrong, and the tests that must notice) are in faults.def.
#pragma once

#ifdef SEGUE_FAULTS

namespace segue {

enum class Fault {
#define SEGUE_FAULT_ROW(name, what, tests) k##name,
#include "base/faults.def"
#undef SEGUE_FAULT_ROW
};

/// Whether this process was started with the fault.
bool faultPlanted(Fault fault);

}  // namespace segue

#define SEGUE_FAULT(name) (::segue::faultPlanted(::segue::Fault::k##name))

#else

#define SEGUE_FAULT(name) false

#endif
