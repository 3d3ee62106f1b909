#include "backends/lowering.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "backends/plan_builder.h"
#include "backends/callables.h"
#include "backends/staging.h"
#include "backends/views.h"
#include "base/fault.h"
#include "graph/sizes.h"
#include "graph/users.h"
#include "log/log.h"

namespace segue {
namespace {

bool isFloatOrInt(const Arg& arg) {
  if (arg.is<double>() || arg.is<Dim>()) return true;
  if (!arg.isValue()) return false;
  const Type& type = *arg.as<ArgValue>().type;
  return type.kind == TypeKind::kPyFloat || (type.isNumpyScalar() && type.dtype == DType::kF64);
}

/// The step that computes a node; nullopt for what does not make a NumPy float64 of floats and ints.
std::optional<StepKind> floatStepOf(const Node& node) {
  constexpr std::pair<std::string_view, StepKind> kSteps[] = {
      {"add($0, $1)", StepKind::kFloatAdd}, {"sub($0, $1)", StepKind::kFloatSub}, {"mul($0, $1)", StepKind::kFloatMul},
      {"div($0, $1)", StepKind::kFloatDiv}, {"neg($0)", StepKind::kFloatNeg},     {"abs($0)", StepKind::kFloatAbs},
      {"sqrt($0)", StepKind::kFloatSqrt},
  };
  if (!node.type->isNumpyScalar() || node.type->dtype != DType::kF64) return std::nullopt;
  const auto* step = std::find_if(std::begin(kSteps), std::end(kSteps), [&node](const auto& known) { return known.first == node.op->kernel; });
  if (step == std::end(kSteps)) return std::nullopt;
  for (size_t i = 0; i < node.args.size(); i++) {
    const Arg& arg = node.args[i];
    if (!node.op->params[i].positional_only ? !arg.missing() : !isFloatOrInt(arg)) return std::nullopt;
  }
  return step->second;
}

/// Lowers one graph.
class Lowering {
 public:
  Lowering(const BackendInput& input, const Schedule& schedule)
      : input_(input),
        graph_(*input.graph),
        schedule_(schedule),
        effects_(graph_),
        lifetimes_(graph_, schedule.order),
        staging_(graph_, effects_),
        users_(usersByNode(graph_)),
        builder_(input),
        mirrors_(graph_.inputs().size(), kNoReg),
        unchecked_(runRelations(graph_.dims())) {}

  Result<Plan> run() {
    bindInputs();
    for (const ScheduleItem& item : schedule_.items) {
      for (size_t i = item.begin; item.kernel && i < item.end; i++) in_kernels_.insert(schedule_.order[i]);
    }
    for (const DefinedSize& size : readSizes(graph_, neededSizes())) sizes_[size.node].push_back(size.at);
    for (const ScheduleItem& item : schedule_.items) {
      const Node& node = *schedule_.order[item.begin];
      builder_.at(node.id);
      if (item.kernel) {
        SEGUE_TRY_VOID(lowerKernel(*item.kernel));
        for (const Node* output : item.kernel->outputs) readDataSizes(*output);
      } else {
        SEGUE_TRY_VOID(lowerNode(node));
        readDataSizes(node);
      }
      for (size_t i = item.begin; i < item.end; i++) freeDead(i);
    }
    SEGUE_TRY_VOID(lowerOutputs());
    for (Dim dim : input_.dims) builder_.plan().dims.push_back(builder_.number(dim));
    return builder_.finish();
  }

 private:
  void bindInputs() {
    for (size_t i = 0; i < graph_.inputs().size(); i++) {
      Reg reg = input_.input_slots[i];
      if (staging_.mirrored(i)) reg = mirrors_[i] = builder_.emit(StepKind::kMirror, {reg});
      values_[graph_.inputs()[i]] = reg;
    }
  }

  /// Besides those that arguments and outputs have.
  std::vector<Dim> neededSizes() const {
    std::vector<Dim> needed = input_.dims;
    for (const ScheduleItem& item : schedule_.items) {
      if (!item.kernel) continue;
      for (const Node* output : item.kernel->outputs) needed.insert(needed.end(), output->type->shape.begin(), output->type->shape.end());
    }
    return needed;
  }

