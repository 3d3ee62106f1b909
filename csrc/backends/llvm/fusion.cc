#include "backends/llvm/fusion.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "base/check.h"
#include "graph/effects.h"

namespace segue::llvm {
namespace {

constexpr size_t kMaxNodes = 256;    ///< of a group: compile time grows with its code
constexpr size_t kNoGroup = SIZE_MAX;

struct Candidate {
  Pointwise pointwise;
  Node* node;
};

/// Whether running over the shape of `user` is running over that of its operand `made`. (Their sizes are equal then by relations
/// that NumPy's broadcasting has recorded.)
bool sameRun(const Type& made, const Type& user, const DimTable& dims) {
  return made.shape.size() == user.shape.size() && spreadOver(made.shape, user.shape, dims) == 0;
}

class Fuser {
 public:
  explicit Fuser(const Graph& graph) : graph_(graph), group_of_(graph.idBound(), kNoGroup), uses_(graph.idBound()) {
    for (Node* node : graph.nodes()) {
      for (const Arg& arg : node->args) countUses(arg, node);
    }
    for (const Arg& output : graph.outputs()) countUses(output, nullptr);
  }

  Fusion run() {
    for (Node* node : graph_.nodes()) {
      std::optional<Pointwise> pointwise = uses_[node->id].empty() ? std::nullopt : pointwiseOf(*node, graph_.dims());
      if (pointwise) {
        join(node, *std::move(pointwise));
      } else {
        runAlone(node);
      }
    }
    for (size_t i = 0; i < pending_.size(); i++) emit(i);
    return std::move(fusion_);
  }

 private:
  struct Pending {
    std::vector<Candidate> nodes;   ///< program order; empty: it has run, or has joined another
    bool f_order = false;
    absl::flat_hash_set<const Node*> arrays;   ///< operands made outside
  };

  void countUses(const Arg& arg, const Node* user) {
    forEachValue(arg, [&](const ArgValue& value) { uses_[value.node->id].push_back(user); });
  }

  void runAlone(Node* node) {
    const bool writes = !writtenArgs(*node).empty() || !node->regions.empty() || node->has(OpTag::kWrite);
    if (writes) {
      for (size_t i = 0; i < pending_.size(); i++) emit(i);
    } else {
      for (const Arg& arg : node->args) need(arg);
    }
    fusion_.schedule.items.push_back({fusion_.schedule.order.size(), fusion_.schedule.order.size() + 1, std::nullopt});
    fusion_.schedule.order.push_back(node);
  }

  void need(const Arg& arg) {
    forEachValue(arg, [this](const ArgValue& value) {
      if (group_of_[value.node->id] != kNoGroup) emit(group_of_[value.node->id]);
    });
  }

  void join(Node* node, Pointwise pointwise) {
    std::vector<size_t> makers;
    for (size_t i = 0; i < pointwise.operand_count; i++) {
      if (!node->args[i].isValue()) continue;
      const Node* made = node->args[i].as<ArgValue>().node;
      const size_t group = group_of_[made->id];
      if (group == kNoGroup || pending_[group].nodes.empty()) continue;
      const bool fits = pending_[group].f_order == pointwise.f_order && sameRun(*made->type, *node->type, graph_.dims());
      if (!fits || pending_[group].nodes.size() >= kMaxNodes) {
        emit(group);
      } else if (std::find(makers.begin(), makers.end(), group) == makers.end()) {
        makers.push_back(group);
      }
    }
    // An operand of one maker may have been made by another's run just now.
    std::erase_if(makers, [this](size_t group) { return pending_[group].nodes.empty(); });
    if (makers.empty()) makers.push_back(neighbour(*node, pointwise));
    const size_t own = makers.front();
    for (size_t i = 1; i < makers.size(); i++) merge(own, makers[i]);
    for (size_t i = 0; i < pointwise.operand_count; i++) {
      if (const Node* array = arrayOutside(node->args[i], own)) pending_[own].arrays.insert(array);
    }
    pending_[own].nodes.push_back({std::move(pointwise), node});
    group_of_[node->id] = own;
  }

  /// The array that an operand is, unless the group makes it.
  const Node* arrayOutside(const Arg& arg, size_t group) const {
    if (!arg.isValue() || !arg.as<ArgValue>().type->isArray()) return nullptr;
    const Node* node = arg.as<ArgValue>().node;
    return group_of_[node->id] != group ? node : nullptr;
  }

  /// The latest group that runs over the node's very shape and loads one of its arrays; a new one where there is none.
  size_t neighbour(const Node& node, const Pointwise& pointwise) {
    for (size_t i = pending_.size(); i-- > 0;) {
      const Pending& group = pending_[i];
      if (group.nodes.empty() || group.nodes.size() >= kMaxNodes || group.f_order != pointwise.f_order) continue;
      if (group.nodes.back().node->type->shape != node.type->shape) continue;
      for (size_t k = 0; k < pointwise.operand_count; k++) {
        if (group.arrays.contains(arrayOutside(node.args[k], i))) return i;
      }
    }
    pending_.push_back({{}, pointwise.f_order, {}});
    return pending_.size() - 1;
  }

