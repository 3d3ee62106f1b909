// The engine's surface for python/segue: compile, statistics, settings, records, backends, breaks.
#include "base/python.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "backends/backend.h"
#include "backends/llvm/background.h"
#include "backends/llvm/object_cache.h"
#include "bindings/bindings.h"
#include "bindings/graph.h"
#include "driver/compile.h"
#include "runtime/dispatch.h"
#include "runtime/kernel_runs.h"
#include "runtime/output_memory.h"
#include "runtime/thread_pool.h"
#include "trace/trace.h"

namespace py = pybind11;

namespace segue {
namespace {

py::dict positionDict(const SourcePosition& place) {
  return py::dict(py::arg("file") = place.file, py::arg("function") = place.function, py::arg("line") = place.line,
                  py::arg("col") = place.column, py::arg("end_line") = place.end_line,
                  py::arg("end_col") = place.end_column);
}

py::dict breakDict(const BreakRecord& stop) {
  py::list chain;
  for (const SourcePosition& call : stop.inlined_chain) chain.append(positionDict(call));
  return py::dict(py::arg("id") = stop.id, py::arg("explanation") = stop.explanation, py::arg("detail") = stop.detail,
                  py::arg("hint") = stop.hint, py::arg("position") = positionDict(stop.position),
                  py::arg("chain") = chain);
}

py::dict recordDict(const CompileRecord& record) {
  py::object graph = py::none(), stop = py::none();
  if (record.graph != nullptr) graph = py::reinterpret_steal<py::object>(wrapGraph(*record.graph).release());
  if (record.stop) stop = breakDict(*record.stop);
  return py::dict(py::arg("function") = record.function, py::arg("position") = positionDict(record.start),
                  py::arg("graph") = graph, py::arg("guards") = record.guards, py::arg("plan") = record.plan,
                  py::arg("break") = stop, py::arg("op_count") = record.op_count,
                  py::arg("numpy_calls") = record.numpy_calls,
                  py::arg("instruction_count") = record.instruction_count,
                  py::arg("milliseconds") = record.milliseconds);
}

py::list endRecordDicts() {
  py::list out;
  for (const CompileRecord& record : endRecords()) out.append(recordDict(record));
  return out;
}

/// segue.GraphBreakError(Break.from_record(…)).
/// The fields of explain.KernelRun.
py::list endKernelRunTuples() {
  py::list out;
  for (const KernelRun& run : endKernelRuns()) {
    out.append(py::make_tuple(run.name, run.operators, run.elements, run.bytes, run.flops, run.seconds, run.estimated_seconds));
  }
  return out;
}

void raiseGraphBreak(const BreakRecord& stop) {
  try {
    py::module_ errors = py::module_::import("segue.errors");
    py::object graph_break = errors.attr("Break").attr("from_record")(breakDict(stop));
    py::object error = errors.attr("GraphBreakError");
    PyErr_SetObject(error.ptr(), error(graph_break).ptr());
  } catch (py::error_already_set& failure) {
    failure.restore();
  }
}

py::dict statsDict() {
  const Stats& s = stats();
  return py::dict(py::arg("calls") = s.calls, py::arg("hits") = s.hits, py::arg("misses") = s.misses,
                  py::arg("compiles") = s.compiles, py::arg("compile_ms") = s.compile_ms,
                  py::arg("entries") = entryCount(), py::arg("segments") = s.segments, py::arg("exits") = s.exits,
                  py::arg("reruns") = s.reruns, py::arg("eager") = s.eager, py::arg("splices") = s.splices);
}

/// The settings that are numbers, by name.
int64_t* number(const std::string& name) {
  Config& c = config();
  if (name == "entry_limit") return &c.entry_limit;
  if (name == "unroll_range") return &c.unroll_range;
  if (name == "unroll_objects") return &c.unroll_objects;
  if (name == "trace_budget") return &c.trace_budget;
  if (name == "cache_limit") return &llvm::cacheSettings().limit;
  return nullptr;
}

py::object getConfig(const std::string& name) {
  if (name == "output_memory") return py::int_(outputMemoryLimit());
  if (name == "threads") return threadSetting() == 0 ? py::object(py::none()) : py::int_(threadSetting());
  if (int64_t* value = number(name)) return py::int_(*value);
  if (name == "cache_dir") {
    const std::string& path = llvm::cacheSettings().directory;
    if (path.empty()) return py::none();
    return py::reinterpret_steal<py::object>(PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
  }
  if (name != "capture_modules") throw py::attribute_error("segue.config has no setting '" + name + "'");
  if (!config().capture_modules) return py::tuple();
  return py::reinterpret_borrow<py::object>(config().capture_modules.get());
}

void putConfig(const std::string& name, const py::object& value) {
  if (int64_t* place = number(name)) {
    *place = value.cast<int64_t>();
  } else if (name == "output_memory") {
    setOutputMemoryLimit(value.cast<int64_t>());
  } else if (name == "threads") {
    setThreads(value.is_none() ? 0 : value.cast<int64_t>());
  } else if (name == "cache_dir") {
    llvm::cacheSettings().directory = value.is_none() ? "" : value.cast<std::string>();
  } else if (name == "capture_modules") {
    config().capture_modules = Ref::borrow(value.cast<py::tuple>().ptr());
  } else {
    throw py::attribute_error("segue.config has no setting '" + name + "'");
  }
}

std::string putStance(const std::string& name) {
  Result<Stance> stance = stanceFromName(name);
  if (!stance.ok()) throw py::value_error(stance.error());
  return std::string(stanceName(setStance(stance.value())));
}

py::list breakReasons() {
  py::list rows;
  for (int i = 0; i < breakCount(); i++) {
    const BreakRow& row = breakRow(static_cast<uint16_t>(i));
    rows.append(py::dict(py::arg("id") = row.id, py::arg("explanation") = row.explanation, py::arg("hint") = row.hint));
  }
  return rows;
}

/// Bytes of the entries of a function's code, and how many there are.
py::tuple entryMemory(const py::object& function) {
  auto* code = reinterpret_cast<PyCodeObject*>(function.attr("__code__").ptr());
  CodeState* state = CodeState::find(code);
  DispatchTable* table = state != nullptr ? state->table(0) : nullptr;
  if (table == nullptr) return py::make_tuple(0, 0);
  return py::make_tuple(table->bytes(), table->entries().size());
}

/// `made`: an object file, or the message of an error.
void handIn(const std::string& module, const py::object& made) {
  if (py::isinstance<py::bytes>(made)) {
    llvm::handIn(module, made.cast<std::string>());
  } else {
    llvm::handIn(module, Error{made.cast<std::string>()});
  }
}

}  // namespace

void bindEngine(py::module_& m) {
  if (!installDriver()) throw py::error_already_set();
  setGraphBreakRaiser(&raiseGraphBreak);
  setGraphWrapper(&wrapGraph);
  m.attr("_compile") = m.attr("_make_callable");
  m.def("_stats", &statsDict);
  m.def("_reset", &resetDriver, "Drops every entry and zeroes the counts.");
  m.def("_config_get", &getConfig);
  m.def("_config_set", &putConfig);
  m.def("_thread_count", &threadCount, "How many threads may run a kernel.");
  m.def("_set_default_threads", &setDefaultThreads, "What that is where no setting says otherwise; 0: the processors.");
  m.def("_hand_in", &handIn, "(module, object file or error message): what the background has made of a module.");
  m.def("_finish_job", &llvm::finishJob, "All modules of the job have been handed in.");
  m.def("_set_stance", &putStance, "Returns the previous stance's name.");
  m.def("_backends", &backendNames, "Names of the engine's own backends.");
  m.def("_records_begin", &beginRecords);
  m.def("_records_end", &endRecordDicts, "One dict per trace since the matching _records_begin.");
  m.def("_kernel_runs_begin", &beginKernelRuns);
  m.def("_kernel_runs_end", &endKernelRunTuples, "A tuple for each run of a kernel since the matching _kernel_runs_begin, on this thread.");
  m.def("_break_reasons", &breakReasons);
  m.def("_entry_memory", &entryMemory, "(bytes, entries) of a function's own code.");
  m.def("_disable_code", [](const py::object& code) {
          if (!disableCode(reinterpret_cast<PyCodeObject*>(code.ptr()))) throw py::error_already_set();
        }, "Keeps a code object's frames out of capture, and its calls from being inlined.");
}

}  // namespace segue