  Result<void> lowerNode(const Node& node) {
    SEGUE_REQUIRE(node.regions.empty(), "plans run no regions");
    if (const std::optional<StepKind> kind = schedule_.computes_floats ? floatStepOf(node) : std::nullopt) return lowerFloat(node, *kind);
    SEGUE_TRY(Performer performer, performerOf(*node.op));
    if (performer.kind == StepKind::kGetItem && lowerView(node)) return {};
    if (lowerEmpty(node)) return {};
    if (staging_.waits(node)) return lowerWaiting(node), Result<void>();
    std::vector<Reg> made;
    std::vector<Operand> operands;
    std::vector<std::string> keywords;
    if (performer.kind == StepKind::kCall) operands.push_back(builder_.constant(performer.object));
    SEGUE_TRY_VOID(lowerArguments(node, &operands, &keywords, &made));
    if (performer.kind == StepKind::kGetAttr) operands.push_back(builder_.constant(performer.object));
    for (const Node* written : staging_.saved(node)) {
      const bool assigns = performer.kind == StepKind::kSetItem;
      builder_.save(values_.at(written), assigns ? operands[1] : builder_.constant(Ref::borrow(Py_Ellipsis)));
    }
    // One save per generator is enough. (Two may share their state: what is saved first is put back last.)
    const bool draws_first = node.has(OpTag::kDraws) && drawn_.insert(operands[1]).second;
    const bool forgotten = SEGUE_FAULT(StateNeverSaved) || (SEGUE_FAULT(OneStateSaved) && drawn_.size() > 1);
    if (draws_first && !forgotten) builder_.saveState(operands[1]);
    if (performer.kind == StepKind::kSetItem) {
      builder_.effect(StepKind::kSetItem, operands);
      values_[&node] = builder_.none();
    } else if (performer.kind == StepKind::kCheckTruth) {
      if (!SEGUE_FAULT(BranchGuessUnchecked)) builder_.effect(StepKind::kCheckTruth, {operands[0], node.args[1].as<bool>() ? 1u : 0u});
      values_[&node] = builder_.none();
    } else {
      values_[&node] = builder_.emit(performer.kind, operands, names(keywords));
    }
    for (Reg reg : made) builder_.free(reg);
    builder_.plan().reads_errstate |= mayReport(node);
    builder_.plan().runs_python |= node.has(OpTag::kRunsPython);
    return {};
  }

  Result<void> lowerFloat(const Node& node, StepKind kind) {
    std::vector<Reg> made;
    std::vector<Operand> operands;
    for (size_t i = 0; i < stepInfo(kind).operands.size(); i++) {
      SEGUE_TRY(Reg reg, builder_.argument(node.args[i], values_, &made));
      operands.push_back(reg);
    }
    values_[&node] = builder_.emit(kind, operands);
    for (Reg reg : made) builder_.free(reg);
    builder_.plan().checks_status = true;
    return {};
  }

  /// Of an array of a dtype whose views need no more than its object.
  bool lowerView(const Node& node) {
    if (!isPureView(node) || !node.type->isArray() || !node.args[0].isValue() || !isViewIndex(node.args[1], builder_.dims())) return false;
    const ArgValue& array = node.args[0].as<ArgValue>();
    if (!array.type->isArray() || !isCore(array.type->dtype)) return false;
    values_[&node] = emitView(onlyKernelsUse(node) ? StepKind::kWindow : StepKind::kView, array, node.args[1]);
    return true;
  }

  bool onlyKernelsUse(const Node& node) const {
    const auto& users = users_[node.id];
    if (SEGUE_FAULT(WindowEscapes)) return !in_kernels_.empty();
    return std::all_of(users.begin(), users.end(), [this](const Node* user) { return in_kernels_.contains(user); });
  }

