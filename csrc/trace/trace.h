// The tracer's front door: executes a frame's bytecode symbolically and returns what it found.
//
// Requirements
//  1. Tracing runs no user code, changes no object that the program can see, and leaves no Python exception set.
//  2. The result always ends in an exit: a trace that cannot go on ends in a break at the instruction that CPython is to
//     execute, never in an error. Only a bug in Segue leaves as BugError.
//  3. Every guard in the result holds for the objects the trace was made with.
#pragma once

#include "base/python.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "bytecode/decode.h"
#include "trace/result.h"

namespace segue {

/// Limits of a trace (segue.config).
struct TraceConfig {
  int64_t unroll_range = 8;        ///< longest `for … in range` that is unrolled
  int64_t unroll_objects = 64;     ///< most trips of any other loop that are unrolled
  int64_t trace_budget = 50000;    ///< instructions per trace, inlined frames included
  int64_t inline_depth = 64;       ///< deepest chain of inlined frames
};

/// A frame to be traced. Everything borrowed here stays alive and unchanged during the call.
struct TraceRequest {
  std::shared_ptr<const Code> code;
  BorrowedRef function;                   ///< the frame's function object
  BorrowedRef globals, builtins;          ///< the frame's dicts
  absl::Span<PyObject* const> locals;     ///< by localsplus slot, null = unbound; at offset 0 the arguments as bound
  absl::Span<PyObject* const> stack;      ///< value stack, bottom first (empty at offset 0)
  int start_offset = 0;                   ///< bytecode offset of the first instruction
  TraceConfig config;
  /// Sources, as they print, whose values are other ones time after time: making a constant of one is a break.
  absl::flat_hash_set<std::string> varying;
  /// Whether calls of this function object may be inlined (false for segue.disable); none: all may.
  std::function<bool(BorrowedRef)> may_inline;
  /// Whether to guess what data decides, and have the run check it: sizes, and branches that only raise or warn.
  bool may_guess = true;
};

TraceResult traceFrame(const TraceRequest& request);

/// A row of breaks.def.
struct BreakRow {
  const char* id;           ///< stable: "data-dependent-branch"
  const char* explanation;  ///< one sentence
  const char* hint;         ///< what the user may do
};
/// By Exit::reason.
const BreakRow& breakRow(uint16_t reason);
int breakCount();

}  // namespace segue