  void merge(size_t into, size_t from) {
    std::vector<Candidate>& nodes = pending_[into].nodes;
    for (Candidate& candidate : std::exchange(pending_[from].nodes, {})) {
      group_of_[candidate.node->id] = into;
      nodes.push_back(std::move(candidate));
    }
    pending_[into].arrays.merge(pending_[from].arrays);
    std::sort(nodes.begin(), nodes.end(), [](const Candidate& a, const Candidate& b) { return a.node->id < b.node->id; });
  }

  void emit(size_t number) {
    if (pending_[number].nodes.empty()) return;
    Pending pending = std::exchange(pending_[number], {});
    auto group = std::make_unique<Group>();
    GroupBuilder(*this, pending, *group).build();
    Schedule& schedule = fusion_.schedule;
    fusion_.items.push_back(schedule.items.size());
    schedule.items.push_back({schedule.order.size(), schedule.order.size() + group->nodes.size(), std::nullopt});
    schedule.order.insert(schedule.order.end(), group->nodes.begin(), group->nodes.end());
    fusion_.groups.push_back(std::move(group));
  }

  /// What a group that runs now loads, computes and stores.
  class GroupBuilder {
   public:
    GroupBuilder(const Fuser& fuser, const Pending& pending, Group& group)
        : dims_(fuser.graph_.dims()), uses_(fuser.uses_), pending_(pending), group_(group) {}

    void build() {
      group_.f_order = pending_.f_order;
      group_.flat = true;
      shape_ = &pending_.nodes.back().node->type->shape;
      for (const Candidate& candidate : pending_.nodes) {
        absl::InlinedVector<ScalarId, 3> operands;
        for (size_t i = 0; i < candidate.pointwise.operand_count; i++) {
          operands.push_back(operand(candidate.node->args[i], candidate.pointwise.loop[i]));
        }
        values_[candidate.node] = lowerExpression(candidate.pointwise, operands, group_.dag);
        group_.nodes.push_back(candidate.node);
      }
      for (Node* node : group_.nodes) {
        const std::vector<const Node*>& users = uses_[node->id];
        const bool stored = std::any_of(users.begin(), users.end(), [this](const Node* user) { return !values_.contains(user); });
        if (!stored) continue;
        group_.outputs.push_back(node);
        group_.dag.store(values_.at(node));
        group_.params.push_back({});
      }
    }

   private:
    ScalarId operand(const Arg& arg, DType dtype) {
      if (!arg.isValue()) return group_.dag.constant(dtype, *constantBits(arg, dtype, dims_));
      const Node* node = arg.as<ArgValue>().node;
      if (auto made = values_.find(node); made != values_.end()) return group_.dag.cast(made->second, dtype);
      auto [known, fresh] = loads_.try_emplace(node, static_cast<uint32_t>(group_.inputs.size()));
      const Type& type = *node->type;
      if (fresh) addInput(arg, type);
      const DType loaded = type.kind == TypeKind::kPyFloat ? DType::kF64 : type.dtype;
      return group_.dag.cast(group_.dag.load(loaded, known->second), dtype);
    }

    void addInput(const Arg& arg, const Type& type) {
      KernelParam param;
      if (type.isArray()) {
        param.spread = spreadOver(type.shape, *shape_, dims_);
        const bool dense = type.layout.known && (group_.f_order ? type.layout.f_contiguous : type.layout.c_contiguous);
        group_.flat &= dense && param.spread == 0;
      } else {
        param.kind = type.kind == TypeKind::kPyFloat ? KernelParam::Kind::kFloat : KernelParam::Kind::kScalar;
      }
      group_.inputs.push_back(arg);
      group_.params.push_back(param);
    }

    const DimTable& dims_;
    const std::vector<std::vector<const Node*>>& uses_;
    const Pending& pending_;
    Group& group_;
    const Shape* shape_ = nullptr;
    absl::flat_hash_map<const Node*, ScalarId> values_;
    absl::flat_hash_map<const Node*, uint32_t> loads_;
  };

  const Graph& graph_;
  std::vector<size_t> group_of_;                       ///< by node id; of nodes whose group has run, too
  std::vector<std::vector<const Node*>> uses_;         ///< by node id; null for the graph's outputs
  std::vector<Pending> pending_;
  Fusion fusion_;
};

}  // namespace

Fusion fuse(const Graph& graph) { return Fuser(graph).run(); }

}  // namespace segue::llvm