  Reg emitView(StepKind kind, const ArgValue& array, const Arg& index) {
    ViewIndex numbers = viewIndexOf(index, *array.type, builder_);
    std::vector<ViewIndex>& views = builder_.plan().views;
    views.push_back(std::move(numbers));
    return builder_.emit(kind, {values_.at(array.node), static_cast<Operand>(views.size() - 1)});
  }

  /// The assignment is stored at commit: what it needs lives until then.
  void lowerWaiting(const Node& node) {
    const ArgValue &target = node.args[0].as<ArgValue>(), &value = node.args[2].as<ArgValue>();
    values_[&node] = builder_.none();
    if (values_.at(value.node) == values_.at(target.node)) return;   // a kernel stores it
    const bool whole = node.args[1].is<ArgEllipsis>();
    const Reg to = whole ? builder_.held(values_.at(target.node)) : emitView(StepKind::kView, target, node.args[1]);
    const Reg from = builder_.held(values_.at(value.node));
    builder_.commit(StepKind::kStore, {to, from});
  }

  /// The argument that the output will be assigned to, whole and as it is; null where there is none, or anything else takes the output.
  const Node* destinationOf(const KernelCall& call, const Node& output) const {
    const auto& users = users_[output.id];
    if (users.size() != 1 || users[0] == nullptr || !staging_.waits(*users[0]) || !users[0]->args[1].is<ArgEllipsis>()) return nullptr;
    if (!staging_.writesAlone(*users[0])) return nullptr;
    const Node* target = users[0]->args[0].as<ArgValue>().node;
    const Type &type = *target->type, &made = *output.type;
    const bool ordered = call.kernel->f_order ? type.layout.f_contiguous : type.layout.c_contiguous;
    const bool fits = target->isInput() && type.aligned && ordered && sameSizesSeen(type.shape, made.shape, graph_.dims());
    return fits ? target : nullptr;
  }

  /// The arguments that the kernel may store its outputs into, at commit; none where it has to make arrays.
  NodeList destinationsOf(const KernelCall& call) const {
    const Kernel& kernel = *call.kernel;
    // What is computed twice must not cost more than an array that is written and copied.
    constexpr uint32_t kCostOfCopying = 1000;
    if (!kernel.flat || !kernel.reductions.empty() || !kernel.stages.empty() || !kernel.tables.empty()) return {};
    if (kernel.cost > kCostOfCopying * call.outputs.size()) return {};
    NodeList out;
    for (const Node* output : call.outputs) {
      const Node* destination = destinationOf(call, *output);
      if (destination == nullptr || std::find(out.begin(), out.end(), destination) != out.end()) return {};
      out.push_back(const_cast<Node*>(destination));
    }
    for (const Arg& input : call.inputs) {
      if (!input.isValue()) continue;
      const Node* node = input.as<ArgValue>().node;
      const bool stored = std::find(out.begin(), out.end(), node) != out.end();
      if (effects_.regionWritten(effects_.region(node)) && !stored) return {};
    }
    return out;
  }

  /// Whether nothing reads the arguments that the kernel's outputs are assigned to.
  bool onlyReplaces(const KernelCall& call) const {
    return std::all_of(call.outputs.begin(), call.outputs.end(), [this](const Node* output) { return staging_.isUnread(*users_[output->id][0]); });
  }

  /// Checks the kernel here and runs it at commit, or checks and runs it before the commit. What it reads lives until then.
  void lowerIntoArguments(const KernelCall& call, const NodeList& destinations, absl::Span<const Operand> inputs) {
    const auto number = static_cast<Operand>(builder_.plan().kernels.size()), count = static_cast<Operand>(destinations.size());
    const bool replaces = onlyReplaces(call);
    std::vector<Operand> operands = {number, count}, later = {number};
    if (replaces) later.push_back(count);
    operands.insert(operands.end(), inputs.begin(), inputs.end());
    for (Reg reg : inputs) later.push_back(builder_.held(reg));
    for (size_t i = 0; i < destinations.size(); i++) {
      const Reg reg = values_[call.outputs[i]] = values_.at(destinations[i]);
      operands.push_back(reg);
      later.push_back(reg);
    }
    if (replaces) return builder_.store(StepKind::kStoreKernel, later);
    builder_.effect(StepKind::kCheckKernel, operands);
    builder_.commit(StepKind::kKernel, later);
  }

