#include "backends/llvm/fusion.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "backends/llvm/candidate.h"
#include "backends/llvm/constants.h"
#include "backends/llvm/gaps.h"
#include "base/check.h"
#include "base/fault.h"
#include "graph/effects.h"
#include "graph/users.h"
#include "log/log.h"

namespace segue::llvm {
namespace {

constexpr size_t kMaxNodes = 256;    ///< of a group: compile time grows with its code
constexpr size_t kNoGroup = SIZE_MAX;

/// Whether running over the shape of `user` is running over that of its operand `made`. (Their sizes are equal then by relations
/// that NumPy's broadcasting has recorded.)
bool sameRun(const Type& made, const Type& user, const DimTable& dims) {
  return made.shape.size() == user.shape.size() && spreadOver(made.shape, user.shape, dims) == 0;
}

/// Whether a dimension, counted from the last one, has more than one element.
bool repeats(const Shape& shape, uint32_t from_last, const DimTable& dims) { return dims.hint(shape[shape.size() - 1 - from_last]) != 1; }

/// The dimension, counted from the last one, along which neighbours in memory lie.
uint32_t innermostOf(const Shape& shape, bool f_order, const DimTable& dims) {
  const auto ndim = static_cast<uint32_t>(shape.size());
  if (f_order) return ndim - 1;
  for (uint32_t i = 0; i < ndim; i++) {
    if (repeats(shape, i, dims)) return i;
  }
  return 0;
}

/// The axes of a sum of floats that takes several dimensions for one, as its order needs it: else 0.
uint32_t joinedAxes(const Candidate& candidate, const DimTable& dims) {
  if (candidate.order().folds == FoldOrder::kAny) return 0;
  const Shape& shape = candidate.runType().shape;
  const uint32_t axes = candidate.reduction->axes;
  if (((axes >> innermostOf(shape, candidate.fOrder(), dims)) & 1) == 0) return 0;
  int several = 0;
  for (uint32_t i = 0; i < shape.size(); i++) several += ((axes >> i) & 1) != 0 && repeats(shape, i, dims);
  return several > 1 && !SEGUE_FAULT(KernelAxesSplit) ? axes : 0;
}

/// Whether the candidate leaves a run's dimensions one: its arrays have no gaps and repeat nothing, what it reduces has the same axes.
bool keepsJoined(const Candidate& candidate, uint32_t axes, const DimTable& dims) {
  if (axes == 0) return true;
  if (candidate.reduction && candidate.reduction->axes != axes) return false;
  for (const Arg& arg : candidate.operands()) {
    if (!arg.isValue() || !arg.as<ArgValue>().type->isArray()) continue;
    const Type& type = *arg.as<ArgValue>().type;
    if (runOrder(type, dims) != candidate.fOrder() || !sameRun(type, candidate.runType(), dims)) return false;
  }
  return true;
}

class Fuser {
 public:
  Fuser(const Graph& graph, bool exact) : graph_(graph), exact_(exact), group_of_(graph.idBound(), kNoGroup), users_(usersByNode(graph)) {}

  Fusion run() {
    for (size_t i = 0; i < graph_.nodes().size(); i++) {
      Node* node = graph_.nodes()[i];
      std::optional<Candidate> candidate = candidateOf(node, i, users_[node->id].empty(), graph_.dims(), exact_);
      if (candidate) {
        join(*std::move(candidate));
      } else {
        runAlone(node);
      }
    }
    for (size_t i = 0; i < pending_.size(); i++) emit(i, "the graph ends", nullptr);
    runPutOff();
    return std::move(fusion_);
  }

 private:
  struct Pending {
    std::vector<Candidate> nodes;   ///< program order; empty: it has run, or has joined another
    absl::flat_hash_set<const Node*> arrays;   ///< operands made outside
    absl::flat_hash_set<const Node*> reduced;  ///< what is known behind the run only
    uint32_t joined = 0;            ///< axes that have to be one run
    LoopOrder order;
    bool f_order() const { return nodes.front().fOrder(); }
    const Type& runType() const { return nodes.front().runType(); }
    bool isFull() const { return nodes.size() >= kMaxNodes; }
  };

  /// What NumPy runs: now, or (scalars) when it is needed.
  void runAlone(Node* node) {
    const bool writes = !writtenArgs(*node).empty() || !node->regions.empty() || node->has(OpTag::kWrite);
    if (writes) {
      for (size_t i = 0; i < pending_.size(); i++) emit(i, "writes memory", node);
      runPutOff();
    } else if (mayBePutOff(*node)) {
      put_off_.insert(node);
      return;
    }
    for (const Arg& arg : node->args) need(arg, node);
    schedule(node);
  }

