#include "driver/compile.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "backends/backend.h"
#include "base/fault.h"
#include "codegen/exits.h"
#include "driver/offer.h"
#include "driver/overlap.h"
#include "graph/evaluate.h"
#include "graph/passes.h"
#include "graph/print.h"
#include "guards/lowering.h"
#include "trace/breaks.h"
#include "trace/trace.h"

namespace segue {
namespace {

/// A segment could not be made, though the trace is good: a backend's error.
struct BackendFailure {
  std::string message;
};

TraceResult traceInput(const CompileInput& input, std::shared_ptr<const Code> code) {
  TraceRequest request;
  request.code = std::move(code);
  request.function = reinterpret_cast<PyObject*>(input.frame.function);
  request.globals = input.frame.globals;
  request.builtins = input.frame.builtins;
  request.locals = {input.roots.locals, static_cast<size_t>(input.roots.local_count)};
  request.stack = {input.roots.stack, static_cast<size_t>(input.roots.stack_count)};
  request.start_offset = input.offset;
  request.varying = {input.varying.begin(), input.varying.end()};
  request.config.unroll_range = config().unroll_range;
  request.config.unroll_objects = config().unroll_objects;
  request.config.trace_budget = config().trace_budget;
  request.may_inline = [](BorrowedRef function) {
    return !PyFunction_Check(function.get()) || !isDisabled(reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function.get())));
  };
  const CodeState* state = CodeState::find(input.code);
  request.may_guess = state == nullptr || !state->guesses_wrong;
  return traceFrame(request);
}

/// What the entry reads: the graph's inputs, then what the exit passes on.
std::vector<Source> wantedSources(const TraceResult& trace) {
  std::vector<Source> wanted = exitSources(trace);
  for (const InputBinding& binding : trace.inputs) wanted.push_back(binding.source);
  return wanted;
}

Result<Plan> runBackend(const CompileInput& input, const TraceResult& trace, const LoweredGuards& guards,
                        PyObject* const* regs, std::vector<std::string>* warnings) {
  // Held, as another thread may register a backend of this name meanwhile.
  const std::shared_ptr<Backend> backend = input.options->backend_function
                                               ? std::shared_ptr(makePythonBackend(input.options->backend_function))
                                               : findBackend(input.options->backend);
  SEGUE_REQUIRE(backend != nullptr, "there is no backend named '%s'", input.options->backend);
  BackendInput in{.graph = trace.graph.get(), .slot_count = guards.program.slot_count};
  in.dims = exitDims(trace);
  in.options = input.options->backend_options;
  in.exact = input.options->exact;
  in.warnings = warnings;
  for (const InputBinding& binding : trace.inputs) {
    in.input_slots.push_back(guards.slot(binding.source));
    in.examples.push_back(regs[in.input_slots.back()]);
  }
  return backend->compile(in);
}

/// Gives the frames of a break's snapshot their ways in, and probes behind what CPython executes there.
void attachSplices(const CompileInput& input, const TraceResult& trace, Snapshot* snapshot) {
  for (size_t i = 0; i < snapshot->frames.size(); i++) {
    SnapshotFrame& frame = snapshot->frames[i];
    const FrameSnapshot& traced = trace.exit.frames[i];
    auto* code = reinterpret_cast<PyCodeObject*>(traced.code.get());
    // Library code is captured by being inlined only.
    const bool own = i == 0 || !traced.function;
    const bool probes = own || (!isDisabled(code) &&
                                mayCapture(code, PyFunction_GET_GLOBALS(traced.function.get()), *input.options));
    const SpliceNeeds needs{.offset = traced.offset, .exits = true, .into_call = i + 1 < snapshot->frames.size(),
                            .sites = probes};
    frame.splice = requireSplice(code, input.options, input.options_id, needs);
    SEGUE_CHECK(static_cast<bool>(frame.splice), "no memory for a code's state");
    frame.exit = frame.splice->findExit(needs.offset, needs.into_call);
  }
}

/// Where nothing is captured before a break, there may be something to capture behind it.
SpliceRef probesBehind(const CompileInput& input, const Exit& exit) {
  if (exit.kind != ExitKind::kBreak) return SpliceRef();
  const Location& where = exit.inlined_chain.empty() ? exit.location : exit.inlined_chain.front();
  if (where.code.get() != reinterpret_cast<PyObject*>(input.code)) return SpliceRef();
  // A trace that has left at an instruction that raises, or at its start, has got further than CPython has to go.
  const int left_at = exit.frames.front().offset;
  return requireSplice(input.code, input.options, input.options_id,
                       {.offset = left_at != input.offset ? left_at : where.offset, .sites = true});
}

/// Operators on Python numbers alone.
bool hasOnlyNumbers(const Graph& graph) {
  auto isNumber = [](const Type& type) { return type.isPyScalar() || type.kind == TypeKind::kNone; };
  bool only = true;
  forEachNode(graph.body(), [&](const Node* node) {
    only &= isNumber(*node->type) && node->regions.empty();
    for (const Arg& arg : node->args) {
      forEachValue(arg, [&](const ArgValue& value) { only &= isNumber(*value.type); });
    }
  });
  return only;
}

/// Without a NumPy call there is nothing to win (DESIGN, "Which frames"). With `capture_all` any instruction will do. At a
/// probe, which may be visited in every trip of a loop, operators on numbers do not count: CPython is as fast.
bool isWorthAnEntry(const CompileInput& input, const TraceResult& trace) {
  const bool at_probe = input.offset > 0;
  if (!trace.worthless() && !(at_probe && trace.numpy_calls == 0 && hasOnlyNumbers(*trace.graph))) return true;
  if (!input.options->capture_all) return false;
  if (trace.exit.kind != ExitKind::kBreak) return true;
  return trace.exit.frames.size() > 1 || trace.exit.frames.front().offset != input.offset;
}