  Result<void> lowerKernel(const KernelCall& call) {
    std::vector<Operand> operands = {static_cast<Operand>(builder_.plan().kernels.size())};
    std::vector<Reg> made;
    for (const Arg& input : call.inputs) {
      SEGUE_TRY(Reg reg, builder_.argument(input, values_, &made));
      operands.push_back(reg);
    }
    if (const NodeList destinations = destinationsOf(call); !destinations.empty()) {
      lowerIntoArguments(call, destinations, absl::MakeConstSpan(operands).subspan(1));
    } else {
      lowerIntoArrays(call, &operands, &made);
    }
    for (Reg reg : made) builder_.free(reg);
    builder_.plan().kernels.push_back(call.kernel);
    builder_.plan().checks_status |= call.kernel->reports;
    return {};
  }

  /// `operands`: with the inputs.
  void lowerIntoArrays(const KernelCall& call, std::vector<Operand>* operands, std::vector<Reg>* made) {
    for (size_t i = 0; i < call.outputs.size(); i++) {
      const Node* output = call.outputs[i];
      if (output->op->name == "setitem") {
        made->push_back(emitView(StepKind::kWindow, output->args[0].as<ArgValue>(), output->args[1]));
        operands->push_back(made->back());
        values_[output] = builder_.none();
        continue;
      }
      if (isMadeByKernel(call.kernel->params[call.inputs.size() + i])) {
        operands->push_back(values_[output] = builder_.temporary());
        continue;
      }
      operands->push_back(emitEmpty(*output, call.kernel->f_order));
    }
    builder_.effect(StepKind::kKernel, *operands);
  }

  Reg emitEmpty(const Node& node, bool f_order) {
    std::vector<Operand> shape = {builder_.constant(dtypeDescr(node.type->dtype)), f_order ? 1u : 0u};
    for (Dim dim : node.type->shape) shape.push_back(builder_.number(dim));
    return values_[&node] = builder_.emit(StepKind::kEmpty, shape);
  }

  /// np.empty of what kernels fill.
  bool lowerEmpty(const Node& node) {
    if (node.op->name != "empty" || !node.type->isArray() || !isCore(node.type->dtype)) return false;
    const Arg& given = node.args[static_cast<size_t>(node.op->paramIndex("order"))];
    const std::string_view order = given.is<std::string>() ? std::string_view(given.as<std::string>()) : "C";
    const auto& users = users_[node.id];
    const bool filled = std::any_of(users.begin(), users.end(), [this](const Node* user) { return user != nullptr && in_kernels_.contains(user); });
    if (!filled || (order != "C" && order != "F")) return false;
    emitEmpty(node, order == "F");
    return true;
  }

  /// Positional as long as the operator's signature allows and nothing was left out, by keyword from there on.
  Result<void> lowerArguments(const Node& node, std::vector<Operand>* operands, std::vector<std::string>* keywords,
                              std::vector<Reg>* made) {
    bool by_keyword = false;
    for (size_t i = 0; i < node.args.size(); i++) {
      const OpParam& param = node.op->params[i];
      if (node.args[i].missing()) {
        by_keyword = true;
        continue;
      }
      // NumPy is giving up positional `out` arguments: np.maximum warns of them.
      by_keyword |= param.keyword_only || (param.written && !param.positional_only);
      SEGUE_REQUIRE(!by_keyword || !param.positional_only, "an argument before '%s' is missing", std::string(param.name));
      SEGUE_TRY(Reg reg, builder_.argument(node.args[i], values_, made));
      operands->push_back(reg);
      if (by_keyword) keywords->emplace_back(param.name);
    }
    return {};
  }

