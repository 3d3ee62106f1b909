// The driver's log events.
#include "driver/pipeline.h"
#include "log/log.h"

namespace segue {
namespace {

LogPlace place(const SourcePosition& position) { return {position.function, position.file, position.line}; }

}  // namespace

void logRecompile(PyCodeObject* code, DispatchTable& table, const FrameRoots& roots) {
  if (!logs(Channel::kRecompiles) || table.entries().empty()) return;
  RecompileEvent event{place(sourcePosition(reinterpret_cast<PyObject*>(code), -1)), {}};
  for (GuardFailure& failure : table.explainMiss(roots)) {
    event.failures.push_back({std::move(failure.source), std::move(failure.expected), std::move(failure.actual)});
  }
  emit(event);
}

void logCompile(const CompileRecord& record, const std::string& graph, const std::string& program) {
  if (!graph.empty() && logs(Channel::kGraph)) emit(GraphEvent{place(record.start), graph, record.op_count, record.plan});
  if (logs(Channel::kGuards)) {
    GuardsEvent event{place(record.start), "", program};
    for (const std::string& line : record.guards) event.guards += line + "\n";
    emit(event);
  }
  if (!record.stop || !logs(Channel::kGraphBreaks)) return;
  const BreakRecord& stop = *record.stop;
  GraphBreakEvent event{place(record.start), place(stop.position), stop.id, stop.explanation, stop.detail, stop.hint, "", {}};
  for (const SourcePosition& call : stop.inlined_chain) event.inlined.push_back(place(call));
  emit(event);
}

bool logsCompiles() { return logs(Channel::kGraph) || logs(Channel::kGuards) || logs(Channel::kGraphBreaks); }

}  // namespace segue
