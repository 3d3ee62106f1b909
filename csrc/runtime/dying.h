// What dies with the objects that a commit replaced: a death that runs code must come where CPython has it.
#pragma once

#include "absl/types/span.h"
#include "runtime/program.h"

namespace segue {

/// Whether everything that will die with these references dies without running code: no finalizer, no weak reference.
/// `journal` and `held` (null entries are skipped) are the references that are about to go.
bool dieSilently(const WriteJournal& journal, absl::Span<const Reg> held, PyObject* const* regs);

}  // namespace segue