  /// Scalars that are made of what groups reduce to: others than these groups' own nodes may use the same arrays, and would come too late. Nothing
  /// sees when they are made: what they report drops the plan as a whole. And constants, which kernels hold themselves.
  bool mayBePutOff(const Node& node) const {
    if (writtenDown(node, users_, graph_.dims())) return true;
    if (SEGUE_FAULT(ScalarsAtOnce) || !node.type->isNumpyScalar() || node.has(OpTag::kNondeterministic)) return false;
    bool waits = false;
    for (const Arg& arg : node.args) {
      forEachValue(arg, [&](const ArgValue& value) { waits |= put_off_.contains(value.node) || isPending(*value.node); });
    }
    return waits;
  }

  bool isPending(const Node& node) const { return group_of_[node.id] != kNoGroup && !pending_[group_of_[node.id]].nodes.empty(); }

  /// Runs what makes the values: the user is no kernel's, or takes more than an element of them for each of its own.
  void need(const Arg& arg, const Node* user) {
    forEachValue(arg, [this, user](const ArgValue& value) {
      if (put_off_.contains(value.node)) runNow(value.node);
      if (group_of_[value.node->id] != kNoGroup) emit(group_of_[value.node->id], "uses a value as a whole", user);
    });
  }

  /// What has been put off.
  void runNow(Node* node) {
    put_off_.erase(node);
    for (const Arg& arg : node->args) need(arg, node);
    schedule(node);
  }

  /// Constants that are no results are left: who needs one runs it.
  void runPutOff() {
    for (Node* node : graph_.nodes()) {
      const auto& users = users_[node->id];
      const bool result = std::find(users.begin(), users.end(), nullptr) != users.end();
      if (put_off_.contains(node) && (result || !writtenDown(*node, users_, graph_.dims()))) runNow(node);
    }
  }

  void join(Candidate candidate) {
    Node* node = candidate.node;
    if (candidate.gather) need(node->args[0], node);
    for (const Arg& arg : candidate.operands()) {
      if (!arg.isValue()) continue;
      Node* made = arg.as<ArgValue>().node;
      if (put_off_.contains(made) && !writtenDown(*made, users_, graph_.dims())) runNow(made);
    }
    std::vector<size_t> makers;
    for (const Arg& arg : candidate.operands()) {
      if (!arg.isValue()) continue;
      const Node* made = arg.as<ArgValue>().node;
      const size_t group = group_of_[made->id];
      if (group == kNoGroup || pending_[group].nodes.empty()) continue;
      if (std::string_view why = misfit(candidate, *made, pending_[group]); !why.empty()) {
        emit(group, why, node);
      } else if (std::find(makers.begin(), makers.end(), group) == makers.end()) {
        makers.push_back(group);
      }
    }
    // An operand of one maker may have been made by another's run just now.
    std::erase_if(makers, [this](size_t group) { return pending_[group].nodes.empty(); });
    if (makers.empty()) makers.push_back(neighbour(candidate));
    const size_t own = makers.front();
    for (size_t i = 1; i < makers.size(); i++) {
      agree(pending_[own], pending_[makers[i]]) ? merge(own, makers[i]) : emit(makers[i], "reduces otherwise", node);
    }
    for (const Arg& arg : candidate.operands()) {
      if (const Node* array = arrayOutside(arg, own)) pending_[own].arrays.insert(array);
    }
    if (candidate.reduces()) pending_[own].reduced.insert(node);
    pending_[own].joined |= joinedAxes(candidate, graph_.dims());
    pending_[own].order.join(candidate.order());
    pending_[own].nodes.push_back(std::move(candidate));
    group_of_[node->id] = own;
  }

  /// Why a node cannot use what a pending group makes in the group's own run; "" if it can.
  std::string_view misfit(const Candidate& candidate, const Node& made, const Pending& group) const {
    if (group.reduced.contains(&made)) return "uses what it reduces to";
    const bool same = group.f_order() == candidate.fOrder() && sameRun(*made.type, candidate.runType(), graph_.dims());
    if (!same) return "runs over another shape or order";
    if (group.isFull()) return "finds it full";
    return takes(group, candidate) ? "" : "reduces otherwise";
  }

