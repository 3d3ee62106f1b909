// Log channels and structured events: the only place that formats them.
//
// Model. SEGUE_LOGS names channels; each prints one kind of event. An event is a plain struct that its producer fills
// (never on the hot path: events come from compiles); `emit` hands it to the sinks: text to standard error or a file, and
// a Python callback that receives the fields (explain and tests). A producer asks `logs(channel)` first, which is one
// load and a bit test, and fills nothing when nobody listens.
//
//   SEGUE_LOGS="graph,+guards,-graph_breaks"     + says more, - says less; "help" lists the channels
//
// Requirements
//  1. Off costs one test. Nothing here runs on a hit.
//  2. Text goes to the C standard error stream: a program's own sys.stderr object is not called.
//  3. A callback's exception is reported as unraisable, never raised into the program.
#pragma once

#include "base/ref.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/traced.h"

namespace segue {

enum class Channel : uint8_t {
#define SEGUE_LOG_CHANNEL(name, text, description) k##name,
#include "log/channels.def"
#undef SEGUE_LOG_CHANNEL
};

enum class LogLevel : uint8_t { kOff, kQuiet, kNormal, kVerbose };

/// Bits of the channels that somebody listens to.
extern std::atomic<uint32_t> log_mask;
inline bool logs(Channel channel) {
  return (log_mask.load(std::memory_order_relaxed) >> static_cast<uint32_t>(channel)) & 1;
}
LogLevel logLevel(Channel channel);

/// Sets the channels as SEGUE_LOGS would; "" turns all off, "help" prints the list as well. The error lists the channels.
Result<void> configureLogs(std::string_view spec);
/// "graph          graphs captured …", one channel a line.
std::string describeChannels();

/// Sends text to a file (appending) instead of standard error; "" goes back.
Result<void> setLogFile(const std::string& path);
/// callback(channel: str, fields: dict) receives every event of every channel; null ends it. Returns the previous one.
Ref setLogCallback(Ref callback);

// ---- events ------------------------------------------------------------------------------------------------------

/// A place in the user's source.
struct LogPlace {
  std::string function, file;
  int line = 0;
};

using LogValue = std::variant<std::string, int64_t, std::vector<std::string>>;
using LogFields = std::vector<std::pair<const char*, LogValue>>;

struct GraphEvent {
  static constexpr Channel kChannel = Channel::kGraph;
  LogPlace place;
  std::string graph;          ///< printed graph
  int64_t op_count = 0;
  std::string plan;           ///< listing of the segment; shown when verbose
};

struct BytecodeEvent {
  static constexpr Channel kChannel = Channel::kBytecode;
  LogPlace place;
  std::string listing;
  std::string rewritten;      ///< f′, when there is one; shown when verbose
};

struct GuardsEvent {
  static constexpr Channel kChannel = Channel::kGuards;
  LogPlace place;
  std::string guards;         ///< the tree, one source a line
  std::string program;        ///< its listing; shown when verbose
};

struct GraphBreakEvent {
  static constexpr Channel kChannel = Channel::kGraphBreaks;
  LogPlace place;             ///< of the frame traced
  LogPlace position;          ///< of the instruction
  std::string id, explanation, detail, hint;
  std::string excerpt;        ///< source line and caret, may be empty
  std::vector<LogPlace> inlined;   ///< call sites, outermost first
};

/// One guard that failed.
struct FailedGuard {
  std::string source, expected, actual;
};

struct RecompileEvent {
  static constexpr Channel kChannel = Channel::kRecompiles;
  LogPlace place;
  std::vector<FailedGuard> failures;   ///< first failing guard of each entry, newest entry last
};

struct TraceCallEvent {
  static constexpr Channel kChannel = Channel::kTraceCall;
  LogPlace place;             ///< of the call
  std::string callee;
  int64_t depth = 0;          ///< inlined frames around it
  std::string outcome;        ///< "inlined", "node add", "break …"
};

/// A graph's groups of nodes.
struct FusionEvent {
  static constexpr Channel kChannel = Channel::kFusion;
  struct Group {
    std::vector<std::string> nodes, outputs;   ///< by name
    std::string end;                           ///< why it holds no more
  };
  std::vector<Group> groups;
};

struct ScheduleEvent {
  static constexpr Channel kChannel = Channel::kSchedule;
  std::vector<std::string> items;   ///< one kernel or call each
};

struct KernelEvent {
  static constexpr Channel kChannel = Channel::kKernels;
  std::string name;
  int64_t nodes = 0, bytes = 0;
  std::string origin;         ///< "compiled", "from the cache", "known"
  int64_t microseconds = 0;
  std::string text;           ///< what it computes; shown when verbose
};

/// Something about the kernels' cache on disk that keeps it from being used.
struct KernelCacheEvent {
  static constexpr Channel kChannel = Channel::kKernels;
  std::string text;
};

struct IrEvent {
  static constexpr Channel kChannel = Channel::kIr;
  std::string name, text;
};

struct AsmEvent {
  static constexpr Channel kChannel = Channel::kAsm;
  std::string name, text;
};

LogFields fields(const GraphEvent& event);
LogFields fields(const BytecodeEvent& event);
LogFields fields(const GuardsEvent& event);
LogFields fields(const GraphBreakEvent& event);
LogFields fields(const RecompileEvent& event);
LogFields fields(const TraceCallEvent& event);
LogFields fields(const FusionEvent& event);
LogFields fields(const ScheduleEvent& event);
LogFields fields(const KernelEvent& event);
LogFields fields(const KernelCacheEvent& event);
LogFields fields(const IrEvent& event);
LogFields fields(const AsmEvent& event);

std::string format(const GraphEvent& event, LogLevel level);
std::string format(const BytecodeEvent& event, LogLevel level);
std::string format(const GuardsEvent& event, LogLevel level);
std::string format(const GraphBreakEvent& event, LogLevel level);
std::string format(const RecompileEvent& event, LogLevel level);
std::string format(const TraceCallEvent& event, LogLevel level);
std::string format(const FusionEvent& event, LogLevel level);
std::string format(const ScheduleEvent& event, LogLevel level);
std::string format(const KernelEvent& event, LogLevel level);
std::string format(const KernelCacheEvent& event, LogLevel level);
std::string format(const IrEvent& event, LogLevel level);
std::string format(const AsmEvent& event, LogLevel level);

void emitText(Channel channel, const std::string& text);
void emitFields(Channel channel, const LogFields& fields);
bool hasLogCallback();

template <class Event>
void emit(const Event& event) {
  if (LogLevel level = logLevel(Event::kChannel); level != LogLevel::kOff) {
    emitText(Event::kChannel, format(event, level));
  }
  if (hasLogCallback()) emitFields(Event::kChannel, fields(event));
}

}  // namespace segue
