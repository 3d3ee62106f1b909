// Events of the native backend as text and as fields.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "log/log.h"

namespace segue {
namespace {

std::string line(const FusionEvent::Group& group) {
  return absl::StrCat(absl::StrJoin(group.nodes, " "), " -> ", absl::StrJoin(group.outputs, " "), "; ends: ", group.end);
}

std::string numbered(int64_t count, const char* noun) { return absl::StrCat(count, " ", noun, count == 1 ? "" : "s"); }

std::string titled(const std::string& title, const std::string& body) { return absl::StrCat(title, "\n", body); }

}  // namespace

LogFields fields(const FusionEvent& event) {
  std::vector<std::string> groups;
  for (const FusionEvent::Group& group : event.groups) groups.push_back(line(group));
  return {{"groups", std::move(groups)}};
}

std::string format(const FusionEvent& event, LogLevel level) {
  std::string out = absl::StrCat(numbered(static_cast<int64_t>(event.groups.size()), "group"), "\n");
  if (level == LogLevel::kQuiet) return out;
  for (const FusionEvent::Group& group : event.groups) absl::StrAppend(&out, line(group), "\n");
  return out;
}

LogFields fields(const ScheduleEvent& event) { return {{"items", event.items}}; }

std::string format(const ScheduleEvent& event, LogLevel level) {
  std::string out = absl::StrCat(numbered(static_cast<int64_t>(event.items.size()), "item"), "\n");
  if (level == LogLevel::kQuiet) return out;
  return absl::StrCat(out, absl::StrJoin(event.items, "\n"), event.items.empty() ? "" : "\n");
}

LogFields fields(const KernelEvent& event) {
  return {{"name", event.name}, {"nodes", event.nodes}, {"bytes", event.bytes}, {"origin", event.origin},
          {"microseconds", event.microseconds}, {"text", event.text}};
}

std::string format(const KernelEvent& event, LogLevel level) {
  std::string out = absl::StrFormat("%s: %s, %s, %s in %.2f ms\n", event.name, numbered(event.nodes, "node"), numbered(event.bytes, "byte"),
                                    event.origin, static_cast<double>(event.microseconds) / 1000);
  return level == LogLevel::kVerbose ? absl::StrCat(out, event.text) : out;
}

LogFields fields(const KernelCacheEvent& event) { return {{"cache", event.text}}; }
std::string format(const KernelCacheEvent& event, LogLevel) { return absl::StrCat(event.text, "\n"); }

LogFields fields(const IrEvent& event) { return {{"name", event.name}, {"text", event.text}}; }
std::string format(const IrEvent& event, LogLevel) { return titled(event.name, event.text); }

LogFields fields(const AsmEvent& event) { return {{"name", event.name}, {"text", event.text}}; }
std::string format(const AsmEvent& event, LogLevel) { return titled(event.name, event.text); }

}  // namespace segue