  /// Whether the candidate and the group leave each other's runs as they have to be.
  bool takes(const Pending& group, const Candidate& candidate) const {
    return group.order.agrees(candidate.order()) && keepsJoined(candidate, group.joined, graph_.dims()) &&
           keepJoined(group, joinedAxes(candidate, graph_.dims()));
  }

  bool keepJoined(const Pending& group, uint32_t axes) const {
    return std::all_of(group.nodes.begin(), group.nodes.end(), [&](const Candidate& node) { return keepsJoined(node, axes, graph_.dims()); });
  }

  bool agree(const Pending& a, const Pending& b) const {
    return a.order.agrees(b.order) && keepJoined(a, b.joined) && keepJoined(b, a.joined);
  }

  /// The array that an operand is, unless the group makes it.
  const Node* arrayOutside(const Arg& arg, size_t group) const {
    if (!arg.isValue() || !arg.as<ArgValue>().type->isArray()) return nullptr;
    const Node* node = arg.as<ArgValue>().node;
    return group_of_[node->id] != group ? node : nullptr;
  }

  /// The latest group that runs over the node's very shape and loads one of its arrays; a new one where there is none.
  size_t neighbour(const Candidate& candidate) {
    for (size_t i = pending_.size(); i-- > 0;) {
      const Pending& group = pending_[i];
      if (group.nodes.empty() || group.f_order() != candidate.fOrder() || group.runType().shape != candidate.runType().shape) continue;
      if (group.isFull() || !takes(group, candidate)) continue;
      for (const Arg& arg : candidate.operands()) {
        if (group.arrays.contains(arrayOutside(arg, i))) return i;
      }
    }
    pending_.emplace_back();
    return pending_.size() - 1;
  }

  void merge(size_t into, size_t from) {
    std::vector<Candidate>& nodes = pending_[into].nodes;
    for (Candidate& candidate : std::exchange(pending_[from].nodes, {})) {
      group_of_[candidate.node->id] = into;
      nodes.push_back(std::move(candidate));
    }
    pending_[into].arrays.merge(pending_[from].arrays);
    pending_[into].reduced.merge(pending_[from].reduced);
    pending_[into].joined |= pending_[from].joined;
    pending_[into].order.join(pending_[from].order);
    std::sort(nodes.begin(), nodes.end(), [](const Candidate& a, const Candidate& b) { return a.position < b.position; });
  }

  void emit(size_t number, std::string_view why, const Node* because_of) {
    if (pending_[number].nodes.empty()) return;
    const bool gives = givesAnything(number);
    Pending pending = std::exchange(pending_[number], {});
    if (!gives) {
      for (const Candidate& candidate : pending.nodes) runNow(candidate.node);
      return;
    }
    auto group = std::make_unique<Group>();
    group->end = why;
    group->ended_by = because_of;
    GroupBuilder(*this, pending, *group).build();
    Schedule& schedule = fusion_.schedule;
    group->item = schedule.items.size();
    schedule.items.push_back({schedule.order.size(), schedule.order.size() + group->nodes.size(), std::nullopt});
    schedule.order.insert(schedule.order.end(), group->nodes.begin(), group->nodes.end());
    fusion_.groups.push_back(std::move(group));
  }

  /// Whether somebody uses a value of a pending group.
  bool givesAnything(size_t number) const {
    const std::vector<Candidate>& nodes = pending_[number].nodes;
    return std::any_of(nodes.begin(), nodes.end(), [&](const Candidate& candidate) {
      const auto& users = users_[candidate.node->id];
      return std::any_of(users.begin(), users.end(), [&](const Node* user) { return user == nullptr || group_of_[user->id] != number; });
    });
  }

  /// As an item of its own, without a kernel.
  void schedule(Node* node) {
    fusion_.schedule.items.push_back({fusion_.schedule.order.size(), fusion_.schedule.order.size() + 1, std::nullopt});
    fusion_.schedule.order.push_back(node);
  }

  /// What a group that runs now loads, computes and stores.
  class GroupBuilder {
   public:
    GroupBuilder(const Fuser& fuser, const Pending& pending, Group& group)
        : dims_(fuser.graph_.dims()), users_(fuser.users_), pending_(pending), shape_(pending.runType().shape), group_(group) {}

