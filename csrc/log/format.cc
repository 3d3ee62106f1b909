// Events as text and as fields.
#include "absl/strings/str_cat.h"
#include "log/log.h"

namespace segue {
namespace {

std::string text(const LogPlace& place) {
  std::string at = place.file.empty() ? "" : absl::StrCat(" at ", place.file, ":", place.line);
  return absl::StrCat(place.function, at);
}

void addPlace(LogFields* out, const LogPlace& place) {
  out->push_back({"function", place.function});
  out->push_back({"file", place.file});
  out->push_back({"line", static_cast<int64_t>(place.line)});
}

std::string counted(int64_t count, const char* noun) { return absl::StrCat(count, " ", noun, count == 1 ? "" : "s"); }

/// A block of lines under a heading; nothing when empty.
void section(std::string* out, const char* heading, const std::string& body) {
  if (body.empty()) return;
  if (*heading != '\0') absl::StrAppend(out, heading, "\n");
  absl::StrAppend(out, body, body.back() == '\n' ? "" : "\n");
}

}  // namespace

LogFields fields(const GraphEvent& event) {
  LogFields out;
  addPlace(&out, event.place);
  out.push_back({"graph", event.graph});
  out.push_back({"op_count", event.op_count});
  out.push_back({"plan", event.plan});
  return out;
}

std::string format(const GraphEvent& event, LogLevel level) {
  std::string out = absl::StrCat(text(event.place), ", ", counted(event.op_count, "operator"), "\n");
  if (level == LogLevel::kQuiet) return out;
  section(&out, "", event.graph);
  if (level == LogLevel::kVerbose) section(&out, "plan:", event.plan);
  return out;
}

LogFields fields(const BytecodeEvent& event) {
  LogFields out;
  addPlace(&out, event.place);
  out.push_back({"listing", event.listing});
  out.push_back({"rewritten", event.rewritten});
  return out;
}

std::string format(const BytecodeEvent& event, LogLevel level) {
  std::string out = absl::StrCat(text(event.place), "\n");
  if (level == LogLevel::kQuiet) return out;
  section(&out, "", event.listing);
  if (level == LogLevel::kVerbose) section(&out, "rewritten:", event.rewritten);
  return out;
}

LogFields fields(const GuardsEvent& event) {
  LogFields out;
  addPlace(&out, event.place);
  out.push_back({"guards", event.guards});
  out.push_back({"program", event.program});
  return out;
}

std::string format(const GuardsEvent& event, LogLevel level) {
  std::string out = absl::StrCat(text(event.place), "\n");
  if (level == LogLevel::kQuiet) return out;
  section(&out, "", event.guards.empty() ? "nothing to check" : event.guards);
  if (level == LogLevel::kVerbose) section(&out, "program:", event.program);
  return out;
}

LogFields fields(const GraphBreakEvent& event) {
  LogFields out;
  addPlace(&out, event.place);
  out.push_back({"break_function", event.position.function});
  out.push_back({"break_file", event.position.file});
  out.push_back({"break_line", static_cast<int64_t>(event.position.line)});
  out.push_back({"id", event.id});
  out.push_back({"explanation", event.explanation});
  out.push_back({"detail", event.detail});
  out.push_back({"hint", event.hint});
  out.push_back({"excerpt", event.excerpt});
  std::vector<std::string> chain;
  for (const LogPlace& place : event.inlined) chain.push_back(text(place));
  out.push_back({"inlined", std::move(chain)});
  return out;
}

std::string format(const GraphBreakEvent& event, LogLevel level) {
  std::string out = absl::StrCat(text(event.position), ": [", event.id, "] ",
                                 event.detail.empty() ? event.explanation : event.detail, "\n");
  if (level == LogLevel::kQuiet) return out;
  section(&out, "", event.excerpt);
  if (!event.detail.empty()) section(&out, "", event.explanation);
  if (!event.hint.empty()) section(&out, "", absl::StrCat("hint: ", event.hint));
  if (level != LogLevel::kVerbose) return out;
  section(&out, "", absl::StrCat("frame: ", text(event.place)));
  for (const LogPlace& place : event.inlined) section(&out, "", absl::StrCat("inlined from ", text(place)));
  return out;
}

LogFields fields(const RecompileEvent& event) {
  LogFields out;
  addPlace(&out, event.place);
  std::vector<std::string> sources, expected, actual;
  for (const FailedGuard& guard : event.failures) {
    sources.push_back(guard.source);
    expected.push_back(guard.expected);
    actual.push_back(guard.actual);
  }
  out.push_back({"sources", std::move(sources)});
  out.push_back({"expected", std::move(expected)});
  out.push_back({"actual", std::move(actual)});
  return out;
}

std::string format(const RecompileEvent& event, LogLevel level) {
  size_t count = event.failures.size();
  std::string out = absl::StrCat(text(event.place), ", ", count, count == 1 ? " entry" : " entries", " did not fit\n");
  if (level == LogLevel::kQuiet) return out;
  size_t first = level == LogLevel::kVerbose || event.failures.empty() ? 0 : event.failures.size() - 1;
  for (size_t i = first; i < event.failures.size(); i++) {
    const FailedGuard& guard = event.failures[i];
    section(&out, "", absl::StrCat(guard.source, ": compiled when it ", guard.expected, "; now ", guard.actual));
  }
  return out;
}

LogFields fields(const TraceCallEvent& event) {
  LogFields out;
  addPlace(&out, event.place);
  out.push_back({"callee", event.callee});
  out.push_back({"depth", event.depth});
  out.push_back({"outcome", event.outcome});
  return out;
}

std::string format(const TraceCallEvent& event, LogLevel) {
  return absl::StrCat(std::string(static_cast<size_t>(2 * event.depth), ' '), event.callee, ": ", event.outcome, ", ",
                      text(event.place), "\n");
}

}  // namespace segue
