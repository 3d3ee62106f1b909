#include "backends/llvm/native.h"

#include <algorithm>
#include <chrono>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "backends/llvm/background.h"
#include "backends/llvm/codegen.h"
#include "backends/llvm/combine.h"
#include "backends/llvm/cpu.h"
#include "backends/llvm/emit.h"
#include "backends/llvm/fusion.h"
#include "backends/llvm/rows.h"
#include "base/check.h"
#include "base/fault.h"
#include "graph/effects.h"
#include "graph/passes.h"
#include "graph/passes/joins.h"
#include "log/log.h"
#include "log/progress.h"

namespace segue {
namespace {

Result<KernelCall> kernelCall(const llvm::Group& group) {
  const llvm::KernelText text = llvm::emitKernel(group, llvm::vectorBytes());
  SEGUE_TRY_VOID(llvm::offerMathFunctions(text.functions));
  const auto start = std::chrono::steady_clock::now();
  SEGUE_TRY(llvm::CompiledKernel compiled, llvm::compileKernel(text));
  auto kernel = std::make_shared<Kernel>(group.kernel);
  kernel->code = compiled.code;
  kernel->streaming = compiled.streaming;
  kernel->input_count = static_cast<uint32_t>(group.inputs.size());
  kernel->reports = group.dag.reports();
  kernel->cost = group.dag.cost();
  kernel->flops = group.dag.flops();
  kernel->operators = static_cast<uint32_t>(group.nodes.size());
  kernel->name = compiled.name;
  llvm::describeCombining(group.dag, kernel.get());
  kernel->text = group.dag.print();
  llvm::logKernel(compiled.name, kernel->operators, compiled.bytes, compiled.origin, start, kernel->text);
  return KernelCall{std::move(kernel), group.inputs, group.outputs, group.shape};
}

/// Says once in a process that a group runs without a kernel.
void warnOnce(const BackendInput& input, const std::string& error) {
  static auto* said = new absl::flat_hash_set<std::string>;
  if (input.warnings == nullptr || SEGUE_FAULT(FallbackSilent) || !said->insert(error).second) return;
  input.warnings->push_back(absl::StrCat("backend 'native' runs operators without a kernel, as calls of NumPy: ", error));
}

/// The nodes of an item one by one.
void splitItem(const ScheduleItem& item, std::vector<ScheduleItem>* items) {
  for (size_t i = item.begin; i < item.end; i++) items->push_back({i, i + 1, std::nullopt});
}

bool viewsWhatIsComputed(const Node* node) {
  const Node* base = isPureView(*node) && node->args[0].isValue() ? node->args[0].as<ArgValue>().node : nullptr;
  return base != nullptr && base->has(OpTag::kPointwise);
}

/// The graph with less that only NumPy could run; null where it has nothing like that.
std::unique_ptr<Graph> prepared(const Graph& graph) {
  auto some = [&graph](auto&& predicate) { return std::any_of(graph.nodes().begin(), graph.nodes().end(), predicate); };
  std::vector<std::string_view> passes;
  if (some([](const Node* node) { return node->op->name == "var" || node->op->name == "std"; })) {
    passes = {"variances", "common-subexpressions"};
  }
  if (some(viewsWhatIsComputed)) passes.insert(passes.end(), {"recompute", "views", "common-subexpressions", "dead-code"});
  const bool joins = some([](const Node* node) { return mayBeSeparated(*node); });
  if (joins) passes.push_back("joins");
  if (joins || some([](const Node* node) { return !writtenArgs(*node).empty(); })) passes.insert(passes.end(), {"local-writes", "dead-code"});
  if (passes.empty()) return nullptr;
  std::unique_ptr<Graph> out = graph.clone();
  const Result<void> ran = runPasses(*out, passes);
  SEGUE_CHECK(ran.ok(), ran.error());
  return out;
}

/// What kernels need that has to be compiled first.
std::vector<std::string> modulesToCompile(const llvm::Fusion& fusion) {
  std::vector<std::string> modules;
  for (const auto& group : fusion.groups) llvm::appendModulesToCompile(llvm::emitKernel(*group, llvm::vectorBytes()), &modules);
  return modules;
}

bool compilesLater(const BackendInput& input) {
  if (!input.options) return false;
  return PyDict_GetItemString(input.options.get(), "async_compile") == Py_True;
}

/// A plan of NumPy's calls that serves until these modules have been compiled. Nullopt where they cannot be in the background.
std::optional<Result<Plan>> planMeanwhile(const BackendInput& input, const std::vector<std::string>& modules) {
  Result<std::shared_ptr<PendingCode>> pending = llvm::compileInBackground(modules);
  if (!pending.ok()) return std::nullopt;
  Result<Plan> plan = lowerToPlan(input, programOrder(*input.graph));
  if (plan.ok()) plan.value().pending = std::move(pending.value());
  return plan;
}

}  // namespace

Result<Plan> NativeBackend::compile(const BackendInput& given) {
  if (!llvm::canLoadCode()) return lowerToPlan(given, programOrder(*given.graph));
  const std::unique_ptr<Graph> own = prepared(*given.graph);
  BackendInput input = given;
  if (own != nullptr) input.graph = own.get();
  llvm::Fusion fusion = llvm::fuse(*input.graph, input.exact);
  llvm::logFusion(fusion);
  if (compilesLater(given)) {
    const std::vector<std::string> modules = modulesToCompile(fusion);
    std::optional<Result<Plan>> meanwhile;
    if (!modules.empty()) meanwhile = planMeanwhile(given, modules);
    if (meanwhile) return *std::move(meanwhile);
  }
  std::vector<ScheduleItem> items;
  Progress progress("compiling kernels", fusion.groups.size());
  size_t group = 0;   // items of groups stand in the order of the groups
  for (size_t i = 0; i < fusion.schedule.items.size(); i++) {
    ScheduleItem& item = fusion.schedule.items[i];
    if (group == fusion.groups.size() || fusion.groups[group]->item != i) {
      items.push_back(std::move(item));
      continue;
    }
    progress.advance();
    Result<KernelCall> call = kernelCall(*fusion.groups[group++]);
    if (call.ok()) {
      item.kernel = std::move(call.value());
      items.push_back(std::move(item));
    } else if (strictMode()) {
      return call.failure();
    } else {
      warnOnce(input, call.error());
      splitItem(item, &items);
    }
  }
  fusion.schedule.items = std::move(items);
  llvm::fuseRows(*input.graph, &fusion.schedule);
  fusion.schedule.computes_floats = true;
  return lowerToPlan(input, fusion.schedule);
}

}  // namespace segue
