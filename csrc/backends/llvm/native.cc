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
#include "backends/llvm/products.h"
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

/// A kernel without its code, and the item of the schedule that it is for.
struct Uncompiled {
  size_t item = 0;
  llvm::KernelText text;
  std::shared_ptr<Kernel> kernel;
  KernelCall call;                ///< has no kernel yet
};

Uncompiled uncompiled(const llvm::Group& group) {
  auto kernel = std::make_shared<Kernel>(group.kernel);
  kernel->input_count = static_cast<uint32_t>(group.inputs.size());
  kernel->reports = group.dag.reports();
  kernel->cost = group.dag.cost();
  kernel->flops = group.dag.flops();
  kernel->operators = static_cast<uint32_t>(group.nodes.size());
  llvm::describeCombining(group.dag, kernel.get());
  kernel->text = group.dag.print();
  return {group.item, llvm::emitKernel(group, llvm::vectorBytes()), std::move(kernel), {nullptr, group.inputs, group.outputs, group.shape}};
}

/// By item.
std::vector<Uncompiled> allUncompiled(const llvm::Fusion& fusion, const DimTable& dims, bool exact) {
  std::vector<Uncompiled> out;
  for (const auto& group : fusion.groups) out.push_back(uncompiled(*group));
  const Schedule& schedule = fusion.schedule;
  for (size_t i = 0; i < schedule.items.size(); i++) {
    const ScheduleItem& item = schedule.items[i];
    const Node& node = *schedule.order[item.begin];
    const std::optional<llvm::StackProduct> product = item.end - item.begin == 1 ? llvm::stackProductOf(node, dims, exact) : std::nullopt;
    if (!product) continue;
    llvm::ProductKernel made = llvm::productKernel(*product, dims);
    out.push_back({i, llvm::emitProduct(*product, llvm::vectorBytes()), std::make_shared<Kernel>(std::move(made.kernel)), std::move(made.call)});
  }
  std::sort(out.begin(), out.end(), [](const Uncompiled& a, const Uncompiled& b) { return a.item < b.item; });
  return out;
}

Result<KernelCall> compiled(Uncompiled& made) {
  SEGUE_TRY_VOID(llvm::offerMathFunctions(made.text.functions));
  const auto start = std::chrono::steady_clock::now();
  SEGUE_TRY(llvm::CompiledKernel code, llvm::compileKernel(made.text));
  made.kernel->code = code.code;
  made.kernel->streaming = code.streaming;
  made.kernel->name = code.name;
  llvm::logKernel(code.name, made.kernel->operators, code.bytes, code.origin, start, made.kernel->text);
  made.call.kernel = std::move(made.kernel);
  return std::move(made.call);
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
std::vector<std::string> modulesToCompile(absl::Span<const Uncompiled> kernels) {
  std::vector<std::string> modules;
  for (const Uncompiled& kernel : kernels) llvm::appendModulesToCompile(kernel.text, &modules);
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
  std::vector<Uncompiled> kernels = allUncompiled(fusion, input.graph->dims(), input.exact);
  if (compilesLater(given)) {
    const std::vector<std::string> modules = modulesToCompile(kernels);
    std::optional<Result<Plan>> meanwhile;
    if (!modules.empty()) meanwhile = planMeanwhile(given, modules);
    if (meanwhile) return *std::move(meanwhile);
  }
  std::vector<ScheduleItem> items;
  Progress progress("compiling kernels", kernels.size());
  size_t next = 0;
  for (size_t i = 0; i < fusion.schedule.items.size(); i++) {
    ScheduleItem& item = fusion.schedule.items[i];
    if (next == kernels.size() || kernels[next].item != i) {
      items.push_back(std::move(item));
      continue;
    }
    progress.advance();
    Result<KernelCall> call = compiled(kernels[next++]);
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
