// Threads that ask for the GIL once the interpreter is being finalized.
#pragma once

#include <cxxabi.h>
#include <unistd.h>

#include <utility>

namespace segue {

/// Runs what may ask for the GIL. Once the interpreter is being finalized, CPython ends daemon threads there, by unwinding their stacks.
/// What a run holds must not be released then, without the GIL: the thread stops here for good, as it does in CPython 3.14.
/// (Such an unwinding has no object that the handler's reference could name: it is null, which UndefinedBehaviorSanitizer must not mind.)
template <class Function>
__attribute__((no_sanitize("undefined"))) inline auto stoppedByExit(Function&& function) {
  try {
    return std::forward<Function>(function)();
  } catch (abi::__forced_unwind&) {
    for (;;) pause();
  }
}

}  // namespace segue