/// A verdict without guards: what stands in the way stays there for all calls.
EntryRef leftToCPython(const CompileInput& input, BreakReason reason, CompileRecord* record) {
  const BorrowedRef code = reinterpret_cast<PyObject*>(input.code);
  TraceResult nothing;
  nothing.graph = std::make_unique<Graph>();
  nothing.exit = {.kind = ExitKind::kBreak, .reason = static_cast<uint16_t>(reason)};
  nothing.exit.location = {code, input.code->co_firstlineno, input.offset};
  describeTrace(nothing, code, false, record);
  Segment verdict;
  verdict.reason = nothing.exit.reason;
  return EntryRef(new Entry(GuardProgram(), {}, std::move(verdict)));
}

/// Drops the entry once its plan's kernels are there: the next call makes another. Not where that is not to happen (segue.set_stance).
void replaceWhenReady(Entry* entry, PendingCode* code) {
  auto drop = [entry] {
    if (stance() == Stance::kDefault && !SEGUE_FAULT(PendingCodeForgotten)) entry->assumptions.invalidate();
  };
  code->ready() ? drop() : code->listen(drop);   // the entry's end takes it back
}

/// The whole pipeline. Throws BackendFailure, and BugError from anywhere.
EntryRef makeEntry(const CompileInput& input, CompileRecord* record, std::vector<std::string>* warnings) {
  std::shared_ptr<const Code> decoded = decodedOf(input.code);
  if (decoded == nullptr) return leftToCPython(input, BreakReason::kUnreadableCode, record);
  TraceResult trace = traceInput(input, std::move(decoded));
  const BorrowedRef code = reinterpret_cast<PyObject*>(input.code);
  // A loop over very many objects would make too long a program.
  if (!fitsGuardProgram(*trace.guards, trace.graph->dims())) return leftToCPython(input, BreakReason::kTraceBudget, record);
  const bool captured = isWorthAnEntry(input, trace);
  if (captured) {
    Result<void> passes = runPasses(*trace.graph, defaultPasses(), {.context = {.evaluate = evaluateWithNumpy}});
    SEGUE_CHECK(passes.ok(), passes.error());
    guardOverlaps(&trace);
  }
  describeTrace(trace, code, captured, record);
  // Finding places in the source takes time that grows with the code's size.
  if (recording() || logsCompiles() || input.options->fullgraph) describeBreak(trace, code, record);

  std::vector<Source> wanted;
  if (captured) wanted = wantedSources(trace);
  Result<LoweredGuards> lowered = lowerGuards(*trace.guards, trace.graph->dims(), wanted, code);
  SEGUE_CHECK(lowered.ok(), lowered.error());
  LoweredGuards guards = std::move(lowered.value());

  Segment segment;
  if (captured) {
    std::vector<PyObject*> regs(guards.program.slot_count + 1, nullptr);
    std::vector<int64_t> ints(guards.program.int_count + 1, 0);
    uint32_t missed = runGuards(guards.program, input.roots, regs.data(), ints.data());
    SEGUE_CHECK(missed == kGuardsPass, absl::StrCat("a fresh entry does not match its own call: ",
                                                     describeCheck(guards.program, missed)));
    Result<Plan> plan = runBackend(input, trace, guards, regs.data(), warnings);
    if (!plan.ok()) throw BackendFailure{plan.error()};
    Result<Segment> exit = lowerExit(trace, guards, std::move(plan.value()));
    SEGUE_CHECK(exit.ok(), exit.error());
    segment = std::move(exit.value());
    if (segment.exit == SegmentExit::kBreak) attachSplices(input, trace, &segment.snapshot);
  } else {
    segment.reason = trace.exit.reason;
    segment.splice = probesBehind(input, trace.exit);
    if (input.offset > 0 && SEGUE_FAULT(ProbeVerdictUnguarded)) guards.program = GuardProgram();
  }
  if (recording() || logsCompiles()) {
    record->plan = printSegment(segment);
    record->guards = absl::StrSplit(printGuards(*trace.guards, trace.graph->dims(), code), '\n', absl::SkipEmpty());
    logCompile(*record, captured ? print(*trace.graph) : "", printGuardProgram(guards.program));
  }
  EntryRef entry(new Entry(std::move(guards.program), std::move(guards.assumptions), std::move(segment)));
  if (const auto& pending = entry->segment.plan.pending) replaceWhenReady(entry.get(), pending.get());
  return entry;
}

std::string backendTitle(const CompileOptions& options) {
  if (!options.backend_function) return absl::StrCat("backend '", options.backend, "'");
  return "the backend";
}

}  // namespace

CompileOutput compileFrame(const CompileInput& input) {
  auto start = std::chrono::steady_clock::now();
  CompileOutput out;
  out.record = std::make_shared<CompileRecord>();
  try {
    out.entry = makeEntry(input, out.record.get(), &out.remarks);
  } catch (const BackendFailure& failure) {
    out.warning = absl::StrCat(backendTitle(*input.options), " failed on ", out.record->function,
                               ", which runs eagerly: ", failure.message);
    out.raises = strictMode();
  } catch (const BugError& bug) {
    PyErr_Clear();  // whatever the failed step left
    out.warning = absl::StrCat("a bug in Segue kept ", out.record->function.empty() ? "a function" : out.record->function,
                               " from being compiled; it runs eagerly. Please report this with the function's source: ",
                               bug.what());
  }
  std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  out.record->milliseconds = spent.count();
  stats().compiles++;
  stats().compile_ms += spent.count();
  addRecord(out.record);
  return out;
}

}  // namespace segue
