// The pipeline on one screen: decode -> trace -> passes -> backend -> guards and snapshot -> entry.
//
// Model. `installDriver` hands the hook its frame handler and the callables their fast path. The handler looks the frame
// up in the function's dispatch state; a hit runs the segment, a miss compiles one. Everything a compile learns is kept
// as counts (`Stats`), and, while somebody records, as a `CompileRecord` each.
//
// Failures. A break gives an entry that says "run eagerly" under the guards of what the trace relied on. A BugError is
// caught here and nowhere else: the frame runs eagerly and one warning says how to report it. A backend's error is one
// warning too (raised in strict mode).
//
// Requirements
//  1. A compile runs no user code and leaves no Python exception set.
//  2. A frame whose handler declines runs as if Segue were not there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ref.h"
#include "base/traced.h"

namespace segue {

class Graph;

/// Process-wide settings (segue.config).
struct Config {
  int64_t entry_limit = 64;        ///< entries per (code, offset); more run eagerly
  int64_t unroll_range = 8;        ///< longest `for … in range` that is unrolled
  int64_t unroll_objects = 64;     ///< longest loop over Python objects that is unrolled
  int64_t trace_budget = 50000;    ///< instructions per trace
  Ref capture_modules;             ///< tuple of str: library modules whose frames are captured on their own
};
Config& config();

/// What to do with frames (segue.set_stance).
enum class Stance : uint8_t { kDefault, kForceEager, kEagerOnRecompile, kFailOnRecompile };
/// "default", "force_eager" …
Result<Stance> stanceFromName(std::string_view name);
std::string_view stanceName(Stance stance);
/// Returns the previous one.
Stance setStance(Stance stance);
inline Stance current_stance = Stance::kDefault;
inline Stance stance() { return current_stance; }

struct Stats {
  int64_t calls = 0;               ///< calls of compiled functions and frames offered below them
  int64_t hits = 0;                ///< … that ran a segment
  int64_t misses = 0;              ///< … that found no entry
  int64_t compiles = 0;            ///< traces made
  double compile_ms = 0;           ///< time spent making them
  int64_t entries = 0;             ///< live entries, verdicts included
  int64_t segments = 0;            ///< segments run to their end
  int64_t exits = 0;               ///< … that left through a break
  int64_t reruns = 0;              ///< segments dropped and run by CPython
  int64_t eager = 0;               ///< frames that a verdict sent to CPython
  int64_t splices = 0;             ///< times that some f' was built
};
inline Stats current_stats;
inline Stats& stats() { return current_stats; }

/// Where a location stands in the user's source.
struct SourcePosition {
  std::string file, function;
  int line = 0, column = -1, end_line = 0, end_column = -1;   ///< columns are UTF-8 offsets, -1 when unknown
};

/// Why a trace ended before its frame did.
struct BreakRecord {
  std::string id, explanation, detail, hint;
  SourcePosition position;
  std::vector<SourcePosition> inlined_chain;   ///< call sites, outermost first
};

/// What one compile did, for explain, fullgraph errors and logs.
struct CompileRecord {
  std::string function;            ///< qualified name of the code
  SourcePosition start;
  std::shared_ptr<const Graph> graph;   ///< after the passes; null when nothing was captured
  std::vector<std::string> guards; ///< one source or check each
  std::string plan;                ///< listing of the segment; empty unless somebody records or logs, as `guards` and `graph`
  std::optional<BreakRecord> stop; ///< none when the trace returned, or nobody records, logs or asked for fullgraph
  int op_count = 0;
  int numpy_calls = 0;             ///< that the segment makes, or has no need to
  int instruction_count = 0;
  double milliseconds = 0;
};

/// Starts and ends recording on this thread; nests.
void beginRecords();
std::vector<CompileRecord> endRecords();
bool recording();

/// Keeps a function's frames out of capture and its calls from being inlined (segue.disable). False with MemoryError set on
/// failure.
bool disableCode(PyCodeObject* code);

/// Raises the exception of a fullgraph function that breaks; installed by the bindings.
using GraphBreakRaiser = void (*)(const BreakRecord& stop);
void setGraphBreakRaiser(GraphBreakRaiser raiser);

/// Installs the frame handler and the fast path. False with a Python exception set on failure.
bool installDriver();
/// Drops every entry and zeroes the counts (segue.reset).
void resetDriver();

}  // namespace segue