  /// The register of a tuple of keyword names, kNoReg for none.
  Reg names(const std::vector<std::string>& keywords) {
    if (keywords.empty()) return kNoReg;
    Reg& known = names_[keywords];
    if (known != 0) return known;
    Ref tuple = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(keywords.size())));
    SEGUE_CHECK(static_cast<bool>(tuple), "no memory");
    for (size_t i = 0; i < keywords.size(); i++) {
      PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), PyUnicode_InternFromString(keywords[i].c_str()));
    }
    return known = builder_.constant(std::move(tuple));
  }

  /// What depends on data is known from here on, and what rules have guessed of it is checked before anything relies on it.
  void readDataSizes(const Node& node) {
    auto defined = sizes_.find(&node);
    if (defined == sizes_.end()) return;
    for (const DataSizeAt& at : defined->second) builder_.defineSize(at, values_.at(&node));
    if (SEGUE_FAULT(SizeGuessUnchecked)) return;
    std::erase_if(unchecked_, [this](const DimRelation& relation) {
      if (!builder_.isDefined(relation.lhs) || !builder_.isDefined(relation.rhs)) return false;
      builder_.require(relation);
      return true;
    });
  }

  void freeDead(size_t position) {
    for (const Node* dead : lifetimes_.dyingAt(position)) {
      // A mirror lives until the commit, and what a kernel keeps to itself has no register.
      auto found = values_.find(dead);
      if (!dead->isInput() && found != values_.end()) builder_.free(found->second);
    }
  }

  Result<void> lowerOutputs() {
    builder_.at(kNoNode);
    std::vector<Reg> kept;
    for (const Arg& output : graph_.outputs()) {
      SEGUE_TRY(Reg reg, builder_.argument(output, values_, &kept));
      if (output.isValue()) reg = staging_.rebase(reg, output.as<ArgValue>().node, builder_, mirrors_, input_.input_slots);
      builder_.plan().outputs.push_back(reg);
    }
    staging_.store(builder_, mirrors_, input_.input_slots);
    return {};
  }

  const BackendInput& input_;
  const Graph& graph_;
  const Schedule& schedule_;
  Effects effects_;
  Lifetimes lifetimes_;
  Staging staging_;
  UsersByNode users_;
  PlanBuilder builder_;
  std::vector<Reg> mirrors_;                              ///< by input; kNoReg where the input is used itself
  absl::flat_hash_map<const Node*, Reg> values_;
  absl::flat_hash_map<std::vector<std::string>, Reg> names_;
  absl::flat_hash_map<const Node*, DataSizes> sizes_;     ///< that the node defines and somebody uses
  absl::flat_hash_set<const Node*> in_kernels_;           ///< nodes that kernels compute
  std::vector<DimRelation> unchecked_;                    ///< guesses about sizes that are not defined yet
  absl::flat_hash_set<Reg> drawn_;                        ///< generators whose state has been saved
};

/// "b = cumsum", "kernel a c -> c".
std::vector<std::string> describe(const Schedule& schedule) {
  std::vector<std::string> items;
  for (const ScheduleItem& item : schedule.items) {
    const Node* first = schedule.order[item.begin];
    std::string& out = items.emplace_back(item.kernel ? "kernel" : absl::StrCat(first->name, " = ", first->op->name));
    if (!item.kernel) continue;
    for (size_t i = item.begin; i < item.end; i++) absl::StrAppend(&out, " ", schedule.order[i]->name);
    out += " ->";
    for (const Node* output : item.kernel->outputs) absl::StrAppend(&out, " ", output->name);
  }
  return items;
}

}  // namespace

Schedule programOrder(const Graph& graph) {
  Schedule schedule;
  for (Node* node : graph.nodes()) {
    schedule.items.push_back({schedule.order.size(), schedule.order.size() + 1, std::nullopt});
    schedule.order.push_back(node);
  }
  return schedule;
}

Result<Plan> lowerToPlan(const BackendInput& input, const Schedule& schedule) {
  if (logs(Channel::kSchedule)) emit(ScheduleEvent{describe(schedule)});
  return Lowering(input, schedule).run();
}

}  // namespace segue