    void build() {
      Kernel& kernel = group_.kernel;
      kernel.f_order = pending_.f_order();
      group_.shape = shape_;
      kernel.scans = pending_.order.scans;
      kernel.flat = !kernel.scans || shape_.size() == 1;
      for (const Candidate& candidate : pending_.nodes) group_.nodes.push_back(candidate.node);
      for (const Candidate& candidate : pending_.nodes) lower(candidate);
      for (const Candidate& candidate : pending_.nodes) {
        if (candidate.unused) {
          group_.dag.keep(values_.at(candidate.node));
        } else if (candidate.reduction) {
          reduce(candidate);
        } else if (candidate.scatter) {
          scatter(candidate);
        } else if (isUsedOutside(*candidate.node)) {
          addOutput(candidate.node, {});
          group_.dag.store(values_.at(candidate.node));
        }
      }
      addGreatest();
      addExtremes();
      if (!SEGUE_FAULT(KernelDropsFolded)) group_.dag.keepStatus();
      kernel.innermost = innermostOf(shape_, kernel.f_order, dims_);
      for (const Arg& input : group_.inputs) {
        group_.gaps.push_back(input.isValue() ? gapOf(*input.as<ArgValue>().node, kernel.innermost, dims_) : 1);
      }
      group_.row_hint = dims_.hint(shape_[shape_.size() - 1 - kernel.innermost]);
      for (size_t i = 0; i < shape_.size(); i++) kernel.sized_by.push_back(sizing(i));
    }

   private:
    /// What is stored, or goes into the reduction.
    void lower(const Candidate& candidate) {
      const Node* node = candidate.node;
      if (candidate.reduction) {
        const Arg& arg = node->args[0];
        const bool own = candidate.reduction->truth || candidate.reduction->locates;
        const DType dtype = own ? arg.as<ArgValue>().type->dtype : candidate.reduction->dtype;
        values_[node] = operand(arg, dtype);
        if (candidate.reduction->truth) {
          values_[node] = group_.dag.apply(ScalarOp::kNe, DType::kBool, {values_[node], group_.dag.constant(dtype, 0)});
        }
        return;
      }
      if (candidate.scan) {
        values_[node] = group_.dag.scan(candidate.scan->combine, operand(candidate.operands()[0], candidate.scan->dtype));
        return;
      }
      if (candidate.scatter) {
        const DType dtype = node->type->dtype;
        values_[node] = candidate.scatter->weighted ? operand(node->args[1], dtype) : group_.dag.constant(dtype, 1);
        const Arg &index = node->args[0], &least = node->args[2];
        scattered_.push_back(group_.dag.cast(operand(index, index.as<ArgValue>().type->dtype), DType::kU64));
        KernelBins& bins = group_.kernel.bins.emplace_back();
        bins.descr = dtypeDescr(dtype);
        bins.greatest_descr = dtypeDescr(DType::kU64);
        if (!least.missing()) bins.least = numberParam(least);
        return;
      }
      if (candidate.gather) {
        const Arg& index = candidate.operands()[0];
        const ScalarId at = operand(index, index.as<ArgValue>().type->dtype);
        values_[node] = group_.dag.gather(node->type->dtype, table(node->args[0]), candidate.gather->bounds, at);
        return;
      }
      absl::InlinedVector<ScalarId, 3> operands;
      for (size_t i = 0; i < candidate.operands().size(); i++) {
        operands.push_back(operand(candidate.operands()[i], candidate.pointwise->loop[i]));
      }
      values_[node] = lowerExpression(*candidate.pointwise, operands, group_.dag);
    }

    bool isUsedOutside(const Node& node) const {
      return std::any_of(users_[node.id].begin(), users_[node.id].end(), [this](const Node* user) { return !values_.contains(user); });
    }

    void reduce(const Candidate& candidate) {
      const Reduction& reduction = *candidate.reduction;
      KernelParam param{.squeezed = !reduction.keeps_axes, .spread = reduction.axes};
      if (!candidate.node->type->isArray()) param.kind = KernelParam::Kind::kResult;
      group_.kernel.flat &= param.kind == KernelParam::Kind::kResult;
      if (reduction.locates) return locate(candidate, param);
      // Of floats a sum starts with 0.0, whatever sign its own zeros have.
      const bool positive = reduction.combine == ScalarOp::kAdd && isFloating(reduction.dtype) && !SEGUE_FAULT(KernelSumsNegativeZero);
      const uint64_t initial = positive ? 0 : neutralBits(reduction.combine, reduction.dtype);
      const auto number = static_cast<uint32_t>(group_.kernel.params.size());
      group_.kernel.reductions.push_back({number, initial, dtypeDescr(reduction.dtype), reduction.averages});
      addOutput(candidate.node, param);
      group_.dag.reduce(reduction.combine, values_.at(candidate.node), reduction.order);
    }

