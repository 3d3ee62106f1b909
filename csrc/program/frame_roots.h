// Where sources start: what guard programs and snapshots see of a frame. Built from a hook's frame, from a probe, or from
// the arguments of a vectorcall (no frame at all): then locals behind the arguments count as unbound.
#pragma once

#include "base/python.h"

namespace segue {

/// Everything is borrowed for the time of one dispatch.
struct FrameRoots {
  PyObject* const* locals = nullptr;   ///< localsplus slots; null = unbound
  int local_count = 0;
  PyObject* const* stack = nullptr;    ///< value stack, bottom first
  int stack_count = 0;
  PyObject* function = nullptr;        ///< the frame's function object; its closure holds the free variables
  PyObject* globals = nullptr;         ///< dict
  PyObject* builtins = nullptr;        ///< dict
  /// No instruction has run: cells are not made yet, so a local that becomes a cell is the plain argument.
  bool fresh = true;
};

}  // namespace segue