    void locate(const Candidate& candidate, KernelParam param) {
      const Reduction& reduction = *candidate.reduction;
      // In C order the elements of a dense array do not stand as they do in Fortran order.
      if (group_.kernel.f_order && shape_.size() > 1) group_.kernel.flat = false;
      auto position = std::find(positions_.begin(), positions_.end(), reduction.axes);
      if (position == positions_.end()) position = positions_.insert(positions_.end(), reduction.axes);
      const auto number = static_cast<uint32_t>(group_.kernel.params.size());
      group_.kernel.reductions.push_back({.param = number, .descr = dtypeDescr(DType::kI64)});
      addOutput(candidate.node, param);
      const ScalarId stands = group_.dag.position(static_cast<uint32_t>(position - positions_.begin()));
      located_.push_back({group_.dag.locate(reduction.combine, stands), &candidate});
    }

    /// Behind all outputs: what positions need while the kernel runs.
    void addExtremes() {
      for (const auto& [output, candidate] : located_) {
        const Reduction& reduction = *candidate->reduction;
        const KernelParam param = group_.kernel.params[group_.inputs.size() + output];
        group_.kernel.reductions.push_back({.param = static_cast<uint32_t>(group_.kernel.params.size()),
                                            .initial = neutralBits(reduction.combine, reduction.dtype),
                                            .descr = dtypeDescr(reduction.dtype)});
        group_.kernel.params.push_back(param);
        group_.dag.addExtreme(output, values_.at(candidate->node));
      }
      const auto all = static_cast<uint32_t>((uint64_t{1} << shape_.size()) - 1);
      for (const uint32_t axes : positions_) group_.kernel.params.push_back({.kind = KernelParam::Kind::kPosition, .spread = all & ~axes});
    }

    void scatter(const Candidate& candidate) {
      const auto param = static_cast<uint32_t>(group_.kernel.params.size());
      KernelBins& bins = group_.kernel.bins[made_bins_];
      bins.param = param;
      group_.kernel.reductions.push_back({.param = param, .descr = bins.descr});
      group_.kernel.tables.push_back(param);
      addOutput(candidate.node, {.kind = KernelParam::Kind::kBins});
      group_.dag.scatter(scattered_[made_bins_++], values_.at(candidate.node));
    }

    /// Behind all outputs: the greatest of each scatter's indices.
    void addGreatest() {
      const auto all = static_cast<uint32_t>((uint64_t{1} << shape_.size()) - 1);
      for (size_t i = 0; i < scattered_.size(); i++) {
        const auto param = static_cast<uint32_t>(group_.kernel.params.size());
        group_.kernel.bins[i].greatest = param;
        group_.kernel.reductions.push_back({.param = param, .descr = group_.kernel.bins[i].greatest_descr});
        group_.kernel.params.push_back({.squeezed = true, .spread = all});
        group_.dag.reduce(ScalarOp::kMax, scattered_[i], FoldOrder::kAny);
      }
    }

    void addOutput(const Node* node, KernelParam param) {
      group_.outputs.push_back(node);
      group_.kernel.params.push_back(param);
    }

    /// A parameter with the run's size along a dimension, counted from the last one: stored ones have all sizes.
    uint32_t sizing(size_t dimension) const {
      const std::vector<KernelParam>& params = group_.kernel.params;
      for (size_t i = params.size(); i-- > 0;) {
        if (params[i].kind != KernelParam::Kind::kArray) continue;
        const bool reduced = i >= group_.inputs.size() && group_.dag.outputs()[i - group_.inputs.size()].combine;
        if (!reduced && ((params[i].spread >> dimension) & 1) == 0) return static_cast<uint32_t>(i);
      }
      SEGUE_UNREACHABLE("no array has the size of a run");
    }

    ScalarId operand(const Arg& arg, DType dtype) {
      if (!isLoaded(arg, dims_)) return group_.dag.constant(dtype, *constantBits(arg, dtype, dims_));
      if (arg.is<Dim>()) return number(arg, dtype);
      const Node* node = arg.as<ArgValue>().node;
      if (auto made = values_.find(node); made != values_.end()) return group_.dag.cast(made->second, dtype);
      if (const auto bits = writtenDown(*node, users_, dims_)) return group_.dag.cast(group_.dag.constant(node->type->dtype, *bits), dtype);
      auto [known, fresh] = loads_.try_emplace(node, static_cast<uint32_t>(group_.inputs.size()));
      const Type& type = *node->type;
      if (fresh) addInput(arg, type);
      const DType loaded = type.kind == TypeKind::kPyFloat ? DType::kF64 : type.dtype;
      return group_.dag.cast(group_.dag.load(loaded, known->second), dtype);
    }

    /// A Python int, which NumPy takes to a float by way of a double.
    ScalarId number(const Arg& arg, DType dtype) {
      ScalarId loaded = group_.dag.load(DType::kI64, numberParam(arg));
      if (isFloating(dtype)) loaded = group_.dag.cast(loaded, DType::kF64);
      return group_.dag.cast(loaded, dtype);
    }

    uint32_t numberParam(const Arg& arg) {
      auto [known, fresh] = numbers_.try_emplace(arg.as<Dim>(), static_cast<uint32_t>(group_.inputs.size()));
      if (fresh) {
        group_.inputs.push_back(arg);
        group_.kernel.params.push_back({.kind = KernelParam::Kind::kInt});
      }
      return known->second;
    }

    /// The parameter of an array that is read at indices.
    uint32_t table(const Arg& arg) {
      const auto next = static_cast<uint32_t>(group_.inputs.size());
      auto [known, fresh] = tables_.try_emplace(arg.as<ArgValue>().node, next);
      if (fresh) {
        group_.inputs.push_back(arg);
        group_.kernel.params.push_back({.kind = KernelParam::Kind::kTable});
        group_.kernel.tables.push_back(next);
      }
      return known->second;
    }

    void addInput(const Arg& arg, const Type& type) {
      KernelParam param;
      if (type.isArray()) {
        param.spread = spreadOver(type.shape, shape_, dims_);
        const bool dense = type.layout.known && (group_.kernel.f_order ? type.layout.f_contiguous : type.layout.c_contiguous);
        group_.kernel.flat &= dense && param.spread == 0;
      } else {
        param.kind = type.kind == TypeKind::kPyFloat ? KernelParam::Kind::kFloat : KernelParam::Kind::kScalar;
      }
      group_.inputs.push_back(arg);
      group_.kernel.params.push_back(param);
    }

    const DimTable& dims_;
    const UsersByNode& users_;
    const Pending& pending_;
    const Shape& shape_;                                 ///< of the run
    Group& group_;
    absl::flat_hash_map<const Node*, ScalarId> values_;
    absl::flat_hash_map<const Node*, uint32_t> loads_;   ///< by node: its parameter
    absl::flat_hash_map<Dim, uint32_t> numbers_;         ///< by symbolic int: its parameter
    absl::flat_hash_map<const Node*, uint32_t> tables_;  ///< by node: its parameter as a table
    std::vector<ScalarId> scattered_;                    ///< by bins: the index
    size_t made_bins_ = 0;                               ///< whose outputs have been added
    std::vector<uint32_t> positions_;                    ///< axes along which positions are asked for
    std::vector<std::pair<uint32_t, const Candidate*>> located_;   ///< outputs that are positions
  };

  const Graph& graph_;
  const bool exact_;
  std::vector<size_t> group_of_;                       ///< by node id; of nodes whose group has run, too
  const UsersByNode users_;
  std::vector<Pending> pending_;
  absl::flat_hash_set<const Node*> put_off_;           ///< scalars that NumPy makes once somebody needs them
  Fusion fusion_;
};

}  // namespace

Fusion fuse(const Graph& graph, bool exact) { return Fuser(graph, exact).run(); }

void logFusion(const Fusion& fusion) {
  if (!logs(Channel::kFusion)) return;
  FusionEvent event;
  for (const std::unique_ptr<Group>& group : fusion.groups) {
    const Node* by = group->ended_by;
    FusionEvent::Group& out = event.groups.emplace_back();
    for (const Node* node : group->nodes) out.nodes.push_back(node->name);
    for (const Node* node : group->outputs) out.outputs.push_back(node->name);
    out.end = by == nullptr ? std::string(group->end) : absl::StrCat(by->name, " (", by->op->name, ") ", group->end);
  }
  segue::emit(event);
}

}  // namespace segue::llvm
